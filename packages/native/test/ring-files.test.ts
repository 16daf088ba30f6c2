// Operations on real files, through every memory mode and rung: transfers at offsets, vectors, opening, syncing, statx.

import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

import { AT_FDCWD, bufferIndex, encode, fd, openFlagsFor, STATX } from '@ringpool/core';
import type { Ring } from '@ringpool/native';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fileWith, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern } from './support/memory.ts';
import { execute, MATRIX, minus, openAs } from './support/rings.ts';

const directory = temporaryDirectory();
const content = pattern(3 * PAGE + 100);
const MEMORY_BYTES = 64 * PAGE;

describe.each(MATRIX)('files: $memory memory, rung $rung', (at) => {
  let ring: Ring;
  let memory: Memory;
  let number: number;

  beforeEach(() => {
    ring = openAs(at);
    memory = new Memory(MEMORY_BYTES);
    ring.attachMemory(memory.bytes);
    number = openSync(fileWith(directory, content), 'r+');
  });
  afterEach(() => {
    ring.close();
    closeSync(number);
  });

  const read = (offset: number | bigint, length: number, to: number) => (sqe: number) =>
    encode.read(ring.sqes, sqe, { fd: fd(number), buffer: memory.at(to), length, offset });
  const write = (offset: number | bigint, length: number, from: number) => (sqe: number) =>
    encode.write(ring.sqes, sqe, { fd: fd(number), buffer: memory.at(from), length, offset });

  test('READ takes the bytes at its offset, to the byte, and no others', () => {
    memory.bytes.fill(0xee);
    expect(execute(ring, read(1, 1, 10), read(4095, 2, 20), read(0, PAGE, PAGE))).toEqual([1, 2, PAGE]);
    expect(memory.copy(9, 3)).toEqual(Buffer.from([0xee, content[1] as number, 0xee]));
    expect(memory.copy(20, 2)).toEqual(content.subarray(4095, 4097));
    expect(memory.copy(PAGE, PAGE)).toEqual(content.subarray(0, PAGE));
    expect(memory.copy(2 * PAGE, 4)).toEqual(Buffer.alloc(4, 0xee));
  });

  test('READ is short at the end of the file and 0 behind it', () => {
    const size = content.length;
    expect(execute(ring, read(size - 50, 100, 0), read(size, 100, 0), read(size + 9, 1, 0))).toEqual([
      50, 0, 0,
    ]);
  });

  test('offset -1 uses and moves the current position', () => {
    expect(execute(ring, read(-1, 10, 0))).toEqual([10]);
    expect(execute(ring, read(-1n, 10, 10))).toEqual([10]);
    expect(memory.copy(0, 20)).toEqual(content.subarray(0, 20));
  });

  test('WRITE puts the bytes at its offset', () => {
    memory.bytes.set(pattern(PAGE, 9), 0);
    expect(execute(ring, write(10, 300, 50))).toEqual([300]);
    const now = Buffer.alloc(400);
    expect(execute(ring, read(0, 400, PAGE))).toEqual([400]);
    now.set(memory.copy(PAGE, 400));
    expect(now.subarray(0, 10)).toEqual(content.subarray(0, 10));
    expect(now.subarray(10, 310)).toEqual(pattern(PAGE, 9).subarray(50, 350));
    expect(now.subarray(310)).toEqual(content.subarray(310, 400));
  });

  test.each([2 ** 32 + 5, 2 ** 40, 2n ** 40n + 1n])('offset %s reaches the file whole', (offset) => {
    memory.bytes.set(Buffer.from('far'), 0);
    expect(execute(ring, write(offset, 3, 0))).toEqual([3]);
    expect(statSync(`/proc/self/fd/${number}`).size).toBe(Number(offset) + 3);
    expect(execute(ring, read(offset, 3, 100))).toEqual([3]);
    expect(memory.copy(100, 3).toString()).toBe('far');
    ftruncateSync(number, content.length);
  });

  test('READ_FIXED and WRITE_FIXED use any range inside the registered buffer', () => {
    ring.registerBuffers([memory.bytes]);
    const fixed = { fd: fd(number), bufferIndex: bufferIndex(0) };
    const readAt = (offset: number, length: number, to: number) => (sqe: number) =>
      encode.readFixed(ring.sqes, sqe, { ...fixed, buffer: memory.at(to), length, offset });
    expect(execute(ring, readAt(0, 5000, 123), readAt(7, 1, MEMORY_BYTES - 1))).toEqual([5000, 1]);
    expect(memory.copy(123, 5000)).toEqual(content.subarray(0, 5000));
    expect(memory.bytes[MEMORY_BYTES - 1]).toBe(content[7]);
    memory.bytes.set(pattern(600, 3), 2 * PAGE - 300);
    expect(
      execute(ring, (sqe) =>
        encode.writeFixed(ring.sqes, sqe, {
          ...fixed,
          buffer: memory.at(2 * PAGE - 300),
          length: 600,
          offset: 1000,
        }),
      ),
    ).toEqual([600]);
    const after = readFileSync(`/proc/self/fd/${number}`);
    expect(after.subarray(1000, 1600)).toEqual(pattern(600, 3));
    expect(after.subarray(1600, content.length)).toEqual(content.subarray(1600));
    ring.unregisterBuffers();
  });

  test('READV and WRITEV scatter and gather', () => {
    const iovecs = memory.iovecs(0, [
      [PAGE + 3, 10],
      [3 * PAGE, 5000],
      [2 * PAGE, 1],
    ]);
    const vector = { fd: fd(number), iovecs, count: 3, offset: 20 };
    expect(execute(ring, (sqe) => encode.readv(ring.sqes, sqe, vector))).toEqual([5011]);
    expect(memory.copy(PAGE + 3, 10)).toEqual(content.subarray(20, 30));
    expect(memory.copy(3 * PAGE, 5000)).toEqual(content.subarray(30, 5030));
    expect(memory.bytes[2 * PAGE]).toBe(content[5030]);
    expect(execute(ring, (sqe) => encode.writev(ring.sqes, sqe, { ...vector, offset: 0 }))).toEqual([5011]);
    expect(readFileSync(`/proc/self/fd/${number}`).subarray(0, 5011)).toEqual(content.subarray(20, 5031));
  });

  test('READV_FIXED and WRITEV_FIXED scatter inside one registered buffer', () => {
    ring.registerBuffers([memory.slice(PAGE, 8 * PAGE), memory.slice(9 * PAGE, PAGE)]);
    const inside = memory.iovecs(0, [
      [PAGE, 10],
      [4 * PAGE, 5 * PAGE],
    ]);
    const vector = { fd: fd(number), iovecs: inside, count: 2, bufferIndex: bufferIndex(0) };
    expect(execute(ring, (sqe) => encode.readvFixed(ring.sqes, sqe, { ...vector, offset: 0 }))).toEqual([
      content.length,
    ]);
    expect(memory.copy(4 * PAGE, content.length - 10)).toEqual(content.subarray(10));
    const written = 5 * PAGE + 10;
    expect(execute(ring, (sqe) => encode.writevFixed(ring.sqes, sqe, { ...vector, offset: 3 }))).toEqual([
      written,
    ]);
    expect(readFileSync(`/proc/self/fd/${number}`).subarray(3, 3 + content.length)).toEqual(content);
    memory.iovecs(0, [
      [PAGE, 10],
      [9 * PAGE, 10],
    ]);
    expect(execute(ring, (sqe) => encode.readvFixed(ring.sqes, sqe, { ...vector, offset: 0 }))).toEqual([
      minus('EFAULT'),
    ]);
    ring.unregisterBuffers();
  });

  test('FSYNC and FDATASYNC answer 0', () => {
    memory.bytes.set(Buffer.from('durable'), 0);
    expect(execute(ring, write(0, 7, 0))).toEqual([7]);
    const sync = (fsyncFlags: number) => (sqe: number) =>
      encode.fsync(ring.sqes, sqe, { fd: fd(number), fsyncFlags });
    expect(execute(ring, sync(0), sync(1))).toEqual([0, 0]);
  });

  test('OPENAT makes a file, CLOSE gives its descriptor back, and a second CLOSE is EBADF', () => {
    const O = openFlagsFor(process.arch);
    const file = path.join(directory, `made-${at.memory}-${at.rung}`);
    const name = memory.cstring(0, file);
    const create = O.CREAT | O.RDWR | O.EXCL;
    const open = (openFlags: number) => (sqe: number) =>
      encode.openat(ring.sqes, sqe, { dirfd: AT_FDCWD, path: name, openFlags, mode: 0o640 });
    const [opened = -1] = execute(ring, open(create));
    expect(opened).toBeGreaterThan(2);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    writeSync(opened, 'through node');
    expect(execute(ring, open(create))).toEqual([minus('EEXIST')]);
    const close = (sqe: number): void => encode.close(ring.sqes, sqe, { fd: fd(opened) });
    expect(execute(ring, close)).toEqual([0]);
    expect(execute(ring, close)).toEqual([minus('EBADF')]);
    memory.cstring(0, path.join(directory, 'nowhere'));
    expect(execute(ring, open(0))).toEqual([minus('ENOENT')]);
  });

  test('STATX fills its buffer', () => {
    const file = fileWith(directory, content.subarray(0, 777));
    const name = memory.cstring(0, file);
    const statxBuffer = memory.at(PAGE);
    const arguments_ = { dirfd: AT_FDCWD, path: name, mask: STATX.BASIC_STATS, statxBuffer };
    expect(execute(ring, (sqe) => encode.statx(ring.sqes, sqe, arguments_))).toEqual([0]);
    expect(memory.u64(PAGE + 40)).toBe(777n);
    expect(memory.u64(PAGE + 32)).toBe(BigInt(statSync(file).ino));
  });

  test('a bad descriptor is EBADF, and the operations beside it go on', () => {
    const bad = (sqe: number): void =>
      encode.read(ring.sqes, sqe, { fd: fd(99_999), buffer: memory.at(0), length: 1, offset: 0 });
    expect(execute(ring, read(0, 4, 0), bad, read(4, 4, 4))).toEqual([4, minus('EBADF'), 4]);
  });
});
