// Where operations run: what placements mean, their defaults, the local lane's waiting, and fairness to the event loop.
import { openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool, type Placement, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from '../features.ts';
import { pattern, runFixture, seededRandom, temporaryFolder, temporaryPipe } from '../support.ts';

const O_RDWR = 2;
const invalid = expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });
const BAD: readonly unknown[] = ['here', 3, null, {}, { worker: 2 }, { worker: -1 }, { worker: 0.5 }];

describe('a placement', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers: 2, depth: 16 });
  });
  afterAll(() => pool.close());

  test.each(BAD)('%o is refused by the pool, by a file and by an operation', async (bad) => {
    const placement = bad as Placement;
    await expect(openPool({ workers: 2, placement: placement ?? 'null' })).rejects.toThrow(invalid);
    await expect(pool.open('package.json', 'r', { placement })).rejects.toThrow(invalid);
    await expect(pool.readFile('package.json', undefined, { placement })).rejects.toThrow(invalid);
    await using file = await pool.open('package.json');
    const lease = pool.alloc(16);
    await expect(file.read(lease, { position: 0, placement })).rejects.toThrow(invalid);
    lease.release();
  });

  test('of an operation goes before that of its file, and both before the pool', async () => {
    const bytes = pattern(100_000);
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, bytes);
    const all: readonly Placement[] = ['auto', 'local', 'workers', { worker: 0 }, { worker: 1 }];
    for (const placement of all) {
      await using file = await pool.open(name, 'r', { placement });
      const lease = pool.alloc(bytes.length);
      const reads = all.flatMap((other, index) =>
        Array.from({ length: 40 }, (_, at) => {
          const position = (index * 40 + at) * 500;
          return file.read(lease, { position, offset: position, length: 500, placement: other });
        }),
      );
      expect((await Promise.all(reads)).every((count) => count === 500)).toBe(true);
      expect(Buffer.compare(lease.bytes, bytes)).toBe(0);
      lease.release();
      using contents = await pool.readFile(name, undefined, { placement });
      expect(Buffer.compare(contents.bytes, bytes)).toBe(0);
    }
  });

  test('local waits for what takes a while without a hop, several times over, and beside workers', async () => {
    const name = temporaryPipe();
    const writer = openSync(name, O_RDWR);
    await using file = await pool.open(name, O_RDWR, { placement: 'local' });
    const lease = pool.alloc(64);
    for (let round = 0; round < 20; round++) {
      const here = file.read(lease, { position: 0, length: 4 });
      const there = file.read(lease, { position: 0, offset: 4, length: 4, placement: 'workers' });
      await sleep(round % 3);
      writeSync(writer, '0123');
      writeSync(writer, '4567');
      expect(await Promise.all([here, there])).toEqual([4, 4]);
    }
    lease.release();
  });

  test('local keeps its turn when more is asked for than the ring holds', async () => {
    const bytes = pattern(64 * 1024);
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, bytes);
    await using file = await pool.open(name, 'r', { placement: 'local' });
    const lease = pool.alloc(2000 * 32);
    const reads = Array.from({ length: 2000 }, (_, index) =>
      file.read(lease, { position: index * 32, offset: index * 32, length: 32 }),
    );
    const wholes = Array.from({ length: 100 }, () => pool.readFile(name, undefined, { placement: 'local' }));
    await Promise.all(reads);
    expect(Buffer.compare(lease.bytes, bytes.subarray(0, lease.length))).toBe(0);
    for (const whole of await Promise.all(wholes)) {
      expect(Buffer.compare(whole.bytes, bytes)).toBe(0);
      whole.release();
    }
    lease.release();
  });
});

test.skipIf(lacks('a ring of the calling thread'))(
  'auto runs here what is small, what is alone and not large, and some of what no CPU copies; the rest on a worker',
  async () => {
    const MIB = 2 ** 20;
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, pattern(2 * MIB));
    await using pool = await openPool({ workers: 1 });
    await using file = await pool.open(name);
    await using direct = await pool.open(name, 'r', { direct: true });
    const lease = pool.alloc(2 * MIB, { align: 4096 });
    // From here on the worker is up.
    await file.read(lease, { position: 0, length: 1, placement: { worker: 0 } });
    const onWorker = (): number =>
      pool.metrics().lanes.find(({ worker }) => worker === 0)?.submitted ?? Number.NaN;
    /** How many of so many reads at a time went to the worker. */
    const hops = async (from: typeof file, length: number, count: number): Promise<number> => {
      const before = onWorker();
      const offsets = Array.from({ length: count }, (_, index) => index * length);
      await Promise.all(offsets.map((offset) => from.read(lease, { position: offset, offset, length })));
      return onWorker() - before;
    };
    expect(await hops(file, 4096, 64)).toBe(0);
    expect(await hops(file, 256 * 1024, 1)).toBe(0);
    expect(await hops(file, 64 * 1024, 8)).toBe(7);
    expect(await hops(file, MIB, 2)).toBe(2);
    expect(await hops(file, MIB, 1)).toBe(1);
    expect(await hops(direct, MIB, 2)).toBe(0);
    // Past the cache, but more than a disk should be given at a time by a thread that must not wait for it.
    const before = onWorker();
    await Promise.all(Array.from({ length: 40 }, () => direct.read(lease, { position: 0, length: MIB })));
    expect(onWorker() - before).toBe(24);
    lease.release();
  },
);

test('50,000 reads, whole files, opens and closes at random placements, each checked, none lost', async () => {
  const { seed, random } = seededRandom();
  const bytes = pattern(2 * 1024 * 1024, seed);
  const name = path.join(temporaryFolder(), 'file');
  writeFileSync(name, bytes);
  await using pool = await openPool({ workers: 2, depth: 32 });
  const placements: readonly Placement[] = ['auto', 'local', 'workers', { worker: 0 }, { worker: 1 }];
  const anywhere = (): Placement => placements[random(placements.length)] as Placement;
  const files = [await pool.open(name), await pool.open(name, 'r', { placement: 'local' })] as const;
  let left = 50_000;
  const loop = async (): Promise<void> => {
    while (left-- > 0) {
      const length = 1 + random(random(10) === 0 ? 100_000 : 8000);
      const position = random(bytes.length - length);
      const own = random(3) === 0;
      const target = own ? Buffer.alloc(length) : pool.allocUnsafe(length);
      const file = files[random(2) as 0 | 1];
      expect(await file.read(target, { position, placement: anywhere() })).toBe(length);
      const view = 'release' in target ? target.bytes : target;
      if (bytes.compare(view, 0, length, position, position + length) !== 0) throw new Error('wrong bytes');
      if ('release' in target) target.release();
      if (random(200) === 0) {
        using contents = await pool.readFile(name, undefined, { placement: anywhere() });
        if (bytes.compare(contents.bytes) !== 0) throw new Error('wrong bytes of a whole file');
      }
      if (random(200) === 0) await (await pool.open(name, 'r', { placement: anywhere() })).close();
    }
  };
  await Promise.all(Array.from({ length: 100 }, loop));
});

test('a timer of 5 ms fires within 20 ms while 64 loops of cached reads saturate the local lane', async () => {
  const name = path.join(temporaryFolder(), 'file');
  writeFileSync(name, pattern(1024 * 1024));
  // A process of its own: starved, not one timer fires, not even those that would end a test.
  const ended = await runFixture('fair.mjs', name);
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  const took = (JSON.parse(ended.stdout) as number[]).sort((a, b) => a - b);
  // The median, because the machine may be busy with other things now and then.
  expect(took[took.length >> 1]).toBeLessThan(20);
});
