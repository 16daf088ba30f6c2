// Encoders for other rings, processes, futexes and drivers. The caller owns the queue, and its thread calls.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.

import type {
  FutexWaitArgs,
  FutexWaitvArgs,
  FutexWakeArgs,
  MsgRingArgs,
  Nop128Args,
  WaitidArgs,
} from '../args/signals.ts';
import { FIXED_FILE_BIT } from '../values.ts';
import {
  begin,
  bitsWithout,
  fileIndexOf,
  fileOf,
  flagsOf,
  i32,
  put64,
  putAddress,
  putForeign,
  putOptions,
  refuseArgument,
  slotOf,
  u16,
  u31,
  u32,
} from '../write.ts';

/** Encodes `IORING_OP_MSG_RING` (Linux 5.18). */
export function msgRing(sqes: Uint32Array, slot: number, args: MsgRingArgs): void {
  const at = begin(sqes, slot, 'msgRing', args, 16);
  if (args.directSlot !== undefined && args.cqeFlags !== undefined)
    refuseArgument('msgRing', 'directSlot or cqeFlags', 'both', 'left out for one of the two');
  let flags = flagsOf(args.flags, 'msgRing');
  let addr = 0x0;
  let msgRingFlags = bitsWithout(args.msgRingFlags, 0x2, 'msgRing', 'msgRingFlags');
  const file = fileOf(args.fd, 'msgRing', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putForeign(sqes, at + 2, args.targetUserData, 'msgRing', 'targetUserData');
  if (args.result !== undefined) sqes[at + 6] = i32(args.result, 'msgRing', 'result');
  if (args.sourceSlot !== undefined) {
    sqes[at + 12] = slotOf(args.sourceSlot, 'msgRing', 'sourceSlot');
    addr |= 0x1;
  }
  if (args.directSlot !== undefined) sqes[at + 11] = fileIndexOf(args.directSlot, 'msgRing', 'directSlot');
  if (args.cqeFlags !== undefined) {
    sqes[at + 11] = u32(args.cqeFlags, 'msgRing', 'cqeFlags');
    msgRingFlags |= 0x2;
  }
  sqes[at + 4] = addr;
  sqes[at + 7] = msgRingFlags;
  putOptions(sqes, at, args, 'msgRing');
  sqes[at] = 40 | (flags << 8);
}

/** Encodes `IORING_OP_WAITID` (Linux 6.7). */
export function waitid(sqes: Uint32Array, slot: number, args: WaitidArgs): void {
  const at = begin(sqes, slot, 'waitid', args, 16);
  const flags = flagsOf(args.flags, 'waitid');
  sqes[at + 6] = u32(args.idtype, 'waitid', 'idtype');
  sqes[at + 1] = i32(args.id, 'waitid', 'id');
  sqes[at + 11] = u32(args.options, 'waitid', 'options');
  if (args.info !== undefined) putAddress(sqes, at + 2, args.info, 'waitid', 'info');
  putOptions(sqes, at, args, 'waitid');
  sqes[at] = 50 | (flags << 8);
}

/** Encodes `IORING_OP_FUTEX_WAIT` (Linux 6.7). */
export function futexWait(sqes: Uint32Array, slot: number, args: FutexWaitArgs): void {
  const at = begin(sqes, slot, 'futexWait', args, 16);
  const flags = flagsOf(args.flags, 'futexWait');
  sqes[at + 1] = u31(args.futex2Flags, 'futexWait', 'futex2Flags');
  putAddress(sqes, at + 4, args.futex, 'futexWait', 'futex');
  put64(sqes, at + 2, args.value, 'futexWait', 'value');
  put64(sqes, at + 12, args.mask, 'futexWait', 'mask');
  putOptions(sqes, at, args, 'futexWait');
  sqes[at] = 51 | (flags << 8);
}

/** Encodes `IORING_OP_FUTEX_WAKE` (Linux 6.7). */
export function futexWake(sqes: Uint32Array, slot: number, args: FutexWakeArgs): void {
  const at = begin(sqes, slot, 'futexWake', args, 16);
  const flags = flagsOf(args.flags, 'futexWake');
  sqes[at + 1] = u31(args.futex2Flags, 'futexWake', 'futex2Flags');
  putAddress(sqes, at + 4, args.futex, 'futexWake', 'futex');
  put64(sqes, at + 2, args.count, 'futexWake', 'count');
  put64(sqes, at + 12, args.mask, 'futexWake', 'mask');
  putOptions(sqes, at, args, 'futexWake');
  sqes[at] = 52 | (flags << 8);
}

/** Encodes `IORING_OP_FUTEX_WAITV` (Linux 6.7). */
export function futexWaitv(sqes: Uint32Array, slot: number, args: FutexWaitvArgs): void {
  const at = begin(sqes, slot, 'futexWaitv', args, 16);
  const flags = flagsOf(args.flags, 'futexWaitv');
  putAddress(sqes, at + 4, args.waiters, 'futexWaitv', 'waiters');
  sqes[at + 6] = u32(args.count, 'futexWaitv', 'count');
  putOptions(sqes, at, args, 'futexWaitv');
  sqes[at] = 53 | (flags << 8);
}

/** Encodes `IORING_OP_NOP128` (Linux 6.19). */
export function nop128(sqes: Uint32Array, slot: number, args: Nop128Args = {}): void {
  const at = begin(sqes, slot, 'nop128', args, 32);
  const flags = flagsOf(args.flags, 'nop128');
  let nopFlags = bitsWithout(args.nopFlags, 0xf, 'nop128', 'nopFlags');
  if (args.fd !== undefined) {
    const file = fileOf(args.fd, 'nop128', 'fd');
    sqes[at + 1] = file & 0x3fff_ffff;
    if (file >= FIXED_FILE_BIT) nopFlags |= 0x4;
    nopFlags |= 0x2;
  } else sqes[at + 1] = -1;
  if (args.result !== undefined) {
    sqes[at + 6] = i32(args.result, 'nop128', 'result');
    nopFlags |= 0x1;
  }
  if (args.bufferIndex !== undefined) {
    sqes[at + 10] = u16(args.bufferIndex, 'nop128', 'bufferIndex');
    nopFlags |= 0x8;
  }
  if (args.extra1 !== undefined) put64(sqes, at + 2, args.extra1, 'nop128', 'extra1');
  if (args.extra2 !== undefined) put64(sqes, at + 4, args.extra2, 'nop128', 'extra2');
  sqes[at + 7] = nopFlags;
  putOptions(sqes, at, args, 'nop128');
  sqes[at] = 63 | (flags << 8);
}
