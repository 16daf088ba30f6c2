// The operations whose bytes vectors.c prints, by the same labels. Each operation stands in its smallest form first, then once
// for every optional argument. `BASE` vectors are printed a second time with flags and a personality: see goldenCases().

import type { Operation } from '../../src/sqe/operations.ts';
import { ALLOCATE_SLOT, address, bufferIndex, fd, fixedFile } from '../../src/sqe/values.ts';

const A = address(0x7f12_3456_7000);
const BIG = 0x12_3456_789a;

/** Bytes 1, 2, 3, ... */
function payload(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index + 1);
}

/** The cases by label. */
export const controlCases: { readonly [label: string]: Operation } = {
  pollAdd: { op: 'pollAdd', fd: fd(5), events: 1 },
  'pollAdd fixed file': { op: 'pollAdd', fd: fixedFile(6), events: 1 },
  'pollAdd pollFlags': { op: 'pollAdd', fd: fd(5), events: 1, pollFlags: 1 },
  'pollAdd events of 32 bits': { op: 'pollAdd', fd: fd(5), events: 0x8000_0001 },
  pollRemove: { op: 'pollRemove', target: BIG },
  'pollRemove events': { op: 'pollRemove', target: BIG, events: 4 },
  'pollRemove newUserData': { op: 'pollRemove', target: BIG, newUserData: 0x77 },
  'pollRemove events and newUserData': { op: 'pollRemove', target: BIG, events: 4, newUserData: 0x77 },
  'pollRemove pollFlags': { op: 'pollRemove', target: BIG, events: 4, pollFlags: 1 },
  timeout: { op: 'timeout', timespec: A },
  'timeout count': { op: 'timeout', timespec: A, count: 12 },
  'timeout timeoutFlags': { op: 'timeout', timespec: A, timeoutFlags: 0x41 },
  'timeout nanoseconds': { op: 'timeout', nanoseconds: 1_000_000_000_000 },
  timeoutRemove: { op: 'timeoutRemove', target: BIG },
  'timeoutRemove timespec': { op: 'timeoutRemove', target: BIG, timespec: A },
  'timeoutRemove nanoseconds': { op: 'timeoutRemove', target: BIG, nanoseconds: 5 },
  'timeoutRemove timeoutFlags': { op: 'timeoutRemove', target: BIG, timespec: A, timeoutFlags: 0x10 },
  asyncCancel: { op: 'asyncCancel', target: BIG },
  'asyncCancel fd': { op: 'asyncCancel', fd: fd(5) },
  'asyncCancel fixed file': { op: 'asyncCancel', fd: fixedFile(6) },
  'asyncCancel opcode': { op: 'asyncCancel', opcode: 22 },
  'asyncCancel fd and target': { op: 'asyncCancel', target: BIG, fd: fd(5) },
  'asyncCancel cancelFlags': { op: 'asyncCancel', target: BIG, cancelFlags: 1 },
  linkTimeout: { op: 'linkTimeout', timespec: A },
  'linkTimeout timeoutFlags': { op: 'linkTimeout', timespec: A, timeoutFlags: 1 },
  'linkTimeout nanoseconds': { op: 'linkTimeout', nanoseconds: 5000 },
  provideBuffers: { op: 'provideBuffers', count: 16, buffer: A, length: 4096, firstId: 2, bufferGroup: 9 },
  removeBuffers: { op: 'removeBuffers', count: 16, bufferGroup: 9 },
  msgRing: { op: 'msgRing', fd: fd(5), targetUserData: 0x42 },
  'msgRing fixed file': { op: 'msgRing', fd: fixedFile(6), targetUserData: 0x42 },
  'msgRing result': { op: 'msgRing', fd: fd(5), targetUserData: 0x42, result: 99 },
  'msgRing msgRingFlags': { op: 'msgRing', fd: fd(5), targetUserData: 0x42, msgRingFlags: 1 },
  'msgRing sourceSlot': { op: 'msgRing', fd: fd(5), targetUserData: 0x42, sourceSlot: fixedFile(6) },
  'msgRing directSlot': {
    op: 'msgRing',
    fd: fd(5),
    targetUserData: 0x42,
    sourceSlot: fixedFile(6),
    directSlot: fixedFile(11),
  },
  'msgRing directSlot allocated': {
    op: 'msgRing',
    fd: fd(5),
    targetUserData: 0x42,
    sourceSlot: fixedFile(6),
    directSlot: ALLOCATE_SLOT,
  },
  'msgRing cqeFlags': { op: 'msgRing', fd: fd(5), targetUserData: 0x42, cqeFlags: 0x1_0000 },
  uringCmd: { op: 'uringCmd', fd: fd(5), cmdOp: 0xc0de },
  'uringCmd fixed file': { op: 'uringCmd', fd: fixedFile(6), cmdOp: 0xc0de },
  'uringCmd uringCmdFlags': { op: 'uringCmd', fd: fd(5), cmdOp: 0xc0de, uringCmdFlags: 2 },
  'uringCmd bufferIndex': { op: 'uringCmd', fd: fd(5), cmdOp: 0xc0de, bufferIndex: bufferIndex(7) },
  'uringCmd level': { op: 'uringCmd', fd: fd(5), cmdOp: 2, level: 1, optname: 8, optval: A, optlen: 4 },
  'uringCmd addr': { op: 'uringCmd', fd: fd(5), cmdOp: 0x1200, addr: BIG, addr3: 0x2_0000_0000 },
  'uringCmd cmd': { op: 'uringCmd', fd: fd(5), cmdOp: 0xc0de, cmd: payload(16) },
  'uringCmd cmd of 80 bytes': { op: 'uringCmd', fd: fd(5), cmdOp: 0xc0de, cmd: payload(80) },
  waitid: { op: 'waitid', idtype: 1, id: 1234, options: 4 },
  'waitid info': { op: 'waitid', idtype: 1, id: 1234, options: 4, info: A },
  futexWait: { op: 'futexWait', futex2Flags: 0x82, futex: A, value: 17, mask: 0xffff_ffff },
  futexWake: { op: 'futexWake', futex2Flags: 0x82, futex: A, count: 17, mask: 0xffff_ffff },
  futexWaitv: { op: 'futexWaitv', waiters: A, count: 3 },
  nop128: { op: 'nop128' },
  'nop128 nopFlags': { op: 'nop128', nopFlags: 0x10 },
  'nop128 fd': { op: 'nop128', fd: fd(5) },
  'nop128 fixed file': { op: 'nop128', fd: fixedFile(6) },
  'nop128 result': { op: 'nop128', result: -22 },
  'nop128 bufferIndex': { op: 'nop128', bufferIndex: bufferIndex(7) },
  'nop128 extras': { op: 'nop128', nopFlags: 0x20, extra1: BIG, extra2: BIG },
  uringCmd128: { op: 'uringCmd128', fd: fd(5), cmdOp: 0xc0de },
  'uringCmd128 fixed file': { op: 'uringCmd128', fd: fixedFile(6), cmdOp: 0xc0de },
  'uringCmd128 uringCmdFlags': { op: 'uringCmd128', fd: fd(5), cmdOp: 0xc0de, uringCmdFlags: 2 },
  'uringCmd128 bufferIndex': { op: 'uringCmd128', fd: fd(5), cmdOp: 0xc0de, bufferIndex: bufferIndex(7) },
  'uringCmd128 cmd': { op: 'uringCmd128', fd: fd(5), cmdOp: 0xc0de, cmd: payload(80) },
};
