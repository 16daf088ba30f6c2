// The clock, taken from node:perf_hooks when the module loads, so that fake timers in people's tests cannot freeze it.

import { performance } from 'node:perf_hooks';

const now = performance.now.bind(performance);

/** Monotonic milliseconds. */
export function monotonicMs(): number {
  return now();
}
