// Encoders for reads, writes and splices. The caller owns the queue, and its thread calls.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.

import type {
  ReadArgs,
  ReadFixedArgs,
  ReadMultishotArgs,
  SpliceArgs,
  TeeArgs,
  WriteArgs,
  WriteFixedArgs,
} from '../args/transfers.ts';
import { FIXED_FILE_BIT } from '../values.ts';
import {
  begin,
  bits16Without,
  bitsWithout,
  fileOf,
  flagsOf,
  put64,
  putAddress,
  putOffset,
  putOptions,
  refuseArgument,
  u16,
  u32,
} from '../write.ts';

/**
 * Encodes `IORING_OP_READ_FIXED` (Linux 5.1): straight-line stores for the required arguments. Anything else, and
 * anything wrong, goes to the checked encoder.
 */
export function readFixed(sqes: Uint32Array, slot: number, args: ReadFixedArgs): void {
  const at = slot << 4;
  const { fd, buffer, length, offset, bufferIndex } = args;
  if (
    typeof fd !== 'number' ||
    typeof buffer !== 'number' ||
    typeof length !== 'number' ||
    typeof offset !== 'number' ||
    typeof bufferIndex !== 'number' ||
    args.flags ||
    args.userData !== undefined ||
    args.personality ||
    args.rwFlags ||
    args.ioprio
  ) {
    readFixedChecked(sqes, slot, args);
    return;
  }
  const bufferLow = buffer >>> 0;
  const bufferHigh = (buffer - bufferLow) * 2 ** -32;
  const offsetLow = offset >>> 0;
  const offsetHigh = (offset - offsetLow) * 2 ** -32;
  if (
    (fd & 0x7fff_ffff) !== fd ||
    (bufferHigh & 0x1f_ffff) !== bufferHigh ||
    length >>> 0 !== length ||
    (offsetHigh & 0x1f_ffff) !== offsetHigh ||
    (bufferIndex & 0xffff) !== bufferIndex ||
    (at >>> 0) + 16 > sqes.length
  ) {
    readFixedChecked(sqes, slot, args);
    return;
  }
  sqes[at] = 4 | ((fd >>> 30) << 8);
  sqes[at + 1] = fd & 0x3fff_ffff;
  sqes[at + 2] = offsetLow;
  sqes[at + 3] = offsetHigh;
  sqes[at + 4] = bufferLow;
  sqes[at + 5] = bufferHigh;
  sqes[at + 6] = length;
  sqes[at + 7] = 0;
  sqes[at + 10] = bufferIndex;
  sqes[at + 11] = 0;
  sqes[at + 12] = 0;
  sqes[at + 13] = 0;
  sqes[at + 14] = 0;
  sqes[at + 15] = 0;
}

/** ReadFixed with every argument, checked one by one. */
function readFixedChecked(sqes: Uint32Array, slot: number, args: ReadFixedArgs): void {
  const at = begin(sqes, slot, 'readFixed', args, 16);
  let flags = flagsOf(args.flags, 'readFixed');
  const ioprio = bits16Without(args.ioprio, 0x0, 'readFixed', 'ioprio');
  const file = fileOf(args.fd, 'readFixed', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.buffer, 'readFixed', 'buffer');
  sqes[at + 6] = u32(args.length, 'readFixed', 'length');
  putOffset(sqes, at + 2, args.offset, 'readFixed', 'offset');
  sqes[at + 10] = u16(args.bufferIndex, 'readFixed', 'bufferIndex');
  if (args.rwFlags !== undefined) sqes[at + 7] = u32(args.rwFlags, 'readFixed', 'rwFlags');
  putOptions(sqes, at, args, 'readFixed');
  sqes[at] = 4 | (flags << 8) | (ioprio << 16);
}

/**
 * Encodes `IORING_OP_WRITE_FIXED` (Linux 5.1): straight-line stores for the required arguments. Anything else, and
 * anything wrong, goes to the checked encoder.
 */
export function writeFixed(sqes: Uint32Array, slot: number, args: WriteFixedArgs): void {
  const at = slot << 4;
  const { fd, buffer, length, offset, bufferIndex } = args;
  if (
    typeof fd !== 'number' ||
    typeof buffer !== 'number' ||
    typeof length !== 'number' ||
    typeof offset !== 'number' ||
    typeof bufferIndex !== 'number' ||
    args.flags ||
    args.userData !== undefined ||
    args.personality ||
    args.rwFlags ||
    args.ioprio
  ) {
    writeFixedChecked(sqes, slot, args);
    return;
  }
  const bufferLow = buffer >>> 0;
  const bufferHigh = (buffer - bufferLow) * 2 ** -32;
  const offsetLow = offset >>> 0;
  const offsetHigh = (offset - offsetLow) * 2 ** -32;
  if (
    (fd & 0x7fff_ffff) !== fd ||
    (bufferHigh & 0x1f_ffff) !== bufferHigh ||
    length >>> 0 !== length ||
    (offsetHigh & 0x1f_ffff) !== offsetHigh ||
    (bufferIndex & 0xffff) !== bufferIndex ||
    (at >>> 0) + 16 > sqes.length
  ) {
    writeFixedChecked(sqes, slot, args);
    return;
  }
  sqes[at] = 5 | ((fd >>> 30) << 8);
  sqes[at + 1] = fd & 0x3fff_ffff;
  sqes[at + 2] = offsetLow;
  sqes[at + 3] = offsetHigh;
  sqes[at + 4] = bufferLow;
  sqes[at + 5] = bufferHigh;
  sqes[at + 6] = length;
  sqes[at + 7] = 0;
  sqes[at + 10] = bufferIndex;
  sqes[at + 11] = 0;
  sqes[at + 12] = 0;
  sqes[at + 13] = 0;
  sqes[at + 14] = 0;
  sqes[at + 15] = 0;
}

/** WriteFixed with every argument, checked one by one. */
function writeFixedChecked(sqes: Uint32Array, slot: number, args: WriteFixedArgs): void {
  const at = begin(sqes, slot, 'writeFixed', args, 16);
  let flags = flagsOf(args.flags, 'writeFixed');
  const ioprio = bits16Without(args.ioprio, 0x0, 'writeFixed', 'ioprio');
  const file = fileOf(args.fd, 'writeFixed', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.buffer, 'writeFixed', 'buffer');
  sqes[at + 6] = u32(args.length, 'writeFixed', 'length');
  putOffset(sqes, at + 2, args.offset, 'writeFixed', 'offset');
  sqes[at + 10] = u16(args.bufferIndex, 'writeFixed', 'bufferIndex');
  if (args.rwFlags !== undefined) sqes[at + 7] = u32(args.rwFlags, 'writeFixed', 'rwFlags');
  putOptions(sqes, at, args, 'writeFixed');
  sqes[at] = 5 | (flags << 8) | (ioprio << 16);
}

/**
 * Encodes `IORING_OP_READ` (Linux 5.6): straight-line stores for the required arguments. Anything else, and
 * anything wrong, goes to the checked encoder.
 */
export function read(sqes: Uint32Array, slot: number, args: ReadArgs): void {
  const at = slot << 4;
  const { fd, buffer, length, offset } = args;
  if (
    typeof fd !== 'number' ||
    typeof buffer !== 'number' ||
    typeof length !== 'number' ||
    typeof offset !== 'number' ||
    args.flags ||
    args.userData !== undefined ||
    args.personality ||
    args.bufferGroup !== undefined ||
    args.rwFlags ||
    args.ioprio ||
    args.attribute !== undefined ||
    args.attributeMask
  ) {
    readChecked(sqes, slot, args);
    return;
  }
  const bufferLow = buffer >>> 0;
  const bufferHigh = (buffer - bufferLow) * 2 ** -32;
  const offsetLow = offset >>> 0;
  const offsetHigh = (offset - offsetLow) * 2 ** -32;
  if (
    (fd & 0x7fff_ffff) !== fd ||
    (bufferHigh & 0x1f_ffff) !== bufferHigh ||
    length >>> 0 !== length ||
    (offsetHigh & 0x1f_ffff) !== offsetHigh ||
    (at >>> 0) + 16 > sqes.length
  ) {
    readChecked(sqes, slot, args);
    return;
  }
  sqes[at] = 22 | ((fd >>> 30) << 8);
  sqes[at + 1] = fd & 0x3fff_ffff;
  sqes[at + 2] = offsetLow;
  sqes[at + 3] = offsetHigh;
  sqes[at + 4] = bufferLow;
  sqes[at + 5] = bufferHigh;
  sqes[at + 6] = length;
  sqes[at + 7] = 0;
  sqes[at + 10] = 0;
  sqes[at + 11] = 0;
  sqes[at + 12] = 0;
  sqes[at + 13] = 0;
  sqes[at + 14] = 0;
  sqes[at + 15] = 0;
}

/** Read with every argument, checked one by one. */
function readChecked(sqes: Uint32Array, slot: number, args: ReadArgs): void {
  const at = begin(sqes, slot, 'read', args, 16);
  if ((args.buffer === undefined) === (args.bufferGroup === undefined))
    refuseArgument('read', 'buffer or bufferGroup', 'neither or both', 'given for exactly one of the two');
  let flags = flagsOf(args.flags, 'read');
  const ioprio = bits16Without(args.ioprio, 0x0, 'read', 'ioprio');
  const file = fileOf(args.fd, 'read', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  if (args.buffer !== undefined) putAddress(sqes, at + 4, args.buffer, 'read', 'buffer');
  if (args.bufferGroup !== undefined) {
    sqes[at + 10] = u16(args.bufferGroup, 'read', 'bufferGroup');
    flags |= 0x20;
  }
  sqes[at + 6] = u32(args.length, 'read', 'length');
  putOffset(sqes, at + 2, args.offset, 'read', 'offset');
  if (args.rwFlags !== undefined) sqes[at + 7] = u32(args.rwFlags, 'read', 'rwFlags');
  if (args.attribute !== undefined) putAddress(sqes, at + 12, args.attribute, 'read', 'attribute');
  if (args.attributeMask !== undefined) put64(sqes, at + 14, args.attributeMask, 'read', 'attributeMask');
  putOptions(sqes, at, args, 'read');
  sqes[at] = 22 | (flags << 8) | (ioprio << 16);
}

/**
 * Encodes `IORING_OP_WRITE` (Linux 5.6): straight-line stores for the required arguments. Anything else, and
 * anything wrong, goes to the checked encoder.
 */
export function write(sqes: Uint32Array, slot: number, args: WriteArgs): void {
  const at = slot << 4;
  const { fd, buffer, length, offset } = args;
  if (
    typeof fd !== 'number' ||
    typeof buffer !== 'number' ||
    typeof length !== 'number' ||
    typeof offset !== 'number' ||
    args.flags ||
    args.userData !== undefined ||
    args.personality ||
    args.rwFlags ||
    args.ioprio ||
    args.attribute !== undefined ||
    args.attributeMask
  ) {
    writeChecked(sqes, slot, args);
    return;
  }
  const bufferLow = buffer >>> 0;
  const bufferHigh = (buffer - bufferLow) * 2 ** -32;
  const offsetLow = offset >>> 0;
  const offsetHigh = (offset - offsetLow) * 2 ** -32;
  if (
    (fd & 0x7fff_ffff) !== fd ||
    (bufferHigh & 0x1f_ffff) !== bufferHigh ||
    length >>> 0 !== length ||
    (offsetHigh & 0x1f_ffff) !== offsetHigh ||
    (at >>> 0) + 16 > sqes.length
  ) {
    writeChecked(sqes, slot, args);
    return;
  }
  sqes[at] = 23 | ((fd >>> 30) << 8);
  sqes[at + 1] = fd & 0x3fff_ffff;
  sqes[at + 2] = offsetLow;
  sqes[at + 3] = offsetHigh;
  sqes[at + 4] = bufferLow;
  sqes[at + 5] = bufferHigh;
  sqes[at + 6] = length;
  sqes[at + 7] = 0;
  sqes[at + 10] = 0;
  sqes[at + 11] = 0;
  sqes[at + 12] = 0;
  sqes[at + 13] = 0;
  sqes[at + 14] = 0;
  sqes[at + 15] = 0;
}

/** Write with every argument, checked one by one. */
function writeChecked(sqes: Uint32Array, slot: number, args: WriteArgs): void {
  const at = begin(sqes, slot, 'write', args, 16);
  let flags = flagsOf(args.flags, 'write');
  const ioprio = bits16Without(args.ioprio, 0x0, 'write', 'ioprio');
  const file = fileOf(args.fd, 'write', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.buffer, 'write', 'buffer');
  sqes[at + 6] = u32(args.length, 'write', 'length');
  putOffset(sqes, at + 2, args.offset, 'write', 'offset');
  if (args.rwFlags !== undefined) sqes[at + 7] = u32(args.rwFlags, 'write', 'rwFlags');
  if (args.attribute !== undefined) putAddress(sqes, at + 12, args.attribute, 'write', 'attribute');
  if (args.attributeMask !== undefined) put64(sqes, at + 14, args.attributeMask, 'write', 'attributeMask');
  putOptions(sqes, at, args, 'write');
  sqes[at] = 23 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_SPLICE` (Linux 5.7). */
export function splice(sqes: Uint32Array, slot: number, args: SpliceArgs): void {
  const at = begin(sqes, slot, 'splice', args, 16);
  let flags = flagsOf(args.flags, 'splice');
  let spliceFlags = bitsWithout(args.spliceFlags, 0x80000000, 'splice', 'spliceFlags');
  const file = fileOf(args.fd, 'splice', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  const fdInFile = fileOf(args.fdIn, 'splice', 'fdIn');
  sqes[at + 11] = fdInFile & 0x3fff_ffff;
  if (fdInFile >= FIXED_FILE_BIT) spliceFlags |= 0x80000000;
  putOffset(sqes, at + 4, args.offsetIn, 'splice', 'offsetIn');
  putOffset(sqes, at + 2, args.offset, 'splice', 'offset');
  sqes[at + 6] = u32(args.length, 'splice', 'length');
  sqes[at + 7] = spliceFlags;
  putOptions(sqes, at, args, 'splice');
  sqes[at] = 30 | (flags << 8);
}

/** Encodes `IORING_OP_TEE` (Linux 5.8). */
export function tee(sqes: Uint32Array, slot: number, args: TeeArgs): void {
  const at = begin(sqes, slot, 'tee', args, 16);
  let flags = flagsOf(args.flags, 'tee');
  let spliceFlags = bitsWithout(args.spliceFlags, 0x80000000, 'tee', 'spliceFlags');
  const file = fileOf(args.fd, 'tee', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  const fdInFile = fileOf(args.fdIn, 'tee', 'fdIn');
  sqes[at + 11] = fdInFile & 0x3fff_ffff;
  if (fdInFile >= FIXED_FILE_BIT) spliceFlags |= 0x80000000;
  sqes[at + 6] = u32(args.length, 'tee', 'length');
  sqes[at + 7] = spliceFlags;
  putOptions(sqes, at, args, 'tee');
  sqes[at] = 33 | (flags << 8);
}

/** Encodes `IORING_OP_READ_MULTISHOT` (Linux 6.7). */
export function readMultishot(sqes: Uint32Array, slot: number, args: ReadMultishotArgs): void {
  const at = begin(sqes, slot, 'readMultishot', args, 16);
  let flags = flagsOf(args.flags, 'readMultishot');
  const file = fileOf(args.fd, 'readMultishot', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  sqes[at + 10] = u16(args.bufferGroup, 'readMultishot', 'bufferGroup');
  flags |= 0x20;
  putOffset(sqes, at + 2, args.offset, 'readMultishot', 'offset');
  if (args.length !== undefined) sqes[at + 6] = u32(args.length, 'readMultishot', 'length');
  putOptions(sqes, at, args, 'readMultishot');
  sqes[at] = 49 | (flags << 8);
}
