// Reads and writes that block the calling thread, and a loop that the caller drives: against node:fs, on every placement,
// beside operations that do not block, and with a worker that dies meanwhile.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openPool, type Placement, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from '../features.ts';
import {
  HANG_MS,
  openTargets,
  pattern,
  runFixture,
  seededRandom,
  temporaryFolder,
  temporaryPipe,
} from '../support.ts';

const [O_RDWR, O_CREAT] = [2, 64];
const coded = (code: string): unknown => expect.objectContaining({ code });
const PLACEMENTS: readonly Placement[] = ['local', 'auto', 'workers', { worker: 1 }];

describe.each(PLACEMENTS)('placed %o', (placement) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers: 2, depth: 16, placement, arenaBytes: 32 * 1024 * 1024 });
    // Both workers are up: what is placed on them waits for them, and does not do it itself.
    for (const worker of [0, 1])
      (await pool.readFile('package.json', undefined, { placement: { worker } })).release();
  });
  afterAll(() => pool.close());

  test('random ranges are written and read as node:fs has them, from all kinds of memory', async () => {
    const { seed, random } = seededRandom();
    const name = path.join(temporaryFolder(), 'file');
    const model = Buffer.alloc(256 * 1024);
    writeFileSync(name, model);
    await using file = await pool.open(name, O_RDWR | O_CREAT);
    const lease = pool.alloc(64 * 1024);
    const own = pattern(64 * 1024, seed);
    for (let round = 0; round < 400; round++) {
      const length = random(lease.length + 1);
      const offset = random(lease.length - length + 1);
      const position = random(model.length - length + 1);
      const kind = random(3);
      const memory = kind === 0 ? lease : kind === 1 ? lease.bytes : own;
      const bytes = kind === 2 ? own : Buffer.from(lease.bytes.buffer, lease.bytes.byteOffset, lease.length);
      const options = { position, offset, length };
      if (random(2) === 0) {
        pattern(length, seed + round).copy(bytes, offset);
        expect(file.writeSync(memory, options)).toBe(length);
        bytes.copy(model, position, offset, offset + length);
      } else {
        expect(file.readSync(memory, options)).toBe(length);
        expect(bytes.compare(model, position, position + length, offset, offset + length)).toBe(0);
      }
    }
    file.datasyncSync();
    file.syncSync();
    expect(readFileSync(name).equals(model)).toBe(true);
    expect(lease.inFlight).toBe(0);
    lease.release();
  });

  test('more than is copied at a time, the end of the file, and nothing at all', async () => {
    const name = path.join(temporaryFolder(), 'file');
    const bytes = pattern(3_000_001, 3);
    await using file = await pool.open(name, O_RDWR | O_CREAT);
    expect(file.writeSync(bytes, { position: 7 })).toBe(bytes.length);
    const back = Buffer.alloc(4_000_000);
    expect(file.readSync(back, { position: 7n })).toBe(bytes.length);
    expect(back.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(file.readSync(back, { position: 5_000_000 })).toBe(0);
    expect(file.readSync(back, { position: 0, length: 0 })).toBe(0);
    expect(file.writeSync(back, { position: 0, length: 0 })).toBe(0);
  });

  test('beside reads that do not block, each of which completes too', async () => {
    const bytes = pattern(200_000);
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, bytes);
    await using file = await pool.open(name);
    const lease = pool.alloc(200_000);
    for (let round = 0; round < 50; round++) {
      lease.bytes.fill(0);
      const reads = Array.from({ length: 50 }, (_, index) =>
        file.read(lease, { position: index * 2000, offset: index * 2000, length: 2000 }),
      );
      const range = { position: 100_000, offset: 100_000, length: 100_000 };
      expect(file.readSync(lease, range)).toBe(100_000);
      expect((await Promise.all(reads)).every((count) => count === 2000)).toBe(true);
      expect(Buffer.compare(lease.bytes, bytes)).toBe(0);
    }
    lease.release();
  });

  test('what cannot be is a coded error, and nothing stays in flight', async () => {
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, 'bytes');
    const file = await pool.open(name);
    const lease = pool.alloc(8);
    const invalid = coded('ERR_RINGPOOL_INVALID_ARGUMENT');
    expect(() => file.writeSync(lease, { position: 0 })).toThrow(coded('EBADF'));
    expect(() => file.readSync(lease, { position: -1 })).toThrow(invalid);
    expect(() => file.readSync(lease, { position: 0, length: 9 })).toThrow(invalid);
    expect(() => file.readSync(lease, { position: 0, signal: undefined } as never)).toThrow(invalid);
    await using directory = await pool.open('.');
    expect(() => directory.readSync(lease, { position: 0 })).toThrow(coded('EISDIR'));
    expect(lease.inFlight).toBe(0);
    await file.close();
    expect(() => file.readSync(lease, { position: 0 })).toThrow(coded('ERR_RINGPOOL_CLOSED'));
    expect(() => file.syncSync()).toThrow(coded('ERR_RINGPOOL_CLOSED'));
    lease.release();
    expect(() => file.readSync(lease, { position: 0 })).toThrow(coded('ERR_RINGPOOL_CLOSED'));
  });

  test('a loop of the caller: flush, then poll until it is done, without the event loop', async () => {
    const bytes = pattern(100_000);
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, bytes);
    await using file = await pool.open(name);
    const lease = pool.alloc(bytes.length);
    const directReads = (): number =>
      pool
        .metrics()
        .lanes.reduce((sum, { client, directReads }) => sum + (client === 0 ? directReads : 0), 0);
    const before = directReads();
    const reads = Array.from({ length: 100 }, (_, index) =>
      file.read(lease, { position: index * 1000, offset: index * 1000, length: 1000 }),
    );
    pool.flush();
    const end = Date.now() + HANG_MS;
    let completions = 0;
    while (lease.inFlight > 0 && Date.now() < end) completions += pool.poll();
    expect(completions + directReads() - before).toBeGreaterThanOrEqual(100);
    expect(Buffer.compare(lease.bytes, bytes)).toBe(0);
    expect((await Promise.all(reads)).every((count) => count === 1000)).toBe(true);
    expect(pool.poll()).toBe(0);
    lease.release();
  });
});

test('a blocked read keeps its file open, whatever a callback of another operation does meanwhile', async () => {
  await using pool = await openPool({ workers: 1 });
  const name = path.join(temporaryFolder(), 'file');
  writeFileSync(name, pattern(1000));
  const file = await pool.open(name, 'r', { placement: 'workers' });
  const lease = pool.alloc(1100);
  await file.read(lease, { position: 0, length: 1 });
  let closing: Promise<void> | undefined;
  let openWhileBlocked: boolean | undefined;
  const entry = {
    file: await pool.open(name, 'r', { placement: 'workers' }),
    memory: lease,
    position: 0,
    length: 1,
  };
  const batch = pool.batch([entry], {
    onComplete: () => {
      closing = file.close();
      openWhileBlocked = openTargets().filter((target) => target === name).length === 2;
    },
  });
  // The batch is published with this read, goes before it, and its callback runs while this thread waits.
  expect(file.readSync(lease, { position: 0, offset: 100, length: 1000 })).toBe(1000);
  await batch;
  expect(openWhileBlocked).toBe(true);
  await closing;
});

test('a blocked read does not wait for room in a lane that is full', async () => {
  await using pool = await openPool({ workers: 1, depth: 4 });
  (await pool.readFile('package.json', undefined, { placement: 'workers' })).release();
  const pipe = await pool.open(temporaryPipe(), O_RDWR, { placement: 'workers' });
  await using file = await pool.open('package.json', 'r', { placement: 'local' });
  const lease = pool.alloc(64);
  const controller = new AbortController();
  const reads = Promise.allSettled(
    Array.from({ length: 20 }, (_, at) =>
      pipe.read(lease, { position: 0, offset: at, length: 1, signal: controller.signal }),
    ),
  );
  pool.flush();
  expect(file.readSync(lease, { position: 0, offset: 32, length: 1, placement: { worker: 0 } })).toBe(1);
  controller.abort();
  await reads;
});

test.skipIf(lacks('waiting for workers'))(
  'a thread that waits for a worker which dies is told so',
  async () => {
    const ended = await runFixture('sync-death.mjs', temporaryPipe());
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toEqual({ code: 'ERR_RINGPOOL_WORKER_DIED', inFlight: 0 });
  },
);
