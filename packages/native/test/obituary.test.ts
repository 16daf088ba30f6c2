// What an obituary takes, and what it refuses. What it does when a thread ends: test/drain/obituary.test.ts.

import { Obituary, type ObituaryOptions } from '@ringpool/native';
import { expect, test } from 'vitest';

import { codeOf } from './support/rings.ts';

const words = new Int32Array(new SharedArrayBuffer(32), 8, 4);
const whole: ObituaryOptions = { words, storeIndex: 0, storeValue: 1, addIndex: 3 };

function write(change: object): string {
  return codeOf(() => Obituary.write({ ...whole, ...change }).cancel());
}

test.each([
  {},
  { storeIndex: 3, addIndex: 0 },
  { storeValue: -(2 ** 31) },
  { storeValue: 2 ** 31 - 1 },
  { expected: [] },
  { expected: [5] },
  { expected: [-(2 ** 31), 2 ** 31 - 1] },
])('%o is written', (change) => {
  expect(write(change)).toBe('none');
});

test.each([
  { storeIndex: 4 },
  { storeIndex: -1 },
  { storeIndex: 2 ** 32 },
  { storeIndex: 0.5 },
  { addIndex: 4 },
  { addIndex: -1 },
  { addIndex: Number.NaN },
  { storeValue: 2 ** 31 },
  { storeValue: 0.5 },
  { storeValue: '1' },
  { expected: [1, 2, 3] },
  { expected: [0.5] },
  { expected: [1, 2 ** 31] },
  { words: new Uint32Array(words.buffer, 0, 4) },
  { words: new Int32Array(words.buffer, 0, 0) },
  { words: [1, 2, 3, 4] },
  { words: undefined },
  { bells: [] },
])('%o is refused', (change) => {
  expect(write(change)).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
});

test('words that are not shared are refused', () => {
  expect(write({ words: new Int32Array(4) })).toBe('ERR_RINGPOOL_NOT_SHARED');
});

test('a cancelled one takes bells and is cancelled again without harm', () => {
  const obituary = Obituary.write(whole);
  obituary.setBells([{ index: 0, generation: 0 }]);
  obituary.cancel();
  obituary.setBells([]);
  obituary.cancel();
  expect([...words]).toEqual([0, 0, 0, 0]);
});
