// Operations and chains that a pool is not to run: each is refused by a code before anything has begun.
import fs from 'node:fs';
import { ALLOCATE_SLOT, AT_FDCWD, fd, fixedFile, IOSQE, type Operation } from '@ringpool/core';
import { openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { byDriver, lacks } from '../features.ts';

const { O_RDONLY } = fs.constants;
/** How a misused operation is refused that only io_uring has. */
const MISUSED = byDriver({ uring: 'ERR_RINGPOOL_INVALID_ARGUMENT', threads: 'ERR_RINGPOOL_UNSUPPORTED' });

let pool: Pool;
beforeAll(async () => {
  pool = await openPool({ workers: 1, depth: 64 });
});
afterAll(() => pool.close());

describe('misuse', () => {
  const nop = { op: 'nop' } as const;
  const refusals: readonly (readonly [string, () => unknown, string])[] = [
    ['no operation', () => undefined, 'ERR_RINGPOOL_INVALID_ARGUMENT'],
    ['an operation that does not exist', () => ({ op: 'nonsense' }), 'ERR_RINGPOOL_INVALID_ARGUMENT'],
    ['an empty chain', () => [], 'ERR_RINGPOOL_INVALID_ARGUMENT'],
    ['a chain longer than a lane', () => new Array(33).fill(nop), 'ERR_RINGPOOL_INVALID_ARGUMENT'],
    [
      'a last operation that is linked',
      () => [nop, { ...nop, flags: IOSQE.IO_LINK }],
      'ERR_RINGPOOL_INVALID_ARGUMENT',
    ],
    ['a userData', () => ({ ...nop, userData: 7 }), 'ERR_RINGPOOL_INVALID_ARGUMENT'],
    ['CQE_SKIP_SUCCESS', () => ({ ...nop, flags: IOSQE.CQE_SKIP_SUCCESS }), 'ERR_RINGPOOL_INVALID_ARGUMENT'],
    ['a buffer group', () => ({ op: 'recv', fd: fd(0), bufferGroup: 1, length: 1 }), MISUSED],
    ['a multishot', () => ({ op: 'accept', fd: fd(0), ioprio: 1 }), MISUSED],
    [
      'a multishot timeout',
      () => ({ op: 'timeout', timespec: 0, timeoutFlags: 64 }),
      'ERR_RINGPOOL_INVALID_ARGUMENT',
    ],
    [
      'a linkTimeout without an operation',
      () => ({ op: 'linkTimeout', timespec: 0 }),
      'ERR_RINGPOOL_INVALID_ARGUMENT',
    ],
    [
      'a zero-copy send that drains',
      () => [
        { ...nop, flags: IOSQE.IO_DRAIN },
        { op: 'sendZc', fd: fd(0), buffer: 0, length: 0 },
      ],
      MISUSED,
    ],
    ['a slot of the ring', () => ({ op: 'fsync', fd: fixedFile(8) }), 'ERR_RINGPOOL_INVALID_ARGUMENT'],
    [
      'a slot of the kernel’s choice',
      () => ({ op: 'socket', domain: 1, type: 1, protocol: 0, directSlot: ALLOCATE_SLOT }),
      MISUSED,
    ],
    [
      'a slot of the kernel’s choice for a file',
      () => ({ op: 'openat', dirfd: AT_FDCWD, path: 0, openFlags: O_RDONLY, directSlot: ALLOCATE_SLOT }),
      'ERR_RINGPOOL_INVALID_ARGUMENT',
    ],
    [
      'memory outside the arena',
      () => ({ op: 'read', fd: fd(0), buffer: 4096, length: 10, offset: 0 }),
      'ERR_RINGPOOL_INVALID_ARGUMENT',
    ],
  ];

  test.each(refusals)('%s is refused, and nothing has begun', async (_, operation, code) => {
    await expect(pool.submit(operation() as Operation)).rejects.toMatchObject({ code });
    expect(pool.metrics().arena.operationsInFlight).toBe(0);
  });

  test('memory of a lease that was released, or beyond its end', async () => {
    const lease = pool.alloc(4096);
    const { address } = lease;
    const read = (buffer: number, length: number): unknown =>
      pool.submit({ op: 'read', fd: fd(0), buffer, length, offset: 0 } as Operation);
    const refused = { code: 'ERR_RINGPOOL_INVALID_ARGUMENT' };
    await expect(read(address, 4097)).rejects.toMatchObject(refused);
    lease.release();
    await expect(read(address, 4096)).rejects.toMatchObject(refused);
  });

  test('vectors that lead out of the pool’s memory', async () => {
    const lease = pool.alloc(4096);
    new DataView(lease.bytes.buffer, lease.offset, 16).setBigUint64(0, 0x1000n, true);
    new DataView(lease.bytes.buffer, lease.offset, 16).setBigUint64(8, 16n, true);
    const readv = { op: 'readv', fd: fd(0), iovecs: lease.address, count: 1, offset: 0 } as const;
    await expect(pool.submit(readv)).rejects.toMatchObject({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });
    expect(lease.inFlight).toBe(0);
    lease.release();
  });

  test.skipIf(lacks('waiting'))('more futexes than the kernel takes, before any is looked at', async () => {
    const lease = pool.alloc(24 * 129);
    const wait = { op: 'futexWaitv', waiters: lease.address, count: 129 } as const;
    await expect(pool.submit(wait)).rejects.toMatchObject({
      code: 'ERR_RINGPOOL_INVALID_ARGUMENT',
      message: expect.stringContaining('129 futexes') as string,
    });
    lease.release();
  });

  test('a path without its closing zero byte', async () => {
    const lease = pool.allocUnsafe(4096);
    lease.bytes.fill(0x61);
    const unlink = { op: 'unlinkat', dirfd: AT_FDCWD, path: lease.address } as const;
    await expect(pool.submit(unlink)).rejects.toMatchObject({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });
    lease.release();
  });

  test('closing the descriptor of a file, here or of another thread', async () => {
    const file = await pool.open(process.execPath);
    const close = { op: 'close', fd: fd(file.fd) } as const;
    await expect(pool.submit(close)).rejects.toMatchObject({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });
    const other = await openPool({ workers: 1 });
    await expect(other.submit(close)).rejects.toMatchObject({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });
    const sync = { op: 'fsync', fd: fd(file.fd) } as const;
    await expect(other.submit(sync)).rejects.toMatchObject({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });
    expect((await pool.submit(sync)).result).toBe(0);
    await other.close();
    await file.close();
  });

  test('a pool that is closed', async () => {
    const closed = await openPool({ workers: 1 });
    await closed.close();
    await expect(closed.submit(nop)).rejects.toMatchObject({ code: 'ERR_RINGPOOL_CLOSED' });
  });
});
