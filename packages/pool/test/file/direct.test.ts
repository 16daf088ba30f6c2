// Files that bypass the page cache: what is aligned goes straight, reads that are not are widened, writes that are not are
// refused or made by reading what lies around; against node:fs, on each driver.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import path from 'node:path';
import { channels, type File, type Lease, openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { EACH_DRIVER } from '../drivers/each-driver.ts';
import { pattern, seededRandom, temporaryFolder } from '../support.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
const MIB = 1024 * 1024;
const NO_DIRECT = 'the file system of temporary files has no direct I/O';

/** A folder on a file system that has no direct I/O, if there is one; which depends on the kernel. */
function withoutDirect(): string | undefined {
  for (const folder of ['/sys/kernel', '/proc/self']) {
    const name = path.join(folder, folder === '/proc/self' ? 'status' : 'profiling');
    try {
      fs.closeSync(fs.openSync(name, fs.constants.O_RDONLY | fs.constants.O_DIRECT));
    } catch (error) {
      if ((error as { code: string }).code === 'EINVAL') return name;
    }
  }
  return undefined;
}

describe.each(EACH_DRIVER)('on %s', (driver) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ driver, workers: 2, arenaBytes: 32 * MIB });
  });
  afterAll(() => pool.close());

  async function opened(bytes: Uint8Array, rewrite = false): Promise<File> {
    const name = path.join(temporaryFolder(), 'file');
    fs.writeFileSync(name, bytes);
    const file = await pool.open(name, 'r+', { direct: true, rewrite });
    onTestFinished(() => file.close());
    return file;
  }

  test('random reads, aligned and not, into whatever memory, are those of the page cache', async ({
    skip,
  }) => {
    const { seed, random } = seededRandom();
    const bytes = pattern(3 * MIB + 777, seed);
    const file = await opened(bytes);
    if (!file.direct) return skip(NO_DIRECT);
    for (let round = 0; round < 60; round++) {
      const position = random(4) === 0 ? random(770) * 4096 : random(3 * MIB + 2000);
      const length = random(3) === 0 ? random(2 * MIB) : 1 + random(9000);
      const lease = pool.allocUnsafe(length + 64);
      const offset = random(64);
      const targets = [lease, lease.bytes, Buffer.alloc(length + 64)];
      const target = targets[random(3)] as Buffer;
      const wanted = bytes.subarray(position, position + length);
      const count =
        random(2) === 0
          ? file.readSync(target, { position, offset, length })
          : await file.read(target, { position, offset, length });
      expect(count).toBe(wanted.length);
      const got = ('slice' in target && target instanceof Buffer ? target : lease.bytes).subarray(
        offset,
        offset + count,
      );
      expect(Buffer.compare(got, wanted)).toBe(0);
      lease.release();
    }
  });

  test('an unaligned write is refused with what it is to be, and changes nothing', async ({ skip }) => {
    const bytes = pattern(10_000);
    const file = await opened(bytes);
    if (!file.direct) return skip(NO_DIRECT);
    for (const [position, length] of [
      [5, 4096],
      [4096, 10],
      [0, 5000],
    ] as const) {
      const refused = expect.objectContaining({
        code: 'ERR_RINGPOOL_MISALIGNED',
        message: expect.stringMatching(/multiples of (512|4096)/) as string,
      });
      await expect(file.write(Buffer.alloc(length), { position })).rejects.toEqual(refused);
      expect(() => file.writeSync(Buffer.alloc(length), { position })).toThrow(refused);
    }
    expect(Buffer.compare(fs.readFileSync(file.path), bytes)).toBe(0);
    const lease = pool.alloc(8192);
    lease.bytes.fill(7);
    // Aligned, but for the memory.
    expect(await file.write(lease, { position: 4096, offset: 1, length: 4096 })).toBe(4096);
    expect(
      fs
        .readFileSync(file.path)
        .subarray(4096, 8192)
        .every((byte) => byte === 7),
    ).toBe(true);
    lease.release();
  });

  test('random writes that rewrite blocks are as if the file had been written through the page cache', async () => {
    const { seed, random } = seededRandom();
    let model: Buffer = pattern(50_000, seed);
    const file = await opened(model, true);
    for (let round = 0; round < 60; round++) {
      const position = random(70_000);
      const length = 1 + random(random(4) === 0 ? 1_500_000 : 9000);
      const source = pattern(length, round + 1);
      if (position + length > model.length)
        model = Buffer.concat([model, Buffer.alloc(position + length - model.length)]);
      source.copy(model, position);
      expect(
        random(2) === 0 ? file.writeSync(source, { position }) : await file.write(source, { position }),
      ).toBe(length);
      expect(Buffer.compare(fs.readFileSync(file.path), model)).toBe(0);
    }
  });

  test('unaligned writes of one file at once do not undo one another', async () => {
    const file = await opened(Buffer.alloc(8192), true);
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => file.write(Buffer.of(index + 1), { position: index * 3 })),
    );
    const bytes = fs.readFileSync(file.path);
    expect(Array.from({ length: 100 }, (_, index) => bytes[index * 3])).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
  });

  test('pieces of memory that are not aligned are widened and rewritten like one', async () => {
    const bytes = pattern(2 * MIB + 99);
    const file = await opened(bytes, true);
    const pieces = [Buffer.alloc(5), pool.alloc(1_500_000), Buffer.alloc(4096)];
    expect(await file.readv(pieces, { position: 3 })).toBe(1_504_101);
    const all = (): Buffer =>
      Buffer.concat(pieces.map((piece) => ('release' in piece ? piece.bytes : piece)));
    expect(Buffer.compare(all(), bytes.subarray(3, 1_504_104))).toBe(0);
    for (const piece of pieces) ('release' in piece ? piece.bytes : piece).reverse();
    expect(await file.writev(pieces, { position: 7 })).toBe(1_504_101);
    const wanted = Buffer.from(bytes);
    all().copy(wanted, 7);
    expect(Buffer.compare(fs.readFileSync(file.path), wanted)).toBe(0);
    (pieces[1] as Lease).release();
  });

  test('what is nothing moves nothing', async () => {
    const file = await opened(pattern(100));
    expect(await file.read(Buffer.alloc(0), { position: 5 })).toBe(0);
    expect(await file.write(Buffer.alloc(0), { position: 5 })).toBe(0);
    expect(file.writeSync(Buffer.alloc(0), { position: 5 })).toBe(0);
  });

  test('one raw read says nothing of the next one', async () => {
    const file = await opened(pattern(10_000));
    await file.readOnce(pool.alloc(4096), { position: 0 });
    expect(file.readSync(Buffer.alloc(10), { position: 5 })).toBe(10);
  });

  test('a rewriting write that is aborted leaves the file as long as it is to be', async () => {
    const file = await opened(pattern(1000), true);
    const controller = new AbortController();
    const writing = file.write(Buffer.alloc(5000), { position: 100, signal: controller.signal });
    controller.abort();
    if (file.direct) await expect(writing).rejects.toEqual(coded('ABORT_ERR'));
    await file.close();
    expect([1000, 5100]).toContain(fs.statSync(file.path).size);
  });

  test('a lease that is released while a widened read is under way is nobody’s before it is over', async () => {
    const file = await opened(pattern(100_000));
    const lease = pool.alloc(60_000);
    const reading = file.read(lease, { position: 3, length: 50_000 });
    await Promise.resolve();
    lease.release();
    await reading.catch(() => undefined);
    expect(pool.metrics().arena).toMatchObject({ operationsInFlight: 0, leasesReleasedInFlight: 0 });
  });

  test('a widened read can be aborted, and leaves no memory in use', async () => {
    const file = await opened(pattern(2 * MIB));
    const controller = new AbortController();
    const reading = file.read(Buffer.alloc(1_500_000), { position: 3, signal: controller.signal });
    controller.abort();
    if (file.direct) await expect(reading).rejects.toEqual(coded('ABORT_ERR'));
    await file.close();
    expect(pool.metrics().arena.operationsInFlight).toBe(0);
  });

  test('stat tells what must be aligned to what', async ({ skip }) => {
    const file = await opened(pattern(10));
    const { direct } = await file.stat();
    if (driver === 'threads') expect(direct).toBeUndefined();
    else if (direct === undefined) skip('the kernel, or this file system, does not tell');
    else expect(direct.offset).toBeGreaterThanOrEqual(512);
  });

  test('where the file system has none, the file is opened without, and whoever listens is told', async ({
    skip,
  }) => {
    const name = withoutDirect();
    if (name === undefined) return skip('every file system here has direct I/O');
    const told: unknown[] = [];
    const listen = (message: unknown): void => void told.push(message);
    subscribe(channels.fallback, listen);
    onTestFinished(() => void unsubscribe(channels.fallback, listen));
    await using file = await pool.open(name, 'r', { direct: true });
    expect(file.direct).toBe(false);
    expect(await file.readOnce(Buffer.alloc(10), { position: 0 })).toBeGreaterThan(0);
    await new Promise(process.nextTick);
    expect(told).toContainEqual(expect.objectContaining({ kind: 'direct' }));
  });

  test.each([{ direct: 1 }, { direct: true, rewrite: 'yes' }, { dsync: null }, { rewrite: true }])(
    'options %o are refused',
    async (options) => {
      await expect(pool.open('package.json', 'r', options as object)).rejects.toEqual(
        coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
      );
    },
  );
});
