// What the methods of a file check before they begin. Pure; any thread.

import { type Arena, checkOptions, Lease, RWF } from '@ringpool/core';

import { invalidArgument } from '../pool/errors.ts';
import { checkLease } from '../pool/options.ts';
import type { TransferOptions } from './file-options.ts';
import type { Nature } from './nature.ts';
import type { Direction, TransferRange } from './transfer-parts.ts';

/** The position of the descriptor itself, which reads and writes move. */
export const CURRENT = -1;

/** What bytes are moved to and from. */
export type Memory = Lease | ArrayBufferView;

/** Options of methods that block. */
export const SYNC_OPTIONS: readonly string[] = ['position', 'offset', 'length', 'placement', 'dsync'];
const TRANSFER_OPTIONS: readonly string[] = [...SYNC_OPTIONS, 'signal', 'atomic', 'dontCache'];

/** As checkOptions, for the options of every read and write: without a list to look through where nothing is wrong. */
export function checkTransferOptions(op: string, options: unknown): void {
  if (typeof options !== 'object' || options === null) checkOptions(op, options, TRANSFER_OPTIONS);
  for (const key in options as object) {
    if (key === 'position' || key === 'offset' || key === 'length' || key === 'signal') continue;
    if (key !== 'placement') checkOptions(op, options, TRANSFER_OPTIONS);
  }
}

/** The memory, if bytes can be moved to and from it. @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
export function memoryOf(op: string, memory: unknown, arena: Arena): Lease | Uint8Array {
  if (memory instanceof Uint8Array) return memory;
  if (memory instanceof Lease) {
    checkLease(op, memory, arena);
    return memory;
  }
  if (ArrayBuffer.isView(memory)) return new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength);
  throw invalidArgument(
    op,
    'the memory is neither a Lease nor a Uint8Array, nor another view',
    'Take one from pool.alloc().',
  );
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT unless it is a position in a file. */
export function checkPosition(op: string, position: number): void {
  if (Number.isSafeInteger(position) && position >= 0) return;
  throw invalidArgument(op, `position is ${String(position)}`, 'It must be a safe integer from 0.');
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT unless it is a range of so many bytes. */
export function checkRange(op: string, bytes: number, offset: number, length: number): void {
  const sound = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
  if (sound && offset + length <= bytes) return;
  throw invalidArgument(
    op,
    `offset ${String(offset)} and length ${String(length)} are not a range of ${bytes} bytes`,
    op === 'read' ? 'Read into a larger target, or less.' : 'Write less.',
  );
}

export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Checks what is to be moved, and writes it into `range`. @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
export function rangeOf(
  direction: Direction,
  memory: Memory,
  options: TransferOptions,
  nature: Nature,
  arena: Arena,
  range: Writable<TransferRange>,
): TransferRange {
  const bytes = memoryOf(direction, memory, arena);
  const { offset = 0, length = bytes.length - offset } = options;
  range.position = positionOf(direction, options.position, nature);
  checkRange(direction, bytes.length, offset, length);
  range.memory = bytes;
  range.offset = offset;
  range.length = length;
  range.flags = rwFlagsOf(direction, options);
  return range;
}

/** Where in the file; below 0: where the descriptor itself says. @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
export function positionOf(
  direction: Direction,
  wanted: number | bigint | undefined,
  nature: Nature,
): number {
  if (wanted === undefined) {
    if ((direction === 'write' && nature.appends) || nature.isStream) return CURRENT;
    throw positionMissing(direction);
  }
  const position = typeof wanted === 'bigint' ? Number(wanted) : wanted;
  checkPosition(direction, position);
  return position;
}

/** The error of a read or write that does not say where, of a file that does not know it by itself. */
function positionMissing(op: string): Error {
  return invalidArgument(
    op,
    'the position is missing',
    'Say where in the file, in bytes: only pipes, terminals and sockets, and files that are open to append, know it themselves.',
  );
}

/** How a read or write is made. */
interface TransferHow {
  readonly dsync?: boolean | undefined;
  readonly atomic?: boolean | undefined;
  readonly dontCache?: boolean | undefined;
}

/** The RWF_* bits of a read or write. @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
export function rwFlagsOf(direction: Direction, how: TransferHow): number {
  const { dsync, atomic, dontCache } = how;
  if (dsync === undefined && atomic === undefined && dontCache === undefined) return 0;
  for (const [name, value] of Object.entries({ dsync, atomic, dontCache })) {
    if (value !== undefined && typeof value !== 'boolean')
      throw invalidArgument(direction, `${name} is ${String(value)}`, 'It must be true or false.');
    if (value === true && direction === 'read' && name !== 'dontCache')
      throw invalidArgument(direction, `${name} is an option of writes`);
  }
  return (
    (dsync === true ? RWF.DSYNC : 0) |
    (atomic === true ? RWF.ATOMIC : 0) |
    (dontCache === true ? RWF.DONTCACHE : 0)
  );
}
