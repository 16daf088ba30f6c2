// Rings that end in awkward states. Each case checks itself, and prints what it found as a line of JSON.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { address, encode, IORING_SETUP } from '@ringpool/core';
import { addressOf, Doorbell, Ring } from '@ringpool/native';
import {
  baseline,
  clear,
  countRewritten,
  dataFile,
  fill,
  held,
  landed,
  leftovers,
  MIB,
  openDirect,
  openRing,
  sharedBytes,
  sleep,
  submitReads,
} from './support.mjs';

const [name, memory] = process.argv.slice(2);
const POLLIN = 1;
const POLL_ADD_MULTI = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;
const IOSQE_IO_LINK = 1 << 2;

function queuesOfClosedRing(bell) {
  const ring = Ring.open({ entries: 64, memory });
  const { buffer } = ring.sqes;
  for (let index = 0; index < 32; index++) {
    encode.pollAdd(ring.sqes, ring.push(), { fd: bell.fd, events: POLLIN });
  }
  ring.submit();
  ring.close();
  return { where: addressOf(new Uint8Array(buffer, 0, 1)), size: buffer.byteLength };
}

const CASES = {
  /** More CQEs than the queue holds, none of them reaped. */
  async 'an overflown completion queue'() {
    const ring = Ring.open({ entries: 4, cqEntries: 4, memory });
    const bells = Array.from({ length: 4 }, () => Doorbell.create());
    for (const bell of bells) {
      const poll = { fd: bell.fd, events: POLLIN, pollFlags: POLL_ADD_MULTI };
      encode.pollAdd(ring.sqes, ring.push(), poll);
    }
    ring.submit();
    for (let round = 0; round < 8; round++) {
      for (const bell of bells) bell.ring();
      ring.submitAndWait(1, 20);
      for (const bell of bells) bell.silence();
    }
    ring.close();
    for (const bell of bells) bell.close();
  },

  /** The buffer is the kernel's until the second CQE, the notification. */
  async 'a zero-copy send'() {
    const server = createServer((socket) => socket.resume());
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    const ring = Ring.open({ entries: 8, memory });
    const bytes = sharedBytes(MIB);
    ring.attachMemory(bytes);
    const base = addressOf(bytes);
    const results = [];
    const take = (_operation, res, flags) => results.push([res, flags]);
    encode.socket(ring.sqes, ring.push(), { domain: AF_INET, type: SOCK_STREAM });
    ring.submitAndWait(1, 1000);
    ring.reap(take);
    const [[fd]] = results.splice(0);
    bytes.set([AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1], 0);
    const connect = { fd, sockaddr: address(base), sockaddrLength: 16, flags: IOSQE_IO_LINK };
    encode.connect(ring.sqes, ring.push(), connect);
    // Little enough for the peer's kernel to take all of it: the peer's program is this blocked thread.
    const send = { fd, buffer: address(base + 4096), length: 65_536 };
    encode.sendZc(ring.sqes, ring.push(), send);
    ring.submit();
    ring.close();
    closeSync(fd);
    server.close();
  },

  /** A fork while the kernel writes to memory: the pages stay the parent's. */
  async 'a child process is started with reads in flight'() {
    const bytes = sharedBytes(64 * MIB);
    clear(bytes);
    const how = { memory, kind: 'read' };
    const ring = openRing(how, bytes);
    const fd = openDirect(dataFile());
    submitReads(ring, how, bytes, fd, 8);
    const child = spawn('sleep', ['0.2'], { stdio: 'ignore' });
    execFileSync('true');
    ring.close();
    closeSync(fd);
    const whole = landed(bytes, 8);
    fill(bytes);
    await new Promise((resolve) => child.once('exit', resolve));
    await sleep(200);
    return { whole, rewritten: countRewritten(bytes) };
  },

  async 'close() in a callback of reap(), which then throws'() {
    const ring = Ring.open({ entries: 8, memory });
    for (let index = 0; index < 8; index++) encode.nop(ring.sqes, ring.push(), {});
    ring.submitAndWait(8, 1000);
    let calls = 0;
    try {
      ring.reap(() => {
        calls++;
        ring.close();
        throw new Error('on purpose');
      });
    } catch (error) {
      return { calls, message: error.message, closed: ring.closed, ready: ring.ready };
    }
  },

  /** The kernel's polling thread has the SQEs; nobody waits for it but close(). */
  async 'reads given to a polling thread'() {
    const bytes = sharedBytes(64 * MIB);
    clear(bytes);
    const how = { memory, kind: 'readFixed' };
    const ring = openRing(how, bytes, { flags: IORING_SETUP.SQPOLL });
    const fd = openDirect(dataFile());
    submitReads(ring, how, bytes, fd, 8);
    ring.close();
    closeSync(fd);
    const whole = landed(bytes, 8);
    fill(bytes);
    await sleep(300);
    return { whole, rewritten: countRewritten(bytes) };
  },

  async 'reads on a ring of 128-byte SQEs and 32-byte CQEs'() {
    const bytes = sharedBytes(64 * MIB);
    clear(bytes);
    const how = { memory, kind: 'readFixed' };
    const ring = openRing(how, bytes, { flags: IORING_SETUP.SQE128 | IORING_SETUP.CQE32 });
    const fd = openDirect(dataFile());
    submitReads(ring, how, bytes, fd, 8);
    ring.close();
    closeSync(fd);
    const whole = landed(bytes, 8);
    fill(bytes);
    await sleep(300);
    return { whole, rewritten: countRewritten(bytes) };
  },

  /**
   * The kernel takes a closed ring down in the background, and still writes a word of its queues then. That must be in
   * pages which nobody else can have got, also when the queues' memory was collected and its address is another's.
   */
  async 'the successor of the queues'() {
    const bell = Doorbell.create();
    const { where, size } = queuesOfClosedRing(bell);
    globalThis.gc();
    const successors = [];
    for (let count = 0; count < 32; count++) {
      const next = sharedBytes(size);
      fill(next);
      successors.push(next);
      if (addressOf(next) === where) break;
    }
    await sleep(300);
    bell.close();
    return { rewritten: successors.reduce((sum, next) => sum + countRewritten(next), 0) };
  },
};

const pristine = held();
// A child process and a server leave descriptors that Node keeps.
execFileSync('true');
const found = (await CASES[name]()) ?? {};
const before = await baseline(pristine);
console.log(JSON.stringify({ ...found, leftovers: await leftovers(before) }));
