// What an SQE asks for, done by system calls of a FileSystem: one SQE, one answer. Rings without a kernel share it. Links,
// timeouts and cancellation are the ring's business, not of a single SQE. Source: io_uring_enter(2).

import { opcodes } from '../abi/opcodes.ts';
import { STATX_BYTES } from '../abi/statx.ts';
import { AT, RWF } from '../abi/system.ts';
import { CURRENT_POSITION, type FileSystem, type Path } from './file-system.ts';
import type { SoftMemory } from './memory.ts';
import { writeStatx } from './statx.ts';
import type { SoftBuffers, SoftFiles } from './tables.ts';

const HIGH_WORD = 0x1_0000_0000;
const EBADF = 9;
const EINVAL = 22;
const EFBIG = 27;
const EOVERFLOW = 75;
const EOPNOTSUPP = 95;
const OPCODE_MASK = 0xff;
const FLAGS_SHIFT = 8;
const FIXED_FILE = 1;
const BUFFER_SELECT = 32;
const AT_FDCWD = -100;
const SLASH = 0x2f;
/** `.` */
const CURRENT_DIRECTORY: Path = Uint8Array.of(0x2e);
const BUFFER_INDEX_MASK = 0xffff;
const ALLOCATE_SLOT = 0xffff_ffff;
/** `IORING_FSYNC_DATASYNC`. */
const FSYNC_DATASYNC = 1;
const NOP_INJECT_RESULT = 1;
const NOP_FLAGS = 1;
/** Write flags that a file system without a kernel can keep. */
const RWF_SUPPORTED = RWF.DSYNC | RWF.SYNC;

/** What does the work of one opcode: the SQEs, the first word of one, its answer. */
type Operation = (sqe: Uint32Array, at: number) => number;

/** Executes single SQEs. Bound to the ring's thread. */
export class Interpreter {
  readonly #memory: SoftMemory;
  readonly #buffers: SoftBuffers;
  readonly #files: SoftFiles;
  readonly #system: FileSystem;
  /** By opcode. */
  readonly #operations: (Operation | undefined)[] = [];

  constructor(memory: SoftMemory, buffers: SoftBuffers, files: SoftFiles, system: FileSystem) {
    this.#memory = memory;
    this.#buffers = buffers;
    this.#files = files;
    this.#system = system;
    const { read, readFixed, write, writeFixed, readv, readvFixed, writev, writevFixed } = opcodes;
    const all: readonly (readonly [{ readonly value: number }, Operation])[] = [
      [opcodes.nop, (sqe, at) => this.#nop(sqe, at)],
      [read, (sqe, at) => this.#transfer(sqe, at, false, false)],
      [readFixed, (sqe, at) => this.#transfer(sqe, at, false, true)],
      [write, (sqe, at) => this.#transfer(sqe, at, true, false)],
      [writeFixed, (sqe, at) => this.#transfer(sqe, at, true, true)],
      [readv, (sqe, at) => this.#pieces(sqe, at, false, false)],
      [readvFixed, (sqe, at) => this.#pieces(sqe, at, false, true)],
      [writev, (sqe, at) => this.#pieces(sqe, at, true, false)],
      [writevFixed, (sqe, at) => this.#pieces(sqe, at, true, true)],
      [opcodes.fsync, (sqe, at) => this.#sync(sqe, at)],
      [opcodes.openat, (sqe, at) => this.#open(sqe, at)],
      [opcodes.close, (sqe, at) => this.#close(sqe, at)],
      [opcodes.ftruncate, (sqe, at) => this.#truncate(sqe, at)],
      [opcodes.statx, (sqe, at) => this.#statx(sqe, at)],
      [opcodes.fadvise, (sqe, at) => Math.min(this.fileOf(sqe, at), 0)],
      [opcodes.renameat, (sqe, at) => this.#rename(sqe, at)],
      [opcodes.unlinkat, (sqe, at) => this.#unlink(sqe, at)],
      [opcodes.mkdirat, (sqe, at) => this.#makeDirectory(sqe, at)],
      [opcodes.linkat, (sqe, at) => this.#link(sqe, at)],
      [opcodes.symlinkat, (sqe, at) => this.#symbolicLink(sqe, at)],
      [opcodes.filesUpdate, (sqe, at) => this.#updateFiles(sqe, at)],
    ];
    for (const [{ value }, operation] of all) this.#operations[value] = operation;
  }

  /** Whether it can execute this opcode at all. */
  knows(opcode: number): boolean {
    return this.#operations[opcode] !== undefined;
  }

  /** Executes the SQE at a word: its result, or a negative errno; -EOPNOTSUPP for what it does not know. */
  execute(sqe: Uint32Array, at: number): number {
    const operation = this.#operations[(sqe[at] as number) & OPCODE_MASK];
    const unsupported = operation === undefined || ((sqe[at] as number) >>> FLAGS_SHIFT) & BUFFER_SELECT;
    return unsupported ? -EOPNOTSUPP : (operation as Operation)(sqe, at);
  }

  /** How many bytes a read or write is to move: a shorter one breaks a link. -1 for other operations. */
  wantedBytes(sqe: Uint32Array, at: number): number {
    switch ((sqe[at] as number) & OPCODE_MASK) {
      case opcodes.read.value:
      case opcodes.readFixed.value:
      case opcodes.write.value:
      case opcodes.writeFixed.value:
        return sqe[at + 6] as number;
      case opcodes.readv.value:
      case opcodes.readvFixed.value:
      case opcodes.writev.value:
      case opcodes.writevFixed.value: {
        const pieces = this.#memory.pieces(
          sqe[at + 4] as number,
          sqe[at + 5] as number,
          sqe[at + 6] as number,
        );
        return typeof pieces === 'number' ? -1 : pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
      }
      default:
        return -1;
    }
  }

  /** The descriptor that the SQE at a word names, itself or by a slot; -EBADF. */
  fileOf(sqe: Uint32Array, at: number): number {
    const file = (sqe[at + 1] as number) | 0;
    if (((sqe[at] as number) >>> FLAGS_SHIFT) & FIXED_FILE) return this.#files.of(file);
    return file < 0 ? -EBADF : file;
  }

  #nop(sqe: Uint32Array, at: number): number {
    const flags = sqe[at + 7] as number;
    if ((flags & ~NOP_FLAGS) !== 0) return -EOPNOTSUPP;
    return flags & NOP_INJECT_RESULT ? (sqe[at + 6] as number) | 0 : 0;
  }

  #transfer(sqe: Uint32Array, at: number, writes: boolean, fixed: boolean): number {
    const file = this.fileOf(sqe, at);
    if (file < 0) return file;
    const length = sqe[at + 6] as number;
    const offset = this.#memory.locate(sqe[at + 4] as number, sqe[at + 5] as number, length);
    if (offset < 0) return offset;
    if (fixed) {
      const refused = this.#buffers.check((sqe[at + 10] as number) & BUFFER_INDEX_MASK, offset, length);
      if (refused < 0) return refused;
    }
    const flags = sqe[at + 7] as number;
    if (flags & ~RWF_SUPPORTED) return -EOPNOTSUPP;
    const position = positionOf(sqe, at);
    const misplaced = misplacedBy(position, writes);
    if (misplaced < 0) return misplaced;
    const { bytes } = this.#memory;
    return writes
      ? this.#system.write(file, bytes, offset, length, position, flags)
      : this.#system.read(file, bytes, offset, length, position);
  }

  #pieces(sqe: Uint32Array, at: number, writes: boolean, fixed: boolean): number {
    const file = this.fileOf(sqe, at);
    if (file < 0) return file;
    const pieces = this.#memory.pieces(sqe[at + 4] as number, sqe[at + 5] as number, sqe[at + 6] as number);
    if (typeof pieces === 'number') return pieces;
    const index = (sqe[at + 10] as number) & BUFFER_INDEX_MASK;
    if (fixed) {
      for (const { byteOffset, byteLength } of pieces) {
        const refused = this.#buffers.check(index, byteOffset, byteLength);
        if (refused < 0) return refused;
      }
    }
    const flags = sqe[at + 7] as number;
    if (flags & ~RWF_SUPPORTED) return -EOPNOTSUPP;
    const position = positionOf(sqe, at);
    const misplaced = misplacedBy(position, writes);
    if (misplaced < 0) return misplaced;
    return writes
      ? this.#system.writePieces(file, pieces, position, flags)
      : this.#system.readPieces(file, pieces, position);
  }

  #sync(sqe: Uint32Array, at: number): number {
    const file = this.fileOf(sqe, at);
    if (file < 0) return file;
    const flags = sqe[at + 7] as number;
    if (flags & ~FSYNC_DATASYNC) return -EINVAL;
    return this.#system.sync(file, (flags & FSYNC_DATASYNC) !== 0);
  }

  /** The path at an address, if it starts from the root or the current directory; or a negative errno. */
  #path(sqe: Uint32Array, at: number, word: number, directory: number): Path | number {
    const path = this.#memory.path(sqe[at + word] as number, sqe[at + word + 1] as number);
    if (typeof path === 'number' || path[0] === SLASH || directory === AT_FDCWD) return path;
    return -EOPNOTSUPP;
  }

  #open(sqe: Uint32Array, at: number): number {
    const path = this.#path(sqe, at, 4, (sqe[at + 1] as number) | 0);
    if (typeof path === 'number') return path;
    const direct = sqe[at + 11] as number;
    if (direct === 0) return this.#system.open(path, sqe[at + 7] as number, sqe[at + 6] as number);
    const slot = this.#files.room(direct === ALLOCATE_SLOT ? -1 : direct - 1);
    if (slot < 0) return slot;
    const file = this.#system.open(path, sqe[at + 7] as number, sqe[at + 6] as number);
    if (file < 0) return file;
    this.#files.put(slot, file);
    return direct === ALLOCATE_SLOT ? slot : 0;
  }

  #close(sqe: Uint32Array, at: number): number {
    const direct = sqe[at + 11] as number;
    if (direct === 0) {
      const file = (sqe[at + 1] as number) | 0;
      return file < 0 ? -EBADF : this.#system.close(file);
    }
    return this.#files.empty(direct - 1);
  }

  #truncate(sqe: Uint32Array, at: number): number {
    const file = this.fileOf(sqe, at);
    if (file < 0) return file;
    const length = positionOf(sqe, at);
    if (length < 0) return -EINVAL;
    return length > Number.MAX_SAFE_INTEGER ? -EFBIG : this.#system.truncate(file, length);
  }

  #statx(sqe: Uint32Array, at: number): number {
    const flags = sqe[at + 7] as number;
    const directory = (sqe[at + 1] as number) | 0;
    const path = this.#memory.path(sqe[at + 4] as number, sqe[at + 5] as number);
    if (typeof path === 'number') return path;
    const ofFile = path.length === 0 && (flags & AT.EMPTY_PATH) !== 0;
    if (!ofFile && path[0] !== SLASH && directory !== AT_FDCWD) return -EOPNOTSUPP;
    const offset = this.#memory.locate(sqe[at + 2] as number, sqe[at + 3] as number, STATX_BYTES);
    if (offset < 0) return offset;
    const target = !ofFile ? path : directory === AT_FDCWD ? CURRENT_DIRECTORY : directory;
    const status = this.#system.status(target, (flags & AT.SYMLINK_NOFOLLOW) === 0);
    if (typeof status === 'number') return status;
    writeStatx(this.#memory.bytes, offset, status);
    return 0;
  }

  #rename(sqe: Uint32Array, at: number): number {
    const from = this.#path(sqe, at, 4, (sqe[at + 1] as number) | 0);
    if (typeof from === 'number') return from;
    const to = this.#path(sqe, at, 2, (sqe[at + 6] as number) | 0);
    if (typeof to === 'number') return to;
    return this.#system.rename(from, to, sqe[at + 7] as number);
  }

  #unlink(sqe: Uint32Array, at: number): number {
    const path = this.#path(sqe, at, 4, (sqe[at + 1] as number) | 0);
    if (typeof path === 'number') return path;
    const flags = sqe[at + 7] as number;
    if (flags & ~AT.REMOVEDIR) return -EINVAL;
    return flags & AT.REMOVEDIR ? this.#system.removeDirectory(path) : this.#system.unlink(path);
  }

  #makeDirectory(sqe: Uint32Array, at: number): number {
    const path = this.#path(sqe, at, 4, (sqe[at + 1] as number) | 0);
    return typeof path === 'number' ? path : this.#system.makeDirectory(path, sqe[at + 6] as number);
  }

  #link(sqe: Uint32Array, at: number): number {
    const from = this.#path(sqe, at, 4, (sqe[at + 1] as number) | 0);
    if (typeof from === 'number') return from;
    const to = this.#path(sqe, at, 2, (sqe[at + 6] as number) | 0);
    if (typeof to === 'number') return to;
    return this.#system.link(from, to, ((sqe[at + 7] as number) & AT.SYMLINK_FOLLOW) !== 0);
  }

  #symbolicLink(sqe: Uint32Array, at: number): number {
    const target = this.#memory.path(sqe[at + 4] as number, sqe[at + 5] as number);
    if (typeof target === 'number') return target;
    const path = this.#path(sqe, at, 2, (sqe[at + 1] as number) | 0);
    return typeof path === 'number' ? path : this.#system.symbolicLink(target, path);
  }

  #updateFiles(sqe: Uint32Array, at: number): number {
    const count = sqe[at + 6] as number;
    const offset = this.#memory.locate(sqe[at + 4] as number, sqe[at + 5] as number, count * 4);
    if (offset < 0) return offset;
    const files = Array.from({ length: count }, (_, index) => this.#memory.word(offset + index * 4) | 0);
    return this.#files.update(sqe[at + 2] as number, files);
  }
}

/**
 * 0, or why there can be no transfer at a position. Beyond 2^53-1 a number is not exact, and node:fs, which is given numbers,
 * writes at the current position then.
 */
function misplacedBy(position: number, writes: boolean): number {
  if (position < CURRENT_POSITION) return -EINVAL;
  if (position <= Number.MAX_SAFE_INTEGER) return 0;
  return writes ? -EFBIG : -EOVERFLOW;
}

/** The file offset of an SQE: -1 for the current position, lower for what no file has. */
function positionOf(sqe: Uint32Array, at: number): number {
  return ((sqe[at + 3] as number) | 0) * HIGH_WORD + (sqe[at + 2] as number);
}
