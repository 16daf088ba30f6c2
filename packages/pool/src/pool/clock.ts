// Timers and the clock, taken when the module loads, so that fake timers in people's tests cannot freeze the pool.

import { performance } from 'node:perf_hooks';
import process from 'node:process';
import timers from 'node:timers';

/** Monotonic milliseconds. */
export const monotonicMs: () => number = performance.now.bind(performance);
/** Calls back before the event loop goes on. */
export const nextTick: (callback: () => void) => void = process.nextTick.bind(process);
/** Calls back once the event loop has looked for I/O. */
export const setImmediate: (callback: () => void) => void = timers.setImmediate;
/** Calls back after a time, and holds the event loop till then. */
export const setTimeout: (callback: () => void, ms: number) => NodeJS.Timeout = timers.setTimeout;
/** Calls back again and again, and holds the event loop. */
export const setInterval: (callback: () => void, ms: number) => NodeJS.Timeout = timers.setInterval;
/** Takes a {@link setInterval} back. */
export const clearInterval: (timer: NodeJS.Timeout | undefined) => void = timers.clearInterval;
/** Takes a {@link setTimeout} back. */
export const clearTimeout: (timer: NodeJS.Timeout) => void = timers.clearTimeout;

/** The longest a timer runs; Node takes a longer one, Infinity too, for 1 ms. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Resolves or rejects as `promise` does, or rejects after a time, with `late()`. */
export function within<T>(promise: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), Math.min(timeoutMs, TIMER_MS_MAX));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
