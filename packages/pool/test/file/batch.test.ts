// Batches against node:fs: objects and columns, results by index, failures that keep nothing else, priorities, aborting.
import { AsyncLocalStorage } from 'node:async_hooks';
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { type BatchRequest, type File, openPool, type Placement, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pattern, seededRandom, temporaryFolder, temporaryPipe, until } from '../support.ts';

const [O_RDWR, O_CREAT] = [2, 64];
const coded = (code: string): unknown => expect.objectContaining({ code });
const invalid = coded('ERR_RINGPOOL_INVALID_ARGUMENT');

describe.each<Placement>(['local', 'workers', 'auto'])('placed %o', (placement) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers: 2, depth: 16, placement, arenaBytes: 64 * 1024 * 1024 });
  });
  afterAll(() => pool.close());

  test.each(['demand', 'background'] as const)(
    'columns at %s priority: many more than a lane holds',
    async (priority) => {
      const { seed, random } = seededRandom();
      const bytes = [pattern(1024 * 1024, seed), pattern(512 * 1024, seed + 1)] as const;
      const folder = temporaryFolder();
      const files = await Promise.all(
        bytes.map((content, index) => {
          const name = path.join(folder, String(index));
          writeFileSync(name, content);
          return pool.open(name, O_RDWR);
        }),
      );
      const count = 2000;
      const lease = pool.alloc(count * 512);
      const fileIndexes = Uint8Array.from({ length: count }, () => random(2));
      const positions = Float64Array.from({ length: count }, () => random(500 * 1024));
      const lengths = Uint32Array.from({ length: count }, () => random(513));
      const offsets = Uint32Array.from({ length: count }, (_, index) => index * 512);
      const seen = new Set<number>();
      const results = await pool.batch(
        { file: files, fileIndexes, lease, offsets, positions, lengths },
        {
          priority,
          onComplete: (index, result) => {
            expect(result).toBe(lengths[index]);
            seen.add(index);
          },
        },
      );
      expect(seen.size).toBe(count);
      expect([...results]).toEqual([...lengths]);
      for (let index = 0; index < count; index++) {
        const [position, length] = [positions[index] as number, lengths[index] as number];
        const content = bytes[fileIndexes[index] as 0 | 1];
        expect(
          content.compare(lease.slice(index * 512, 512).bytes, 0, length, position, position + length),
        ).toBe(0);
      }
      expect(lease.inFlight).toBe(0);
      lease.release();
      for (const file of files) await file.close();
    },
  );

  test('columns that read and write, into results of their own', async () => {
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, pattern(8192));
    await using file = await pool.open(name, O_RDWR);
    const lease = pool.alloc(4096);
    lease.bytes.fill(7);
    const results = new Int32Array(2);
    const done = await pool.batch({
      file,
      lease,
      offsets: [0, 2048],
      positions: [8192, 0],
      lengths: [2048, 2048],
      writes: Uint8Array.of(1, 0),
      results,
    });
    expect(done).toBe(results);
    expect([...results]).toEqual([2048, 2048]);
    expect(readFileSync(name).subarray(8192)).toEqual(Buffer.alloc(2048, 7));
    expect(pattern(8192).compare(lease.bytes, 2048, 4096, 0, 2048)).toBe(0);
    lease.release();
  });

  test('objects of any memory, of which some fail: each by its errno, and the others are not kept', async () => {
    const name = path.join(temporaryFolder(), 'file');
    const bytes = pattern(100_000);
    writeFileSync(name, bytes);
    const readable = await pool.open(name);
    const writable = await pool.open(`${name}2`, O_RDWR | O_CREAT);
    const directory = await pool.open('.');
    const lease = pool.alloc(4096);
    const own = Buffer.alloc(5000);
    const requests: BatchRequest[] = [
      { file: readable, memory: lease, position: 10 },
      { file: directory, memory: own, position: 0, length: 10 },
      { op: 'write', file: readable, memory: own, position: 0, length: 1 },
      { file: readable, memory: own, position: 99_000 },
      { op: 'write', file: writable, memory: bytes, position: 100, offset: 0, length: 50 },
      { file: readable, memory: lease, position: 0, length: 0 },
    ];
    expect([...(await pool.batch(requests))]).toEqual([4096, -21, -9, 1000, 50, 0]);
    expect(bytes.compare(lease.bytes, 0, 4096, 10, 4106)).toBe(0);
    expect(bytes.compare(own, 0, 1000, 99_000, 100_000)).toBe(0);
    expect(readFileSync(`${name}2`).subarray(100)).toEqual(bytes.subarray(0, 50));
    expect((await pool.batch([])).length).toBe(0);
    for (const file of [readable, writable, directory]) await file.close();
    lease.release();
  });

  test('aborted, it rejects at once, begins nothing more, and its memory is free when the kernel is done', async () => {
    const name = temporaryPipe();
    const writer = openSync(name, O_RDWR);
    await using file = await pool.open(name, O_RDWR);
    const lease = pool.alloc(400);
    const controller = new AbortController();
    const requests = Array.from({ length: 400 }, (_, index) => ({
      file,
      memory: lease,
      position: 0,
      offset: index,
      length: 1,
    }));
    const batch = pool.batch(requests, { signal: controller.signal });
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort('enough');
    await expect(batch).rejects.toThrow(coded('ABORT_ERR'));
    await until(() => lease.inFlight === 0);
    await expect(pool.batch(requests, { signal: AbortSignal.abort() })).rejects.toThrow(coded('ABORT_ERR'));
    writeSync(writer, 'x');
    expect(await file.read(lease, { position: 0, length: 1 })).toBe(1);
    lease.release();
  });
});

describe('a batch', () => {
  let pool: Pool;
  let file: File;
  beforeAll(async () => {
    pool = await openPool({ workers: 1, depth: 16 });
    file = await pool.open('package.json');
  });
  afterAll(() => pool.close());

  test('at background priority leaves room for what somebody waits for', async () => {
    const pipe = await pool.open(temporaryPipe(), O_RDWR, { placement: 'local' });
    const lease = pool.alloc(1000);
    const controller = new AbortController();
    const requests = Array.from({ length: 1000 }, (_, index) => ({
      file: pipe,
      memory: lease,
      position: 0,
      offset: index,
      length: 1,
    }));
    // Several, none of which will ever complete: together they take a quarter of the lane.
    const batches = Promise.allSettled(
      [0, 1, 2].map(() => pool.batch(requests, { priority: 'background', signal: controller.signal })),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(lease.inFlight).toBe(4);
    const page = pool.alloc(100);
    expect(await file.read(page, { position: 0, placement: 'local' })).toBe(100);
    controller.abort();
    for (const { status } of await batches) expect(status).toBe('rejected');
    await until(() => lease.inFlight === 0);
    await pipe.close();
  });

  test('that is under way is finished when its file, or the pool, is closed', async () => {
    const other = await openPool({ workers: 1, depth: 4 });
    const name = path.join(temporaryFolder(), 'file');
    const bytes = pattern(100_000);
    writeFileSync(name, bytes);
    const opened = await other.open(name);
    const lease = other.alloc(100_000);
    const requests = Array.from({ length: 1000 }, (_, index) => ({
      file: opened,
      memory: lease,
      position: index * 100,
      offset: index * 100,
      length: 100,
    }));
    const batch = other.batch(requests);
    const closing = other.close();
    expect((await batch).every((count) => count === 100)).toBe(true);
    await closing;
    expect(Buffer.compare(lease.bytes, bytes)).toBe(0);
    await expect(other.batch([])).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
  });

  test('calls back in the context in which it was asked for, and an exception there keeps nothing', async () => {
    const storage = new AsyncLocalStorage<string>();
    const lease = pool.alloc(400);
    const requests = Array.from({ length: 4 }, (_, index) => ({
      file,
      memory: lease,
      position: 0,
      offset: index * 100,
      length: 100,
    }));
    const stores: unknown[] = [];
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error));
    try {
      const results = await storage.run('mine', () =>
        pool.batch(requests, {
          onComplete: (index) => {
            stores.push(storage.getStore());
            if (index === 1) throw new Error('on purpose');
          },
        }),
      );
      expect([...results]).toEqual([100, 100, 100, 100]);
      await until(() => thrown.length > 0);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    expect(stores).toEqual(['mine', 'mine', 'mine', 'mine']);
    expect(thrown).toEqual([expect.objectContaining({ message: 'on purpose' })]);
    lease.release();
  });

  test('that is not sound begins nothing, and says which entry', async () => {
    const lease = pool.alloc(100);
    const good = { file, memory: lease, position: 0 };
    const other = await openPool({ workers: 1 });
    const stranger = await other.open('package.json');
    const bad: readonly unknown[] = [
      { ...good, op: 'sync' },
      { ...good, file: undefined },
      { ...good, file: stranger },
      { ...good, memory: 'text' },
      { ...good, memory: other.alloc(10) },
      { ...good, position: -1 },
      { ...good, position: undefined },
      { ...good, length: 101 },
      { ...good, priority: 1 },
      undefined,
    ];
    for (const entry of bad) {
      const batch = pool.batch([good, entry as BatchRequest]);
      await expect(batch).rejects.toThrow(invalid);
      await expect(batch).rejects.toThrow(/^entry 1: /);
    }
    const columns = { file, lease, offsets: [0, 10], positions: [0, 0], lengths: 10 };
    const badColumns: readonly object[] = [
      { offsets: [0, 91] },
      { positions: [0] },
      { lengths: [10, -1] },
      { lengths: undefined },
      { file: [file, file] },
      { file: [file, file], fileIndexes: Uint8Array.of(0, 2) },
      { results: new Int32Array(1) },
      { offsets: undefined },
      { extra: 1 },
    ];
    for (const change of badColumns) {
      await expect(pool.batch({ ...columns, ...change } as never)).rejects.toThrow(invalid);
    }
    for (const options of [
      { priority: 'high' },
      { onComplete: 1 },
      { signal: 1 },
      { placement: 'x' },
      { other: 1 },
    ]) {
      await expect(pool.batch([good], options as never)).rejects.toThrow(invalid);
    }
    expect(lease.inFlight).toBe(0);
    await stranger.close();
    await expect(other.batch([{ file: stranger, memory: other.alloc(10), position: 0 }])).rejects.toThrow(
      coded('ERR_RINGPOOL_CLOSED'),
    );
    await other.close();
    lease.release();
  });
});

test('thousands of batches that fail as they begin are all told', async () => {
  const pool = await openPool({ workers: 1, depth: 16, placement: 'local' });
  const file = await pool.open('package.json');
  const lease = pool.alloc(4096);
  const one = { file, lease, offsets: [0], positions: [0], lengths: 64 };
  const batches = Array.from({ length: 3000 }, () => pool.batch(one, { priority: 'background' }));
  lease.release();
  expect(await Promise.all(batches)).toHaveLength(3000);
  await pool.close();
});
