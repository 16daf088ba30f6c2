// What the arena's tests share.

import { RingpoolError } from '../../src/errors.ts';

/** The RingpoolError that `act` throws; anything else fails the test. */
export function thrownBy(act: () => unknown): RingpoolError {
  try {
    act();
  } catch (error) {
    if (error instanceof RingpoolError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** True when every byte is `tag`. A plain loop: `every` is ten times slower over megabytes. */
export function isFilled(view: Uint8Array, tag: number): boolean {
  for (let i = 0; i < view.length; i++) if (view[i] !== tag) return false;
  return true;
}

/** A seeded generator of integers below `bound` (mulberry32). */
export function seededIntegers(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  };
}

const HOOKED = ['load', 'store', 'add', 'sub', 'compareExchange'] as const;

/** Runs `act` with `before` called ahead of each Atomics call in it: the points where another thread can come between. */
export function atEachAtomic<T>(before: () => void, act: () => T): T {
  const target = Atomics as unknown as Record<string, (...args: unknown[]) => unknown>;
  const saved = HOOKED.map((name) => target[name]!);
  let inside = false;
  HOOKED.forEach((name, i) => {
    target[name] = (...args) => {
      if (!inside) {
        inside = true;
        try {
          before();
        } finally {
          inside = false;
        }
      }
      return saved[i]!.apply(Atomics, args);
    };
  });
  try {
    return act();
  } finally {
    HOOKED.forEach((name, i) => {
      target[name] = saved[i]!;
    });
  }
}
