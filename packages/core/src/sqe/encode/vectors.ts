// Encoders for scattered reads and gathered writes. The caller owns the queue, and its thread calls.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.

import type { ReadvArgs, ReadvFixedArgs, WritevArgs, WritevFixedArgs } from '../args/vectors.ts';
import {
  begin,
  bits16Without,
  fileOf,
  flagsOf,
  putAddress,
  putOffset,
  putOptions,
  u16,
  u32,
} from '../write.ts';

/** Encodes `IORING_OP_READV` (Linux 5.1). */
export function readv(sqes: Uint32Array, slot: number, args: ReadvArgs): void {
  const at = begin(sqes, slot, 'readv', args, 16);
  let flags = flagsOf(args.flags, 'readv');
  const ioprio = bits16Without(args.ioprio, 0x0, 'readv', 'ioprio');
  const file = fileOf(args.fd, 'readv', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.iovecs, 'readv', 'iovecs');
  sqes[at + 6] = u32(args.count, 'readv', 'count');
  putOffset(sqes, at + 2, args.offset, 'readv', 'offset');
  if (args.rwFlags !== undefined) sqes[at + 7] = u32(args.rwFlags, 'readv', 'rwFlags');
  if (args.bufferGroup !== undefined) {
    sqes[at + 10] = u16(args.bufferGroup, 'readv', 'bufferGroup');
    flags |= 0x20;
  }
  putOptions(sqes, at, args, 'readv');
  sqes[at] = 1 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_WRITEV` (Linux 5.1). */
export function writev(sqes: Uint32Array, slot: number, args: WritevArgs): void {
  const at = begin(sqes, slot, 'writev', args, 16);
  let flags = flagsOf(args.flags, 'writev');
  const ioprio = bits16Without(args.ioprio, 0x0, 'writev', 'ioprio');
  const file = fileOf(args.fd, 'writev', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.iovecs, 'writev', 'iovecs');
  sqes[at + 6] = u32(args.count, 'writev', 'count');
  putOffset(sqes, at + 2, args.offset, 'writev', 'offset');
  if (args.rwFlags !== undefined) sqes[at + 7] = u32(args.rwFlags, 'writev', 'rwFlags');
  putOptions(sqes, at, args, 'writev');
  sqes[at] = 2 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_READV_FIXED` (Linux 6.15). */
export function readvFixed(sqes: Uint32Array, slot: number, args: ReadvFixedArgs): void {
  const at = begin(sqes, slot, 'readvFixed', args, 16);
  let flags = flagsOf(args.flags, 'readvFixed');
  const file = fileOf(args.fd, 'readvFixed', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.iovecs, 'readvFixed', 'iovecs');
  sqes[at + 6] = u32(args.count, 'readvFixed', 'count');
  putOffset(sqes, at + 2, args.offset, 'readvFixed', 'offset');
  sqes[at + 10] = u16(args.bufferIndex, 'readvFixed', 'bufferIndex');
  if (args.rwFlags !== undefined) sqes[at + 7] = u32(args.rwFlags, 'readvFixed', 'rwFlags');
  putOptions(sqes, at, args, 'readvFixed');
  sqes[at] = 60 | (flags << 8);
}

/** Encodes `IORING_OP_WRITEV_FIXED` (Linux 6.15). */
export function writevFixed(sqes: Uint32Array, slot: number, args: WritevFixedArgs): void {
  const at = begin(sqes, slot, 'writevFixed', args, 16);
  let flags = flagsOf(args.flags, 'writevFixed');
  const file = fileOf(args.fd, 'writevFixed', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.iovecs, 'writevFixed', 'iovecs');
  sqes[at + 6] = u32(args.count, 'writevFixed', 'count');
  putOffset(sqes, at + 2, args.offset, 'writevFixed', 'offset');
  sqes[at + 10] = u16(args.bufferIndex, 'writevFixed', 'bufferIndex');
  if (args.rwFlags !== undefined) sqes[at + 7] = u32(args.rwFlags, 'writevFixed', 'rwFlags');
  putOptions(sqes, at, args, 'writevFixed');
  sqes[at] = 61 | (flags << 8);
}
