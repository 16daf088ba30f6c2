// Threads that open, ledger, give away and close files without a pause, terminated in the midst of it, while other
// threads open and close files of their own: no file is left open, and nobody's file is closed by another. Prints what it
// found as a line of JSON. Everything a terminated thread held is the main thread's to close.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { address, encode } from '@ringpool/core';
import {
  addDescriptor,
  addressOf,
  claimDescriptor,
  closeDescriptor,
  closeDescriptorsOf,
  descriptorsOf,
  giveDescriptor,
  newDescriptorOwner,
  Ring,
} from '@ringpool/native';
import { baseline, held, leftovers, sharedBytes, sleep } from './support.mjs';

const AT_FDCWD = -100;
const AT_ONCE = 3;
const PAUSE_MS_MAX = 6;
const BATCH = 16;
const FILES = 8;
/** How many files a stranger keeps open, so that its numbers lie among those of the pool. */
const WINDOW = 24;
/** Words that the threads share. */
const STOP = 0;
const DYING = 1;
const STRANGER_CHECKS = 2;
const STRANGER_LOSSES = 3;
const RUNNING = 4;
const HANDED = 5;
const WORDS = 16;

const folder = isMainThread ? mkdtempSync(path.join(os.tmpdir(), 'ringpool-ledger-')) : workerData.folder;
const sharedWords = () => new Int32Array(new SharedArrayBuffer(4 * WORDS), 0, WORDS);
const fileOf = (kind, index) => path.join(folder, kind, String(index % FILES));
const start = (role, words, more = {}) =>
  new Worker(new URL(import.meta.url), { workerData: { role, words, folder, ...more } });

/** Opens files of its own and looks, before it closes each, that the descriptor still is that file. */
class Stranger {
  #open = [];
  #next = 0;
  checks = 0;
  losses = 0;

  step() {
    const file = fileOf('strangers', this.#next++);
    this.#open.push({ fd: openSync(file), inode: statSync(file).ino });
    if (this.#open.length > WINDOW) this.#close();
  }

  end() {
    while (this.#open.length > 0) this.#close();
  }

  #close() {
    const { fd, inode } = this.#open.shift();
    this.checks++;
    try {
      if (fstatSync(fd).ino === inode) {
        closeSync(fd);
        return;
      }
    } catch (error) {
      if (error.code !== 'EBADF') throw error;
    }
    this.losses++;
  }
}

function strange({ words }) {
  const stranger = new Stranger();
  while (Atomics.load(words, STOP) === 0) {
    // Only while a thread ends: the others want to start.
    if (Atomics.load(words, DYING) === 0) Atomics.wait(words, DYING, 0, 5);
    else stranger.step();
  }
  stranger.end();
  Atomics.add(words, STRANGER_CHECKS, stranger.checks);
  Atomics.add(words, STRANGER_LOSSES, stranger.losses);
}

/** A ring whose operations open files of the pool. */
function openingRing(memory) {
  const ring = Ring.open({ entries: BATCH, cqEntries: 2 * BATCH, memory });
  ring.useDescriptorLedger();
  const bytes = sharedBytes(4096);
  ring.attachMemory(bytes);
  const names = Array.from({ length: FILES }, (_, index) => {
    Buffer.from(bytes.buffer, index * 256, 256).write(`${fileOf('pool', index)}\0`);
    return address(addressOf(bytes) + index * 256);
  });
  return {
    ring,
    open(index) {
      const sqe = ring.push();
      if (sqe < 0) return false;
      encode.openat(ring.sqes, sqe, { dirfd: AT_FDCWD, path: names[index % FILES], openFlags: 0, mode: 0 });
      return true;
    },
  };
}

/** Opens and closes for ever. What a file goes through is drawn by lot. */
function work({ words, owners: [owner, other], memory }) {
  const { ring, open } = openingRing(memory);
  const kept = [];
  const keep = (_operation, res) => {
    if (res < 0) return;
    const lot = Math.random();
    addDescriptor(res, owner, lot < 0.5);
    if (lot < 0.2) closeDescriptor(res, owner);
    else if (lot < 0.3) giveDescriptor(res, owner, other);
    else kept.push(res);
  };
  Atomics.store(words, RUNNING, 1);
  for (let index = 0; ; index++) {
    while (open(index++)) if (Math.random() < 0.1) break;
    ring.submitAndWait(index % 3 === 0 ? 0 : BATCH / 2, 10);
    ring.reap(keep, index % 5 === 0 ? 3 : undefined);
    for (const fd of kept) {
      claimDescriptor(fd, owner);
      if (closeDescriptor(fd, owner) < 0) throw new Error('a descriptor was not its owner’s');
    }
    kept.length = 0;
    if (index % 4 === 0) closeDescriptorsOf(other, false);
  }
}

/** Terminates one thread somewhere, and closes what it left. Returns how many descriptors that were. */
async function terminateSomewhere(shared, stranger, memory) {
  const words = sharedWords();
  const owners = [newDescriptorOwner(), newDescriptorOwner()];
  const worker = start('work', words, { owners, memory });
  const exited = new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  // Not before: a thread that is terminated while it loads its modules leaves their files open, and that is Node's.
  while (Atomics.load(words, RUNNING) === 0) await sleep(1);
  Atomics.add(shared, DYING, 1);
  Atomics.notify(shared, DYING);
  const until = performance.now() + Math.random() * PAUSE_MS_MAX;
  while (performance.now() < until) stranger.step();
  worker.terminate();
  for (let step = 0; step < 50; step++) stranger.step();
  await exited;
  Atomics.sub(shared, DYING, 1);
  return owners.reduce((closed, owner) => closed + closeDescriptorsOf(owner, false), 0);
}

async function terminations(rounds) {
  const pristine = held();
  const words = sharedWords();
  const stranger = new Stranger();
  // The first threads start threads and open descriptors that Node keeps.
  await terminateSomewhere(words, stranger, 'shared');
  stranger.end();
  const before = await baseline(pristine);
  const helper = start('strange', words);
  const helped = new Promise((resolve) => helper.on('exit', resolve));
  let closed = 0;
  for (let round = 0; round < rounds; round += AT_ONCE) {
    const threads = Array.from({ length: AT_ONCE }, (_, index) =>
      terminateSomewhere(words, stranger, index % 2 === 0 ? 'shared' : 'mapped'),
    );
    for (const count of await Promise.all(threads)) closed += count;
  }
  Atomics.store(words, STOP, 1);
  await helped;
  stranger.end();
  return {
    closed,
    checks: stranger.checks + words[STRANGER_CHECKS],
    losses: stranger.losses + words[STRANGER_LOSSES],
    leftovers: await leftovers(before),
  };
}

/**
 * Stops in the callback of the sixth completion, before it has done anything. The first was ledgered and closed by then,
 * the second given away, the next three ledgered; the others are nobody's.
 */
function stopInCallback({ words, owners: [owner, other], memory }) {
  const { ring, open } = openingRing(memory);
  for (let index = 0; index < FILES; index++) open(index);
  ring.submitAndWait(FILES, 10_000);
  let handed = 0;
  ring.reap((_operation, res) => {
    handed++;
    if (handed === 6) Atomics.store(words, RUNNING, 1);
    while (handed === 6);
    addDescriptor(res, owner, false);
    if (handed === 1) closeDescriptor(res, owner);
    if (handed === 1) Atomics.store(words, HANDED, res);
    if (handed === 2) giveDescriptor(res, owner, other);
  });
}

/** Hands its first descriptor to the main thread, which puts it into the ledger while the callback waits. */
function waitInCallback({ words, memory }) {
  const { ring, open } = openingRing(memory);
  open(0);
  ring.submitAndWait(1, 10_000);
  ring.reap((_operation, res) => {
    Atomics.store(words, HANDED, res);
    Atomics.store(words, RUNNING, 1);
    for (;;);
  });
}

const isOpen = (fd, file) => {
  try {
    return fstatSync(fd).ino === statSync(file).ino;
  } catch {
    return false;
  }
};

async function stopped(role, memory, whileStopped) {
  const words = sharedWords();
  const owners = [newDescriptorOwner(), newDescriptorOwner()];
  const worker = start(role, words, { owners, memory });
  const exited = new Promise((resolve) => worker.on('exit', resolve));
  while (Atomics.load(words, RUNNING) === 0) await sleep(1);
  const fd = whileStopped(words[HANDED], owners[0]);
  await worker.terminate();
  await exited;
  return { fd, owners };
}

const CASES = {
  terminations: ({ rounds }) => terminations(rounds),

  async 'in a callback'({ memory }) {
    const usurp = (number) => {
      // Open until the number that the thread has closed is ours.
      for (;;) if (openSync(fileOf('strangers', 0)) === number) return number;
    };
    const { fd, owners } = await stopped('stopInCallback', memory, usurp);
    const ledgered = owners.map((owner) => descriptorsOf(owner).length);
    return {
      ledgered,
      closed: owners.map((owner) => closeDescriptorsOf(owner, false)),
      intact: isOpen(fd, fileOf('strangers', 0)),
      open: held(`${folder}/pool`).fds,
    };
  },

  async 'by another thread'({ memory }) {
    const add = (number, owner) => {
      addDescriptor(number, owner, false);
      return number;
    };
    const { fd, owners } = await stopped('waitInCallback', memory, add);
    const intact = isOpen(fd, fileOf('pool', 0));
    return { intact, closed: closeDescriptorsOf(owners[0], false), open: held(`${folder}/pool`).fds };
  },
};

if (isMainThread) {
  for (const kind of ['pool', 'strangers']) {
    mkdirSync(path.join(folder, kind));
    for (let index = 0; index < FILES; index++) writeFileSync(fileOf(kind, index), 'x');
  }
  try {
    const how = JSON.parse(process.argv[2]);
    console.log(JSON.stringify(await CASES[how.name](how)));
  } finally {
    rmSync(folder, { recursive: true });
  }
} else ({ strange, work, stopInCallback, waitInCallback })[workerData.role](workerData);
