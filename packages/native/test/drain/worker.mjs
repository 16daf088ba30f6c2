// A worker thread with reads in flight that ends in the way it is told. The memory belongs to the thread that started it;
// the ring is this thread's, and nobody closes it but the environment's clean-up.
import { closeSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { clear, openDirect, openRing, submitReads } from './support.mjs';

/**
 * What a thread that is to run out of memory keeps for submitting its reads: the less, the sooner it is at its end. Node 20,
 * under which the controls run, needs the least; later ones have been seen to end with 8 MiB left.
 */
const SCARCE_BYTES = (Number.parseInt(process.versions.node, 10) <= 20 ? 8 : 14) * 1024 * 1024;
/** Running out takes a while: every part of the memory is read into so many times over. */
const ROUNDS_MEANWHILE = 2;
const READ_BOUND_MS = 10_000;

const { how, file, bytes, reads, submitted } = workerData;
const ring = openRing(how, bytes);
// Nearly out of memory already, so that the end comes while the reads are in flight.
const ballast = [];
const fd = openDirect(file);
if (how.event === 'out of memory') {
  // What runs for the first time needs memory of its own.
  submitReads(ring, how, bytes, fd, reads);
  ring.submitAndWait(reads, READ_BOUND_MS);
  ring.reap(() => undefined);
  clear(bytes);
  for (let left = Infinity; left > SCARCE_BYTES; ) {
    ballast.push(new Array(2_000).fill(0.5));
    const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
    left = limit - used;
  }
}
for (let again = how.event === 'out of memory' ? ROUNDS_MEANWHILE : 1; again > 0; again--) {
  submitReads(ring, how, bytes, fd, reads);
}
Atomics.store(submitted, 0, reads);
// The kernel holds the file for its reads; the descriptor is not what is counted here.
closeSync(fd);

function runOutOfMemory() {
  for (;;) ballast.push(new Array(2_000).fill(0.5));
}

switch (how.event) {
  case 'terminate':
    parentPort.on('message', () => undefined);
    parentPort.postMessage('in flight');
    break;
  case 'terminate while waiting':
    parentPort.postMessage('in flight');
    // More completions than will ever come: the thread sits in the kernel when it is terminated.
    for (;;) ring.submitAndWait(ring.cqEntries, 60_000);
  case 'exit':
    process.exit(0);
    break;
  case 'throw':
    throw new Error('on purpose');
  case 'out of memory':
    runOutOfMemory();
    break;
  case 'natural end':
    break;
  default:
    throw new Error(`unknown event ${how.event}`);
}
