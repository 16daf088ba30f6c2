// Several threads in one pool: joining, sharing workers, leaving, being sent away, and what they must not be able to do.
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { RingpoolError } from '@ringpool/core';
import { Doorbell } from '@ringpool/native';
import { connectPool, type FileToken, type LeaseToken, openPool, type PoolPort } from '@ringpool/pool';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { BellTable } from '../../src/drivers/threads/bell-table.ts';
import { connectPool as connectHere } from '../../src/pool/open-pool.ts';
import { guests } from '../../src/pool/seat.ts';
import { CLIENTS_MAX, POOL_STATE, PoolWords } from '../../src/pool/words.ts';
import { byDriver, driver } from '../features.ts';
import { openTargets, pattern, seededRandom, temporaryFolder, temporaryPipe, until } from '../support.ts';

const O_RDWR = 2;
const coded = (code: string): unknown => expect.objectContaining({ code });

interface GuestData {
  readonly port: PoolPort;
  readonly program: 'join' | 'stay' | 'pending' | 'share' | 'shareFiles' | 'reads';
  readonly name?: string;
  readonly seed?: number;
  readonly operations?: number;
}

/** A thread that joins a pool, and what it says. */
function guest(data: GuestData): { worker: Worker; next: () => Promise<unknown> } {
  const worker = new Worker(new URL('../fixtures/guest.mjs', import.meta.url), { workerData: data });
  const said: unknown[] = [];
  const waiting: ((message: unknown) => void)[] = [];
  const say = (message: unknown): void => {
    const listener = waiting.shift();
    if (listener === undefined) said.push(message);
    else listener(message);
  };
  worker.on('message', say);
  worker.on('error', say);
  worker.on('exit', (code) => say(`exit ${code}`));
  onTestFinished(async () => {
    await worker.terminate();
  });
  const next = (): Promise<unknown> =>
    said.length > 0 ? Promise.resolve(said.shift()) : new Promise((resolve) => waiting.push(resolve));
  return { worker, next };
}

function file(bytes: Uint8Array): string {
  const name = path.join(temporaryFolder(), 'file');
  writeFileSync(name, bytes);
  return name;
}

/** How many threads beside the owner the pool counts. */
const guestsOf = (port: PoolPort): number => guests(new PoolWords(port.words));

test('four threads and two workers: every byte right, every promise settled, nothing left', async () => {
  const { seed } = seededRandom();
  const name = file(pattern(1024 * 1024, seed));
  const pool = await openPool({ workers: 2, depth: 32, arenaBytes: 512 * 1024 * 1024 });
  const port = pool.port();
  const threads = Array.from({ length: 4 }, (_, index) =>
    guest({ port, program: 'reads', name, seed: seed + index, operations: 5000 }),
  );
  for (const { next } of threads) expect(await next()).toBe('done');
  await until(() => guestsOf(port) === 0);
  await pool.close();
  expect(openTargets()).not.toContain(name);
}, 120_000);

describe('a thread that has joined', () => {
  test('leaves by closing, and the pool goes on', async () => {
    const name = file(pattern(1000));
    const pool = await openPool({ workers: 1 });
    const { worker, next } = guest({ port: pool.port(), program: 'stay', name });
    expect(await next()).toBe('joined');
    expect(guestsOf(pool.port())).toBe(1);
    worker.postMessage('leave');
    expect(await next()).toBe('ERR_RINGPOOL_CLOSED');
    await until(() => guestsOf(pool.port()) === 0);
    const contents = await pool.readFile(name, undefined, { placement: 'workers' });
    expect(contents.length).toBe(1000);
    await pool.close();
  });

  test('is sent away when the pool is closed, and can do no more there', async () => {
    const name = file(pattern(1000));
    const pool = await openPool({ workers: 2 });
    const threads = Array.from({ length: 3 }, () => guest({ port: pool.port(), program: 'stay', name }));
    for (const { next } of threads) expect(await next()).toBe('joined');
    await pool.close();
    for (const { worker, next } of threads) {
      worker.postMessage('go on');
      expect(await next()).toBe('ERR_RINGPOOL_CLOSED');
    }
    expect(openTargets()).not.toContain(name);
  });

  test('finishes what it has in flight first, and the pool says who keeps it from closing', async () => {
    const name = temporaryPipe();
    const pool = await openPool({ workers: 1 });
    const { next } = guest({ port: pool.port(), program: 'pending', name });
    expect(await next()).toBe('pending');
    const closing = expect(pool.close({ timeoutMs: 50 })).rejects.toThrow(/1 other threads have not left/);
    await closing;
    writeSync(openSync(name, O_RDWR), '01234567');
    expect(await next()).toBe(8);
    await pool.close();
  });

  test('hands a lease to another thread, which has it for good, once', async () => {
    const bytes = pattern(1000);
    const pool = await openPool({ workers: 1 });
    const { worker, next } = guest({ port: pool.port(), program: 'share', name: file(bytes) });
    const token = (await next()) as LeaseToken;
    const lease = pool.adopt(token);
    expect(Buffer.compare(lease.bytes, bytes)).toBe(0);
    expect(() => pool.adopt(token)).toThrow(coded('ERR_RINGPOOL_LEASE_RELEASED'));
    for (const bad of [undefined, {}, { ...token, arenaId: 0 }]) {
      expect(() => pool.adopt(bad as LeaseToken)).toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
    }
    worker.postMessage('leave');
    expect(await next()).toBe('done');
    await until(() => guestsOf(pool.port()) === 0);
    // Whoever shared it has gone, and what it left was taken back; this was not its own any more.
    expect(Buffer.compare(lease.bytes, bytes)).toBe(0);
    lease.release();
    await pool.close();
    expect(() => pool.adopt(token)).toThrow(coded('ERR_RINGPOOL_CLOSED'));
  });

  test.each(['leave', 'terminate'])(
    'hands files to another thread, once; what nobody took goes with it (%s)',
    async (end) => {
      const bytes = pattern(1000);
      const name = file(bytes);
      const pool = await openPool({ workers: 1 });
      const { worker, next } = guest({ port: pool.port(), program: 'shareFiles', name });
      const { tokens, ...rest } = (await next()) as { tokens: [FileToken, FileToken] };
      expect(rest).toEqual({ busy: 'ERR_RINGPOOL_FILE_BUSY', after: 'ERR_RINGPOOL_CLOSED' });
      const adopted = pool.adoptFile(tokens[0]);
      expect(() => pool.adoptFile(tokens[0])).toThrow(coded('ERR_RINGPOOL_CLOSED'));
      const other = await openPool({ workers: 1 });
      for (const bad of [undefined, {}, { ...tokens[1], pool: -1 }]) {
        expect(() => pool.adoptFile(bad as FileToken)).toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
      }
      expect(() => other.adoptFile(tokens[1])).toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
      await other.close();
      expect(openTargets().filter((target) => target === name).length).toBe(2);
      if (end === 'leave') worker.postMessage('leave');
      else await worker.terminate();
      await until(() => guestsOf(pool.port()) === 0);
      expect(openTargets().filter((target) => target === name).length).toBe(1);
      expect(() => pool.adoptFile(tokens[1])).toThrow(coded('ERR_RINGPOOL_CLOSED'));
      const target = Buffer.alloc(1000);
      expect(await adopted.read(target, { position: 0, placement: 'workers' })).toBe(1000);
      expect(target.equals(bytes)).toBe(true);
      // Given away and adopted by nobody, it goes with the pool.
      adopted.share();
      await pool.close();
      expect(openTargets()).not.toContain(name);
    },
  );

  test('may die with a read on a worker that never ends: its seat is free again, and the pool closes', async () => {
    const name = temporaryPipe();
    const pool = await openPool({ workers: 1 });
    const { worker, next } = guest({ port: pool.port(), program: 'pending', name });
    expect(await next()).toBe('pending');
    await worker.terminate();
    await until(() => guestsOf(pool.port()) === 0);
    await pool.close();
    expect(openTargets()).not.toContain(name);
  });

  test('finds its workers when it is the first to need them', async () => {
    const name = file(pattern(1000));
    const pool = await openPool({ workers: 1 });
    expect(pool.workers).toEqual([]);
    const { worker, next } = guest({ port: pool.port(), program: 'stay', name });
    expect(await next()).toBe('joined');
    expect(pool.workers.length).toBe(1);
    worker.postMessage('leave');
    await next();
    await pool.close();
  });
});

test('a thread that opened a pool and is ended leaves no file open, and its guests are told', async () => {
  const name = file(pattern(1000));
  const owner = new Worker(new URL('../fixtures/owner.mjs', import.meta.url), { workerData: name });
  onTestFinished(async () => {
    await owner.terminate();
  });
  const port = await new Promise<PoolPort>((resolve) => owner.once('message', resolve));
  const client = await connectPool(port);
  const mine = await client.open(name);
  const lease = client.alloc(1000);
  expect(await mine.read(lease, { position: 0, placement: 'workers' })).toBe(1000);
  expect(openTargets().filter((target) => target === name).length).toBe(3);
  const strangers = driver === 'uring' ? [] : Array.from({ length: 8 }, () => openSync(name, 'r'));
  onTestFinished(() => strangers.forEach((stranger) => void closeSync(stranger)));
  await owner.terminate();
  // On threads all files end with the thread that opened the pool, and its worker's; nobody closes what has their numbers now.
  const left = byDriver({ uring: 1, threads: strangers.length });
  const openNow = (): number => openTargets().filter((target) => target === name).length;
  if (driver !== 'uring') await until(() => openNow() === left);
  expect(openNow()).toBe(left);
  const reused = driver === 'uring' ? [] : Array.from({ length: 8 }, () => openSync(name, 'r'));
  onTestFinished(() => reused.forEach((stranger) => void closeSync(stranger)));
  // What needs no worker goes on; what does is told why not.
  const here = mine.read(lease, { position: 0, placement: 'local' });
  if (driver === 'uring') expect(await here).toBe(1000);
  else await expect(here).rejects.toThrow(coded('ERR_RINGPOOL_WORKER_DIED'));
  await expect(mine.read(lease, { position: 0, placement: { worker: 0 } })).rejects.toThrow(
    coded('ERR_RINGPOOL_WORKER_DIED'),
  );
  await expect(connectPool(port)).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
  await client.close();
  const others = strangers.length + reused.length;
  expect(openTargets().filter((target) => target === name).length).toBe(others);
});

describe('joining', () => {
  test('takes a port of an open pool, and nothing else', async () => {
    const pool = await openPool({ workers: 1 });
    const port = pool.port();
    for (const bad of [undefined, null, 3, {}, { ...port, kind: 'other' }, { ...port, words: 1 }]) {
      await expect(connectPool(bad as PoolPort)).rejects.toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
    }
    await pool.close();
    await expect(connectPool(port)).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
    expect(() => pool.port()).toThrow(coded('ERR_RINGPOOL_CLOSED'));
  });

  test('a pool that closes meanwhile is refused as one that is closed', async () => {
    const pool = await openPool({ workers: 1 });
    const port = pool.port();
    await pool.close();
    const words = new PoolWords(port.words);
    words.setState(POOL_STATE.OPEN); // as it was when the thread looked
    const gone = (): never => {
      words.setState(POOL_STATE.CLOSING);
      throw new RingpoolError('EBADF', 'gone', { op: 'doorbell.attach' });
    };
    const attach =
      driver === 'uring'
        ? vi.spyOn(Doorbell, 'attach').mockImplementation(gone)
        : vi.spyOn(BellTable.prototype, 'attach').mockImplementation(gone);
    onTestFinished(() => attach.mockRestore());
    // From the sources, whose bells of the driver threads these are.
    await expect(connectHere(port)).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
    expect(guestsOf(port)).toBe(0);
  });

  test('is refused when all seats are taken, and possible again when one has left', async () => {
    const pool = await openPool({ workers: 1, depth: 4 });
    const port = pool.port();
    // Nothing keeps one thread from having several seats.
    const clients = await Promise.all(Array.from({ length: CLIENTS_MAX - 1 }, () => connectPool(port)));
    await expect(connectPool(port)).rejects.toThrow(coded('ERR_RINGPOOL_TOO_MANY_CLIENTS'));
    await clients[7]?.close();
    await until(() => guestsOf(port) === CLIENTS_MAX - 2);
    await (await connectPool(port)).close();
    await Promise.all(clients.map((client) => client.close()));
    await pool.close();
  });

  test('and leaving leave nothing behind, over and over', async () => {
    const name = file(pattern(100_000));
    const pool = await openPool({ workers: 2, arenaBytes: 4 * 1024 * 1024 });
    const port = pool.port();
    const before = openTargets().length;
    for (let round = 0; round < 100; round++) {
      const client = await connectPool(port);
      const placement = { worker: round % 2 };
      const opened = await client.open(name, 'r', { placement });
      // Leases that it does not release are taken back: 100 times 1 MiB would not fit otherwise.
      const lease = client.alloc(1024 * 1024);
      expect(await opened.read(lease, { position: 0 })).toBe(100_000);
      const contents = await client.readFile(name, undefined, { placement });
      expect(contents.length).toBe(100_000);
      await client.close();
    }
    await until(() => guestsOf(port) === 0);
    expect(openTargets().filter((target) => target === name)).toEqual([]);
    // Rings, bells and pipes of the two workers came; nothing of the hundred clients is left.
    expect(openTargets().length - before).toBeLessThan(20);
    await pool.close();
  });
});
