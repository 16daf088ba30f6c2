// The conformance suite notices a driver that deviates: each deviation, planted in each driver, fails some behaviour.
import { type CompletionCallback, type DriverRing, errno } from '@ringpool/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { BEHAVIOURS } from './behaviours.ts';
import { casts } from './casts.ts';
import { lacks } from './kernel.ts';
import { Stage } from './stage.ts';

type Deviation = (res: number) => number;

const insteadOf =
  (from: keyof typeof errno, to: keyof typeof errno | 0): Deviation =>
  (res) =>
    res === -errno[from] ? (to === 0 ? 0 : -errno[to]) : res;

/** What a driver that is wrong makes of results. */
const deviations: Readonly<Record<string, Deviation>> = {
  'one byte less than there was': (res) => (res > 4 ? res - 1 : res),
  'no such file, instead of a bad descriptor': insteadOf('EBADF', 'ENOENT'),
  'a timeout that says it went well': insteadOf('ETIME', 0),
  'a broken link that says it was run': insteadOf('ECANCELED', 0),
  'memory outside that says it was read': insteadOf('EFAULT', 0),
  'a directory that is not empty, removed': insteadOf('ENOTEMPTY', 0),
  'a loop of links, called missing': insteadOf('ELOOP', 'ENOENT'),
};

/** A ring whose results deviate. */
function deviant(ring: DriverRing, deviate: Deviation): DriverRing {
  const reap = (callback: CompletionCallback, max?: number): number =>
    ring.reap((operation, res, flags) => callback(operation, deviate(res), flags), max);
  return new Proxy(ring, {
    get(target, key) {
      if (key === 'reap') return reap;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The first behaviour that fails with a deviation. */
function noticedBy(name: string, cast: (typeof casts)[string], deviate: Deviation): string | undefined {
  for (const [behaviour, play] of Object.entries(BEHAVIOURS)) {
    if (lacks(name, behaviour) !== undefined) continue;
    const { openRing, instead, ...rest } = cast();
    if (instead?.[behaviour] !== undefined) continue;
    const stage = new Stage({ ...rest, openRing: (entries) => deviant(openRing(entries), deviate) });
    try {
      play(stage);
    } catch {
      return behaviour;
    } finally {
      stage.end();
    }
  }
  return undefined;
}

for (const [driver, cast] of Object.entries(casts)) {
  describe(driver, () => {
    beforeEach((context) => {
      const lacking = lacks(driver);
      if (lacking !== undefined) context.skip(lacking);
    });
    test('as it is, deviates from nothing', () => {
      expect(noticedBy(driver, cast, (res) => res)).toBe(undefined);
    });
    test.each(Object.entries(deviations))('%s is noticed', (_name, deviate) => {
      expect(noticedBy(driver, cast, deviate)).toBeTypeOf('string');
    });
  });
}
