// file.write against node:fs: from leases, slices, views and memory of the caller's own; what a write may not do.
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { openPool, type Placement, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pattern, seededRandom, temporaryFolder, temporaryPipe, until } from '../support.ts';

const [O_RDWR, O_CREAT] = [2, 64];
const coded = (code: string): unknown => expect.objectContaining({ code });
const PLACEMENTS: readonly Placement[] = ['local', 'workers', 'auto', { worker: 1 }];

describe.each(PLACEMENTS)('placed %o', (placement) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers: 2, depth: 16, placement, arenaBytes: 32 * 1024 * 1024 });
  });
  afterAll(() => pool.close());

  test('random ranges from leases, views of the arena and memory of their own', async () => {
    const { seed, random } = seededRandom();
    const name = path.join(temporaryFolder(), 'file');
    const bytes = Buffer.alloc(256 * 1024);
    const model = Buffer.alloc(bytes.length);
    await using file = await pool.open(name, O_RDWR | O_CREAT, { mode: 0o600 });
    const lease = pool.alloc(64 * 1024);
    lease.bytes.set(pattern(lease.length, seed));
    writeFileSync(name, model);
    const own = pattern(64 * 1024, seed + 1);
    // One at a time: those in flight together may overlap, and then the last one is not known.
    for (let round = 0; round < 300; round++) {
      const length = random(lease.length + 1);
      const offset = random(lease.length - length + 1);
      const position = random(model.length - length + 1);
      const kind = random(3);
      const source = kind === 0 ? lease : kind === 1 ? lease.bytes : own;
      expect(await file.write(source, { position, offset, length })).toBe(length);
      (kind === 2 ? own : Buffer.from(lease.bytes)).copy(model, position, offset, offset + length);
    }
    expect(Buffer.compare(readFileSync(name), model)).toBe(0);
    lease.release();
  });

  test('many at once, larger than what is copied at a time, and past the end of the file', async () => {
    const name = path.join(temporaryFolder(), 'file');
    const own = pattern(3_000_001, 5);
    await using file = await pool.open(name, O_RDWR | O_CREAT);
    const parts = Array.from({ length: 20 }, (_, index) => index * 150_000);
    const writes = parts.map((position) =>
      file.write(own.subarray(position, position + 150_000), { position }),
    );
    expect(new Set(await Promise.all(writes))).toEqual(new Set([150_000]));
    expect(await file.write(own, { position: 4_000_000 })).toBe(own.length);
    const written = readFileSync(name);
    expect(written.length).toBe(7_000_001);
    expect(written.subarray(0, 3_000_000).equals(own.subarray(0, 3_000_000))).toBe(true);
    expect(written.subarray(3_000_000, 4_000_000).every((byte) => byte === 0)).toBe(true);
    expect(written.subarray(4_000_000).equals(own)).toBe(true);
  });

  test('to a file that is open for reading alone, or with nothing to write', async () => {
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, 'bytes');
    const file = await pool.open(name);
    const lease = pool.alloc(8);
    await expect(file.write(lease, { position: 0 })).rejects.toThrow(coded('EBADF'));
    await expect(file.write(lease, { position: -1 })).rejects.toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
    await expect(file.write(lease, { position: 0, length: 9 })).rejects.toThrow(
      coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
    );
    await expect(file.write('text' as never, { position: 0 })).rejects.toThrow(
      coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
    );
    await file.close();
    await expect(file.write(lease, { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
    await using empty = await pool.open(name, O_RDWR);
    expect(await empty.write(lease, { position: 0, length: 0 })).toBe(0);
    expect(readFileSync(name, 'utf8')).toBe('bytes');
    lease.release();
  });

  test('of memory that was transferred away meanwhile writes nothing in its place', async () => {
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, Buffer.alloc(240, 1));
    await using file = await pool.open(name, O_RDWR);
    // More than a lane holds: some are encoded at once, and some when their memory is gone.
    const sources = Array.from({ length: 60 }, () => new Uint8Array(4).fill(88));
    const writes = sources.map((source, index) => file.write(source, { position: index * 4 }));
    structuredClone(sources, { transfer: sources.map(({ buffer }) => buffer) });
    const results = await Promise.allSettled(writes);
    const refused = results.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const result of refused) {
      expect(result).toMatchObject({ reason: { code: 'ERR_RINGPOOL_INVALID_ARGUMENT' } });
    }
    // What was there, or what was to be there.
    expect(readFileSync(name).every((byte) => byte === 1 || byte === 88)).toBe(true);
  });

  test('to a full device says so', async () => {
    await using file = await pool.open('/dev/full', O_RDWR);
    await expect(file.write(Buffer.alloc(10), { position: 0 })).rejects.toThrow(coded('ENOSPC'));
  });
});

describe.each(PLACEMENTS)('an AbortSignal, placed %o', (placement) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers: 2, depth: 16, placement });
  });
  afterAll(() => pool.close());
  const aborted = expect.objectContaining({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });

  test('ends a read that waits at once, and its lease is free when the kernel has given it up', async () => {
    const name = temporaryPipe();
    const writer = openSync(name, O_RDWR);
    await using file = await pool.open(name, O_RDWR);
    const lease = pool.alloc(64);
    const controller = new AbortController();
    const reads = Array.from({ length: 40 }, () =>
      file.read(lease, { position: 0, length: 1, signal: controller.signal }),
    );
    const before = file.read(lease, { position: 0, offset: 32, length: 8 });
    const results = Promise.allSettled(reads);
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort('enough');
    // More than the depth were asked for: some were in flight and some waited.
    for (const result of await results) expect(result).toMatchObject({ status: 'rejected', reason: aborted });
    // The one that was not aborted is alone now, and gets what is written.
    await until(() => lease.inFlight === 1);
    writeSync(writer, '01234567');
    expect(await before).toBe(8);
    expect(lease.inFlight).toBe(0);
    lease.release();
    closeSync(writer);
  });

  test('that was aborted before refuses, and one that is aborted afterwards does nothing', async () => {
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, pattern(4096));
    await using file = await pool.open(name);
    const lease = pool.alloc(4096);
    await expect(file.read(lease, { position: 0, signal: AbortSignal.abort('enough') })).rejects.toThrow(
      aborted,
    );
    expect(lease.inFlight).toBe(0);
    const controller = new AbortController();
    expect(await file.read(lease, { position: 0, signal: controller.signal })).toBe(4096);
    controller.abort('enough');
    expect(await file.read(lease, { position: 0 })).toBe(4096);
    await expect(file.read(lease, { position: 0, signal: {} as AbortSignal })).rejects.toThrow(
      coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
    );
    lease.release();
  });

  test('that is aborted at any time leaves no read unsettled, no lease in flight and no wrong byte', async () => {
    const { seed, random } = seededRandom();
    const name = path.join(temporaryFolder(), 'file');
    const bytes = pattern(512 * 1024, seed);
    writeFileSync(name, bytes);
    await using file = await pool.open(name);
    const lease = pool.alloc(40 * 8192);
    const descriptor = openSync(name, 'r');
    for (let round = 0; round < 200; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const reads = Array.from({ length: 40 }, (_, index) => {
        const position = random(bytes.length - 8192);
        const options = { position, offset: index * 8192, length: 8192 };
        const read = file.read(lease, index % 2 === 0 ? { ...options, signal } : options);
        return read.then((count) => {
          const view = lease.bytes.subarray(options.offset, options.offset + count);
          if (bytes.compare(view, 0, count, position, position + count) !== 0) throw new Error('wrong bytes');
        });
      });
      const settled = Promise.allSettled(reads);
      for (let turn = random(4); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
      controller.abort('enough');
      for (const [index, result] of (await settled).entries()) {
        if (result.status === 'rejected') {
          expect(index % 2).toBe(0);
          expect(result.reason).toMatchObject({ code: 'ABORT_ERR' });
        }
      }
      // Those that were aborted may still be written to.
      await until(() => lease.inFlight === 0);
    }
    expect(readSync(descriptor, Buffer.alloc(1))).toBe(1);
    closeSync(descriptor);
    lease.release();
  });
});
