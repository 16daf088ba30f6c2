// Which operations a pool runs on its rings, which it runs otherwise, and why not. Data and checks only.
//
// A ring of the pool serves several threads and the pool itself, and its tables belong to the pool. So what reaches beyond
// an operation's own file and memory, to other operations, tables or rings, is refused here and has another way.

import {
  type DriverName,
  IORING_ACCEPT,
  IORING_POLL,
  IORING_RECV,
  IORING_TIMEOUT,
  IOSQE,
  type OpcodeEntry,
  type OpcodeName,
  type Operation,
  opcodeEntry,
  opcodeNames,
  opcodes,
  RingpoolError,
  type SqeField,
  softOpcodes,
  sqeFields,
} from '@ringpool/core';

import { unsupported } from '../drivers/unsupported.ts';
import { invalidArgument } from '../pool/errors.ts';

const CANCEL_HINT = 'Cancel by the AbortSignal of the operation.';
const TABLE_HINT =
  'In a chain, fixedFile(0) and so on are files of the chain, opened into by its `directSlot`.';
const GROUP_HINT = 'pool.multishot() provides buffers.';
const RING_HINT = 'Open a Ring of @ringpool/native for it.';

/** Operations that are not for a pool's rings, and what is to be done instead. */
const REFUSED: { readonly [op in OpcodeName]?: string } = {
  asyncCancel: CANCEL_HINT,
  pollRemove: CANCEL_HINT,
  timeoutRemove: CANCEL_HINT,
  filesUpdate: TABLE_HINT,
  provideBuffers: GROUP_HINT,
  removeBuffers: GROUP_HINT,
  msgRing: RING_HINT,
  recvZc: `It needs 32-byte CQEs and a queue of the network card. ${RING_HINT}`,
  nop128: `It needs 128-byte SQEs. ${RING_HINT}`,
  uringCmd128: `It needs 128-byte SQEs. ${RING_HINT}`,
};

/** What `madvise` may say of the arena, `MADV_*`: NORMAL, RANDOM, SEQUENTIAL, WILLNEED, COLD, PAGEOUT, POPULATE_READ and _WRITE. */
const ADVICE: readonly number[] = [0, 1, 2, 3, 20, 21, 22, 23];
const ADVICE_HINT =
  'Of the arena only hints may be given: registered buffers are the pages that were there, not those that come after them.';

/** What makes an operation complete many times: these bits of this field. */
const MULTISHOT: { readonly [op in OpcodeName]?: { readonly field: SqeField; readonly bits: number } } = {
  accept: { field: 'ioprio', bits: IORING_ACCEPT.MULTISHOT },
  pollAdd: { field: 'len', bits: IORING_POLL.ADD_MULTI },
  recv: { field: 'ioprio', bits: IORING_RECV.MULTISHOT },
  recvmsg: { field: 'ioprio', bits: IORING_RECV.MULTISHOT },
  timeout: { field: 'timeout_flags', bits: IORING_TIMEOUT.MULTISHOT },
  readMultishot: { field: 'opcode', bits: opcodes.readMultishot.value },
};

/** Operations that complete twice: with their result, and when the kernel no longer needs their memory. */
const ZERO_COPY: readonly OpcodeName[] = ['sendZc', 'sendmsgZc'];

/** SQE flags that link an operation to the next one. */
export const LINKS: number = IOSQE.IO_LINK | IOSQE.IO_HARDLINK;
const FLAGS_SHIFT = 8;

/** The SQE flags of an encoded operation. */
export function flagsIn(sqe: Uint32Array): number {
  return ((sqe[0] as number) >>> FLAGS_SHIFT) & 0xff;
}

function fieldIn(sqe: Uint32Array, field: SqeField): number {
  const { offset, size } = sqeFields[field];
  const word = sqe[offset >>> 2] as number;
  return size >= 4 ? word : (word >>> ((offset & 3) * 8)) & (size === 2 ? 0xffff : 0xff);
}

/** True for an encoded operation that completes many times. */
export function isMultishot(op: OpcodeName, sqe: Uint32Array): boolean {
  const sign = MULTISHOT[op];
  return sign !== undefined && (fieldIn(sqe, sign.field) & sign.bits) !== 0;
}

/** Sets what makes an operation complete many times. False when there is no such form of it. */
export function makeMultishot(op: OpcodeName, sqe: Uint32Array): boolean {
  const sign = MULTISHOT[op];
  if (sign === undefined) return false;
  const { offset } = sqeFields[sign.field];
  const at = offset >>> 2;
  sqe[at] = ((sqe[at] as number) | (sign.bits << ((offset & 3) * 8))) >>> 0;
  return true;
}

/** True for what completes more than once, and so runs on the ring whose completion queue has room for it. */
export function isZeroCopy(op: OpcodeName): boolean {
  return ZERO_COPY.includes(op);
}

/** Throws ERR_RINGPOOL_UNSUPPORTED for an operation that is not for a pool's rings, or not for those of its driver. */
export function checkSupported(api: string, operation: Operation, driver: DriverName): void {
  const { op } = operation;
  if (driver !== 'uring' && opcodeNames.includes(op) && !softOpcodes.includes(op)) {
    throw unsupported(driver, `operation '${op}'`, api);
  }
  const changesPages = operation.op === 'madvise' && !ADVICE.includes(operation.advice);
  const hint = changesPages ? ADVICE_HINT : REFUSED[op];
  if (hint === undefined) return;
  throw new RingpoolError('ERR_RINGPOOL_UNSUPPORTED', `${op} is not for the rings of a pool`, {
    op: api,
    hint,
  });
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT for flags and fields of an encoded operation that belong to the pool. */
export function checkFlags(api: string, operation: Operation, sqe: Uint32Array): void {
  const flags = flagsIn(sqe);
  if (operation.userData !== undefined) {
    throw invalidArgument(
      api,
      `${operation.op} has a userData`,
      'Leave it out: promises tell completions apart.',
    );
  }
  if ((flags & IOSQE.CQE_SKIP_SUCCESS) !== 0) {
    throw invalidArgument(api, `${operation.op} has CQE_SKIP_SUCCESS`, 'Its completion is what ends it.');
  }
  if ((flags & IOSQE.BUFFER_SELECT) !== 0 && api !== 'multishot') {
    throw invalidArgument(api, `${operation.op} has a bufferGroup`, GROUP_HINT);
  }
}

/** A field of an SQE that names a fixed file of the chain: to be replaced by the slot of the ring it runs on. */
export interface FilePatch {
  /** The word of the SQE. */
  readonly word: number;
  /** The file's number in the chain. */
  readonly file: number;
  /** Written as slot + 1. */
  readonly plusOne: boolean;
}

/** Files of one chain. */
const CHAIN_FILES_MAX = 8;
const FIXED_BIT = 0x4000_0000;

/** Where an operation names fixed files. Throws ERR_RINGPOOL_INVALID_ARGUMENT for what is no file of a chain. */
export function filePatchesOf(api: string, operation: Operation): readonly FilePatch[] {
  const patches: FilePatch[] = [];
  const entry: OpcodeEntry = opcodeEntry(operation.op);
  for (const { arg, sqe, kind } of entry.fields) {
    const value = (operation as unknown as Readonly<Record<string, unknown>>)[arg];
    if (typeof value !== 'number') continue;
    const indexed = kind === 'slot' || kind === 'closing-file';
    if (indexed || kind === 'file' || kind === 'fixed-file') {
      if (value < 0 && indexed) throw notOfChain(api, operation.op, arg, 'a slot of the kernel’s choice');
      if (value < 0 || (value & FIXED_BIT) === 0) continue;
      const file = value & (FIXED_BIT - 1);
      if (file >= CHAIN_FILES_MAX) throw notOfChain(api, operation.op, arg, `fixedFile(${file})`);
      const field = kind === 'closing-file' ? sqeFields.file_index : sqeFields[sqe];
      patches.push({ word: field.offset >>> 2, file, plusOne: indexed });
    } else if (kind === 'raw-slot' || kind === 'source-slot') {
      throw notOfChain(api, operation.op, arg, 'a slot of a ring');
    }
  }
  if (operation.op === 'pipe' && patches.length > 0) {
    throw notOfChain(api, 'pipe', 'directSlot', 'a pair of slots');
  }
  return patches;
}

function notOfChain(api: string, op: OpcodeName, arg: string, what: string): RingpoolError {
  return invalidArgument(
    api,
    `${op}: ${arg} is ${what}`,
    `The slots of a ring are the pool's. fixedFile(0) to fixedFile(${CHAIN_FILES_MAX - 1}) are files of the chain itself.`,
  );
}

/** The error of a chain with files where no ring that it may run on has a table of them. */
export function noFixedFiles(api: string): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_UNSUPPORTED',
    'no ring of this placement has a table of fixed files',
    {
      op: api,
      hint: 'Raise `ulimit -n`, or use descriptors.',
    },
  );
}

/** The error of what drains on the ring where multishot operations are: they never end, and all after it would wait. */
export function drains(api: string, op: OpcodeName): RingpoolError {
  return invalidArgument(
    api,
    `${op} is on a ring that is never empty, and drains`,
    'Leave IO_DRAIN out: multishot operations and zero-copy sends share a ring.',
  );
}
