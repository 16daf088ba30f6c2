// Zero-copy sends to a peer that never reads: their notifications never come. The socket is the main thread's, so that
// nothing but the ring ends them. `close` closes the ring in its thread; `terminate` and `natural end` end the thread.
import { connect, createServer } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { address, encode } from '@ringpool/core';
import { addressOf, Ring } from '@ringpool/native';
import { baseline, held, leftovers, sharedBytes } from './support.mjs';

const MSG_DONTWAIT = 0x40;
const CQE_F_NOTIF = 1 << 3;
const SEND_BYTES = 64 * 1024;
const SENDS_MAX = 512;
const EAGAIN = 11;

/** Sends until the socket takes no more. Answers how many sends have ended and wait for their notification. */
function fillSocket(ring, fd) {
  const bytes = sharedBytes(SEND_BYTES);
  ring.attachMemory(bytes);
  const send = { fd, buffer: address(addressOf(bytes)), length: SEND_BYTES, msgFlags: MSG_DONTWAIT };
  let full = false;
  for (let count = 0; count < SENDS_MAX && !full; count++) {
    encode.sendZc(ring.sqes, ring.push(), send);
    ring.submitAndWait(1, 20);
    ring.reap((_operation, res, flags) => {
      full ||= (flags & CQE_F_NOTIF) === 0 && res === -EAGAIN;
    });
  }
  // What the peer's kernel has taken is notified; the rest waits in the socket.
  ring.submitAndWait(ring.cqEntries, 200);
  ring.reap(() => undefined);
  return ring.inFlight;
}

function inWorkerThread() {
  const ring = Ring.open({ entries: 256, cqEntries: 1024, memory: workerData.memory });
  const pending = fillSocket(ring, workerData.fd);
  let code = 'closed';
  if (workerData.event === 'close') {
    try {
      ring.close({ timeoutMs: 100 });
    } catch (error) {
      code = error.code;
    }
  }
  parentPort.postMessage({ pending, code });
  if (workerData.event === 'terminate') parentPort.on('message', () => undefined);
}

async function inWorker(event, memory, fd) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { event, memory, fd } });
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  const answer = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  // A thread that fails has not ended yet when that is heard.
  const report = await answer.catch((error) => exited.then(() => Promise.reject(error)));
  if (event === 'terminate') worker.terminate();
  await exited;
  return report;
}

async function main() {
  const [event, memory] = process.argv.slice(2);
  const sockets = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect(server.address().port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const pristine = held();
  await inWorker('natural end', memory, -1).catch(() => undefined); // the first thread's leftovers are the process's
  const before = await baseline(pristine);
  const report = await inWorker(event, memory, socket._handle.fd);
  // Now the notifications can come: what was left to the kernel is given back by it.
  for (const peer of sockets) peer.resume();
  const left = await leftovers(before);
  console.log(JSON.stringify({ ...report, leftovers: left }));
  for (const end of [socket, ...sockets]) end.destroy();
  server.close();
}

if (isMainThread) await main();
else inWorkerThread();
