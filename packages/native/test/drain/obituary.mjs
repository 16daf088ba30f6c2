// Threads that end in every way, and what their obituaries leave behind. Each case prints what it found as a line of JSON.
// The words are the main thread's, which reads them; so are the bells, but for those that it closes on purpose.
import { closeSync, fstatSync, openSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Doorbell, Obituary, Ring } from '@ringpool/native';
import {
  baseline,
  clear,
  collectGarbage,
  countRewritten,
  dataFile,
  fill,
  held,
  landed,
  leftovers,
  READ_BYTES,
  READS,
  remove,
  sharedBytes,
  sleep,
} from './support.mjs';

const AT_ONCE = 4;
const PAUSE_MS_MAX = 10;
const LOOK_AFTER_MS = 600;
const HANG_BOUND_MS = 20_000;

/** The words, and what stands in the first. */
const STATE = 0;
const DEATHS = 1;
const EXTRA_DEATHS = 2;
const OTHER = 3;
const READY = 4;
const WORDS = 8;
const RUNNING = 1;
const PARKED = 2;
const DEAD = -3;

const SCARCE_MEMORY = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4 };

const sharedWords = () => new Int32Array(new SharedArrayBuffer(4 * WORDS), 0, WORDS);

function start(role, words, { resourceLimits = {}, ...more } = {}) {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { role, words, ...more },
    resourceLimits,
    stdout: true,
    stderr: true,
  });
  const exited = new Promise((resolve) => worker.on('exit', resolve));
  worker.on('error', () => undefined); // thrown on purpose, or out of memory
  return { worker, exited };
}

async function ready(words) {
  while (Atomics.load(words, READY) === 0) await sleep(1);
}

const roles = {
  /** Reads from the disk, and ends in the way it is told. The state word says so only when every read has landed. */
  async reading({ words }) {
    Obituary.write({ words, storeIndex: STATE, storeValue: DEAD, expected: [0], addIndex: DEATHS });
    await import('./worker.mjs');
  },

  /** Everything an obituary goes through, without a pause; the one that counts was written first. */
  writing({ words, tokens }) {
    const state = {
      words,
      storeIndex: STATE,
      storeValue: DEAD,
      expected: [RUNNING, PARKED],
      addIndex: DEATHS,
    };
    Atomics.store(words, STATE, RUNNING);
    Obituary.write(state).setBells(tokens);
    const extra = { words, storeIndex: OTHER, storeValue: DEAD, expected: [7], addIndex: EXTRA_DEATHS };
    Atomics.store(words, READY, 1);
    for (;;) {
      Atomics.store(words, STATE, PARKED);
      const obituary = Obituary.write(extra);
      const bell = Doorbell.create();
      obituary.setBells([bell.token, ...tokens]);
      const ring = Ring.open({ entries: 4 });
      ring.submitAndWait(1, 1);
      Atomics.store(words, STATE, RUNNING);
      obituary.setBells([]);
      ring.close();
      bell.close();
      obituary.cancel();
    }
  },

  /** Waits in the kernel. */
  waiting({ words, tokens }) {
    Obituary.write({ words, storeIndex: STATE, storeValue: DEAD, addIndex: DEATHS }).setBells(tokens);
    const ring = Ring.open({ entries: 4 });
    Atomics.store(words, READY, 1);
    for (;;) ring.submitAndWait(1, 60_000);
  },

  /** Several, of which one is cancelled, one has bells of its own, and one finds another value than it expects. */
  several({ words, tokens }) {
    const plain = { words, storeIndex: STATE, storeValue: 10, addIndex: DEATHS };
    Obituary.write(plain);
    Obituary.write({ ...plain, expected: [10], storeValue: 11 }).setBells(tokens);
    Obituary.write({ ...plain, expected: [10], storeValue: 12 });
    Obituary.write({ ...plain, storeValue: 13 }).cancel();
    Obituary.write({ ...plain, storeIndex: OTHER, expected: [5, 0], storeValue: 14 });
  },
};

/** Looks at the word without a pause, so that nothing comes between its store and the look at the memory. */
function untilDead(words) {
  const deadline = performance.now() + HANG_BOUND_MS;
  while (Atomics.load(words, STATE) !== DEAD) {
    if (performance.now() > deadline) throw new Error('the word was never stored');
  }
}

const cases = {
  async 'reads in flight'(how) {
    const file = dataFile();
    const bytes = sharedBytes(READS * READ_BYTES);
    clear(bytes);
    const words = sharedWords();
    const submitted = new Int32Array(new SharedArrayBuffer(4), 0, 1);
    const resourceLimits = how.event === 'out of memory' ? SCARCE_MEMORY : {};
    const reading = { how, file, bytes, reads: READS, submitted, resourceLimits };
    const { worker, exited } = start('reading', words, reading);
    if (how.event.startsWith('terminate')) {
      await new Promise((resolve) => worker.on('message', resolve));
      worker.terminate();
    }
    while (Atomics.load(submitted, 0) === 0) await sleep(1);
    untilDead(words);
    const whole = landed(bytes);
    fill(bytes);
    await exited;
    await sleep(LOOK_AFTER_MS);
    return { whole, rewritten: countRewritten(bytes), deaths: words[DEATHS] };
  },

  async anywhere({ rounds }) {
    const pristine = held();
    await start('waiting', sharedWords(), { tokens: [] }).worker.terminate();
    const before = await baseline(pristine);
    const bell = Doorbell.create();
    let heard = 0;
    let wrong = '';
    bell.watch(() => heard++);
    const terminate = async () => {
      const words = sharedWords();
      Atomics.store(words, OTHER, 8);
      const { worker } = start('writing', words, { tokens: [bell.token] });
      await ready(words);
      await sleep(Math.random() * PAUSE_MS_MAX);
      await worker.terminate();
      const [state, deaths, extra, other] = words;
      // It may have died between writing the other one and cancelling it.
      if (state !== DEAD || deaths !== 1 || extra < 0 || extra > 1 || other !== 8) wrong += `${words} `;
    };
    for (let round = 0; round < rounds; round += AT_ONCE) {
      const heardBefore = heard;
      await Promise.all(Array.from({ length: AT_ONCE }, terminate));
      await sleep(1);
      if (heard === heardBefore) wrong += 'silence ';
    }
    bell.close();
    await sleep(10);
    return { wrong, leftovers: await leftovers(before) };
  },

  /** The event loop of this thread hears of it, and by then the words are stored. */
  async 'a bell that is heard'() {
    const words = sharedWords();
    const bell = Doorbell.create();
    const { worker } = start('waiting', words, { tokens: [bell.token] });
    await ready(words);
    const heard = new Promise((resolve) => bell.watch(() => resolve([words[STATE] === DEAD, words[DEATHS]])));
    worker.terminate();
    const found = await heard;
    bell.close();
    return { found };
  },

  /** A descriptor that was a bell is another bell, or a file, by the time the thread dies. */
  async 'bells closed meanwhile'() {
    const words = sharedWords();
    const [first, second, last] = [Doorbell.create(), Doorbell.create(), Doorbell.create()];
    const forged = { index: 4_000_000_000, generation: 0 };
    const tokens = [first.token, forged, second.token, { ...last.token, generation: 77 }, last.token];
    const { worker } = start('waiting', words, { tokens });
    await ready(words);
    first.close();
    second.close();
    const usurper = Doorbell.create();
    const file = path.join(os.tmpdir(), `ringpool-obituary-${process.pid}`);
    const fd = openSync(file, 'w+');
    const same = [usurper.token.index === first.token.index, usurper.fd === first.fd, fd === second.fd];
    await worker.terminate();
    const found = { same, usurped: usurper.silence(), written: fstatSync(fd).size, last: last.silence() };
    closeSync(fd);
    remove(file);
    for (const bell of [usurper, last]) bell.close();
    return found;
  },

  async several() {
    const words = sharedWords();
    const bell = Doorbell.create();
    await start('several', words, { tokens: [bell.token] }).exited;
    const found = { state: words[STATE], deaths: words[DEATHS], other: words[OTHER], rung: bell.silence() };
    bell.close();
    return found;
  },

  /** Nothing but the obituary refers to the words. */
  async 'words that are garbage'() {
    const { obituary, memory } = (() => {
      const words = sharedWords();
      const written = Obituary.write({ words, storeIndex: STATE, storeValue: DEAD, addIndex: DEATHS });
      return { obituary: written, memory: new WeakRef(words.buffer) };
    })();
    await collectGarbage();
    const kept = memory.deref() !== undefined;
    obituary.cancel();
    await collectGarbage();
    return { kept, released: memory.deref() === undefined };
  },
};

if (isMainThread) {
  const how = JSON.parse(process.argv[2]);
  console.log(JSON.stringify(await cases[how.name](how)));
} else {
  parentPort.unref();
  await roles[workerData.role](workerData);
}
