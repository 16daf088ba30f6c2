// What a pool is not to be given: each is refused by a code, and the pool goes on.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type OpenFileOptions, openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
const INVALID = coded('ERR_RINGPOOL_INVALID_ARGUMENT');
const any = (value: unknown): never => value as never;

let pool: Pool;
beforeAll(async () => {
  pool = await openPool({ workers: 1, depth: 4 });
});
afterAll(() => pool.close());

function file(bytes: number): string {
  const name = path.join(temporaryFolder(), 'file');
  writeFileSync(name, Buffer.alloc(bytes, 7));
  return name;
}

test('a lease of another pool', async () => {
  await using other = await openPool({ workers: 1 });
  using lease = other.alloc(4096);
  await using opened = await pool.open(file(10));
  await expect(opened.read(lease, { position: 0 })).rejects.toThrow(INVALID);
  await expect(pool.readFile(file(10), lease)).rejects.toThrow(INVALID);
  expect(lease.inFlight).toBe(0);
});

test.each([10, 5000])('a lease that is released while a file of %i bytes is read into it', async (bytes) => {
  const lease = pool.alloc(4096);
  const reading = pool.readFile(file(bytes), lease);
  lease.release();
  await expect(reading).rejects.toThrow(coded('ERR_RINGPOOL_LEASE_RELEASED'));
});

test('arguments of a wrong kind', async () => {
  const name = file(10);
  await using opened = await pool.open(name);
  using lease = pool.alloc(16);
  for (const position of [null, undefined, '0', true, [], Symbol('position')]) {
    await expect(opened.read(lease, { position: any(position) })).rejects.toThrow(INVALID);
  }
  await expect(opened.read(lease, any(null))).rejects.toThrow(INVALID);
  await expect(pool.readFile(name, any(new Uint8Array(8)))).rejects.toThrow(INVALID);
  await expect(pool.open(name, 'r', any(null))).rejects.toThrow(INVALID);
  await expect(pool.open(any(5n))).rejects.toThrow(INVALID);
  await expect(pool.close(any(null))).rejects.toThrow(INVALID);
  await expect(pool.close({ timeoutMs: any('1') })).rejects.toThrow(INVALID);
});

test('more refused operations than the lanes are deep take no room away', async () => {
  const name = file(10);
  for (let round = 0; round < 20; round++) {
    const options: OpenFileOptions = { mode: -1 };
    await expect(pool.open(name, 'r', options)).rejects.toThrow(INVALID);
  }
  using contents = await pool.readFile(name);
  expect(contents.length).toBe(10);
});
