// How the kernel lays out what STATX tells. Data; any thread. Source: linux/stat.h.

/** Bytes of `struct statx`, which `statxBuffer` of STATX points to. */
export const STATX_BYTES = 256;

/**
 * Where the fields of `struct statx` lie, in bytes. A time is 8 bytes of seconds and, 8 bytes behind them, 4 of nanoseconds.
 *
 * @example
 * ```ts
 * import { STATX_BYTES, STATX_FIELD } from '@ringpool/core';
 *
 * const view = new DataView(new ArrayBuffer(STATX_BYTES)); // what the kernel has written
 * console.assert(view.getBigUint64(STATX_FIELD.bytes, true) === 0n);
 * ```
 */
export const STATX_FIELD = {
  mask: 0,
  blockBytes: 4,
  links: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  inode: 32,
  bytes: 40,
  blocks: 48,
  accessed: 64,
  born: 80,
  changed: 96,
  modified: 112,
  directMemory: 152, // 6.1
  directOffset: 156, // 6.1
  atomicLeast: 168, // 6.11
  atomicMost: 172, // 6.11
  directRead: 180, // 6.14
} as const;
