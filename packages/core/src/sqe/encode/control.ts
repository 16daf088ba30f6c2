// Encoders for the ring itself. The caller owns the queue, and its thread calls.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.

import type {
  AsyncCancelArgs,
  LinkTimeoutArgs,
  NopArgs,
  PollAddArgs,
  PollRemoveArgs,
  ProvideBuffersArgs,
  RemoveBuffersArgs,
  TimeoutArgs,
  TimeoutRemoveArgs,
} from '../args/control.ts';
import { FIXED_FILE_BIT } from '../values.ts';
import {
  begin,
  bitsWithout,
  fileOf,
  flagsOf,
  i32,
  put64,
  putAddress,
  putOptions,
  refuseArgument,
  u16,
  u31,
  u32,
} from '../write.ts';

/**
 * Encodes `IORING_OP_NOP` (Linux 5.1): straight-line stores for the required arguments. Anything else, and
 * anything wrong, goes to the checked encoder.
 */
export function nop(sqes: Uint32Array, slot: number, args: NopArgs = {}): void {
  const at = slot << 4;

  if (
    args.flags ||
    args.userData !== undefined ||
    args.personality ||
    args.nopFlags ||
    args.fd !== undefined ||
    args.result !== undefined ||
    args.bufferIndex !== undefined ||
    args.extra1 ||
    args.extra2
  ) {
    nopChecked(sqes, slot, args);
    return;
  }
  if ((at >>> 0) + 16 > sqes.length) {
    nopChecked(sqes, slot, args);
    return;
  }
  sqes[at] = 0;
  sqes[at + 1] = -1;
  sqes[at + 2] = 0;
  sqes[at + 3] = 0;
  sqes[at + 4] = 0;
  sqes[at + 5] = 0;
  sqes[at + 6] = 0;
  sqes[at + 7] = 0;
  sqes[at + 10] = 0;
  sqes[at + 11] = 0;
  sqes[at + 12] = 0;
  sqes[at + 13] = 0;
  sqes[at + 14] = 0;
  sqes[at + 15] = 0;
}

/** Nop with every argument, checked one by one. */
function nopChecked(sqes: Uint32Array, slot: number, args: NopArgs): void {
  const at = begin(sqes, slot, 'nop', args, 16);
  const flags = flagsOf(args.flags, 'nop');
  let nopFlags = bitsWithout(args.nopFlags, 0xf, 'nop', 'nopFlags');
  if (args.fd !== undefined) {
    const file = fileOf(args.fd, 'nop', 'fd');
    sqes[at + 1] = file & 0x3fff_ffff;
    if (file >= FIXED_FILE_BIT) nopFlags |= 0x4;
    nopFlags |= 0x2;
  } else sqes[at + 1] = -1;
  if (args.result !== undefined) {
    sqes[at + 6] = i32(args.result, 'nop', 'result');
    nopFlags |= 0x1;
  }
  if (args.bufferIndex !== undefined) {
    sqes[at + 10] = u16(args.bufferIndex, 'nop', 'bufferIndex');
    nopFlags |= 0x8;
  }
  if (args.extra1 !== undefined) put64(sqes, at + 2, args.extra1, 'nop', 'extra1');
  if (args.extra2 !== undefined) put64(sqes, at + 4, args.extra2, 'nop', 'extra2');
  sqes[at + 7] = nopFlags;
  putOptions(sqes, at, args, 'nop');
  sqes[at] = 0 | (flags << 8);
}

/** Encodes `IORING_OP_POLL_ADD` (Linux 5.1). */
export function pollAdd(sqes: Uint32Array, slot: number, args: PollAddArgs): void {
  const at = begin(sqes, slot, 'pollAdd', args, 16);
  let flags = flagsOf(args.flags, 'pollAdd');
  const file = fileOf(args.fd, 'pollAdd', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  sqes[at + 7] = u32(args.events, 'pollAdd', 'events');
  if (args.pollFlags !== undefined) sqes[at + 6] = u32(args.pollFlags, 'pollAdd', 'pollFlags');
  putOptions(sqes, at, args, 'pollAdd');
  sqes[at] = 6 | (flags << 8);
}

/** Encodes `IORING_OP_POLL_REMOVE` (Linux 5.1). */
export function pollRemove(sqes: Uint32Array, slot: number, args: PollRemoveArgs): void {
  const at = begin(sqes, slot, 'pollRemove', args, 16);
  const flags = flagsOf(args.flags, 'pollRemove');
  let len = bitsWithout(args.pollFlags, 0x6, 'pollRemove', 'pollFlags');
  sqes[at + 1] = -1;
  put64(sqes, at + 4, args.target, 'pollRemove', 'target');
  if (args.events !== undefined) {
    sqes[at + 7] = u32(args.events, 'pollRemove', 'events');
    len |= 0x2;
  }
  if (args.newUserData !== undefined) {
    put64(sqes, at + 2, args.newUserData, 'pollRemove', 'newUserData');
    len |= 0x4;
  }
  sqes[at + 6] = len;
  putOptions(sqes, at, args, 'pollRemove');
  sqes[at] = 7 | (flags << 8);
}

/** Encodes `IORING_OP_TIMEOUT` (Linux 5.4). */
export function timeout(sqes: Uint32Array, slot: number, args: TimeoutArgs): void {
  const at = begin(sqes, slot, 'timeout', args, 16);
  if ((args.timespec === undefined) === (args.nanoseconds === undefined))
    refuseArgument(
      'timeout',
      'timespec or nanoseconds',
      'neither or both',
      'given for exactly one of the two',
    );
  const flags = flagsOf(args.flags, 'timeout');
  let timeoutFlags = bitsWithout(args.timeoutFlags, 0x80, 'timeout', 'timeoutFlags');
  sqes[at + 1] = -1;
  sqes[at + 6] = 1;
  if (args.timespec !== undefined) putAddress(sqes, at + 4, args.timespec, 'timeout', 'timespec');
  if (args.nanoseconds !== undefined) {
    put64(sqes, at + 4, args.nanoseconds, 'timeout', 'nanoseconds');
    timeoutFlags |= 0x80;
  }
  if (args.count !== undefined) put64(sqes, at + 2, args.count, 'timeout', 'count');
  sqes[at + 7] = timeoutFlags;
  putOptions(sqes, at, args, 'timeout');
  sqes[at] = 11 | (flags << 8);
}

/** Encodes `IORING_OP_TIMEOUT_REMOVE` (Linux 5.5). */
export function timeoutRemove(sqes: Uint32Array, slot: number, args: TimeoutRemoveArgs): void {
  const at = begin(sqes, slot, 'timeoutRemove', args, 16);
  if (args.timespec !== undefined && args.nanoseconds !== undefined)
    refuseArgument('timeoutRemove', 'timespec or nanoseconds', 'both', 'left out for one of the two');
  const flags = flagsOf(args.flags, 'timeoutRemove');
  let timeoutFlags = bitsWithout(args.timeoutFlags, 0x82, 'timeoutRemove', 'timeoutFlags');
  sqes[at + 1] = -1;
  put64(sqes, at + 4, args.target, 'timeoutRemove', 'target');
  if (args.timespec !== undefined) {
    putAddress(sqes, at + 2, args.timespec, 'timeoutRemove', 'timespec');
    timeoutFlags |= 0x2;
  }
  if (args.nanoseconds !== undefined) {
    put64(sqes, at + 2, args.nanoseconds, 'timeoutRemove', 'nanoseconds');
    timeoutFlags |= 0x82;
  }
  sqes[at + 7] = timeoutFlags;
  putOptions(sqes, at, args, 'timeoutRemove');
  sqes[at] = 12 | (flags << 8);
}

/** Encodes `IORING_OP_ASYNC_CANCEL` (Linux 5.5). */
export function asyncCancel(sqes: Uint32Array, slot: number, args: AsyncCancelArgs): void {
  const at = begin(sqes, slot, 'asyncCancel', args, 16);
  const flags = flagsOf(args.flags, 'asyncCancel');
  let cancelFlags = bitsWithout(args.cancelFlags, 0x3a, 'asyncCancel', 'cancelFlags');
  if (args.target !== undefined) put64(sqes, at + 4, args.target, 'asyncCancel', 'target');
  if (args.fd !== undefined) {
    const file = fileOf(args.fd, 'asyncCancel', 'fd');
    sqes[at + 1] = file & 0x3fff_ffff;
    if (file >= FIXED_FILE_BIT) cancelFlags |= 0x8;
    cancelFlags |= 0x2;
  } else sqes[at + 1] = -1;
  if (args.opcode !== undefined) {
    sqes[at + 6] = u32(args.opcode, 'asyncCancel', 'opcode');
    cancelFlags |= 0x20;
  }
  if (args.target !== undefined && (cancelFlags & 0x22) !== 0) cancelFlags |= 0x10;
  sqes[at + 7] = cancelFlags;
  putOptions(sqes, at, args, 'asyncCancel');
  sqes[at] = 14 | (flags << 8);
}

/** Encodes `IORING_OP_LINK_TIMEOUT` (Linux 5.5). */
export function linkTimeout(sqes: Uint32Array, slot: number, args: LinkTimeoutArgs): void {
  const at = begin(sqes, slot, 'linkTimeout', args, 16);
  if ((args.timespec === undefined) === (args.nanoseconds === undefined))
    refuseArgument(
      'linkTimeout',
      'timespec or nanoseconds',
      'neither or both',
      'given for exactly one of the two',
    );
  const flags = flagsOf(args.flags, 'linkTimeout');
  let timeoutFlags = bitsWithout(args.timeoutFlags, 0x80, 'linkTimeout', 'timeoutFlags');
  sqes[at + 1] = -1;
  sqes[at + 6] = 1;
  if (args.timespec !== undefined) putAddress(sqes, at + 4, args.timespec, 'linkTimeout', 'timespec');
  if (args.nanoseconds !== undefined) {
    put64(sqes, at + 4, args.nanoseconds, 'linkTimeout', 'nanoseconds');
    timeoutFlags |= 0x80;
  }
  sqes[at + 7] = timeoutFlags;
  putOptions(sqes, at, args, 'linkTimeout');
  sqes[at] = 15 | (flags << 8);
}

/** Encodes `IORING_OP_PROVIDE_BUFFERS` (Linux 5.7). */
export function provideBuffers(sqes: Uint32Array, slot: number, args: ProvideBuffersArgs): void {
  const at = begin(sqes, slot, 'provideBuffers', args, 16);
  const flags = flagsOf(args.flags, 'provideBuffers');
  sqes[at + 1] = u31(args.count, 'provideBuffers', 'count');
  putAddress(sqes, at + 4, args.buffer, 'provideBuffers', 'buffer');
  sqes[at + 6] = u32(args.length, 'provideBuffers', 'length');
  sqes[at + 2] = u16(args.firstId, 'provideBuffers', 'firstId');
  sqes[at + 10] = u16(args.bufferGroup, 'provideBuffers', 'bufferGroup');
  putOptions(sqes, at, args, 'provideBuffers');
  sqes[at] = 31 | (flags << 8);
}

/** Encodes `IORING_OP_REMOVE_BUFFERS` (Linux 5.7). */
export function removeBuffers(sqes: Uint32Array, slot: number, args: RemoveBuffersArgs): void {
  const at = begin(sqes, slot, 'removeBuffers', args, 16);
  const flags = flagsOf(args.flags, 'removeBuffers');
  sqes[at + 1] = u31(args.count, 'removeBuffers', 'count');
  sqes[at + 10] = u16(args.bufferGroup, 'removeBuffers', 'bufferGroup');
  putOptions(sqes, at, args, 'removeBuffers');
  sqes[at] = 32 | (flags << 8);
}
