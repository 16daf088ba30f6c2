// Encoders for names and attributes. The caller owns the queue, and its thread calls.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.

import type {
  FgetxattrArgs,
  FsetxattrArgs,
  GetxattrArgs,
  LinkatArgs,
  MkdiratArgs,
  RenameatArgs,
  SetxattrArgs,
  StatxArgs,
  SymlinkatArgs,
  UnlinkatArgs,
} from '../args/paths.ts';
import { begin, directoryOf, fileOf, flagsOf, putAddress, putOptions, u32 } from '../write.ts';

/** Encodes `IORING_OP_STATX` (Linux 5.6). */
export function statx(sqes: Uint32Array, slot: number, args: StatxArgs): void {
  const at = begin(sqes, slot, 'statx', args, 16);
  const flags = flagsOf(args.flags, 'statx');
  sqes[at + 1] = directoryOf(args.dirfd, 'statx', 'dirfd');
  putAddress(sqes, at + 4, args.path, 'statx', 'path');
  sqes[at + 6] = u32(args.mask, 'statx', 'mask');
  putAddress(sqes, at + 2, args.statxBuffer, 'statx', 'statxBuffer');
  if (args.statxFlags !== undefined) sqes[at + 7] = u32(args.statxFlags, 'statx', 'statxFlags');
  putOptions(sqes, at, args, 'statx');
  sqes[at] = 21 | (flags << 8);
}

/** Encodes `IORING_OP_RENAMEAT` (Linux 5.11). */
export function renameat(sqes: Uint32Array, slot: number, args: RenameatArgs): void {
  const at = begin(sqes, slot, 'renameat', args, 16);
  const flags = flagsOf(args.flags, 'renameat');
  sqes[at + 1] = directoryOf(args.oldDirfd, 'renameat', 'oldDirfd');
  putAddress(sqes, at + 4, args.oldPath, 'renameat', 'oldPath');
  sqes[at + 6] = directoryOf(args.newDirfd, 'renameat', 'newDirfd');
  putAddress(sqes, at + 2, args.newPath, 'renameat', 'newPath');
  if (args.renameFlags !== undefined) sqes[at + 7] = u32(args.renameFlags, 'renameat', 'renameFlags');
  putOptions(sqes, at, args, 'renameat');
  sqes[at] = 35 | (flags << 8);
}

/** Encodes `IORING_OP_UNLINKAT` (Linux 5.11). */
export function unlinkat(sqes: Uint32Array, slot: number, args: UnlinkatArgs): void {
  const at = begin(sqes, slot, 'unlinkat', args, 16);
  const flags = flagsOf(args.flags, 'unlinkat');
  sqes[at + 1] = directoryOf(args.dirfd, 'unlinkat', 'dirfd');
  putAddress(sqes, at + 4, args.path, 'unlinkat', 'path');
  if (args.unlinkFlags !== undefined) sqes[at + 7] = u32(args.unlinkFlags, 'unlinkat', 'unlinkFlags');
  putOptions(sqes, at, args, 'unlinkat');
  sqes[at] = 36 | (flags << 8);
}

/** Encodes `IORING_OP_MKDIRAT` (Linux 5.15). */
export function mkdirat(sqes: Uint32Array, slot: number, args: MkdiratArgs): void {
  const at = begin(sqes, slot, 'mkdirat', args, 16);
  const flags = flagsOf(args.flags, 'mkdirat');
  sqes[at + 1] = directoryOf(args.dirfd, 'mkdirat', 'dirfd');
  putAddress(sqes, at + 4, args.path, 'mkdirat', 'path');
  sqes[at + 6] = u32(args.mode, 'mkdirat', 'mode');
  putOptions(sqes, at, args, 'mkdirat');
  sqes[at] = 37 | (flags << 8);
}

/** Encodes `IORING_OP_SYMLINKAT` (Linux 5.15). */
export function symlinkat(sqes: Uint32Array, slot: number, args: SymlinkatArgs): void {
  const at = begin(sqes, slot, 'symlinkat', args, 16);
  const flags = flagsOf(args.flags, 'symlinkat');
  sqes[at + 1] = directoryOf(args.newDirfd, 'symlinkat', 'newDirfd');
  putAddress(sqes, at + 4, args.target, 'symlinkat', 'target');
  putAddress(sqes, at + 2, args.linkPath, 'symlinkat', 'linkPath');
  putOptions(sqes, at, args, 'symlinkat');
  sqes[at] = 38 | (flags << 8);
}

/** Encodes `IORING_OP_LINKAT` (Linux 5.15). */
export function linkat(sqes: Uint32Array, slot: number, args: LinkatArgs): void {
  const at = begin(sqes, slot, 'linkat', args, 16);
  const flags = flagsOf(args.flags, 'linkat');
  sqes[at + 1] = directoryOf(args.oldDirfd, 'linkat', 'oldDirfd');
  putAddress(sqes, at + 4, args.oldPath, 'linkat', 'oldPath');
  sqes[at + 6] = directoryOf(args.newDirfd, 'linkat', 'newDirfd');
  putAddress(sqes, at + 2, args.newPath, 'linkat', 'newPath');
  if (args.hardlinkFlags !== undefined) sqes[at + 7] = u32(args.hardlinkFlags, 'linkat', 'hardlinkFlags');
  putOptions(sqes, at, args, 'linkat');
  sqes[at] = 39 | (flags << 8);
}

/** Encodes `IORING_OP_FSETXATTR` (Linux 5.19). */
export function fsetxattr(sqes: Uint32Array, slot: number, args: FsetxattrArgs): void {
  const at = begin(sqes, slot, 'fsetxattr', args, 16);
  let flags = flagsOf(args.flags, 'fsetxattr');
  const file = fileOf(args.fd, 'fsetxattr', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.name, 'fsetxattr', 'name');
  putAddress(sqes, at + 2, args.value, 'fsetxattr', 'value');
  sqes[at + 6] = u32(args.length, 'fsetxattr', 'length');
  if (args.xattrFlags !== undefined) sqes[at + 7] = u32(args.xattrFlags, 'fsetxattr', 'xattrFlags');
  putOptions(sqes, at, args, 'fsetxattr');
  sqes[at] = 41 | (flags << 8);
}

/** Encodes `IORING_OP_SETXATTR` (Linux 5.19). */
export function setxattr(sqes: Uint32Array, slot: number, args: SetxattrArgs): void {
  const at = begin(sqes, slot, 'setxattr', args, 16);
  const flags = flagsOf(args.flags, 'setxattr');
  putAddress(sqes, at + 12, args.path, 'setxattr', 'path');
  putAddress(sqes, at + 4, args.name, 'setxattr', 'name');
  putAddress(sqes, at + 2, args.value, 'setxattr', 'value');
  sqes[at + 6] = u32(args.length, 'setxattr', 'length');
  if (args.xattrFlags !== undefined) sqes[at + 7] = u32(args.xattrFlags, 'setxattr', 'xattrFlags');
  putOptions(sqes, at, args, 'setxattr');
  sqes[at] = 42 | (flags << 8);
}

/** Encodes `IORING_OP_FGETXATTR` (Linux 5.19). */
export function fgetxattr(sqes: Uint32Array, slot: number, args: FgetxattrArgs): void {
  const at = begin(sqes, slot, 'fgetxattr', args, 16);
  let flags = flagsOf(args.flags, 'fgetxattr');
  const file = fileOf(args.fd, 'fgetxattr', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.name, 'fgetxattr', 'name');
  putAddress(sqes, at + 2, args.value, 'fgetxattr', 'value');
  sqes[at + 6] = u32(args.length, 'fgetxattr', 'length');
  putOptions(sqes, at, args, 'fgetxattr');
  sqes[at] = 43 | (flags << 8);
}

/** Encodes `IORING_OP_GETXATTR` (Linux 5.19). */
export function getxattr(sqes: Uint32Array, slot: number, args: GetxattrArgs): void {
  const at = begin(sqes, slot, 'getxattr', args, 16);
  const flags = flagsOf(args.flags, 'getxattr');
  putAddress(sqes, at + 12, args.path, 'getxattr', 'path');
  putAddress(sqes, at + 4, args.name, 'getxattr', 'name');
  putAddress(sqes, at + 2, args.value, 'getxattr', 'value');
  sqes[at + 6] = u32(args.length, 'getxattr', 'length');
  putOptions(sqes, at, args, 'getxattr');
  sqes[at] = 44 | (flags << 8);
}
