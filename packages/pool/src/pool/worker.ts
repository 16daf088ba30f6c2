// The entry point of a worker thread. Its piscina task opens the ring, starts the loop and returns: a task that never
// ended would keep the process alive, because piscina holds its port open for a running task.

import { threadId } from 'node:worker_threads';

import { RingpoolError } from '@ringpool/core';

import { setImmediate } from './clock.ts';
import { WorkerLoop } from './worker-loop.ts';
import { postError, type WorkerAnswer, type WorkerSpec } from './worker-protocol.ts';

/** Starts this thread's I/O loop and answers which thread it is. */
export default function start(spec: WorkerSpec): WorkerAnswer {
  try {
    const loop = WorkerLoop.start(spec);
    // After the answer has been posted: the loop blocks this thread's event loop.
    setImmediate(() => loop.run());
    return { threadId, fallbacks: loop.fallbacks };
  } catch (error) {
    if (error instanceof RingpoolError) return { threadId, fallbacks: [], error: postError(error) };
    throw error;
  }
}
