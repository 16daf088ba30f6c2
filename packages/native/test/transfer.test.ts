// One system call each: what was read and written is what node:fs says, nothing outside the range is touched, and no
// argument is bent into another file, another place, or other bytes.

import { closeSync, ftruncateSync, openSync, readFileSync, statSync } from 'node:fs';
import { readSync, syncSync, writeSync } from '@ringpool/native';
import { afterAll, describe, expect, test } from 'vitest';

import { runFixture } from './support/children.ts';
import { fileWith, temporaryDirectory } from './support/files.ts';
import { PAGE, pattern, shared } from './support/memory.ts';
import { minus } from './support/rings.ts';

const directory = temporaryDirectory();
const content = pattern(3 * PAGE);
const file = fileWith(directory, content);
const source = openSync(file, 'r');
const drain = fileWith(directory, Buffer.alloc(0));
const target = openSync(drain, 'r+');
afterAll(() => [source, target].forEach(closeSync));

const LENGTH = 64;
const growing = new SharedArrayBuffer(PAGE, { maxByteLength: 2 * PAGE });
const VIEWS: readonly (readonly [string, () => Uint8Array])[] = [
  ['a small Uint8Array', () => new Uint8Array(LENGTH)],
  ['a Buffer from the pool', () => Buffer.from('x'.repeat(LENGTH))],
  ['a part of a Uint8Array', () => new Uint8Array(PAGE).subarray(100, 100 + LENGTH)],
  ['shared memory', () => shared(LENGTH)],
  ['a part of growable shared memory', () => new Uint8Array(growing, 8, LENGTH)],
];

describe.each(VIEWS)('into %s', (_name, make) => {
  test('the file is read, there and nowhere else', () => {
    const view = make().fill(0xee);
    expect(readSync(source, view, 10, 20, PAGE - 5)).toBe(20);
    expect(Buffer.from(view)).toEqual(
      Buffer.concat([
        Buffer.alloc(10, 0xee),
        content.subarray(PAGE - 5, PAGE + 15),
        Buffer.alloc(LENGTH - 30, 0xee),
      ]),
    );
    expect(readSync(source, view, 0, LENGTH, content.length - 7)).toBe(7);
    expect(readSync(source, view, 0, LENGTH, content.length)).toBe(0);
    expect(readSync(source, view, LENGTH, 0, 0)).toBe(0);
  });

  test('and from it one is written', () => {
    const view = make().fill(0xee);
    view.set(content.subarray(0, 20), 10);
    ftruncateSync(target, 0);
    expect(writeSync(target, view, 10, 20, 5)).toBe(20);
    expect(syncSync(target, true)).toBe(0);
    expect(syncSync(target, false)).toBe(0);
    expect(readFileSync(drain)).toEqual(Buffer.concat([Buffer.alloc(5), content.subarray(0, 20)]));
  });
});

test('at -1 they go on from where the descriptor stands, and elsewhere they leave it there', () => {
  const own = openSync(file, 'r');
  const view = new Uint8Array(8);
  expect([readSync(own, view, 0, 4, -1), readSync(own, view, 0, 4, 100)]).toEqual([4, 4]);
  expect(readSync(own, view, 4, 4, -1)).toBe(4);
  expect(Buffer.from(view.subarray(4))).toEqual(content.subarray(4, 8));
  closeSync(own);
  ftruncateSync(target, 0);
  const written = openSync(drain, 'r+');
  for (let index = 0; index < 2; index++) expect(writeSync(written, Uint8Array.of(index), 0, 1, -1)).toBe(1);
  closeSync(written);
  expect(readFileSync(drain)).toEqual(Buffer.from([0, 1]));
});

test('positions beyond 32 bits are kept whole', () => {
  const FAR = 2 ** 40;
  expect(writeSync(target, Uint8Array.of(9), 0, 1, FAR)).toBe(1);
  const view = new Uint8Array(4);
  expect(readSync(target, view, 0, 4, FAR)).toBe(1);
  expect([view[0], statSync(drain).size]).toEqual([9, FAR + 1]);
});

test.each([
  [LENGTH, 1],
  [LENGTH + 1, 0],
  [0, LENGTH + 1],
  [1, LENGTH],
  [-1, 4],
  [4, -1],
  [2 ** 53 - 1, 2 ** 53 - 1],
  [2 ** 32, 1],
  [0, 2 ** 32 + 1],
  [0.5, 1],
  [0, 0.5],
  [Number.NaN, 1],
  [0, Number.NaN],
  [0, Infinity],
  ['0', 1],
  [0, undefined],
])('bytes from %s, %s of them, are not inside the view', (offset, length) => {
  const [from, count] = [offset, length] as [number, number];
  const around = shared(3 * LENGTH);
  const view = around.subarray(LENGTH, 2 * LENGTH);
  expect(readSync(source, view, from, count, 0)).toBe(minus('ERANGE'));
  expect(writeSync(target, view, from, count, 0)).toBe(minus('ERANGE'));
  expect(around.every((byte) => byte === 0)).toBe(true);
});

test.each([-2, -0.5, 0.5, 2 ** 53, Number.NaN, Infinity, -Infinity, 0n, '0', null, undefined])(
  '%s is no position',
  (position) => {
    const view = new Uint8Array(LENGTH);
    expect(readSync(source, view, 0, 1, position as number)).toBe(minus('EINVAL'));
    expect(writeSync(target, view, 0, 1, position as number)).toBe(minus('EINVAL'));
  },
);

test('a descriptor is not cut to 32 bits, nor made of what is no number', () => {
  const view = new Uint8Array(LENGTH);
  for (const fd of [source + 2 ** 32, source + 0.5, -1, 2 ** 31, Number.NaN, String(source), undefined]) {
    expect(readSync(fd as number, view, 0, 1, 0)).toBe(minus('EBADF'));
    expect(writeSync(fd as number, view, 0, 1, 0)).toBe(minus('EBADF'));
    expect(syncSync(fd as number, true)).toBe(minus('EBADF'));
  }
  expect(view.every((byte) => byte === 0)).toBe(true);
});

test('only a Uint8Array holds bytes', () => {
  const buffer = new ArrayBuffer(8);
  const others: readonly unknown[] = [new DataView(buffer), new Uint16Array(8), new Uint8ClampedArray(8)];
  for (const view of [...others, buffer, new Int8Array(8), [0], 'text', null, undefined]) {
    expect(readSync(source, view as Uint8Array, 0, 1, 0)).toBe(minus('EINVAL'));
    expect(writeSync(target, view as Uint8Array, 0, 1, 0)).toBe(minus('EINVAL'));
  }
});

test('memory that was transferred away is not there any more', () => {
  const view = new Uint8Array(PAGE);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  expect(readSync(source, view, 0, 1, 0)).toBe(minus('ERANGE'));
  expect(readSync(source, view, 0, 0, 0)).toBe(0);
});

test('what the kernel refuses is its own errno', () => {
  const view = new Uint8Array(LENGTH);
  expect(writeSync(source, view, 0, 1, 0)).toBe(minus('EBADF'));
  const folder = openSync(directory, 'r');
  expect(readSync(folder, view, 0, 1, 0)).toBe(minus('EISDIR'));
  closeSync(folder);
  expect(syncSync(target, 1 as never)).toBe(minus('EINVAL'));
});

describe('a read that signals interrupt', () => {
  const play = (signals: number): number | 'no setsockopt' =>
    runFixture<{ result: number | 'no setsockopt' }>('interrupted.mjs', [String(signals)]).result;

  test('goes on', (context) => {
    const result = play(10);
    if (result === 'no setsockopt') context.skip('io_uring has no SETSOCKOPT before Linux 6.7');
    expect(result).toBe(3);
  });

  test('ends when there is no end of them', (context) => {
    const result = play(400);
    if (result === 'no setsockopt') context.skip('io_uring has no SETSOCKOPT before Linux 6.7');
    expect(result).toBe(minus('EINTR'));
  });
});
