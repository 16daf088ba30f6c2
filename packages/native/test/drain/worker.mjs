// A worker thread with reads in flight that ends in the way it is told. The memory belongs to the thread that started it;
// the ring is this thread's, and nobody closes it but the environment's clean-up.
import { closeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openDirect, openRing, submitReads } from './support.mjs';

const { how, file, bytes, reads, submitted } = workerData;
const ring = openRing(how, bytes);
const fd = openDirect(file);
submitReads(ring, how, bytes, fd, reads);
Atomics.store(submitted, 0, reads);
// The kernel holds the file for its reads; the descriptor is not what is counted here.
closeSync(fd);

function runOutOfMemory() {
  const kept = [];
  for (;;) kept.push(new Array(10_000).fill(kept.length));
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
