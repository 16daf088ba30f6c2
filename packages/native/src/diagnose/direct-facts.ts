// Asks a file about O_DIRECT: opens it, reads nothing, and has a ring ask for the alignment (STATX_DIOALIGN, Linux 6.1).
// The file's descriptor is closed again before this returns.

import { closeSync, constants, fstatSync, openSync, type Stats, statfsSync, statSync } from 'node:fs';
import path from 'node:path';

import { AT, address, encode, fd, STATX } from '@ringpool/core';

import { addressOf } from '../addon.ts';
import { Ring } from '../ring.ts';
import type { DirectFacts } from './facts.ts';
import { knownError } from './known-error.ts';
import { closeQuietly, execute } from './trial.ts';

/** File systems that live in memory take O_DIRECT from Linux 6.6 on, and do what they did without: statfs(2). */
const TMPFS_MAGIC = 0x0102_1994;
const STATX_BYTES = 256;
/** Where `struct statx` has what was filled in, and the two alignments. */
const STATX_FIELD = { mask: 0, memoryAlignment: 152, offsetAlignment: 156 } as const;

/** What a file says to O_DIRECT. Throws nothing. */
export function probeDirect(file: string, hasRing: boolean): DirectFacts {
  const at = { path: path.resolve(file) };
  // Undefined where the platform has none, whatever its type says.
  const direct = constants.O_DIRECT as number | undefined;
  if (direct === undefined) return { ...at, outcome: 'refused' };
  let descriptor: number;
  try {
    // A pipe or a terminal would wait for its other end, or act on being opened.
    const kind = kindOf(statSync(at.path));
    if (kind !== undefined) return { ...at, outcome: 'not a file', kind };
    descriptor = openSync(at.path, constants.O_RDONLY | direct | constants.O_NONBLOCK);
  } catch (error) {
    const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException;
    if (code === 'EINVAL') return { ...at, outcome: 'refused' };
    return { ...at, outcome: 'not opened', code, reason: message };
  }
  try {
    const kind = kindOf(fstatSync(descriptor));
    if (kind !== undefined) return { ...at, outcome: 'not a file', kind };
    if (statfsSync(at.path).type === TMPFS_MAGIC) return { ...at, outcome: 'in memory' };
    if (!hasRing) return { ...at, outcome: 'untold', why: 'there is no ring to ask by' };
    return { ...at, ...alignmentOf(descriptor) };
  } catch (error) {
    return { ...at, outcome: 'untold', why: knownError(error).message };
  } finally {
    closeSync(descriptor);
  }
}

/** What it is when it is neither a regular file nor a block device. */
function kindOf(stats: Stats): string | undefined {
  if (stats.isFile() || stats.isBlockDevice()) return undefined;
  if (stats.isDirectory()) return 'a directory';
  return stats.isFIFO() ? 'a pipe' : stats.isSocket() ? 'a socket' : 'a character device';
}

type Alignment =
  | { readonly outcome: 'aligned'; readonly memoryBytes: number; readonly offsetBytes: number }
  | { readonly outcome: 'untold'; readonly why: string }
  | { readonly outcome: 'refused' };

function alignmentOf(descriptor: number): Alignment {
  const ring = Ring.open({ entries: 4 });
  try {
    // The structure, then a zero byte: an empty path stands for the descriptor itself.
    const bytes = STATX_BYTES + 1;
    const memory = new SharedArrayBuffer(bytes, { maxByteLength: bytes });
    const view = new Uint8Array(memory, 0, bytes);
    ring.attachMemory(view);
    const start = addressOf(view);
    const result = execute(ring, (sqe) =>
      encode.statx(ring.sqes, sqe, {
        dirfd: fd(descriptor),
        path: address(start + STATX_BYTES),
        mask: STATX.DIOALIGN,
        statxBuffer: address(start),
        statxFlags: AT.EMPTY_PATH,
      }),
    );
    if (result !== 0) return { outcome: 'untold', why: `statx answers errno ${-result}` };
    const fields = new DataView(memory, 0, STATX_BYTES);
    if ((fields.getUint32(STATX_FIELD.mask, true) & STATX.DIOALIGN) === 0)
      return { outcome: 'untold', why: 'the kernel or the file system does not tell' };
    const memoryBytes = fields.getUint32(STATX_FIELD.memoryAlignment, true);
    const offsetBytes = fields.getUint32(STATX_FIELD.offsetAlignment, true);
    // Both are 0 for a file without direct I/O, as an encrypted one.
    return memoryBytes === 0 ? { outcome: 'refused' } : { outcome: 'aligned', memoryBytes, offsetBytes };
  } finally {
    closeQuietly(ring);
  }
}
