// Operations that never complete by themselves, pending on a ring that comes to its end. Run as a process it does this
// on the main thread; `--worker` starts a thread that does it and ends. The last line is JSON.
import { execFileSync } from 'node:child_process';
import { constants, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { address, encode, IORING_SETUP } from '@ringpool/core';
import { addressOf, Doorbell, Ring } from '@ringpool/native';
import { baseline, held, leftovers, remove, sharedBytes } from './support.mjs';

const IOSQE_IO_DRAIN = 1 << 1;
const IOSQE_IO_LINK = 1 << 2;
const IOSQE_IO_HARDLINK = 1 << 3;
const IOSQE_ASYNC = 1 << 4;
const POLLIN = 1;
const POLL_ADD_MULTI = 1;
const AT_FDCWD = -100;
const FUTEX2_U32_PRIVATE = 2 | 128;
const PIPE_BYTES = 1024 * 1024;

/** A pipe, open at both ends, that is empty or full. */
function pipe(full = false) {
  const path = `${os.tmpdir()}/ringpool-wait-${process.pid}-${Math.random().toString(36).slice(2)}`;
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR);
  if (full) writeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK), Buffer.alloc(PIPE_BYTES));
  remove(path);
  return fd;
}

/** What is pending, by name: each queues operations and returns how many. */
const PENDING = {
  'a read of a pipe': ({ ring, at }) => {
    const fd = pipe();
    return [(sqe) => encode.read(ring.sqes, sqe, { fd, buffer: at(0), length: 4096, offset: -1 })];
  },
  'a fixed read of a pipe': ({ ring, at, bytes }) => {
    const fd = pipe();
    ring.registerBuffers([bytes]);
    const read = { fd, buffer: at(0), length: 4096, offset: -1, bufferIndex: 0 };
    return [(sqe) => encode.readFixed(ring.sqes, sqe, read)];
  },
  'a write to a full pipe': ({ ring, at }) => {
    const fd = pipe(true);
    return [(sqe) => encode.write(ring.sqes, sqe, { fd, buffer: at(0), length: PIPE_BYTES, offset: -1 })];
  },
  'a poll': ({ ring, bell }) => [(sqe) => encode.pollAdd(ring.sqes, sqe, { fd: bell.fd, events: POLLIN })],
  'a multishot poll': ({ ring, bell }) => [
    (sqe) => encode.pollAdd(ring.sqes, sqe, { fd: bell.fd, events: POLLIN, pollFlags: POLL_ADD_MULTI }),
  ],
  'a timeout of an hour': ({ ring, at, bytes }) => {
    new DataView(bytes.buffer, 0, 16).setBigInt64(0, 3600n, true);
    return [(sqe) => encode.timeout(ring.sqes, sqe, { timespec: at(0) })];
  },
  'a futex wait': ({ ring, at }) => [
    (sqe) =>
      encode.futexWait(ring.sqes, sqe, {
        futex: at(64),
        value: 0,
        mask: 0xffffffff,
        futex2Flags: FUTEX2_U32_PRIVATE,
      }),
  ],
  'an accept': ({ ring }) => {
    const server = createServer();
    server.listen({ port: 0 });
    server.unref();
    return [(sqe) => encode.accept(ring.sqes, sqe, { fd: server._handle.fd })];
  },
  // These complete, with descriptors that nobody will take.
  'opens of a file': ({ ring, at, bytes }) => {
    bytes.set(Buffer.from(`${process.execPath}\0`), 0);
    const open = { dirfd: AT_FDCWD, path: at(0), openFlags: 0, flags: IOSQE_ASYNC };
    return Array.from({ length: 8 }, () => (sqe) => encode.openat(ring.sqes, sqe, open));
  },
  'a splice from an empty pipe': ({ ring }) => {
    const splice = { fdIn: pipe(), offsetIn: -1, fd: pipe(), offset: -1, length: 4096 };
    return [(sqe) => encode.splice(ring.sqes, sqe, splice)];
  },
  'a chain of hard links': ({ ring, at, bell }) => {
    const fd = pipe();
    const poll = (flags) => (sqe) => encode.pollAdd(ring.sqes, sqe, { fd: bell.fd, events: POLLIN, flags });
    return [
      (sqe) =>
        encode.read(ring.sqes, sqe, { fd, buffer: at(0), length: 64, offset: -1, flags: IOSQE_IO_HARDLINK }),
      poll(IOSQE_IO_HARDLINK),
      poll(IOSQE_IO_HARDLINK),
      poll(IOSQE_IO_HARDLINK),
      poll(0),
    ];
  },
  'a chain of soft links': ({ ring, bell }) =>
    [IOSQE_IO_LINK, IOSQE_IO_LINK, 0].map(
      (flags) => (sqe) => encode.pollAdd(ring.sqes, sqe, { fd: bell.fd, events: POLLIN, flags }),
    ),
  'operations behind a drain': ({ ring, bell }) =>
    [0, IOSQE_IO_DRAIN, 0, IOSQE_IO_DRAIN].map(
      (flags) => (sqe) => encode.pollAdd(ring.sqes, sqe, { fd: bell.fd, events: POLLIN, flags }),
    ),
  'more polls than the queue has entries': ({ ring, bell }) =>
    Array.from({ length: ring.cqEntries }, () => (sqe) => {
      encode.pollAdd(ring.sqes, sqe, { fd: bell.fd, events: POLLIN });
    }),
  'an operation on a ring that was never enabled': ({ ring }) => [(sqe) => encode.nop(ring.sqes, sqe, {})],
};

const RING_FLAGS = {
  'never enabled': IORING_SETUP.R_DISABLED,
  'never enabled, polled': IORING_SETUP.R_DISABLED | IORING_SETUP.SQPOLL,
  sqpoll: IORING_SETUP.SQPOLL,
  big: IORING_SETUP.SQE128 | IORING_SETUP.CQE32,
};

function start({ pending, memory, ring: kind }) {
  const ring = Ring.open({ entries: 16, memory, flags: RING_FLAGS[kind] ?? 0 });
  const bytes = sharedBytes(PIPE_BYTES);
  ring.attachMemory(bytes);
  const base = addressOf(bytes);
  const bell = Doorbell.create();
  for (const encodeAt of PENDING[pending]({ ring, bytes, bell, at: (offset) => address(base + offset) })) {
    let sqe = ring.push();
    // The kernel's own thread takes them when it gets to it.
    for (; sqe < 0; sqe = ring.push()) ring.submit();
    encodeAt(sqe);
  }
  try {
    ring.submit();
  } catch (error) {
    // A ring that was never enabled takes nothing.
    if (error.code !== 'EBADFD') throw error;
  }
  return ring;
}

function end(ring, event, started) {
  switch (event) {
    case 'close':
      // Half of the bound is for operations to end by themselves; then all are cancelled.
      ring.close({ timeoutMs: 4000 });
      break;
    case 'exit':
      process.exit(0);
      break;
    case 'throw':
      throw new Error('on purpose');
    case 'terminate':
      parentPort.on('message', () => undefined);
      parentPort.postMessage('pending');
      break;
    case 'unregister while terminated':
      parentPort.postMessage('pending');
      ring.unregisterBuffers();
      break;
    case 'natural end':
      break;
    default:
      throw new Error(`unknown event ${event}`);
  }
  return performance.now() - started;
}

async function inWorker(how) {
  const worker = new Worker(new URL(import.meta.url), { workerData: how, stdout: true, stderr: true });
  let started = performance.now();
  return new Promise((resolve, reject) => {
    worker.on('message', () => {
      // In the middle of whatever the thread does after its message.
      setTimeout(() => {
        started = performance.now();
        worker.terminate();
      }, 50);
    });
    worker.on('error', (error) => {
      if (error.message !== 'on purpose') reject(error);
    });
    worker.on('exit', () => resolve(performance.now() - started));
  });
}

async function main() {
  const how = JSON.parse(process.argv[2]);
  if (process.argv[3] === '--worker') {
    const pristine = held();
    await inWorker({ ...how, pending: 'a poll', event: 'natural end', ring: 'plain' });
    const before = await baseline(pristine);
    const tookMs = await inWorker(how);
    console.log(JSON.stringify({ tookMs: Math.round(tookMs), leftovers: await leftovers(before) }));
    return;
  }
  const started = performance.now();
  if (how.event !== 'close') console.log(JSON.stringify({ tookMs: -1 }));
  const tookMs = end(start(how), how.event, started);
  if (how.event === 'close') console.log(JSON.stringify({ tookMs: Math.round(tookMs) }));
}

if (isMainThread) await main();
else end(start(workerData), workerData.event, performance.now());
