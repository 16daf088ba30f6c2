// Chains: linked operations stay on one ring, files of a chain are the chain's, and whatever a chain uses is held until its
// last completion.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AT_FDCWD, fd, fixedFile, IOSQE, type Operation } from '@ringpool/core';
import { type Lease, openPool, type Placement, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { driver, lacks } from '../features.ts';
import { openTargets, pattern, runFixture, temporaryFolder, temporaryPipe, until } from '../support.ts';
import { text, timespec } from './support.ts';

const { O_RDONLY, O_RDWR, O_NONBLOCK } = fs.constants;
const ECANCELED = -125;
const PLACEMENTS: readonly Placement[] = ['local', 'workers'];

let pool: Pool;
beforeAll(async () => {
  pool = await openPool({ workers: 1, depth: 64 });
});
afterAll(() => pool.close());

/** Nobody has the file open any more; where closing is an operation of its own, a moment later. */
async function expectClosed(name: string): Promise<void> {
  if (driver !== 'uring') await until(() => !openTargets().includes(name));
  expect(openTargets()).not.toContain(name);
}

/** Reads a file as a chain: opened into a file of the chain, read, closed. */
function readChain(where: Lease, into: Lease): readonly [Operation, Operation, Operation] {
  const file = fixedFile(0);
  const { address: buffer, length } = into;
  return [
    { op: 'openat', dirfd: AT_FDCWD, path: where.address, openFlags: O_RDONLY, directSlot: file },
    { op: 'read', fd: file, buffer, length, offset: 0, flags: IOSQE.IO_HARDLINK },
    { op: 'close', fd: file },
  ];
}

describe.each(PLACEMENTS)('a chain on %s', (placement) => {
  test('opens, reads and closes a file of its own, far more often than there are slots', async () => {
    const name = path.join(temporaryFolder(), 'file');
    fs.writeFileSync(name, pattern(1000));
    const where = text(pool, name);
    const rounds = Array.from({ length: 500 }, async () => {
      const into = pool.alloc(4096);
      const done = await pool.submit(readChain(where, into), { placement });
      expect(done.map(({ op, result }) => [op, result])).toEqual([
        ['openat', 0],
        ['read', 1000],
        ['close', 0],
      ]);
      expect(Buffer.from(into.bytes.subarray(0, 1000)).equals(pattern(1000))).toBe(true);
      into.release();
    });
    await Promise.all(rounds);
    where.release();
  });

  test('gives its files back when it does not close them itself', async () => {
    const pipe = temporaryPipe();
    const where = text(pool, pipe);
    for (let round = 0; round < 200; round++) {
      const openFlags = O_RDWR;
      const opened = await pool.submit(
        [{ op: 'openat', dirfd: AT_FDCWD, path: where.address, openFlags, directSlot: fixedFile(3) }],
        { placement },
      );
      expect(opened[0]?.result).toBe(0);
    }
    // No slot holds the pipe any more: nobody can open it for writing without a reader.
    await until(() => {
      try {
        fs.closeSync(fs.openSync(pipe, fs.constants.O_WRONLY | O_NONBLOCK));
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENXIO';
      }
    });
    where.release();
  });

  test('breaks where an operation fails, unless it is linked hard', async () => {
    const [where, into] = [text(pool, '/no such file'), pool.alloc(64)];
    const results = (await pool.submit(readChain(where, into), { placement })).map(({ result }) => result);
    expect(results).toEqual([-2, ECANCELED, ECANCELED]);
    const [open, read, close] = readChain(where, into);
    const hard = [{ ...open, flags: IOSQE.IO_HARDLINK }, read, { op: 'nop' }, close] as readonly Operation[];
    const through = (await pool.submit(hard, { placement })).map(({ result }) => result);
    expect(through.slice(0, 3)).toEqual([-2, -9, 0]);
    where.release();
    into.release();
  });

  test('has its time limits: of one operation, and inside', async () => {
    const end = fs.openSync(temporaryPipe(), O_RDWR);
    onTestFinished(() => fs.closeSync(end));
    const [into, limit] = [pool.alloc(64), timespec(pool, 5)];
    const read = { op: 'read', fd: fd(end), buffer: into.address, length: 64, offset: -1 } as const;
    const late = await pool.submit(read, { timeoutMs: 5, placement });
    expect(late).toMatchObject({ result: ECANCELED, timedOut: true });
    const [slow, , after] = await pool.submit(
      [read, { op: 'linkTimeout', timespec: limit.address }, { op: 'nop' }],
      { placement },
    );
    expect([slow?.result, after?.result]).toEqual([ECANCELED, ECANCELED]);
    fs.writeSync(end, 'there');
    expect(await pool.submit(read, { timeoutMs: 10_000, placement })).toMatchObject({
      result: 5,
      timedOut: false,
    });
    expect(into.inFlight + limit.inFlight).toBe(0);
    into.release();
    limit.release();
  });

  test('that is aborted rejects at once; what waits is given up, and its memory comes back then', async () => {
    const end = fs.openSync(temporaryPipe(), O_RDWR);
    onTestFinished(() => fs.closeSync(end));
    const into = pool.alloc(64);
    const read = { op: 'read', fd: fd(end), buffer: into.address, length: 64, offset: -1 } as const;
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [
      pool.submit(read, { signal, placement }),
      pool.submit([read, { op: 'nop' }, { op: 'nop' }], { signal, placement }),
    ];
    await sleep(20);
    controller.abort(new Error('enough'));
    for (const one of waiting)
      await expect(one).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    await until(() => into.inFlight === 0);
    fs.writeSync(end, 'nobody reads this');
    await sleep(20);
    expect(into.bytes.every((byte) => byte === 0)).toBe(true);
    into.release();
    await expect(pool.submit(read, { signal, placement })).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });

  test('keeps the memory that is released under it until its last completion', async () => {
    const end = fs.openSync(temporaryPipe(), O_RDWR);
    onTestFinished(() => fs.closeSync(end));
    const into = pool.alloc(64 * 1024);
    const { bytes } = into;
    const read = { op: 'read', fd: fd(end), buffer: into.address, length: 64, offset: -1 } as const;
    const reading = pool.submit([read, { op: 'nop' }], { placement });
    await sleep(10);
    into.release();
    const others = Array.from({ length: 50 }, () => pool.allocUnsafe(64 * 1024));
    // None of them is the one that the kernel is about to write to.
    expect(others.some(({ offset }) => offset === bytes.byteOffset)).toBe(false);
    for (const other of others) other.release();
    fs.writeSync(end, 'late');
    expect((await reading)[0]?.result).toBe(4);
    expect(pool.metrics().arena).toMatchObject({ leasesReleasedInFlight: 0, operationsInFlight: 0 });
  });

  test('keeps its file open until it is over', async () => {
    const name = temporaryPipe();
    const file = await pool.open(name, O_RDWR);
    const into = pool.alloc(64);
    const read = { op: 'read', fd: fd(file.fd), buffer: into.address, length: 64, offset: -1 } as const;
    const reading = pool.submit(read, { placement });
    let closed = false;
    const closing = file.close().then(() => {
      closed = true;
    });
    await sleep(20);
    expect(closed).toBe(false);
    await expect(pool.submit(read, { placement })).rejects.toMatchObject({ code: 'ERR_RINGPOOL_CLOSED' });
    const other = fs.openSync(name, O_RDWR);
    fs.writeSync(other, 'x');
    fs.closeSync(other);
    expect((await reading).result).toBe(1);
    await closing;
    into.release();
  });
});

test('what an aborted operation opened all the same is closed', async () => {
  const name = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(name, 'x');
  const where = text(pool, name);
  const controller = new AbortController();
  const { signal } = controller;
  const open = { op: 'openat', dirfd: AT_FDCWD, path: where.address, openFlags: O_RDONLY } as const;
  const opening = pool.submit(open, { signal, placement: 'local' });
  pool.flush();
  controller.abort();
  await expect(opening).rejects.toMatchObject({ code: 'ABORT_ERR' });
  await until(() => where.inFlight === 0);
  await expectClosed(name);
  where.release();
});

test('what the first operation of a chain opened is closed when a later one is aborted', async () => {
  const end = fs.openSync(temporaryPipe(), O_RDWR);
  onTestFinished(() => fs.closeSync(end));
  const name = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(name, 'x');
  const [where, into] = [text(pool, name), pool.alloc(1)];
  const controller = new AbortController();
  const chain: readonly Operation[] = [
    { op: 'openat', dirfd: AT_FDCWD, path: where.address, openFlags: O_RDONLY },
    { op: 'read', fd: fd(end), buffer: into.address, length: 1, offset: -1 },
  ];
  const opening = pool.submit(chain, { signal: controller.signal, placement: 'local' });
  await until(() => openTargets().includes(name));
  await sleep(5);
  controller.abort();
  await expect(opening).rejects.toMatchObject({ code: 'ABORT_ERR' });
  await until(() => into.inFlight === 0);
  await expectClosed(name);
  where.release();
  into.release();
});

test('what drains waits for everything before it, on the thread’s own ring', async () => {
  const end = fs.openSync(temporaryPipe(), O_RDWR);
  onTestFinished(() => fs.closeSync(end));
  const into = pool.alloc(64);
  const read = { op: 'read', fd: fd(end), buffer: into.address, length: 64, offset: -1 } as const;
  const order: string[] = [];
  const reading = pool.submit(read, { placement: 'local' }).then(() => order.push('read'));
  const drained = pool.submit({ op: 'nop', flags: IOSQE.IO_DRAIN }).then(() => order.push('drained'));
  await sleep(20);
  expect(order).toEqual([]);
  fs.writeSync(end, 'x');
  await Promise.all([reading, drained]);
  expect(order).toEqual(['read', 'drained']);
  await expect(
    pool.submit({ op: 'nop', flags: IOSQE.IO_DRAIN }, { placement: 'workers' }),
  ).rejects.toMatchObject({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });
  into.release();
});

test('a worker that dies rejects its chains, and what they used comes back', async () => {
  const { code, stdout, stderr } = await runFixture('chain-death.mjs', temporaryPipe());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({
    codes: ['ERR_RINGPOOL_WORKER_DIED', 'ERR_RINGPOOL_WORKER_DIED'],
    stillOpen: 0,
    inFlight: 0,
    settled: 300,
    again: [0, 1, 0],
  });
});

describe('a thread that has as many operations waiting as it may', () => {
  test('is refused one more, and all others complete', async () => {
    const small = await openPool({ workers: 1, depth: 4, waitingMax: 10 });
    const end = fs.openSync(temporaryPipe(), O_RDWR);
    onTestFinished(() => fs.closeSync(end));
    const into = small.alloc(100);
    const read = { op: 'read', fd: fd(end), buffer: into.address, length: 1, offset: -1 } as const;
    const all = Array.from({ length: 20 }, () => small.submit(read, { placement: 'local' }));
    const refused = all.slice(13);
    for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'ERR_RINGPOOL_QUEUE_FULL' });
    fs.writeSync(end, 'x'.repeat(13));
    for (const one of all.slice(0, 13)) expect((await one).result).toBe(1);
    expect(into.inFlight).toBe(0);
    await small.close();
  });

  test('gets EAGAIN for entries of a batch', async () => {
    const small = await openPool({ workers: 1, depth: 4, waitingMax: 0 });
    const file = await small.open(process.execPath);
    const lease = small.alloc(4096 * 8);
    const offsets = Uint32Array.from({ length: 8 }, (_, index) => index * 4096);
    const columns = { file, lease, offsets, positions: offsets, lengths: 4096 };
    const results = await small.batch(columns, { placement: 'local' });
    expect([...results].filter((result) => result === 4096).length).toBeGreaterThan(0);
    expect([...results].every((result) => result === 4096 || result === -11)).toBe(true);
    await small.close();
  });
});

test.skipIf(lacks('sockets'))(
  'zero-copy sends that a broken link keeps from beginning end once each, and are counted once',
  async () => {
    const mine = await openPool({ workers: 1 });
    const into = mine.alloc(64);
    const { address: buffer } = into;
    const chain: readonly Operation[] = [
      { op: 'fsync', fd: fd(0x3fff_ffff) },
      { op: 'sendZc', fd: fd(0), buffer, length: 1 },
    ];
    for (let round = 0; round < 5; round++) {
      const all = await Promise.all(Array.from({ length: 200 }, () => mine.submit(chain)));
      for (const [first, second] of all) expect([first?.result, second?.result]).toEqual([-9, ECANCELED]);
    }
    expect(into.inFlight).toBe(0);
    await sleep(20); // notifications come late
    const [counted] = mine.metrics().lanes;
    expect(counted).toMatchObject({ ring: 'multishot', submitted: 2000, completed: 2000, inFlight: 0 });
    await mine.close();
  },
);
