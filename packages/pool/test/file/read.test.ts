// file.read against node:fs: every kind of range, target and registration, and what it refuses.
import { constants, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Lease, openPool, type Placement, type Pool, type RegistrationMode } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { driver } from '../features.ts';
import { pattern, seededRandom, temporaryFolder } from '../support.ts';

const SIZES = [0, 1, 511, 512, 4095, 4096, 4097, 65_536, 1_048_577, 5_000_000];
const coded = (code: string): unknown => expect.objectContaining({ code });

describe.each<[RegistrationMode, Placement]>([
  ['auto', 'local'],
  ['auto', 'workers'],
  ['auto', { worker: 1 }],
  ['off', 'local'],
  ['off', 'auto'],
])('with registration %s, placed %o', (registration, placement) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers: 2, registration, placement, arenaBytes: 64 * 1024 * 1024 });
  });
  afterAll(() => pool.close());

  test('whole files of many sizes, into a lease with room to spare', async () => {
    const folder = temporaryFolder();
    for (const size of SIZES) {
      const bytes = pattern(size, size + 1);
      writeFileSync(path.join(folder, String(size)), bytes);
      const file = await pool.open(path.join(folder, String(size)));
      const lease = pool.alloc(size + 4096);
      expect(await file.read(lease, { position: 0 })).toBe(size);
      expect(Buffer.compare(lease.bytes.subarray(0, size), bytes)).toBe(0);
      expect(lease.bytes[size]).toBe(0);
      lease.release();
      await file.close();
    }
  });

  test('random ranges into leases, slices, views of the arena and memory of their own', async () => {
    const { seed, random } = seededRandom();
    const size = 300_000;
    const bytes = pattern(size, seed);
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, bytes);
    await using file = await pool.open(name);
    const one = async (): Promise<void> => {
      const room = 1 + random(100_000);
      const lease = pool.allocUnsafe(room);
      const targets = [lease, lease.slice(0), lease.bytes, Buffer.alloc(room)] as const;
      const target = targets[random(4)] as Lease | Uint8Array;
      const offset = random(room);
      const length = random(room - offset + 1);
      const position = random(size + 1000);
      const wanted = bytes.subarray(position, position + length);
      expect(await file.read(target, { offset, length, position })).toBe(wanted.length);
      const view = 'bytes' in target ? target.bytes : target;
      expect(Buffer.compare(view.subarray(offset, offset + wanted.length), wanted)).toBe(0);
      lease.release();
    };
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 40 }, one));
  });

  test('memory of its own larger than the bounce buffer is filled piece by piece', async () => {
    const bytes = pattern(5_000_000);
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, bytes);
    await using file = await pool.open(name);
    const own = Buffer.alloc(6_000_000, 7);
    expect(await file.read(own, { offset: 3, position: 1 })).toBe(bytes.length - 1);
    expect(Buffer.compare(own.subarray(3, 3 + bytes.length - 1), bytes.subarray(1))).toBe(0);
    expect([own[2], own[3 + bytes.length - 1]]).toEqual([7, 7]);
  });

  test('more reads at once than the lanes are deep all complete', async () => {
    const bytes = pattern(64 * 1024);
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, bytes);
    await using file = await pool.open(name);
    const lease = pool.alloc(2000 * 32);
    const reads = Array.from({ length: 2000 }, (_, index) =>
      file.read(lease, { offset: index * 32, length: 32, position: index * 32 }),
    );
    expect((await Promise.all(reads)).every((count) => count === 32)).toBe(true);
    expect(Buffer.compare(lease.bytes, bytes.subarray(0, 2000 * 32))).toBe(0);
    lease.release();
  });

  test('the registration shows', async () => {
    pool.alloc(1).release();
    if (registration === 'off' || driver !== 'uring') expect(pool.registeredBytes).toBe(0);
    else expect(pool.registeredBytes).toBeGreaterThan(0);
  });
});

describe('reads', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers: 1, depth: 8, arenaBytes: 16 * 1024 * 1024 });
  });
  afterAll(() => pool.close());

  const somefile = (): string => {
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, pattern(10_000));
    return name;
  };

  test('what cannot be opened or read is the errno, with path and syscall', async () => {
    const folder = temporaryFolder();
    const missing = path.join(folder, 'missing');
    await expect(pool.open(missing)).rejects.toThrow(
      expect.objectContaining({ code: 'ENOENT', errno: 2, syscall: 'open', path: missing, op: 'open' }),
    );
    await using directory = await pool.open(folder);
    const lease = pool.alloc(10);
    await expect(directory.read(lease, { position: 0 })).rejects.toThrow(
      expect.objectContaining({ code: 'EISDIR', syscall: 'read', path: folder }),
    );
    expect(lease.inFlight).toBe(0);
    lease.release();
  });

  test('of a file that was opened for writing only say what to do', async () => {
    await using file = await pool.open(somefile(), constants.O_WRONLY);
    await expect(file.read(Buffer.alloc(1), { position: 0 })).rejects.toThrow(
      expect.objectContaining({ code: 'EBADF', hint: expect.stringMatching(/flags/) }),
    );
  });

  test.each([
    ['a negative position', { position: -1 }],
    ['no position', {}],
    ['a position that is no integer', { position: 0.5 }],
    ['a range outside the target', { position: 0, offset: 90, length: 11 }],
    ['a negative length', { position: 0, length: -1 }],
    ['an option that does not exist', { position: 0, prio: undefined }],
    ['no options', undefined],
  ])('refuse %s', async (_, options) => {
    await using file = await pool.open(somefile());
    const lease = pool.alloc(100);
    await expect(file.read(lease, options as { position: number })).rejects.toThrow(
      coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
    );
    expect(lease.inFlight).toBe(0);
    lease.release();
  });

  test('refuse a target that is no memory, and a lease that was released', async () => {
    await using file = await pool.open(somefile());
    await expect(file.read('x' as unknown as Uint8Array, { position: 0 })).rejects.toThrow(
      coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
    );
    const lease = pool.alloc(100);
    const view = lease.bytes;
    lease.release();
    await expect(file.read(lease, { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_LEASE_RELEASED'));
    await expect(file.read(view, { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
  });

  test('take a position as bigint', async () => {
    await using file = await pool.open(somefile());
    const own = Buffer.alloc(10);
    expect(await file.read(own, { position: 9_995n })).toBe(5);
  });

  test('a lease released in flight is freed by the last completion, not before', async () => {
    await using file = await pool.open(somefile());
    const lease = pool.alloc(8192);
    const { offset } = lease;
    const reads = Array.from({ length: 20 }, () => file.read(lease, { position: 0 }));
    lease.release();
    const other = pool.alloc(8192);
    expect(other.offset).not.toBe(offset);
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 20 }, () => 8192));
    other.release();
    const again = Array.from({ length: 4 }, () => pool.alloc(8192));
    expect(again.map((found) => found.offset)).toContain(offset);
    for (const found of again) found.release();
  });

  test('a target detached in flight is an error of that read alone', async () => {
    await using file = await pool.open(somefile());
    const own = new Uint8Array(100);
    const read = file.read(own, { position: 0, placement: 'workers' });
    structuredClone(own, { transfer: [own.buffer] });
    await expect(read).rejects.toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
    expect(await file.read(Buffer.alloc(5), { position: 0 })).toBe(5);
  });

  test('a closed file refuses, after what was in flight has completed', async () => {
    const file = await pool.open(somefile());
    const reads = Array.from({ length: 30 }, () => file.read(Buffer.alloc(100), { position: 0 }));
    const closed = file.close();
    expect(file.closed).toBe(true);
    await expect(file.read(Buffer.alloc(1), { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 30 }, () => 100));
    await closed;
    await file.close();
  });

  test('O_DIRECT reads what the page cache has', async ({ skip }) => {
    const name = somefile();
    const file = await pool.open(name, 'r', { direct: true }).catch((error: { code: string }) => error.code);
    if (typeof file === 'string') return skip(`this file system has no O_DIRECT (${file})`);
    const lease = pool.alloc(8192, { align: 4096 });
    expect(await file.read(lease, { position: 0, length: 4096 })).toBe(4096);
    expect(Buffer.compare(lease.bytes.subarray(0, 4096), pattern(10_000).subarray(0, 4096))).toBe(0);
    lease.release();
    return file.close();
  });
});
