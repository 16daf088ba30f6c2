// The checks and stores that the encoders share. The caller owns the submission queue; any thread that owns its tail.
// Every check throws ERR_RINGPOOL_INVALID_ARGUMENT. A refused SQE stays behind as a NOP: a slot that was already
// pushed must never run what an earlier operation left in it.
import { RingpoolError } from '../errors.ts';
import { ALLOCATE_SLOT, FIXED_FILE_BIT } from './values.ts';

/** 2^-32: the high half of a safe integer is the floor of its product with this. */
const HIGH_WORD = 2 ** -32;
const SQE_WORDS = 16;
/** Bits of SQE `flags` that arguments may carry; FIXED_FILE and BUFFER_SELECT follow from other arguments. */
const FLAGS_ALLOWED = 0x5e;
const UINT64_MAX = 0xffff_ffff_ffff_ffffn;
const FOREIGN_HIGH_BIT = 0x8000_0000;
const AT_FDCWD_VALUE = -100;

if (new Uint8Array(Uint32Array.of(1).buffer, 0, 1)[0] !== 1) {
  throw new RingpoolError('ERR_RINGPOOL_UNSUPPORTED', 'this machine is big-endian', {
    hint: 'Ringpool encodes SQEs as little-endian words; use a little-endian machine.',
  });
}

/** What every operation may carry. */
export interface SqeOptions {
  /** `IOSQE_*` bits. FIXED_FILE and BUFFER_SELECT are set by the arguments that need them. */
  readonly flags?: number | undefined;
  /** The user_data of the completion. Left out, words 8 and 9 stay as they are: `ring.push()` has written them. */
  readonly userData?: number | bigint | undefined;
  /** A personality registered with the ring, whose credentials the operation uses. */
  readonly personality?: number | undefined;
}

/** Throws `ERR_RINGPOOL_INVALID_ARGUMENT` for one argument. */
export function refuseArgument(op: string, arg: string, value: unknown, wanted: string): never {
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  throw new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', `${op}: ${arg} is ${shown}`, {
    op,
    hint: `It must be ${wanted}.`,
  });
}

/**
 * Turns the slot into a NOP and returns the index of its first word.
 * Words 8 and 9, user_data, stay. `words` is 32 for a 128-byte SQE.
 */
export function begin(sqes: Uint32Array, slot: number, op: string, args: object, words: number): number {
  const at = slot * SQE_WORDS;
  if (slot >>> 0 !== slot || at + words > sqes.length) {
    refuseArgument(op, 'slot', slot, `a slot of the queue; a full queue's push() answers -1`);
  }
  for (let word = at; word < at + 8; word++) sqes[word] = 0;
  for (let word = at + 10; word < at + words; word++) sqes[word] = 0;
  if (typeof args !== 'object' || args === null)
    refuseArgument(op, 'args', args, 'an object with the arguments');
  return at;
}

/** SQE `flags` as the caller gave them. */
export function flagsOf(flags: number | undefined, op: string): number {
  if (flags === undefined) return 0;
  if (typeof flags !== 'number' || (flags & FLAGS_ALLOWED) !== flags) {
    refuseArgument(
      op,
      'flags',
      flags,
      'IOSQE_* bits without FIXED_FILE (pass a fixedFile) and BUFFER_SELECT (pass a bufferGroup)',
    );
  }
  return flags;
}

/** An integer of 16 bits. */
export function u16(value: number, op: string, arg: string): number {
  if (typeof value !== 'number' || (value & 0xffff) !== value)
    refuseArgument(op, arg, value, 'an integer from 0 to 65535');
  return value;
}

/** A non-negative integer that the kernel keeps in an int. */
export function u31(value: number, op: string, arg: string): number {
  if (typeof value !== 'number' || (value & 0x7fff_ffff) !== value)
    refuseArgument(op, arg, value, 'an integer from 0 to 2^31-1');
  return value;
}

/** An integer of 32 bits. */
export function u32(value: number, op: string, arg: string): number {
  if (typeof value !== 'number' || value >>> 0 !== value)
    refuseArgument(op, arg, value, 'an integer from 0 to 2^32-1');
  return value;
}

/** A signed integer of 32 bits. */
export function i32(value: number, op: string, arg: string): number {
  if (typeof value !== 'number' || (value | 0) !== value)
    refuseArgument(op, arg, value, 'an integer from -2^31 to 2^31-1');
  return value;
}

/** A word of flags without the bits that other arguments set; 0 when it was left out. */
export function bitsWithout(value: number | undefined, taken: number, op: string, arg: string): number {
  if (value === undefined) return 0;
  if (typeof value !== 'number' || value >>> 0 !== value || (value & taken) !== 0) {
    refuseArgument(op, arg, value, `32 bits without 0x${taken.toString(16)}, which other arguments set`);
  }
  return value;
}

/** As {@link bitsWithout}, for a field of 16 bits. */
export function bits16Without(value: number | undefined, taken: number, op: string, arg: string): number {
  return value === undefined ? 0 : bitsWithout(u16(value, op, arg), taken, op, arg);
}

/** An fd, or a fixed file with its mark. */
export function fileOf(value: number, op: string, arg: string): number {
  if (typeof value !== 'number' || (value & 0x7fff_ffff) !== value)
    refuseArgument(op, arg, value, 'a file made by fd() or fixedFile()');
  return value;
}

/** An fd and nothing else. */
export function plainFileOf(value: number, op: string, arg: string): number {
  if (typeof value !== 'number' || (value & (FIXED_FILE_BIT - 1)) !== value)
    refuseArgument(op, arg, value, 'a file made by fd()');
  return value;
}

/** The slot of a fixed file, and nothing else. */
export function slotOf(value: number, op: string, arg: string): number {
  if (typeof value !== 'number' || (value & 0x7fff_ffff) !== value || value < FIXED_FILE_BIT) {
    refuseArgument(op, arg, value, 'a slot made by fixedFile()');
  }
  return value & (FIXED_FILE_BIT - 1);
}

/** A fixed slot or ALLOCATE_SLOT as a number: -1 to allocate. */
export function slotOrAllocate(value: number, op: string, arg: string): number {
  return value === ALLOCATE_SLOT ? -1 : slotOf(value, op, arg);
}

/** `file_index`: 0 is no slot, -1 asks for one, others are slot + 1. */
export function fileIndexOf(value: number, op: string, arg: string): number {
  return value === ALLOCATE_SLOT ? -1 : slotOf(value, op, arg) + 1;
}

/** An fd or AT_FDCWD. */
export function directoryOf(value: number, op: string, arg: string): number {
  return value === AT_FDCWD_VALUE ? value : plainFileOf(value, op, arg);
}

/** Stores an address as two words. */
export function putAddress(sqes: Uint32Array, at: number, value: number, op: string, arg: string): void {
  if (!Number.isSafeInteger(value) || value < 0)
    refuseArgument(op, arg, value, 'an address: a safe integer from 0');
  sqes[at] = value;
  sqes[at + 1] = value * HIGH_WORD;
}

/** Stores 64 bits as two words. */
export function put64(sqes: Uint32Array, at: number, value: number | bigint, op: string, arg: string): void {
  if (typeof value === 'bigint') {
    if (value < 0n || value > UINT64_MAX) refuseArgument(op, arg, value, 'from 0 to 2^64-1');
    sqes[at] = Number(value & 0xffff_ffffn);
    sqes[at + 1] = Number(value >> 32n);
    return;
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    refuseArgument(op, arg, value, 'a safe integer from 0, or a bigint to 2^64-1');
  }
  sqes[at] = value;
  sqes[at + 1] = value * HIGH_WORD;
}

/** Stores an offset as two words; -1 is the current position. */
export function putOffset(
  sqes: Uint32Array,
  at: number,
  value: number | bigint,
  op: string,
  arg: string,
): void {
  if (value === -1 || value === -1n) {
    sqes[at] = 0xffff_ffff;
    sqes[at + 1] = 0xffff_ffff;
    return;
  }
  put64(sqes, at, value, op, arg);
}

/** Stores a user_data with bit 63 set, which tells the ring that receives it that no operation of its own ended. */
export function putForeign(
  sqes: Uint32Array,
  at: number,
  value: number | bigint,
  op: string,
  arg: string,
): void {
  if (typeof value === 'bigint' && value >> 63n !== 0n) refuseArgument(op, arg, value, 'from 0 to 2^63-1');
  put64(sqes, at, value, op, arg);
  sqes[at + 1] = sqes[at + 1]! | FOREIGN_HIGH_BIT;
}

/** Stores a length in its 32-bit field at `at`, or in the 64-bit field at `wide` when it is larger. */
export function putWideLength(
  sqes: Uint32Array,
  at: number,
  wide: number,
  value: number | bigint,
  op: string,
  arg: string,
): void {
  if (typeof value === 'number' && value >>> 0 === value) sqes[at] = value;
  else if (typeof value === 'bigint' && value >= 0n && value <= 0xffff_ffffn) sqes[at] = Number(value);
  else put64(sqes, wide, value, op, arg);
}

/** The options that touch other words than the first: personality and user_data. */
export function putOptions(sqes: Uint32Array, at: number, options: SqeOptions, op: string): void {
  const { personality, userData } = options;
  if (personality !== undefined) {
    sqes[at + 10] = (sqes[at + 10]! & 0xffff) | (u16(personality, op, 'personality') << 16);
  }
  if (userData !== undefined) put64(sqes, at + 8, userData, op, 'userData');
}
