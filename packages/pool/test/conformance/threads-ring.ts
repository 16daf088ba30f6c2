// A ring of the driver `threads`: the thread that submits makes the system calls itself, by node:fs. Bound to its thread.

import { type DriverRing, type DriverRingOptions, openRingAtOnce, type SoftClock } from '@ringpool/core';

import { NodeFileSystem } from './node-file-system.ts';

/** A blocked thread looks up at least this often: so it can be ended. */
const SLEEP_SLICE_MS = 50;

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4), 0, 1);
const clock: SoftClock = {
  now: () => performance.now(),
  today: () => Date.now(),
  sleep(untilMs) {
    const ms = Math.min(untilMs - performance.now(), SLEEP_SLICE_MS);
    if (ms > 0) Atomics.wait(nobodyWakes, 0, 0, ms);
  },
};

/** Opens a ring of this thread. @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
export function openThreadsRing(options: DriverRingOptions): DriverRing {
  return openRingAtOnce(options, new NodeFileSystem(), clock);
}
