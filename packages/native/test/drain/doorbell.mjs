// Doorbells at the end of things: closed twice over, ringing while their thread dies, watched by a callback that throws.
// Each case is a function of its own, chosen by the first argument; it prints what it found as a line of JSON.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Doorbell, Ring } from '@ringpool/native';
import { baseline, held, leftovers, sleep } from './support.mjs';

const DEATHS = 30;

const codeOf = (action) => {
  try {
    action();
  } catch (error) {
    return error.code;
  }
  return 'none';
};

const CASES = {
  async 'watched again after close'() {
    const before = held();
    const bell = Doorbell.create();
    bell.watch(() => undefined);
    bell.close();
    const watch = codeOf(() => bell.watch(() => undefined));
    const ring = codeOf(() => bell.ring());
    await sleep(50);
    return { watch, ring, silence: bell.silence(), leftovers: await leftovers(before) };
  },

  /** The descriptor's number means a file by now: neither ringing nor watching may touch it. */
  async 'a number reused after close'() {
    const bell = Doorbell.create();
    bell.watch(() => undefined);
    const { fd } = bell;
    bell.close();
    await sleep(50);
    const file = openSync(new URL(import.meta.url));
    const same = file === fd;
    codeOf(() => bell.ring());
    codeOf(() => bell.watch(() => undefined));
    const intact = readFileSync(file, 'utf8').startsWith('// Doorbells');
    closeSync(file);
    return { same, intact };
  },

  async 'a callback that throws'() {
    const bell = Doorbell.create();
    const caught = new Promise((resolve) => process.once('uncaughtException', resolve));
    bell.watch(() => {
      throw new Error('on purpose');
    });
    bell.ring();
    const { message } = await caught;
    // The next ring is heard all the same.
    const again = new Promise((resolve) => process.once('uncaughtException', resolve));
    bell.ring();
    await again;
    bell.close();
    return { message };
  },

  async 'closed by its own callback'() {
    const before = held();
    const bell = Doorbell.create();
    let heard = 0;
    bell.watch(() => {
      heard++;
      bell.close();
    });
    bell.ring();
    await sleep(50);
    return { heard, leftovers: await leftovers(before) };
  },

  /** Threads die in the middle of their callbacks, while two others ring the same bell without pause. */
  async 'threads that die while it rings'() {
    const bell = Doorbell.create();
    const ringer = new Worker(new URL(import.meta.url), { workerData: { token: bell.token, role: 'ring' } });
    await new Promise((resolve) => ringer.once('message', resolve));
    const before = held();
    for (let death = 0; death < DEATHS; death++) {
      const role = death % 2 === 0 ? 'listen' : 'listen for ever';
      const listener = new Worker(new URL(import.meta.url), { workerData: { token: bell.token, role } });
      await new Promise((resolve) => listener.once('message', resolve));
      for (let times = 0; times < 100; times++) bell.ring();
      await listener.terminate();
    }
    const over = await leftovers(before);
    await ringer.terminate();
    bell.ring();
    bell.close();
    return { leftovers: over };
  },

  /** The last to let go closes it, whoever made it. */
  async 'a bell whose maker died'() {
    // Node keeps some descriptors from the first worker on.
    const pristine = held();
    await new Worker('', { eval: true }).terminate();
    const before = await baseline(pristine);
    const maker = new Worker(new URL(import.meta.url), { workerData: { role: 'make' } });
    const token = await new Promise((resolve) => maker.once('message', resolve));
    const bell = Doorbell.attach(token);
    await maker.terminate();
    const isEventfd = readlinkSync(`/proc/self/fd/${bell.fd}`).includes('eventfd');
    bell.ring();
    const rung = bell.silence();
    bell.close();
    const attach = codeOf(() => Doorbell.attach(token));
    return { isEventfd, rung, attach, leftovers: await leftovers(before) };
  },

  async 'a child process'() {
    const ring = Ring.open({ entries: 8 });
    const bell = Doorbell.create();
    // A shell, so that what it opens itself is not counted as inherited.
    const inherited = execFileSync('sh', ['-c', 'for fd in /proc/$$/fd/*; do readlink "$fd" || true; done'], {
      encoding: 'utf8',
    });
    bell.close();
    ring.close();
    return { io_uring: inherited.includes('io_uring'), eventfd: inherited.includes('eventfd') };
  },
};

function work({ token, role }) {
  if (role === 'make') {
    const bell = Doorbell.create();
    bell.watch(() => undefined);
    parentPort.postMessage(bell.token);
    return;
  }
  const bell = Doorbell.attach(token);
  if (role === 'ring') {
    parentPort.postMessage('ready');
    const ring = () => {
      for (let times = 0; times < 20; times++) bell.ring();
      setImmediate(ring);
    };
    ring();
    return;
  }
  bell.watch(() => {
    while (role === 'listen for ever');
  });
  parentPort.postMessage('ready');
}

if (isMainThread) console.log(JSON.stringify(await CASES[process.argv[2]]()));
else work(workerData);
