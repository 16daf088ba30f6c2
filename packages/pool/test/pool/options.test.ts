// What openPool and its like refuse: nothing unknown is ever ignored.
import { openPool } from '@ringpool/pool';
import { describe, expect, test } from 'vitest';
import { type PoolOptions, resolveOptions } from '../../src/pool/options.ts';
import { segmentBytesFor } from '../../src/pool/registration.ts';

const MIB = 1024 * 1024;
const invalid = expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });

describe('options', () => {
  test.each<[string, object | null]>([
    ['an unknown one', { worker: 1 }],
    ['one of a later step', { sqpoll: true }],
    ['workers: 0', { workers: 0 }],
    ['workers: 65', { workers: 65 }],
    ['workers: 1.5', { workers: 1.5 }],
    ['an arena too small', { arenaBytes: 4096 }],
    ['an arena that is no number', { arenaBytes: '64' }],
    ['an arena beyond every table', { arenaBytes: 1e15 }],
    ['depth: 3', { depth: 3 }],
    ['depth: 4097', { depth: 4097 }],
    ['a registration mode that does not exist', { registration: 'always' }],
    ['a time below 0', { slowOperationMs: -1 }],
    ['a time that is no number', { slowOperationMs: Number.NaN }],
    ['a time in words', { slowOperationMs: '100' }],
    ['null', null],
  ])('refuse %s', async (_, options) => {
    await expect(openPool(options as PoolOptions)).rejects.toThrow(invalid);
  });

  test('are named by the error as the caller named them', async () => {
    await expect(openPool({ arenaBytes: 1e15 })).rejects.toThrow(/arenaBytes.*34359738368/);
  });

  test('have defaults that fit the machine', async () => {
    const { workers, arenaBytes, depth, registration, slowOperationMs } = resolveOptions({});
    expect(workers).toBeUndefined(); // as many as the driver likes
    await using pool = await openPool();
    const least = pool.driver.name === 'uring' ? 1 : 2;
    expect(pool.metrics().workers.length).toBeGreaterThanOrEqual(least);
    expect(pool.metrics().workers.length).toBeLessThanOrEqual(4);
    expect(arenaBytes).toBeLessThanOrEqual(64 * MIB);
    expect([depth, registration, slowOperationMs]).toEqual([256, 'auto', 100]);
    expect(resolveOptions({ depth: 100 }).depth).toBe(128);
  });

  test('pool.open refuses flags and options it does not know', async () => {
    await using pool = await openPool({ workers: 1 });
    await expect(pool.open('package.json', 'rw')).rejects.toThrow(invalid);
    await expect(pool.open('package.json', -1)).rejects.toThrow(invalid);
    await expect(pool.open('package.json', 'r', { sync: true } as object)).rejects.toThrow(invalid);
    await expect(pool.close({ timeout: 5 } as object)).rejects.toThrow(invalid);
    await expect(pool.close({ timeoutMs: -5 })).rejects.toThrow(invalid);
    expect(pool.closed).toBe(false);
  });
});

describe('the size of segments', () => {
  const limited = (limitBytes: number): Parameters<typeof segmentBytesFor>[2] => ({
    limitBytes,
    hardLimitBytes: limitBytes,
    pinnedBytes: 0,
    exempt: false,
  });

  test('is 4 MiB without a limit, and so small under one that half of it is several', () => {
    expect(segmentBytesFor(64 * MIB, 'auto', limited(Number.POSITIVE_INFINITY))).toBe(4 * MIB);
    expect(segmentBytesFor(64 * MIB, 'auto', limited(8 * MIB))).toBe(512 * 1024);
    expect(segmentBytesFor(64 * MIB, 'auto', limited(64 * 1024))).toBe(64 * 1024);
    expect(segmentBytesFor(64 * MIB, 'off', limited(64 * 1024))).toBe(4 * MIB);
    expect(segmentBytesFor(2 * MIB, 'auto', limited(Number.POSITIVE_INFINITY))).toBe(2 * MIB);
  });

  test('never makes more of them than an arena may have', () => {
    expect(segmentBytesFor(4096 * MIB, 'auto', limited(64 * 1024))).toBe(4 * MIB);
  });
});
