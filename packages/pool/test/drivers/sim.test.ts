// A pool on a simulated machine: the same program gives the same run, time passes only while the program waits, and a crash
// leaves what the disk had.
import fs from 'node:fs';
import { AT_FDCWD, fd, IOSQE, type Operation, opcodeNames, Simulation, softOpcodes } from '@ringpool/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPool } from '../../src/pool/open-pool.ts';
import type { PoolOptions } from '../../src/pool/options.ts';
import type { Pool } from '../../src/pool/pool.ts';
import { pattern, until } from '../support.ts';

const { O_CREAT, O_DIRECTORY, O_RDWR } = fs.constants;
const MIB = 1024 * 1024;

async function poolOn(sim: Simulation, options: PoolOptions = {}): Promise<Pool> {
  const pool = await openPool({ driver: sim, arenaBytes: 4 * MIB, ...options });
  // A machine that has crashed closes no files.
  onTestFinished(() => pool.close().catch(() => undefined));
  return pool;
}

test('files are written, read, shared out in batches, and read as a whole', async () => {
  const sim = new Simulation({ seed: 1 });
  const pool = await poolOn(sim, { workers: 2 });
  const bytes = pattern(300_000);
  const file = await pool.open('/a file', O_RDWR | O_CREAT);
  expect(await file.write(bytes, { position: 0 })).toBe(bytes.length);
  for (const placement of ['auto', 'local', 'workers', { worker: 1 }] as const) {
    const lease = pool.alloc(70_000);
    expect(await file.read(lease, { position: 5, placement })).toBe(70_000);
    expect(Buffer.compare(lease.bytes, bytes.subarray(5, 70_005))).toBe(0);
    lease.release();
  }
  using contents = await pool.readFile('/a file');
  expect(Buffer.compare(contents.bytes, bytes)).toBe(0);
  const frames = pool.alloc(4 * 4096);
  const offsets = Uint32Array.of(0, 4096, 8192, 12_288);
  const columns = { file, lease: frames, offsets, positions: offsets, lengths: 4096 };
  expect([...(await pool.batch(columns))]).toEqual([4096, 4096, 4096, 4096]);
  expect(Buffer.compare(frames.bytes, bytes.subarray(0, 4 * 4096))).toBe(0);
  await expect(pool.open('/not there')).rejects.toMatchObject({ code: 'ENOENT' });
  expect(pool.workers).toEqual([]);
  expect(pool.driver).toMatchObject({ name: 'sim', wanted: 'sim' });
});

test('methods that block let simulated time pass', async () => {
  const sim = new Simulation({ seed: 2 });
  const pool = await poolOn(sim);
  const file = await pool.open('/f', O_RDWR | O_CREAT);
  const before = sim.nowMs;
  const bytes = pattern(3 * MIB);
  expect(file.writeSync(bytes, { position: 0 })).toBe(bytes.length);
  file.datasyncSync();
  file.syncSync();
  const back = new Uint8Array(bytes.length);
  expect(file.readSync(back, { position: 0, placement: 'workers' })).toBe(bytes.length);
  expect(Buffer.compare(back, bytes)).toBe(0);
  expect(sim.nowMs).toBeGreaterThan(before);
  // Nothing is in doubt after fsync but the name, which nobody has synced.
  expect(sim.crash().count).toBe(2n);
});

/** What a program with many operations at once gets, and when. */
async function trace(seed: number): Promise<unknown[]> {
  const sim = new Simulation({
    seed,
    faults: { shortWrite: 0.2, interrupted: 0.1, latencySpike: 0.1, writeError: 0.05 },
  });
  const pool = await poolOn(sim);
  const seen: unknown[] = [];
  const file = await pool.open('/f', O_RDWR | O_CREAT);
  const memory = pattern(1000);
  await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      file.write(memory, { position: index * 1000 }).then(
        (bytes) => seen.push([index, bytes, sim.nowMs]),
        (error: { code: string }) => seen.push([index, error.code, sim.nowMs]),
      ),
    ),
  );
  return seen;
}

test('the same seed gives the same run, and another one another', async () => {
  const first = await trace(3);
  expect(await trace(3)).toEqual(first);
  expect(await trace(4)).not.toEqual(first);
  expect(first.some((entry) => (entry as unknown[])[1] === 'EIO')).toBe(true);
  // In any order, and each in full in spite of short writes and interruptions.
  expect(first.map((entry) => (entry as number[])[0])).not.toEqual([...first.keys()]);
  expect(first.every((entry) => [1000, 'EIO'].includes((entry as (number | string)[])[1] as number))).toBe(
    true,
  );
});

test('an hour of simulated time is over at once', async () => {
  const sim = new Simulation({ seed: 5 });
  const pool = await poolOn(sim);
  using time = pool.alloc(16);
  new DataView(time.bytes.buffer, time.offset, 16).setBigInt64(0, 3600n, true);
  const { result } = await pool.submit({ op: 'timeout', timespec: time.address });
  expect([result, Math.floor(sim.nowMs / 1000)]).toEqual([-62, 3600]);
});

test('engines that poll see completions as time passes, without the event loop', async () => {
  const sim = new Simulation({ seed: 6 });
  const pool = await poolOn(sim);
  const file = await pool.open('/f', O_RDWR | O_CREAT);
  void file.write(pattern(10), { position: 0 });
  void file.write(pattern(10), { position: 10 });
  let completions = 0;
  for (let round = 0; round < 10 && completions < 2; round++) completions += pool.poll();
  expect(completions).toBe(2);
});

test('what drains comes after all that came before it', async () => {
  const sim = new Simulation({ seed: 7, faults: { latencySpike: 0.5 } });
  const pool = await poolOn(sim);
  const file = await pool.open('/f', O_RDWR | O_CREAT);
  const over: string[] = [];
  const writes = Array.from({ length: 10 }, (_, index) =>
    file.write(pattern(100), { position: index * 100 }).then(() => over.push('write')),
  );
  const sync = { op: 'fsync', fd: fd(file.fd), flags: IOSQE.IO_DRAIN } as const;
  const synced = pool.submit(sync).then(() => over.push('sync'));
  await Promise.all([...writes, synced]);
  expect(over).toEqual([...Array<string>(10).fill('write'), 'sync']);
});

test('a crash ends what is in flight, and another machine goes on from the disk that it left', async () => {
  const sim = new Simulation({ seed: 8 });
  const pool = await poolOn(sim);
  const file = await pool.open('/durable', O_RDWR | O_CREAT);
  await file.write(Buffer.from('kept'), { position: 0 });
  const root = await pool.open('/', O_DIRECTORY);
  for (const { fd: descriptor } of [file, root]) await pool.submit({ op: 'fsync', fd: fd(descriptor) });
  const lost = file.write(Buffer.from('lost'), { position: 0 });
  const images = sim.crash();
  await expect(lost).rejects.toMatchObject({ code: 'ESHUTDOWN' });
  await expect(pool.open('/durable')).rejects.toMatchObject({ code: 'ESHUTDOWN' });
  for (const image of images.all(100)) {
    const after = await poolOn(sim.reopen(image));
    using contents = await after.readFile('/durable');
    expect(['kept', 'lost']).toContain(Buffer.from(contents.bytes).toString());
  }
});

test('an operation whose signal is aborted rejects at once, and its memory comes back', async () => {
  const sim = new Simulation({ seed: 9 });
  const pool = await poolOn(sim);
  const file = await pool.open('/f', O_RDWR | O_CREAT);
  const lease = pool.alloc(100);
  const controller = new AbortController();
  const read = file.read(lease, { position: 0, signal: controller.signal });
  controller.abort();
  await expect(read).rejects.toMatchObject({ code: 'ABORT_ERR' });
  await until(() => lease.inFlight === 0);
});

describe('what a simulation does not have is refused by name', () => {
  const pool = poolOn.bind(undefined, new Simulation({ seed: 10 }));
  const refused = { code: 'ERR_RINGPOOL_UNSUPPORTED', message: expect.stringContaining("'sim'") as string };

  test('other threads, registered memory, operations that complete many times', async () => {
    const opened = await pool();
    expect(() => opened.port()).toThrow(expect.objectContaining(refused));
    await expect(pool({ registration: 'required' })).rejects.toMatchObject(refused);
    expect(() => opened.multishot({ op: 'timeout', timespec: opened.alloc(16).address })).toThrow(
      expect.objectContaining(refused),
    );
  });

  test('every operation that its rings do not execute', async () => {
    const opened = await pool();
    const missing = opcodeNames.filter((op) => !softOpcodes.includes(op));
    expect(missing.length).toBeGreaterThan(30);
    for (const op of missing) {
      await expect(opened.submit({ op } as Operation)).rejects.toMatchObject(refused);
    }
    const path = opened.alloc(8);
    path.bytes.set(Buffer.from('name\0'));
    const beside = { op: 'unlinkat', dirfd: fd(5), path: path.address } as const;
    expect((await opened.submit(beside)).error).toMatchObject(refused);
    const { error } = await opened.submit({ ...beside, dirfd: AT_FDCWD });
    expect(error).toMatchObject({ code: 'ENOENT' });
  });
});
