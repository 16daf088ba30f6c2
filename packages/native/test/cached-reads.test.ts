// Reads without a ring, into memory attached to one: only there, only what is cached, and never after the ring has closed.
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addressOf, Ring, readCachedSync } from '@ringpool/native';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const EBADF = -9;
const EFAULT = -14;
const EINVAL = -22;
const ERANGE = -34;
const EOPNOTSUPP = -95;
const folder = mkdtempSync(path.join(tmpdir(), 'ringpool-cached-'));
const content = Uint8Array.from({ length: 10_000 }, (_, index) => index * 7);
const name = path.join(folder, 'file');
let fd = -1;

beforeAll(() => {
  writeFileSync(name, content);
  fd = openSync(name, 'r');
});
afterAll(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

/** Not every file system can say what it has cached. */
function skipUnlessCached(skip: (reason: string) => void): void {
  const bytes = readCachedSync(fd, new Uint8Array(1), 0, 1, 0);
  if (bytes === EOPNOTSUPP) skip('this file system has no reads that never wait');
}

function attached(ring: Ring): { readonly view: Uint8Array; readonly address: number } {
  const memory = new SharedArrayBuffer(8192, { maxByteLength: 8192 });
  const view = new Uint8Array(memory, 0, 8192);
  ring.attachMemory(view);
  return { view, address: addressOf(view) };
}

describe.each(['shared', 'mapped'] as const)('of a ring in %s memory', (memory) => {
  test('bytes at a position, fewer at the end of the file, none behind it', ({ skip }) => {
    skipUnlessCached(skip);
    using ring = Ring.open({ entries: 8, memory });
    const { view, address } = attached(ring);
    expect(ring.cached.read(fd, address + 10, 4000, 123)).toBe(4000);
    expect(Buffer.compare(view.subarray(10, 4010), content.subarray(123, 4123))).toBe(0);
    expect([view[9], view[4010]]).toEqual([0, 0]);
    expect(ring.cached.read(fd, address, 8192, 9000)).toBe(1000);
    expect(ring.cached.read(fd, address, 8192, 10_000)).toBe(0);
    expect(ring.cached.read(fd, address, 0, 0)).toBe(0);
  });

  test('nothing outside attached memory, and nothing that is no number, position or file', () => {
    using ring = Ring.open({ entries: 8, memory });
    const { view, address } = attached(ring);
    for (const [at, length] of [
      [address - 1, 10],
      [address + 8192, 1],
      [address + 8000, 193],
      [0, 1],
      [-1, 1],
      [Number.NaN, 1],
      [2 ** 64, 1],
    ] as const) {
      expect(ring.cached.read(fd, at, length, 0)).toBe(EFAULT);
    }
    for (const position of [-1, Number.NaN, 2 ** 60]) {
      expect(ring.cached.read(fd, address, 1, position)).toBe(EINVAL);
    }
    expect(ring.cached.read(fd, address, -1, 0)).toBe(EINVAL);
    expect(ring.cached.read(-1, address, 1, 0)).toBe(EBADF);
    const directory = openSync(folder, 'r');
    expect(ring.cached.read(directory, address, 1, 0)).toBeLessThan(0);
    closeSync(directory);
    expect(view.every((byte) => byte === 0)).toBe(true);
  });

  test('nothing once the ring has closed', () => {
    const ring = Ring.open({ entries: 8, memory });
    const { view, address } = attached(ring);
    ring.close();
    expect(ring.cached.read(fd, address, 10, 0)).toBe(EBADF);
    expect(view[1]).toBe(0);
  });
});

test('into any memory, within its bounds', ({ skip }) => {
  skipUnlessCached(skip);
  const view = new Uint8Array(100);
  expect(readCachedSync(fd, view, 10, 20, 5)).toBe(20);
  expect(Buffer.compare(view.subarray(10, 30), content.subarray(5, 25))).toBe(0);
  expect(readCachedSync(fd, view, 90, 11, 0)).toBe(ERANGE);
  expect(readCachedSync(fd, view, 0, 10, -1)).toBe(EINVAL);
  expect(readCachedSync(-1, view, 0, 10, 0)).toBe(EBADF);
});
