// The branded values that operations take: an fd is not a fixed file, an address is not an offset.
// Pure numbers at run time. A fixed file carries bit 30, so that an encoder tells it from an fd without a branch.
import { RingpoolError } from '../errors.ts';

declare const brand: unique symbol;

/** An open file descriptor of this process. */
export type Fd = number & { readonly [brand]: 'Fd' };
/** A slot of the ring's registered file table, made by {@link fixedFile}. */
export type FixedFile = number & { readonly [brand]: 'FixedFile' };
/** The current directory, where a directory's fd is wanted. */
export type CurrentDirectory = number & { readonly [brand]: 'CurrentDirectory' };
/** The wish that the kernel picks a free fixed slot. */
export type AllocateSlot = number & { readonly [brand]: 'AllocateSlot' };
/** A virtual address: the arena's base address plus an offset. A safe integer. */
export type Address = number & { readonly [brand]: 'Address' };
/** The index of a registered buffer. */
export type BufferIndex = number & { readonly [brand]: 'BufferIndex' };

/** The bit that marks a {@link FixedFile}. Linux never gives out fds this large (`fs.nr_open` is far below). */
export const FIXED_FILE_BIT = 0x4000_0000;
/** Registered file tables hold at most this many slots (`IORING_MAX_FIXED_FILES`). */
const FIXED_FILES_MAX = 1 << 20;
/** Registered buffer tables hold at most this many buffers (`IORING_MAX_REG_BUFFERS`). */
const REGISTERED_BUFFERS_MAX = 1 << 14;

/** Paths that do not begin with a slash start from the current directory (`AT_FDCWD`). */
export const AT_FDCWD: CurrentDirectory = -100 as CurrentDirectory;
/** Let the kernel pick a free fixed slot (`IORING_FILE_INDEX_ALLOC`); the slot is the result. */
export const ALLOCATE_SLOT: AllocateSlot = -1 as AllocateSlot;

function refuse(what: string, value: unknown, wanted: string): never {
  throw new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', `${what} is ${String(value)}`, {
    hint: `It must be ${wanted}.`,
  });
}

/**
 * Says that a number is a file descriptor. Throws `ERR_RINGPOOL_INVALID_ARGUMENT` if it cannot be one.
 *
 * @example
 * ```ts
 * import { encode, fd, type Address } from '@ringpool/core';
 *
 * const sqes = new Uint32Array(16);
 * encode.read(sqes, 0, { fd: fd(3), buffer: 4096 as Address, length: 512, offset: 0 });
 * console.assert(sqes[1] === 3);
 * ```
 */
export function fd(number: number): Fd {
  if ((number & (FIXED_FILE_BIT - 1)) !== number) refuse('fd', number, 'an integer from 0 to 2^30-1');
  return number as Fd;
}

/**
 * Names a slot of the registered file table. Throws `ERR_RINGPOOL_INVALID_ARGUMENT` above 2^20-1.
 * The value carries a mark besides the slot: print {@link fixedSlotOf} of it, not the value.
 *
 * @example
 * ```ts
 * import { encode, fixedFile, IOSQE, opcodes, type Address } from '@ringpool/core';
 *
 * const sqes = new Uint32Array(16);
 * encode.read(sqes, 0, { fd: fixedFile(3), buffer: 4096 as Address, length: 512, offset: 0 });
 * console.assert(sqes[0] === (opcodes.read.value | (IOSQE.FIXED_FILE << 8)) && sqes[1] === 3);
 * ```
 */
export function fixedFile(slot: number): FixedFile {
  if ((slot & (FIXED_FILES_MAX - 1)) !== slot) refuse('fixed slot', slot, 'an integer from 0 to 2^20-1');
  return (slot | FIXED_FILE_BIT) as FixedFile;
}

/** True for a {@link FixedFile}, false for an {@link Fd}. */
export function isFixedFile(file: Fd | FixedFile): file is FixedFile {
  return file > 0 && (file & FIXED_FILE_BIT) !== 0;
}

/** The slot's number in a {@link FixedFile}. */
export function fixedSlotOf(file: FixedFile): number {
  return file & (FIXED_FILE_BIT - 1);
}

/** Says that a number is a virtual address. Throws `ERR_RINGPOOL_INVALID_ARGUMENT` if it is no safe integer from 0. */
export function address(number: number): Address {
  if (!Number.isSafeInteger(number) || number < 0) refuse('address', number, 'a safe integer from 0');
  return number as Address;
}

/** Says that a number indexes registered buffers. Throws `ERR_RINGPOOL_INVALID_ARGUMENT` above 2^14-1. */
export function bufferIndex(number: number): BufferIndex {
  if ((number & (REGISTERED_BUFFERS_MAX - 1)) !== number)
    refuse('bufferIndex', number, 'an integer from 0 to 2^14-1');
  return number as BufferIndex;
}
