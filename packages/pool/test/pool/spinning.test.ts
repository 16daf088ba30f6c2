import { expect, test } from 'vitest';

import { Spinning } from '../../src/pool/spinning.ts';

/** Lets it look `times` times, each with this outcome; says how often it did not look at all. */
function skips(spinning: Spinning, times: number, found: boolean): number {
  let skipped = 0;
  for (let time = 0; time < times; time++) {
    if (spinning.next() === 0) skipped++;
    else spinning.looked(found);
  }
  return skipped;
}

test('a worker stops looking for work where it finds none, but for one time in sixteen', () => {
  const spinning = new Spinning(1);
  expect(skips(spinning, 8, false)).toBe(0);
  expect(skips(spinning, 160, false)).toBe(150);
});

test('it goes on looking where it finds some more often than not', () => {
  const spinning = new Spinning(1);
  for (let round = 0; round < 50; round++) {
    expect(skips(spinning, 1, false) + skips(spinning, 2, true)).toBe(0);
  }
});

test('where it had stopped, looks that find work have it look again', () => {
  const spinning = new Spinning(1);
  skips(spinning, 8, false);
  expect(skips(spinning, 17, true)).toBe(15);
  expect(skips(spinning, 20, true)).toBe(0);
});

test('it never looks for longer where there are more workers than CPUs to spare', () => {
  const crowded = new Spinning(1_000_000);
  const least = crowded.next();
  for (let sleep = 0; sleep < 10; sleep++) crowded.slept(0.1);
  expect(crowded.next()).toBe(least);
});
