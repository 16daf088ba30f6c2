// What statx tells of an open file. Any thread.

import { STATX, STATX_BYTES, STATX_FIELD } from '@ringpool/core';

/** What is asked for. Older kernels leave out what they do not know. */
export const STATX_WANTED: number =
  STATX.BASIC_STATS | STATX.BTIME | STATX.DIOALIGN | STATX.WRITE_ATOMIC | STATX.DIO_READ_ALIGN;

const TYPE_MASK = 0o170000;
const TYPES: Readonly<Record<number, FileType>> = {
  [0o100000]: 'file',
  [0o040000]: 'directory',
  [0o120000]: 'symbolic link',
  [0o010000]: 'pipe',
  [0o140000]: 'socket',
  [0o020000]: 'character device',
  [0o060000]: 'block device',
};
const NS_PER_SECOND = 1_000_000_000n;

/** What a file is. */
export type FileType =
  | 'file'
  | 'directory'
  | 'symbolic link'
  | 'pipe'
  | 'socket'
  | 'character device'
  | 'block device'
  | 'unknown';

/** What direct I/O on a file must be aligned to, in bytes. */
export interface DirectAlignment {
  /** Memory. */
  readonly memory: number;
  /** Positions and lengths. */
  readonly offset: number;
  /** Positions and lengths of reads, where they are less strict (Linux 6.14). */
  readonly readOffset: number;
}

/** What is known of a file: {@link File.stat}. Times are nanoseconds since 1970. */
export interface FileStats {
  readonly type: FileType;
  /** Bytes. */
  readonly size: number;
  /** Type and permission bits, as in `st_mode`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names of the file. */
  readonly links: number;
  readonly inode: bigint;
  /** Blocks of 512 bytes that it takes on the disk. */
  readonly blocks: number;
  /** What I/O is best done in, in bytes. */
  readonly blockBytes: number;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  /** Undefined where the file system does not keep it. */
  readonly bornNs: bigint | undefined;
  /** Undefined where the kernel or the file system does not tell (Linux 6.1), or has no direct I/O on the file. */
  readonly direct: DirectAlignment | undefined;
  /** Bytes of the smallest and largest atomic write; undefined where there are none, or it is not told (Linux 6.11). */
  readonly atomicWrite: { readonly least: number; readonly most: number } | undefined;
}

/** Reads a `struct statx`. */
export function statsFrom(bytes: Uint8Array): FileStats {
  const view = new DataView(bytes.buffer, bytes.byteOffset, STATX_BYTES);
  const word = (at: number): number => view.getUint32(at, true);
  const mask = word(STATX_FIELD.mask);
  const has = (bit: number): boolean => (mask & bit) !== 0;
  const time = (at: number): bigint => view.getBigInt64(at, true) * NS_PER_SECOND + BigInt(word(at + 8));
  const mode = view.getUint16(STATX_FIELD.mode, true);
  const memory = word(STATX_FIELD.directMemory);
  const offset = word(STATX_FIELD.directOffset);
  const readOffset = has(STATX.DIO_READ_ALIGN) ? word(STATX_FIELD.directRead) : 0;
  const most = word(STATX_FIELD.atomicMost);
  return {
    type: TYPES[mode & TYPE_MASK] ?? 'unknown',
    size: Number(view.getBigUint64(STATX_FIELD.bytes, true)),
    mode,
    uid: word(STATX_FIELD.uid),
    gid: word(STATX_FIELD.gid),
    links: word(STATX_FIELD.links),
    inode: view.getBigUint64(STATX_FIELD.inode, true),
    blocks: Number(view.getBigUint64(STATX_FIELD.blocks, true)),
    blockBytes: word(STATX_FIELD.blockBytes),
    accessedNs: time(STATX_FIELD.accessed),
    modifiedNs: time(STATX_FIELD.modified),
    changedNs: time(STATX_FIELD.changed),
    bornNs: has(STATX.BTIME) ? time(STATX_FIELD.born) : undefined,
    direct:
      has(STATX.DIOALIGN) && offset > 0
        ? { memory, offset, readOffset: readOffset > 0 ? readOffset : offset }
        : undefined,
    atomicWrite:
      has(STATX.WRITE_ATOMIC) && most > 0 ? { least: word(STATX_FIELD.atomicLeast), most } : undefined,
  };
}
