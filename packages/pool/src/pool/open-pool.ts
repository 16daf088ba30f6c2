// Opening a pool, and joining one of another thread.

import { choose, keepsFromUring, without } from '../drivers/choose.ts';
import { Publisher } from './diagnostics.ts';
import { join, launch } from './launch.ts';
import { type PoolOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Pool } from './pool.ts';
import { checkPort, type PoolPort } from './port.ts';

const PROBE_BYTES = 4096;

/**
 * Opens a pool: shared memory, and a ring of the caller's own where there is io_uring. I/O workers start when first needed.
 *
 * Rejects with ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_UNAVAILABLE (driver `'uring'`, and no io_uring here; says why),
 * ERR_RINGPOOL_MEMLOCK (with `registration: 'required'`, or when not even a ring fits for driver `'uring'`),
 * ERR_RINGPOOL_UNSUPPORTED (`registration: 'required'` on another driver), ERR_RINGPOOL_ARENA_CAP, ERR_RINGPOOL_TOO_MANY_FILES.
 *
 * @example
 * ```ts
 * import { openPool } from '@ringpool/pool';
 *
 * const pool = await openPool({ workers: 1, arenaBytes: 16 * 1024 * 1024 });
 * using contents = await pool.readFile('package.json');
 * console.assert(contents.bytes[0] === '{'.charCodeAt(0));
 * await pool.close();
 * ```
 */
export async function openPool(options: PoolOptions = {}): Promise<Pool> {
  const resolved = resolveOptions(options);
  const pool = open(resolved);
  new Publisher().publishSoon('driver', pool.driver);
  if (resolved.registration !== 'required') return pool;
  try {
    pool.allocUnsafe(PROBE_BYTES).release();
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** A pool on the driver that was wished for, or that works here. */
function open(options: ResolvedOptions): Pool {
  const choice = choose(options.driver);
  try {
    return new Pool((onChange) => launch(options, choice, onChange));
  } catch (error) {
    const { name, wanted } = choice.info;
    // A small ring works, and those of a pool do not fit into the locked memory that is left.
    if (name !== 'uring' || wanted !== 'auto' || !keepsFromUring(error)) throw error;
    if (options.registration === 'required') throw error;
    return new Pool((onChange) => launch(options, without(error), onChange));
  }
}

/**
 * Joins a pool of another thread, by its `pool.port()`: the same arena and workers, and a ring of this thread's own.
 * Closing what this returns leaves the pool; it is closed with the pool itself, too.
 *
 * Rejects with ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_TOO_MANY_CLIENTS (64 threads),
 * ERR_RINGPOOL_MEMLOCK, ERR_RINGPOOL_TOO_MANY_FILES.
 *
 * @example
 * ```ts
 * import { once } from 'node:events';
 * import { isMainThread, Worker, workerData } from 'node:worker_threads';
 * import { connectPool, openPool } from '@ringpool/pool';
 *
 * if (isMainThread) {
 *   const pool = await openPool();
 *   await once(new Worker(new URL(import.meta.url), { workerData: pool.port() }), 'exit');
 *   await pool.close();
 * } else {
 *   const pool = await connectPool(workerData);
 *   const contents = await pool.readFile('package.json');
 *   console.assert(contents.bytes[0] === '{'.charCodeAt(0));
 *   await pool.close();
 * }
 * ```
 */
export async function connectPool(port: PoolPort): Promise<Pool> {
  checkPort(port);
  return new Pool((onChange) => join(port, onChange));
}
