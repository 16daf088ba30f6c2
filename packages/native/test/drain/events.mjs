// The ends of a ring's life with reads in flight. Each resolves when the event is over, which is when the memory given
// to it counts as released. Runs on the main thread of a fixture process.
import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { collectGarbage, openDirect, openRing, submitReads } from './support.mjs';

export const WORKER_EVENTS = [
  'terminate',
  'terminate while waiting',
  'exit',
  'throw',
  'out of memory',
  'natural end',
];

/** Room for the worker to load its modules and submit its reads before it runs out: 8 MiB is too little on Node 24. */
const SCARCE_MEMORY = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 4 };

function inWorker(how, file, bytes, reads) {
  const submitted = new Int32Array(new SharedArrayBuffer(4), 0, 1);
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), {
    workerData: { how, file, bytes, reads, submitted },
    resourceLimits: how.event === 'out of memory' ? SCARCE_MEMORY : {},
    stdout: true,
    stderr: true,
  });
  return new Promise((resolve, reject) => {
    worker.on('message', () => worker.terminate());
    const expected = { throw: 'on purpose', 'out of memory': 'ERR_WORKER_OUT_OF_MEMORY' }[how.event];
    worker.on('error', (error) => {
      if (expected === undefined || ![error.message, error.code].includes(expected)) reject(error);
    });
    worker.on('exit', () => {
      if (Atomics.load(submitted, 0) === reads) resolve();
      else reject(new Error('the worker ended before its reads were in flight: the event proves nothing'));
    });
  });
}

function onThisThread(how, file, bytes, reads) {
  const ring = openRing(how, bytes);
  const fd = openDirect(file);
  submitReads(ring, how, bytes, fd, reads);
  closeSync(fd);
  return ring;
}

/** Makes `how.event` happen to a ring whose reads fill `bytes`. */
export async function happen(how, file, bytes, reads) {
  if (WORKER_EVENTS.includes(how.event)) return inWorker(how, file, bytes, reads);
  switch (how.event) {
    case 'close':
      onThisThread(how, file, bytes, reads).close();
      break;
    case 'unregister': {
      const ring = onThisThread(how, file, bytes, reads);
      ring.unregisterBuffers();
      // The caller looks at the memory while the ring still lives.
      return () => ring.close();
    }
    case 'collect':
      // The ring is garbage when this returns. Its memory is not released: the addon holds it until the last CQE.
      onThisThread(how, file, bytes, reads);
      await collectGarbage();
      break;
    default:
      throw new Error(`unknown event ${how.event}`);
  }
}
