// Encoders for files and fixed slots. The caller owns the queue, and its thread calls.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.

import type {
  CloseArgs,
  FadviseArgs,
  FallocateArgs,
  FilesUpdateArgs,
  FixedFdInstallArgs,
  FsyncArgs,
  FtruncateArgs,
  MadviseArgs,
  Openat2Args,
  OpenatArgs,
  PipeArgs,
  SyncFileRangeArgs,
} from '../args/files.ts';
import { FIXED_FILE_BIT } from '../values.ts';
import {
  begin,
  directoryOf,
  fileIndexOf,
  fileOf,
  flagsOf,
  put64,
  putAddress,
  putOptions,
  putWideLength,
  slotOf,
  slotOrAllocate,
  u32,
} from '../write.ts';

/** Encodes `IORING_OP_FSYNC` (Linux 5.1). */
export function fsync(sqes: Uint32Array, slot: number, args: FsyncArgs): void {
  const at = begin(sqes, slot, 'fsync', args, 16);
  let flags = flagsOf(args.flags, 'fsync');
  const file = fileOf(args.fd, 'fsync', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  if (args.fsyncFlags !== undefined) sqes[at + 7] = u32(args.fsyncFlags, 'fsync', 'fsyncFlags');
  if (args.offset !== undefined) put64(sqes, at + 2, args.offset, 'fsync', 'offset');
  if (args.length !== undefined) sqes[at + 6] = u32(args.length, 'fsync', 'length');
  putOptions(sqes, at, args, 'fsync');
  sqes[at] = 3 | (flags << 8);
}

/** Encodes `IORING_OP_SYNC_FILE_RANGE` (Linux 5.2). */
export function syncFileRange(sqes: Uint32Array, slot: number, args: SyncFileRangeArgs): void {
  const at = begin(sqes, slot, 'syncFileRange', args, 16);
  let flags = flagsOf(args.flags, 'syncFileRange');
  const file = fileOf(args.fd, 'syncFileRange', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  put64(sqes, at + 2, args.offset, 'syncFileRange', 'offset');
  sqes[at + 6] = u32(args.length, 'syncFileRange', 'length');
  sqes[at + 7] = u32(args.syncRangeFlags, 'syncFileRange', 'syncRangeFlags');
  putOptions(sqes, at, args, 'syncFileRange');
  sqes[at] = 8 | (flags << 8);
}

/** Encodes `IORING_OP_FALLOCATE` (Linux 5.6). */
export function fallocate(sqes: Uint32Array, slot: number, args: FallocateArgs): void {
  const at = begin(sqes, slot, 'fallocate', args, 16);
  let flags = flagsOf(args.flags, 'fallocate');
  const file = fileOf(args.fd, 'fallocate', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  put64(sqes, at + 2, args.offset, 'fallocate', 'offset');
  put64(sqes, at + 4, args.length, 'fallocate', 'length');
  if (args.mode !== undefined) sqes[at + 6] = u32(args.mode, 'fallocate', 'mode');
  putOptions(sqes, at, args, 'fallocate');
  sqes[at] = 17 | (flags << 8);
}

/** Encodes `IORING_OP_OPENAT` (Linux 5.6). */
export function openat(sqes: Uint32Array, slot: number, args: OpenatArgs): void {
  const at = begin(sqes, slot, 'openat', args, 16);
  const flags = flagsOf(args.flags, 'openat');
  sqes[at + 1] = directoryOf(args.dirfd, 'openat', 'dirfd');
  putAddress(sqes, at + 4, args.path, 'openat', 'path');
  sqes[at + 7] = u32(args.openFlags, 'openat', 'openFlags');
  if (args.mode !== undefined) sqes[at + 6] = u32(args.mode, 'openat', 'mode');
  if (args.directSlot !== undefined) sqes[at + 11] = fileIndexOf(args.directSlot, 'openat', 'directSlot');
  putOptions(sqes, at, args, 'openat');
  sqes[at] = 18 | (flags << 8);
}

/** Encodes `IORING_OP_CLOSE` (Linux 5.6). */
export function close(sqes: Uint32Array, slot: number, args: CloseArgs): void {
  const at = begin(sqes, slot, 'close', args, 16);
  const flags = flagsOf(args.flags, 'close');
  const file = fileOf(args.fd, 'close', 'fd');
  if (file >= FIXED_FILE_BIT) sqes[at + 11] = (file & 0x3fff_ffff) + 1;
  else sqes[at + 1] = file;
  putOptions(sqes, at, args, 'close');
  sqes[at] = 19 | (flags << 8);
}

/** Encodes `IORING_OP_FILES_UPDATE` (Linux 5.6). */
export function filesUpdate(sqes: Uint32Array, slot: number, args: FilesUpdateArgs): void {
  const at = begin(sqes, slot, 'filesUpdate', args, 16);
  const flags = flagsOf(args.flags, 'filesUpdate');
  sqes[at + 1] = -1;
  putAddress(sqes, at + 4, args.fds, 'filesUpdate', 'fds');
  sqes[at + 6] = u32(args.count, 'filesUpdate', 'count');
  sqes[at + 2] = slotOrAllocate(args.firstSlot, 'filesUpdate', 'firstSlot');
  putOptions(sqes, at, args, 'filesUpdate');
  sqes[at] = 20 | (flags << 8);
}

/** Encodes `IORING_OP_FADVISE` (Linux 5.6). */
export function fadvise(sqes: Uint32Array, slot: number, args: FadviseArgs): void {
  const at = begin(sqes, slot, 'fadvise', args, 16);
  let flags = flagsOf(args.flags, 'fadvise');
  const file = fileOf(args.fd, 'fadvise', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  put64(sqes, at + 2, args.offset, 'fadvise', 'offset');
  putWideLength(sqes, at + 6, at + 4, args.length, 'fadvise', 'length');
  sqes[at + 7] = u32(args.advice, 'fadvise', 'advice');
  putOptions(sqes, at, args, 'fadvise');
  sqes[at] = 24 | (flags << 8);
}

/** Encodes `IORING_OP_MADVISE` (Linux 5.6). */
export function madvise(sqes: Uint32Array, slot: number, args: MadviseArgs): void {
  const at = begin(sqes, slot, 'madvise', args, 16);
  const flags = flagsOf(args.flags, 'madvise');
  sqes[at + 1] = -1;
  putAddress(sqes, at + 4, args.address, 'madvise', 'address');
  putWideLength(sqes, at + 6, at + 2, args.length, 'madvise', 'length');
  sqes[at + 7] = u32(args.advice, 'madvise', 'advice');
  putOptions(sqes, at, args, 'madvise');
  sqes[at] = 25 | (flags << 8);
}

/** Encodes `IORING_OP_OPENAT2` (Linux 5.6). */
export function openat2(sqes: Uint32Array, slot: number, args: Openat2Args): void {
  const at = begin(sqes, slot, 'openat2', args, 16);
  const flags = flagsOf(args.flags, 'openat2');
  sqes[at + 1] = directoryOf(args.dirfd, 'openat2', 'dirfd');
  putAddress(sqes, at + 4, args.path, 'openat2', 'path');
  putAddress(sqes, at + 2, args.how, 'openat2', 'how');
  if (args.howLength !== undefined) {
    sqes[at + 6] = u32(args.howLength, 'openat2', 'howLength');
  } else sqes[at + 6] = 24;
  if (args.directSlot !== undefined) sqes[at + 11] = fileIndexOf(args.directSlot, 'openat2', 'directSlot');
  putOptions(sqes, at, args, 'openat2');
  sqes[at] = 28 | (flags << 8);
}

/** Encodes `IORING_OP_FIXED_FD_INSTALL` (Linux 6.8). */
export function fixedFdInstall(sqes: Uint32Array, slot: number, args: FixedFdInstallArgs): void {
  const at = begin(sqes, slot, 'fixedFdInstall', args, 16);
  let flags = flagsOf(args.flags, 'fixedFdInstall');
  sqes[at + 1] = slotOf(args.fd, 'fixedFdInstall', 'fd');
  flags |= 0x1;
  if (args.installFdFlags !== undefined)
    sqes[at + 7] = u32(args.installFdFlags, 'fixedFdInstall', 'installFdFlags');
  putOptions(sqes, at, args, 'fixedFdInstall');
  sqes[at] = 54 | (flags << 8);
}

/** Encodes `IORING_OP_FTRUNCATE` (Linux 6.9). */
export function ftruncate(sqes: Uint32Array, slot: number, args: FtruncateArgs): void {
  const at = begin(sqes, slot, 'ftruncate', args, 16);
  let flags = flagsOf(args.flags, 'ftruncate');
  const file = fileOf(args.fd, 'ftruncate', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  put64(sqes, at + 2, args.length, 'ftruncate', 'length');
  putOptions(sqes, at, args, 'ftruncate');
  sqes[at] = 55 | (flags << 8);
}

/** Encodes `IORING_OP_PIPE` (Linux 6.16). */
export function pipe(sqes: Uint32Array, slot: number, args: PipeArgs): void {
  const at = begin(sqes, slot, 'pipe', args, 16);
  const flags = flagsOf(args.flags, 'pipe');
  putAddress(sqes, at + 4, args.fds, 'pipe', 'fds');
  if (args.pipeFlags !== undefined) sqes[at + 7] = u32(args.pipeFlags, 'pipe', 'pipeFlags');
  if (args.directSlot !== undefined) sqes[at + 11] = fileIndexOf(args.directSlot, 'pipe', 'directSlot');
  putOptions(sqes, at, args, 'pipe');
  sqes[at] = 62 | (flags << 8);
}
