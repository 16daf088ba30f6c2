// The functions of node:fs/promises over a pool. Each works as Node's on the same arguments; those that are not here are Node's.

import node from 'node:fs/promises';

import type { Pool } from '../pool/pool.ts';
import { accessBy, readlinkBy, statBy } from './lookups.ts';
import { readFileBy, writeFileBy } from './whole-files.ts';

/** The functions of `node:fs/promises`. */
export type FsPromises = typeof node;

/** Whether Node checks what the process may touch (`--permission`): then it does all of it, and nothing goes past it. */
function isRestricted(): boolean {
  return (process as { readonly permission?: unknown }).permission !== undefined;
}

/** Those functions over whatever pool there is when one is called; undefined: none, and Node does it. */
export function fsOver(anyPool: () => Promise<Pool | undefined>): FsPromises {
  const poolOf = async (): Promise<Pool | undefined> => (isRestricted() ? undefined : await anyPool());
  return {
    ...node,
    readFile: readFileBy(poolOf, node),
    writeFile: writeFileBy('writeFile', poolOf, node),
    appendFile: writeFileBy('appendFile', poolOf, node),
    stat: statBy('stat', poolOf, node),
    lstat: statBy('lstat', poolOf, node),
    access: accessBy(poolOf, node),
    readlink: readlinkBy(poolOf, node),
  };
}

/**
 * The functions of `node:fs/promises` over a pool of your own. It stays yours to close; once it has closed, they are Node's.
 *
 * @example
 * ```ts
 * import { openPool } from '@ringpool/pool';
 * import { createFs } from '@ringpool/pool/fs';
 *
 * const pool = await openPool({ workers: 1 });
 * const fs = createFs(pool);
 * console.assert((await fs.stat('package.json')).isFile());
 * await pool.close();
 * ```
 */
export function createFs(pool: Pool): FsPromises {
  return fsOver(async () => (pool.closed ? undefined : pool));
}
