// Arguments of the operations for files and fixed slots.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { Address, AllocateSlot, CurrentDirectory, Fd, FixedFile } from '../values.ts';
import type { SqeOptions } from '../write.ts';

/**
 * Arguments of `IORING_OP_FSYNC` (Linux 5.1). Not ordered against other SQEs unless linked or drained, and always
 * run by a kernel worker. An error is final: pages may have been dropped. An offset above 0 with length 0 syncs
 * nothing useful.
 */
export interface FsyncArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** 0 or `IORING_FSYNC_DATASYNC`. */
  readonly fsyncFlags?: number | undefined;
  /** Start of the range. */
  readonly offset?: number | bigint | undefined;
  /** Bytes of the range; 0 means to the end of the file, and only when offset is 0. */
  readonly length?: number | undefined;
}

/**
 * Arguments of `IORING_OP_SYNC_FILE_RANGE` (Linux 5.2). Flushes neither metadata nor the device cache: not a
 * durability primitive.
 */
export interface SyncFileRangeArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** Start of the range. */
  readonly offset: number | bigint;
  /** Bytes of the range; 0 means to the end. */
  readonly length: number;
  /** `SYNC_FILE_RANGE_*` bits. */
  readonly syncRangeFlags: number;
}

/** Arguments of `IORING_OP_FALLOCATE` (Linux 5.6). */
export interface FallocateArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** Start of the range. */
  readonly offset: number | bigint;
  /** Bytes. */
  readonly length: number | bigint;
  /** `FALLOC_FL_*` bits. */
  readonly mode?: number | undefined;
}

/**
 * Arguments of `IORING_OP_OPENAT` (Linux 5.6). `res` is the new fd, or the slot when allocated. Direct slots need
 * 5.15, allocation 5.19.
 */
export interface OpenatArgs extends SqeOptions {
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly dirfd: Fd | CurrentDirectory;
  /** Path, ended by a zero byte. */
  readonly path: Address;
  /** `O_*` bits of this architecture. */
  readonly openFlags: number;
  /** Permission bits of a new file. */
  readonly mode?: number | undefined;
  /** Fixed slot that receives the file, or `ALLOCATE_SLOT`. */
  readonly directSlot?: FixedFile | AllocateSlot | undefined;
}

/** Arguments of `IORING_OP_CLOSE` (Linux 5.6). Never repeat a close: the number may belong to another file already. */
export interface CloseArgs extends SqeOptions {
  /** The fd, or the fixed slot (5.15), to close. */
  readonly fd: Fd | FixedFile;
}

/** Arguments of `IORING_OP_FILES_UPDATE` (Linux 5.6). The file table must be registered already. */
export interface FilesUpdateArgs extends SqeOptions {
  /** Int array of fds; -1 empties a slot. */
  readonly fds: Address;
  /** Entries of the array. */
  readonly count: number;
  /** First slot to set, or `ALLOCATE_SLOT` (5.19) to have slots chosen and written back. */
  readonly firstSlot: FixedFile | AllocateSlot;
}

/** Arguments of `IORING_OP_FADVISE` (Linux 5.6). */
export interface FadviseArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** Start of the range. */
  readonly offset: number | bigint;
  /** Bytes; 0 means to the end; above 32 bits it goes into addr. */
  readonly length: number | bigint;
  /** `POSIX_FADV_*`. */
  readonly advice: number;
}

/** Arguments of `IORING_OP_MADVISE` (Linux 5.6). */
export interface MadviseArgs extends SqeOptions {
  /** Start of the range. */
  readonly address: Address;
  /** Bytes; above 32 bits it goes into off. */
  readonly length: number | bigint;
  /** `MADV_*`. */
  readonly advice: number;
}

/** Arguments of `IORING_OP_OPENAT2` (Linux 5.6). */
export interface Openat2Args extends SqeOptions {
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly dirfd: Fd | CurrentDirectory;
  /** Path, ended by a zero byte. */
  readonly path: Address;
  /** `struct open_how`. */
  readonly how: Address;
  /** Bytes of open_how; 24 when left out. */
  readonly howLength?: number | undefined;
  /** Fixed slot that receives the file, or `ALLOCATE_SLOT`. */
  readonly directSlot?: FixedFile | AllocateSlot | undefined;
}

/** Arguments of `IORING_OP_FIXED_FD_INSTALL` (Linux 6.8). `res` is a new ordinary fd. */
export interface FixedFdInstallArgs extends SqeOptions {
  /** The fixed slot. */
  readonly fd: FixedFile;
  /** 0 or `IORING_FIXED_FD_NO_CLOEXEC`. */
  readonly installFdFlags?: number | undefined;
}

/** Arguments of `IORING_OP_FTRUNCATE` (Linux 6.9). */
export interface FtruncateArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** New length. */
  readonly length: number | bigint;
}

/** Arguments of `IORING_OP_PIPE` (Linux 6.16). */
export interface PipeArgs extends SqeOptions {
  /** Int[2] that receives the two ends. */
  readonly fds: Address;
  /** `O_*` pipe bits. */
  readonly pipeFlags?: number | undefined;
  /** First of two fixed slots, or `ALLOCATE_SLOT`. */
  readonly directSlot?: FixedFile | AllocateSlot | undefined;
}
