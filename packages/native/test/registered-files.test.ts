// Registered files on live rings: tables, single slots, and files that are taken away under operations in flight.

import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { encode, fd, fixedFile } from '@ringpool/core';
import { Ring } from '@ringpool/native';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fileWith, openPipe, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern } from './support/memory.ts';
import { codeOf, collect, execute, MATRIX, minus, openAs, queue } from './support/rings.ts';

const directory = temporaryDirectory();
const files = [1, 2, 3].map((seed) => ({ seed, path: fileWith(directory, pattern(PAGE, seed)) }));

describe.each(MATRIX)('registered files: $memory memory, rung $rung', (at) => {
  let ring: Ring;
  let memory: Memory;
  let numbers: number[];

  beforeEach(() => {
    ring = openAs(at);
    memory = new Memory(8 * PAGE);
    ring.attachMemory(memory.bytes);
    numbers = files.map(({ path }) => openSync(path, 'r'));
  });
  afterEach(() => {
    ring.close();
    for (const number of numbers.splice(0)) closeSync(number);
  });

  const readFrom =
    (slot: number, to = 0) =>
    (sqe: number) =>
      encode.read(ring.sqes, sqe, { fd: fixedFile(slot), buffer: memory.at(to), length: 100, offset: 0 });
  /** What slot `slot` reads: the seed of its file's pattern, or the error. */
  const seedAt = (slot: number): number => {
    const [res = 0] = execute(ring, readFrom(slot));
    if (res < 0) return res;
    return files.find(({ seed }) => pattern(100, seed).equals(memory.copy(0, 100)))?.seed ?? Number.NaN;
  };

  test('are named by their index, and live on when the descriptors close', () => {
    ring.registerFiles(numbers);
    expect(ring.files.length).toBe(3);
    for (const number of numbers.splice(0)) closeSync(number);
    expect([seedAt(0), seedAt(1), seedAt(2), seedAt(3)]).toEqual([1, 2, 3, minus('EBADF')]);
    ring.unregisterFiles();
    expect([ring.files.length, seedAt(0)]).toEqual([0, minus('EBADF')]);
  });

  test('a sparse table is filled, exchanged, skipped and emptied', () => {
    const [first = -1, second = -1, third = -1] = numbers;
    ring.registerFilesSparse(5);
    expect([ring.files.length, seedAt(0)]).toEqual([5, minus('EBADF')]);
    ring.updateFiles(1, [first, second]);
    expect([seedAt(1), seedAt(2)]).toEqual([1, 2]);
    ring.updateFiles(1, [-2, third]);
    expect([seedAt(1), seedAt(2)]).toEqual([1, 3]);
    ring.updateFiles(0, [second, -1]);
    expect([seedAt(0), seedAt(1), seedAt(2)]).toEqual([2, minus('EBADF'), 3]);
  });

  test('a slot that is refused is told, and those before it are exchanged', () => {
    const [first = -1] = numbers;
    ring.registerFilesSparse(3);
    expect(codeOf(() => ring.updateFiles(0, [first, 99_999, first]))).toBe('EBADF');
    expect([seedAt(0), seedAt(1), seedAt(2)]).toEqual([1, minus('EBADF'), minus('EBADF')]);
  });

  test('a file unregistered under a read in flight serves it to its end', () => {
    const pipe = openPipe(directory);
    ring.registerFiles([pipe]);
    queue(ring, readFrom(0, PAGE));
    ring.submit();
    ring.unregisterFiles();
    writeSync(pipe, 'still');
    expect(collect(ring, 1)[0]?.res).toBe(5);
    expect(memory.copy(PAGE, 5).toString()).toBe('still');
    closeSync(pipe);
  });

  test('registered again and again, they leave no descriptor behind', () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let round = 0; round < 50; round++) {
      ring.registerFiles(numbers);
      expect(seedAt(round % 3)).toBe((round % 3) + 1);
      ring.unregisterFiles();
    }
    expect(count()).toBe(before);
  });
});

describe('what a ring refuses to register as files', () => {
  test.each<[string, (ring: Ring) => unknown]>([
    ['no descriptors', (ring) => ring.registerFiles([])],
    ['half a descriptor', (ring) => ring.registerFiles([1.5])],
    ['a descriptor below -2', (ring) => ring.registerFiles([-3])],
    ['no slots', (ring) => ring.registerFilesSparse(0)],
    ['more slots than a table holds', (ring) => ring.registerFilesSparse(1_048_577)],
    ['a negative slot', (ring) => ring.updateFiles(-1, [0])],
    ['half a slot', (ring) => ring.updateFiles(0.5, [0])],
  ])('%s', (_name, use) => {
    using ring = Ring.open({ entries: 4 });
    expect(codeOf(() => use(ring))).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  });

  test('what the kernel refuses keeps its errno, and the ring works on', () => {
    using ring = Ring.open({ entries: 4 });
    expect(codeOf(() => ring.unregisterFiles())).toBe('ENXIO');
    expect(codeOf(() => ring.updateFiles(0, [0]))).toBe('ENXIO');
    expect(codeOf(() => ring.registerFiles([99_999]))).toBe('EBADF');
    ring.registerFiles([0]);
    expect(codeOf(() => ring.registerFiles([0]))).toBe('EBUSY');
    expect(codeOf(() => ring.updateFiles(1, [0]))).toBe('EINVAL');
    expect(execute(ring, (sqe) => encode.nop(ring.sqes, sqe, { fd: fd(0) }))).toEqual([0]);
  });
});
