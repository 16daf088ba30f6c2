// Reads, writes and syncs by one system call on the calling thread, which waits for it. No ring, no buffers kept: the
// memory is the caller's before, during and after the call.

import { addon } from './addon.ts';

/**
 * Reads into `view[offset .. offset + length)` by pread(2): the cheapest way to bytes that the kernel has cached. The
 * thread cannot be terminated while it waits for a disk or a pipe.
 *
 * `position` is a byte offset in the file, or -1 for the descriptor's own position, which then moves; pipes and sockets
 * know no other. Returns how many bytes were read, which may be fewer than asked for, and 0 at the end of the file; or a
 * negative errno, and nothing was read: -EBADF (-9; also for what is no descriptor), -EINVAL (-22: no Uint8Array, no
 * position, or O_DIRECT out of line), -ERANGE (-34: the bytes do not lie inside the view), -EIO (-5), and those of read(2).
 * Interrupted by a signal it goes on; -EINTR (-4) after 64 of them. Never throws.
 *
 * @example
 * ```ts
 * import { openSync, closeSync } from 'node:fs';
 * import { readSync } from '@ringpool/native';
 *
 * const fd = openSync('package.json', 'r');
 * const view = new Uint8Array(4096);
 * console.assert(readSync(fd, view, 0, 1, 0) === 1 && view[0] === 0x7b); // {
 * console.assert(readSync(fd, view, 4096, 1, 0) === -34);
 * closeSync(fd);
 * ```
 */
export function readSync(
  fd: number,
  view: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  return addon().readSync(fd, view, offset, length, position);
}

/**
 * As {@link readSync}, without ever waiting: -EAGAIN (-11) where the bytes are not cached, fewer bytes where only the
 * first are, -EOPNOTSUPP (-95) where the file system cannot say so. `position` is a byte offset (preadv2(2), RWF_NOWAIT).
 * Never throws.
 *
 * @example
 * ```ts
 * import { openSync, closeSync } from 'node:fs';
 * import { readCachedSync } from '@ringpool/native';
 *
 * const fd = openSync('package.json', 'r');
 * const view = new Uint8Array(16);
 * const bytes = readCachedSync(fd, view, 0, 1, 0);
 * console.assert(bytes === 1 || bytes === -11 || bytes === -95);
 * closeSync(fd);
 * ```
 */
export function readCachedSync(
  fd: number,
  view: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  return addon().readCachedSync(fd, view, offset, length, position);
}

/**
 * Writes `view[offset .. offset + length)` by pwrite(2), as {@link readSync} reads. Returns how many bytes were written,
 * which may be fewer than asked for, or a negative errno, such as -ENOSPC (-28). They are in the kernel's cache then, and
 * on the disk after {@link syncSync}. Never throws.
 *
 * @example
 * ```ts
 * import { closeSync, mkdtempSync, openSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { readSync, syncSync, writeSync } from '@ringpool/native';
 *
 * const fd = openSync(join(mkdtempSync(join(tmpdir(), 'ringpool-')), 'file'), 'w+');
 * const view = Uint8Array.of(1, 2, 3);
 * console.assert(writeSync(fd, view, 0, 3, 4096) === 3 && syncSync(fd, true) === 0);
 * console.assert(readSync(fd, view, 0, 3, 4098) === 1 && view[0] === 3);
 * closeSync(fd);
 * ```
 */
export function writeSync(
  fd: number,
  view: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  return addon().writeSync(fd, view, offset, length, position);
}

/**
 * Waits until what was written to the file is on the disk: fdatasync(2) with `dataOnly`, which leaves out what reading it
 * back does not need, such as times; else fsync(2). Returns 0 or a negative errno. After -EIO (-5) what was written before
 * is not to be trusted, also when the next call answers 0. Never throws.
 *
 * @example
 * ```ts
 * import { closeSync, openSync } from 'node:fs';
 * import { syncSync } from '@ringpool/native';
 *
 * const fd = openSync('package.json', 'r+');
 * console.assert(syncSync(fd, false) === 0);
 * closeSync(fd);
 * console.assert(syncSync(-1, false) === -9);
 * ```
 */
export function syncSync(fd: number, dataOnly: boolean): number {
  return addon().syncSync(fd, dataOnly);
}

/**
 * What a system call that does nothing costs on this machine, in nanoseconds: the least of some measurements made at the
 * first call in the process (about 0.1 ms). Some 100 where nothing guards the border to the kernel, 1000 and more on some
 * virtual machines: there it pays to make many reads with one call. Never throws.
 *
 * @example
 * ```ts
 * import { systemCallNs } from '@ringpool/native';
 *
 * console.assert(systemCallNs() > 0 && systemCallNs() === systemCallNs());
 * ```
 */
export function systemCallNs(): number {
  return addon().systemCallNs();
}
