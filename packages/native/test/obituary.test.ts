// What an obituary takes, and what it refuses. What it does when a thread ends: test/drain/obituary.test.ts.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Doorbell, descriptorsOf, Obituary, type ObituaryOptions } from '@ringpool/native';
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

test.each([
  { index: 0, stride: 2, count: 2 },
  { index: 2, stride: 1, count: 1 },
  { index: 3, stride: 9, count: 0 },
])('a table of bells %o lies inside four words', (table) => {
  const obituary = Obituary.write(whole);
  expect(codeOf(() => obituary.setBellTable(table))).toBe('none');
  obituary.cancel();
  expect(codeOf(() => obituary.setBellTable(table))).toBe('none');
});

test('descriptors of an owner are closed by the time the word is stored', async () => {
  const shared = new Int32Array(new SharedArrayBuffer(64), 0, 16);
  const thread = new Worker(new URL('./fixtures/bell-table.mjs', import.meta.url), {
    workerData: shared.buffer,
  });
  const [owner] = (await once(thread, 'message')) as [number];
  expect(descriptorsOf(owner)).toHaveLength(1);
  await thread.terminate();
  expect(shared[0]).toBe(7);
  expect(descriptorsOf(owner)).toEqual([]);
  const obituary = Obituary.write(whole);
  expect(codeOf(() => obituary.setDescriptors(-1))).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  obituary.cancel();
});

test.each([
  { index: 3, stride: 1, count: 1 },
  { index: 0, stride: 2, count: 3 },
  { index: 0, stride: 2 ** 32 - 1, count: 2 ** 32 - 1 },
  { index: -1, stride: 1, count: 1 },
  { index: 0, stride: 0.5, count: 2 },
])('a table of bells %o does not', (table) => {
  const obituary = Obituary.write(whole);
  expect(codeOf(() => obituary.setBellTable(table))).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  obituary.cancel();
});

test('a thread that ends rings the bells whose names stand in the table by then, and no other', async () => {
  const bells = [Doorbell.create(), Doorbell.create(), Doorbell.create()] as const;
  const shared = new Int32Array(new SharedArrayBuffer(64), 0, 16);
  const name = (at: number, bell: Doorbell | undefined): void => {
    shared[at] = bell?.token.index ?? -1;
    shared[at + 1] = bell?.token.generation ?? 0;
  };
  name(2, bells[0]);
  name(5, bells[1]);
  name(8, undefined);
  const thread = new Worker(new URL('./fixtures/bell-table.mjs', import.meta.url), {
    workerData: shared.buffer,
  });
  await once(thread, 'message');
  // What is in the words when it ends counts, not what was there when it was written.
  name(5, undefined);
  name(8, bells[2]);
  await thread.terminate();
  expect([shared[0], shared[1]]).toEqual([7, 1]);
  expect(bells.map((bell) => bell.silence())).toEqual([true, false, true]);
  for (const bell of bells) bell.close();
});
