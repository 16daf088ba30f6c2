// Constants of system calls that operations take: RWF_*, AT_*, STATX_*, O_*. Data; any thread.
// All but four O_* bits are the same on every architecture Node.js runs on; openFlagsFor() gives those of one.
import { RingpoolError } from '../errors.ts';

/** `rwFlags`: `RWF_*`, see preadv2(2). */
export const RWF = {
  HIPRI: 0x1,
  DSYNC: 0x2,
  SYNC: 0x4,
  NOWAIT: 0x8,
  APPEND: 0x10,
  NOAPPEND: 0x20, // 6.9
  ATOMIC: 0x40, // 6.11
  DONTCACHE: 0x80, // 6.14
  NOSIGNAL: 0x100, // 6.18
} as const;

/** `statxFlags`, `unlinkFlags`, `hardlinkFlags`: `AT_*`. */
export const AT = {
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
  STATX_SYNC_AS_STAT: 0x0,
  STATX_FORCE_SYNC: 0x2000,
  STATX_DONT_SYNC: 0x4000,
} as const;

/** `mask` of STATX: `STATX_*`, see statx(2). */
export const STATX = {
  TYPE: 0x1,
  MODE: 0x2,
  NLINK: 0x4,
  UID: 0x8,
  GID: 0x10,
  ATIME: 0x20,
  MTIME: 0x40,
  CTIME: 0x80,
  INO: 0x100,
  SIZE: 0x200,
  BLOCKS: 0x400,
  BASIC_STATS: 0x7ff,
  BTIME: 0x800,
  MNT_ID: 0x1000, // 5.8
  DIOALIGN: 0x2000, // 6.1
  MNT_ID_UNIQUE: 0x4000, // 6.8
  SUBVOL: 0x8000, // 6.10
  WRITE_ATOMIC: 0x10000, // 6.11
  DIO_READ_ALIGN: 0x20000, // 6.14
} as const;

/** Event masks of POLL_ADD: `EPOLL*`, equal to `POLL*` where both exist. */
export const EPOLL = {
  IN: 0x1,
  PRI: 0x2,
  OUT: 0x4,
  ERR: 0x8,
  HUP: 0x10,
  RDHUP: 0x2000,
  EXCLUSIVE: 0x1000_0000,
  ONESHOT: 0x4000_0000,
  ET: 0x8000_0000,
} as const;

/** `openFlags` of OPENAT for one architecture: `O_*`, see open(2). */
export interface OpenFlags {
  readonly RDONLY: number;
  readonly WRONLY: number;
  readonly RDWR: number;
  readonly CREAT: number;
  readonly EXCL: number;
  readonly NOCTTY: number;
  readonly TRUNC: number;
  readonly APPEND: number;
  readonly NONBLOCK: number;
  readonly DSYNC: number;
  readonly SYNC: number;
  readonly NOATIME: number;
  readonly CLOEXEC: number;
  readonly PATH: number;
  readonly TMPFILE: number;
  readonly DIRECT: number;
  readonly DIRECTORY: number;
  readonly NOFOLLOW: number;
  readonly LARGEFILE: number;
}

/** The bits on which architectures differ. */
type Differing = Pick<OpenFlags, 'DIRECT' | 'DIRECTORY' | 'NOFOLLOW' | 'LARGEFILE'>;
const GENERIC: Differing = { DIRECT: 0o40000, DIRECTORY: 0o200000, NOFOLLOW: 0o400000, LARGEFILE: 0o100000 };
const ARM: Differing = { DIRECT: 0o200000, DIRECTORY: 0o40000, NOFOLLOW: 0o100000, LARGEFILE: 0o400000 };
const POWER: Differing = { DIRECT: 0o400000, DIRECTORY: 0o40000, NOFOLLOW: 0o100000, LARGEFILE: 0o200000 };
const DIFFERING: { readonly [architecture: string]: Differing } = {
  x64: GENERIC,
  ia32: GENERIC,
  riscv64: GENERIC,
  loong64: GENERIC,
  s390x: GENERIC,
  arm64: ARM,
  arm: ARM,
  ppc64: POWER,
};

/**
 * The `O_*` bits of an architecture, named as in Node's `process.arch`.
 * Throws `ERR_RINGPOOL_UNSUPPORTED` for one that is not known.
 *
 * @example
 * ```ts
 * import { openFlagsFor } from '@ringpool/core';
 *
 * console.assert(openFlagsFor('x64').DIRECT === 0x4000 && openFlagsFor('arm64').DIRECT === 0x10000);
 * ```
 */
export function openFlagsFor(architecture: string): OpenFlags {
  const differing = Object.hasOwn(DIFFERING, architecture) ? DIFFERING[architecture] : undefined;
  if (differing === undefined) {
    throw new RingpoolError('ERR_RINGPOOL_UNSUPPORTED', `the open flags of '${architecture}' are not known`, {
      hint: `Known are ${Object.keys(DIFFERING).join(', ')}.`,
    });
  }
  return {
    RDONLY: 0,
    WRONLY: 0o1,
    RDWR: 0o2,
    CREAT: 0o100,
    EXCL: 0o200,
    NOCTTY: 0o400,
    TRUNC: 0o1000,
    APPEND: 0o2000,
    NONBLOCK: 0o4000,
    DSYNC: 0o10000,
    SYNC: 0o4010000,
    NOATIME: 0o1000000,
    CLOEXEC: 0o2000000,
    PATH: 0o10000000,
    TMPFILE: 0o20000000 | differing.DIRECTORY,
    ...differing,
  };
}
