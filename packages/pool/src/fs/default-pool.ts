// The pool behind `@ringpool/pool/fs`, where nobody gave one: it is opened when it is first needed. The first thread's is joined
// by the worker threads that are started after that. Each thread has its own variables here.

import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

import { connectPool, openPool } from '../pool/open-pool.ts';
import type { Pool } from '../pool/pool.ts';
import type { PoolPort } from '../pool/port.ts';

/** Where threads find the first one's pool. */
const KEY = 'ringpool:fs';

let pool: Promise<Pool | undefined> | undefined;

/**
 * Has the functions of `@ringpool/pool/fs` work on this pool in this thread, from now on; undefined: on one of their own. The
 * pool stays its opener's to close; once it has closed, the functions are Node's.
 *
 * @example
 * ```ts
 * import { openPool } from '@ringpool/pool';
 * import { readFile, setDefaultPool } from '@ringpool/pool/fs';
 *
 * const pool = await openPool({ workers: 1 });
 * setDefaultPool(pool);
 * console.assert((await readFile('package.json', 'utf8')).startsWith('{'));
 * setDefaultPool(undefined);
 * await pool.close();
 * ```
 */
export function setDefaultPool(wanted: Pool | undefined): void {
  pool = wanted === undefined ? undefined : Promise.resolve(wanted);
}

/** The pool to use; undefined where none can be had: then Node does everything. */
export async function defaultPool(): Promise<Pool | undefined> {
  pool ??= anyPool().catch(() => undefined);
  const found = await pool;
  return found?.closed === true ? undefined : found;
}

async function anyPool(): Promise<Pool> {
  const port = isMainThread ? undefined : (getEnvironmentData(KEY) as PoolPort | undefined);
  if (port !== undefined) {
    try {
      return await connectPool(port);
    } catch {
      // It has closed since, or has no seat left: then one of our own.
    }
  }
  const opened = await openPool();
  if (isMainThread) setEnvironmentData(KEY, opened.port() as never);
  return opened;
}
