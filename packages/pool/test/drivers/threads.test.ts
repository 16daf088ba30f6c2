// A pool on the driver threads: what it refuses and how, where everything runs, what drains, how files close.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AT,
  AT_FDCWD,
  fd,
  IOSQE,
  type Operation,
  opcodeNames,
  RWF,
  STATX,
  softOpcodes,
} from '@ringpool/core';
import { type MultishotOperation, openPool, type Placement, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { text } from '../operation/support.ts';
import { openTargets, pattern, runFixture, temporaryFolder, temporaryPipe, until } from '../support.ts';

const { O_CREAT, O_RDONLY, O_RDWR } = fs.constants;
const UNSUPPORTED = {
  code: 'ERR_RINGPOOL_UNSUPPORTED',
  message: expect.stringContaining("'threads'") as string,
  hint: expect.stringMatching(/./) as string,
};

let pool: Pool;
beforeAll(async () => {
  pool = await openPool({ driver: 'threads', workers: 2 });
});
afterAll(() => pool.close());

const submitted = (): number => pool.metrics().lanes.reduce((sum, lane) => sum + lane.submitted, 0);

function somefile(bytes = pattern(1000)): string {
  const name = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(name, bytes);
  return name;
}

function openPipe(): number {
  const end = fs.openSync(temporaryPipe(), O_RDWR);
  onTestFinished(() => fs.closeSync(end));
  return end;
}

describe('what it does not have', () => {
  const missing = opcodeNames.filter((op) => !softOpcodes.includes(op));

  test('is most of the opcode table', () => {
    expect(missing.length).toBeGreaterThan(30);
  });

  test.each(missing)(
    'operation %s rejects with the name of the driver, and nothing has begun',
    async (op) => {
      const before = submitted();
      await expect(pool.submit({ op } as unknown as Operation)).rejects.toMatchObject(UNSUPPORTED);
      await expect(pool.submit([{ op: 'nop' }, { op } as unknown as Operation])).rejects.toMatchObject(
        UNSUPPORTED,
      );
      expect(pool.metrics().arena.operationsInFlight).toBe(0);
      expect(submitted()).toBe(before);
    },
  );

  test.each<MultishotOperation>([
    { op: 'accept', fd: fd(0) },
    { op: 'pollAdd', fd: fd(0), events: 1 },
    { op: 'readMultishot', fd: fd(0), offset: -1 },
  ])('multishot $op throws it', (operation) => {
    const before = pool.metrics().arena;
    expect(() => pool.multishot(operation)).toThrow(expect.objectContaining(UNSUPPORTED));
    expect(pool.metrics().arena).toMatchObject({ leasesLive: before.leasesLive, operationsInFlight: 0 });
  });

  test('a multishot timeout throws it', () => {
    const timespec = pool.alloc(16);
    expect(() => pool.multishot({ op: 'timeout', timespec: timespec.address })).toThrow(
      expect.objectContaining(UNSUPPORTED),
    );
    expect(timespec.inFlight).toBe(0);
    timespec.release();
  });

  test('registration that is required rejects with it', async () => {
    const opening = openPool({ driver: 'threads', registration: 'required' });
    await expect(opening).rejects.toMatchObject(UNSUPPORTED);
  });

  test('flags of a write other than DSYNC and SYNC are its completion’s error, and nothing was written', async () => {
    const name = somefile(Buffer.alloc(0));
    await using file = await pool.open(name, O_RDWR);
    const lease = pool.alloc(8);
    const write = { op: 'write', fd: fd(file.fd), buffer: lease.address, length: 8, offset: 0 } as const;
    const { DSYNC, SYNC, ...others } = RWF;
    for (const rwFlags of Object.values(others)) {
      const { result, error } = await pool.submit({ ...write, rwFlags });
      expect(result).toBe(-95);
      expect(error).toMatchObject(UNSUPPORTED);
    }
    expect(fs.statSync(name).size).toBe(0);
    for (const rwFlags of [DSYNC, SYNC]) expect((await pool.submit({ ...write, rwFlags })).result).toBe(8);
    expect(lease.inFlight).toBe(0);
    lease.release();
  });

  test('paths from a directory’s descriptor, flags of renameat and of linkat', async () => {
    const folder = temporaryFolder();
    const directory = fs.openSync(folder, O_RDONLY);
    onTestFinished(() => fs.closeSync(directory));
    fs.writeFileSync(path.join(folder, 'file'), 'x');
    const [name, from, to] = [
      text(pool, 'file'),
      text(pool, path.join(folder, 'file')),
      text(pool, path.join(folder, 'other')),
    ];
    const statx = pool.alloc(256);
    const dirfd = fd(directory);
    const two = { oldDirfd: AT_FDCWD, newDirfd: AT_FDCWD, oldPath: from.address, newPath: to.address };
    const [NOREPLACE, EXCHANGE] = [1, 2];
    const operations: readonly Operation[] = [
      { op: 'openat', dirfd, path: name.address, openFlags: O_RDONLY },
      { op: 'statx', dirfd, path: name.address, mask: STATX.SIZE, statxBuffer: statx.address },
      { op: 'unlinkat', dirfd, path: name.address },
      { op: 'mkdirat', dirfd, path: name.address, mode: 0o755 },
      { op: 'symlinkat', target: to.address, newDirfd: dirfd, linkPath: name.address },
      { op: 'linkat', ...two, oldDirfd: dirfd, oldPath: name.address },
      { op: 'renameat', ...two, newDirfd: dirfd, newPath: name.address },
      { op: 'renameat', ...two, renameFlags: NOREPLACE },
      { op: 'renameat', ...two, renameFlags: EXCHANGE },
      { op: 'linkat', ...two, hardlinkFlags: AT.SYMLINK_FOLLOW },
    ];
    for (const operation of operations) {
      const { error } = await pool.submit(operation);
      expect(error, operation.op).toMatchObject(UNSUPPORTED);
    }
    expect(fs.readdirSync(folder)).toEqual(['file']);
    for (const lease of [name, from, to, statx]) lease.release();
  });
});

test('every placement runs on a worker, and a thread has no ring of its own', async () => {
  await using own = await openPool({ driver: 'threads', workers: 1 });
  expect(own.ring).toBeUndefined();
  const name = somefile();
  for (const placement of ['auto', 'local', 'workers', { worker: 0 }] as Placement[]) {
    await using file = await own.open(name, 'r', { placement });
    expect(await file.read(Buffer.alloc(1000), { position: 0 })).toBe(1000);
  }
  const { lanes, registeredBytes } = own.metrics();
  expect(lanes.map(({ worker }) => worker)).toEqual([0]);
  expect(registeredBytes).toBe(0);
});

describe('what drains', () => {
  test('waits for everything of its thread on several workers, and lets what comes later wait', async () => {
    const [first, second] = [openPipe(), openPipe()];
    const into = pool.alloc(64);
    const read = (end: number): Operation => ({
      op: 'read',
      fd: fd(end),
      buffer: into.address,
      length: 1,
      offset: -1,
    });
    const order: string[] = [];
    const told = (what: string) => () => order.push(what);
    const reads = [
      pool.submit(read(first), { placement: { worker: 0 } }).then(told('read')),
      pool.submit(read(second), { placement: { worker: 1 } }).then(told('read')),
    ];
    const drained = pool.submit({ op: 'nop', flags: IOSQE.IO_DRAIN }).then(told('drained'));
    const later = pool.submit({ op: 'nop' }).then(told('later'));
    await sleep(30);
    expect(order).toEqual([]);
    fs.writeSync(first, 'x');
    await until(() => order.length === 1);
    await sleep(30);
    expect(order).toEqual(['read']);
    fs.writeSync(second, 'x');
    await Promise.all([...reads, drained, later]);
    expect(order).toEqual(['read', 'read', 'drained', 'later']);
    into.release();
  });

  test('and never ends has files close all the same', async () => {
    const end = openPipe();
    const into = pool.alloc(1);
    const file = await pool.open(somefile());
    const controller = new AbortController();
    const read = { op: 'read', fd: fd(end), buffer: into.address, length: 1, offset: -1 } as const;
    const draining = pool.submit({ ...read, flags: IOSQE.IO_DRAIN }, { signal: controller.signal });
    const later = pool.submit({ op: 'nop' });
    await sleep(20);
    await file.close();
    controller.abort();
    await expect(draining).rejects.toMatchObject({ code: 'ABORT_ERR' });
    expect((await later).result).toBe(0);
    await until(() => into.inFlight === 0);
    into.release();
  });
});

test('files close however many operations wait for room', async () => {
  await using full = await openPool({ driver: 'threads', workers: 1, depth: 4, waitingMax: 0 });
  const name = somefile();
  const files = [await full.open(name), await full.open(name), await full.open(name)] as const;
  const end = openPipe();
  const into = full.alloc(8);
  const controller = new AbortController();
  const { signal } = controller;
  const read = { op: 'read', fd: fd(end), buffer: into.address, length: 1, offset: -1 } as const;
  const reads = Promise.allSettled([1, 2, 3].map(() => full.submit(read, { signal })));
  full.flush();
  await expect(full.submit(read)).rejects.toMatchObject({ code: 'ERR_RINGPOOL_QUEUE_FULL' });
  await Promise.all(files.map((file) => file.close()));
  expect(openTargets()).not.toContain(name);
  controller.abort();
  await reads;
  await until(() => into.inFlight === 0);
});

test('a descriptor that is a file of one pool is nobody’s to close or to use in another one', async () => {
  await using other = await openPool({ driver: 'threads', workers: 1 });
  const name = somefile();
  const file = await pool.open(name, O_RDWR | O_CREAT);
  const refused = { code: 'ERR_RINGPOOL_INVALID_ARGUMENT' };
  await expect(other.submit({ op: 'close', fd: fd(file.fd) })).rejects.toMatchObject(refused);
  await expect(other.submit({ op: 'fsync', fd: fd(file.fd) })).rejects.toMatchObject(refused);
  expect(await file.read(Buffer.alloc(1000), { position: 0 })).toBe(1000);
  await file.close();
  expect(openTargets()).not.toContain(name);
});

test('threads join and leave, one is ended and so is a worker: nothing stays open, and Node warns of nothing', async () => {
  const { code, stdout, stderr } = await runFixture('warnings.mjs', somefile());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ warnings: [], held: 18, own: 6, left: 0 });
});
