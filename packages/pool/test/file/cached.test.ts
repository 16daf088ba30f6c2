// Reads of cached bytes need no lane: what they refuse, what they must leave to a lane, and that they let the loop turn.
import { closeSync, constants, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { readCachedSync } from '@ringpool/native';
import { openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from '../features.ts';
import { pattern, seededRandom, temporaryFolder, temporaryPipe } from '../support.ts';

const EOPNOTSUPP = -95;
const coded = (code: string): unknown => expect.objectContaining({ code });

describe('a cached read', () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers: 1, placement: 'local', arenaBytes: 64 * 1024 * 1024 });
  });
  afterAll(() => pool.close());
  const direct = (): number => pool.metrics().lanes.reduce((sum, { directReads }) => sum + directReads, 0);
  /** Not every file system can say what it has cached. */
  const skipUnlessCached = (skip: (reason: string) => void): void => {
    const view = new Uint8Array(16);
    const fd = openSync(fileOf(pattern(100)), 'r');
    const bytes = readCachedSync(fd, view, 0, 16, 0);
    closeSync(fd);
    if (bytes === EOPNOTSUPP) skip('this file system has no reads that never wait');
  };
  const fileOf = (bytes: Uint8Array): string => {
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, bytes);
    return name;
  };

  test.skipIf(lacks('cached reads'))(
    'agrees with the file, whatever the range, in a lease, a slice and memory of its own',
    async ({ skip }) => {
      skipUnlessCached(skip);
      const { seed, random } = seededRandom();
      const bytes = pattern(200_000, seed);
      await using file = await pool.open(fileOf(bytes));
      const before = direct();
      for (let round = 0; round < 2000; round++) {
        const room = 1 + random(20_000);
        const lease = pool.allocUnsafe(room);
        const target = [lease, lease.slice(0), lease.bytes, Buffer.alloc(room)][random(4)] as typeof lease;
        const offset = random(room);
        const length = random(room - offset + 1);
        const position = random(bytes.length + 1000);
        const wanted = bytes.subarray(position, position + length);
        expect(await file.read(target, { offset, length, position })).toBe(wanted.length);
        const view = target.bytes ?? target;
        expect(Buffer.compare(view.subarray(offset, offset + wanted.length), wanted)).toBe(0);
        lease.release();
      }
      // Views of the arena go through the ring, and what is due a turn of the loop: most of the others do not.
      expect(direct() - before).toBeGreaterThan(500);
    },
  );

  test.skipIf(lacks('cached reads'))(
    'is over when the call returns, and leaves nothing in flight',
    async ({ skip }) => {
      skipUnlessCached(skip);
      const bytes = pattern(100);
      await using file = await pool.open(fileOf(bytes));
      const lease = pool.alloc(200);
      // What the kernel has forgotten just now, on a busy machine, is read another way.
      let [before, read] = [0, Promise.resolve(0)];
      for (let attempt = 0; attempt < 20; attempt++) {
        await read;
        await new Promise(setImmediate);
        before = direct();
        read = file.read(lease, { position: 0 });
        if (direct() > before) break;
      }
      expect(direct() - before).toBe(1);
      expect(lease.inFlight).toBe(0);
      expect(Buffer.compare(lease.bytes.subarray(0, 100), bytes)).toBe(0);
      lease.release();
      expect(await read).toBe(100);
    },
  );

  test('of a lease or a file that is gone is refused, and writes nothing', async () => {
    const name = fileOf(pattern(100));
    const file = await pool.open(name);
    const lease = pool.alloc(100);
    const slice = lease.slice(10, 50);
    const { bytes } = lease;
    lease.release();
    await expect(file.read(lease, { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_LEASE_RELEASED'));
    await expect(file.read(slice, { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_LEASE_RELEASED'));
    await expect(file.read(bytes, { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
    const own = Buffer.alloc(100);
    structuredClone(own, { transfer: [own.buffer as ArrayBuffer] });
    await expect(file.read(own, { position: 0, length: 100 })).rejects.toThrow(
      coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
    );
    await file.close();
    const other = pool.alloc(100);
    await expect(file.read(other, { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
    expect(other.bytes.every((byte) => byte === 0)).toBe(true);
    other.release();
  });

  test('with a signal that was aborted is not made', async () => {
    await using file = await pool.open(fileOf(pattern(100)));
    const lease = pool.alloc(100);
    const signal = AbortSignal.abort();
    await expect(file.read(lease, { position: 0, signal })).rejects.toThrow(coded('ABORT_ERR'));
    expect(lease.bytes.every((byte) => byte === 0)).toBe(true);
    lease.release();
  });

  test('is none for a pipe, a directory, a file that is open to be written only, and O_DIRECT', async () => {
    const lease = pool.alloc(4096, { align: 4096 });
    const before = direct();
    const name = temporaryPipe();
    const writer = openSync(name, constants.O_RDWR);
    await using pipe = await pool.open(name, constants.O_RDWR);
    writeSync(writer, 'abcd');
    expect(await pipe.read(lease, { position: 0, length: 4 })).toBe(4);
    await using directory = await pool.open('.');
    await expect(directory.read(lease, { position: 0 })).rejects.toThrow(coded('EISDIR'));
    const file = fileOf(pattern(8192));
    await using written = await pool.open(file, constants.O_WRONLY);
    await expect(written.read(lease, { position: 0 })).rejects.toThrow(coded('EBADF'));
    for (const how of [{ direct: true }, { flags: constants.O_DIRECT }] as const) {
      const { flags, ...options } = { flags: constants.O_RDONLY, ...how };
      await using past = await pool.open(file, flags, options);
      expect(await past.read(lease, { position: 4096 })).toBe(4096);
    }
    expect(direct()).toBe(before);
    lease.release();
  });

  test('ends where the file ends, also when it is cut and grows between reads', async () => {
    const name = fileOf(pattern(10_000));
    await using file = await pool.open(name, constants.O_RDWR);
    const lease = pool.alloc(20_000);
    for (const size of [10_000, 4096, 4097, 0, 1, 12_288]) {
      truncateSync(name, size);
      expect(await file.read(lease, { position: 0 })).toBe(size);
      expect(await file.read(lease, { position: size })).toBe(0);
    }
    lease.release();
  });

  test('lets the loop turn, and ticks run, in the midst of an endless chain of them', async () => {
    await using file = await pool.open(fileOf(pattern(4096)));
    const lease = pool.alloc(4096);
    let turns = 0;
    let stop = false;
    const chain = (async () => {
      while (!stop) await file.read(lease, { position: 0 });
    })();
    // Were it not so, this test would never end, and neither would its bound: the chain itself has one.
    const end = Date.now() + 10_000;
    const bounded = (async () => {
      while (!stop && Date.now() < end) await file.read(lease, { position: 0 });
    })();
    await new Promise<void>((resolve) => {
      const turn = (): void => {
        turns++;
        if (turns === 50) resolve();
        else setTimeout(turn, 1);
      };
      setTimeout(turn, 1);
    });
    stop = true;
    await Promise.all([chain, bounded]);
    expect(turns).toBe(50);
    lease.release();
  });
});
