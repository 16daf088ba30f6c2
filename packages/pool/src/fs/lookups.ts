// What is asked about a name: what it is, where it leads, what may be done with it. What the kernel remembers is one direct call,
// which waits for no disk; what it does not remember is fetched through the ring first. Results and errors are Node's own.

import fs from 'node:fs';
import type nodeFs from 'node:fs/promises';

import { AT, AT_FDCWD, STATX, STATX_BYTES } from '@ringpool/core';
import { lookUpCached } from '@ringpool/native';

import type { Pool } from '../pool/pool.ts';
import { plainOptions, plainPath } from './arguments.ts';

type NodeFs = typeof nodeFs;
type PoolOf = () => Promise<Pool | undefined>;

const EAGAIN = -11;
const EINVAL = -22;

/** The kernel then remembers what the path leads through, and what is at its end; or that it is not there: a negative errno. */
async function fetch(pool: Pool, path: string, follow: boolean): Promise<number> {
  const bytes = Buffer.from(path);
  const lease = pool.alloc(STATX_BYTES + bytes.length + 1);
  try {
    lease.bytes.set(bytes, STATX_BYTES);
    const { result } = await pool.submit({
      op: 'statx',
      dirfd: AT_FDCWD,
      path: (lease.address + STATX_BYTES) as never,
      mask: STATX.BASIC_STATS,
      statxBuffer: lease.address as never,
      statxFlags: follow ? 0 : AT.SYMLINK_NOFOLLOW,
    });
    return result;
  } finally {
    lease.release();
  }
}

/**
 * Makes a lookup of Node's that waits for no disk: `sync`, where the kernel remembers, or is made to. Otherwise `byNode`, on a
 * thread of libuv's.
 */
async function lookUp<T>(
  poolOf: PoolOf,
  path: unknown,
  follow: boolean,
  sync: () => T,
  byNode: () => Promise<T>,
): Promise<T> {
  const name = plainPath(path);
  const pool = name === undefined ? undefined : await poolOf();
  if (name === undefined || pool === undefined || pool.driver.name !== 'uring') return await byNode();
  let found = lookUpCached(name, follow);
  // Older kernels cannot say.
  if (found === EINVAL) return await byNode();
  if (found === EAGAIN) {
    try {
      const there = await fetch(pool, name, follow);
      found = there < 0 ? there : lookUpCached(name, follow);
    } catch {
      return await byNode();
    }
  }
  // Not even now: a file system that always asks a server.
  return found === EAGAIN ? await byNode() : sync();
}

/** What the promises know and the direct call knows alike. */
function isStatOptions(options: unknown): boolean {
  const plain = typeof options === 'string' ? undefined : plainOptions(options);
  if (plain === undefined || !Object.keys(plain).every((key) => key === 'bigint')) return false;
  return plain['bigint'] === undefined || typeof plain['bigint'] === 'boolean';
}

/** `stat` and `lstat`. */
export function statBy<Name extends 'stat' | 'lstat'>(
  name: Name,
  poolOf: PoolOf,
  node: NodeFs,
): NodeFs[Name] {
  const syncName = name === 'stat' ? 'statSync' : 'lstatSync';
  const stat = (path: string, options?: never): Promise<unknown> =>
    lookUp<unknown>(
      poolOf,
      isStatOptions(options) ? path : undefined,
      name === 'stat',
      () => fs[syncName](path, options),
      () => node[name](path, options),
    );
  return stat as NodeFs[Name];
}

/** `access`. */
export function accessBy(poolOf: PoolOf, node: NodeFs): NodeFs['access'] {
  return (path, mode) =>
    lookUp(
      poolOf,
      path,
      true,
      () => fs.accessSync(path, mode),
      () => node.access(path, mode),
    );
}

/** `readlink`. */
export function readlinkBy(poolOf: PoolOf, node: NodeFs): NodeFs['readlink'] {
  const readlink = (path: string, options?: never): Promise<unknown> =>
    lookUp<unknown>(
      poolOf,
      path,
      false,
      () => fs.readlinkSync(path, options),
      () => node.readlink(path, options),
    );
  return readlink as NodeFs['readlink'];
}
