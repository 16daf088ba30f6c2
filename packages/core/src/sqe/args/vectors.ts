// Arguments of the operations for scattered reads and gathered writes.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { Address, BufferIndex, Fd, FixedFile } from '../values.ts';
import type { SqeOptions } from '../write.ts';

/**
 * Arguments of `IORING_OP_READV` (Linux 5.1). The iovec array is read at submit (FEAT_SUBMIT_STABLE); the memory
 * it names must live until completion.
 */
export interface ReadvArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** `struct iovec` array. */
  readonly iovecs: Address;
  /** Number of iovecs; 1 with bufferGroup. */
  readonly count: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** `RWF_*` bits. */
  readonly rwFlags?: number | undefined;
  /** I/O priority; 0 inherits the thread's. */
  readonly ioprio?: number | undefined;
  /** Provided-buffer group the kernel picks the buffer from; sets `IOSQE_BUFFER_SELECT`. */
  readonly bufferGroup?: number | undefined;
}

/**
 * Arguments of `IORING_OP_WRITEV` (Linux 5.1). The iovec array is read at submit, the memory it names until
 * completion. Buffered writes to one inode are serialised by the kernel's workers.
 */
export interface WritevArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** `struct iovec` array. */
  readonly iovecs: Address;
  /** Number of iovecs. */
  readonly count: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** `RWF_*` bits. */
  readonly rwFlags?: number | undefined;
  /** I/O priority; 0 inherits the thread's. */
  readonly ioprio?: number | undefined;
}

/**
 * Arguments of `IORING_OP_READV_FIXED` (Linux 6.15). Every segment must lie inside the one registered buffer
 * (EFAULT otherwise).
 */
export interface ReadvFixedArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** `struct iovec` array, all inside the one registered buffer. */
  readonly iovecs: Address;
  /** Number of iovecs. */
  readonly count: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** Index of the registered buffer. */
  readonly bufferIndex: BufferIndex;
  /** `RWF_*` bits. */
  readonly rwFlags?: number | undefined;
}

/**
 * Arguments of `IORING_OP_WRITEV_FIXED` (Linux 6.15). Every segment must lie inside the one registered buffer
 * (EFAULT otherwise).
 */
export interface WritevFixedArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** `struct iovec` array, all inside the one registered buffer. */
  readonly iovecs: Address;
  /** Number of iovecs. */
  readonly count: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** Index of the registered buffer. */
  readonly bufferIndex: BufferIndex;
  /** `RWF_*` bits. */
  readonly rwFlags?: number | undefined;
}
