// Arguments of the operations for reads, writes and splices.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { Address, BufferIndex, Fd, FixedFile } from '../values.ts';
import type { SqeOptions } from '../write.ts';

/**
 * Arguments of `IORING_OP_READ_FIXED` (Linux 5.1). A range outside the registered buffer, or a bad index, is
 * EFAULT.
 */
export interface ReadFixedArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** Address inside the registered buffer. */
  readonly buffer: Address;
  /** Bytes. */
  readonly length: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** Index of the registered buffer. */
  readonly bufferIndex: BufferIndex;
  /** `RWF_*` bits. */
  readonly rwFlags?: number | undefined;
  /** I/O priority; 0 inherits the thread's. */
  readonly ioprio?: number | undefined;
}

/**
 * Arguments of `IORING_OP_WRITE_FIXED` (Linux 5.1). A range outside the registered buffer, or a bad index, is
 * EFAULT.
 */
export interface WriteFixedArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** Address inside the registered buffer. */
  readonly buffer: Address;
  /** Bytes. */
  readonly length: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** Index of the registered buffer. */
  readonly bufferIndex: BufferIndex;
  /** `RWF_*` bits. */
  readonly rwFlags?: number | undefined;
  /** I/O priority; 0 inherits the thread's. */
  readonly ioprio?: number | undefined;
}

interface ReadFields extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** Bytes. */
  readonly length: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** `RWF_*` bits. */
  readonly rwFlags?: number | undefined;
  /** I/O priority; 0 inherits the thread's. */
  readonly ioprio?: number | undefined;
  /** `struct io_uring_attr_pi`. */
  readonly attribute?: Address | undefined;
  /** `IORING_RW_ATTR_FLAG_*` bits that say what attribute points to. */
  readonly attributeMask?: number | bigint | undefined;
}

/** Arguments of `IORING_OP_READ` (Linux 5.6). Attributes need FEAT_RW_ATTR and O_DIRECT. */
export type ReadArgs = ReadFields &
  (
    | { /** The buffer. */ readonly buffer: Address; readonly bufferGroup?: undefined }
    | {
        /** Provided-buffer group the kernel picks the buffer from; sets `IOSQE_BUFFER_SELECT`. */ readonly bufferGroup: number;
        readonly buffer?: undefined;
      }
  );

/** Arguments of `IORING_OP_WRITE` (Linux 5.6). RWF_ATOMIC needs 6.11 and a device that can, RWF_DONTCACHE 6.14. */
export interface WriteArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** The buffer. */
  readonly buffer: Address;
  /** Bytes. */
  readonly length: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** `RWF_*` bits. */
  readonly rwFlags?: number | undefined;
  /** I/O priority; 0 inherits the thread's. */
  readonly ioprio?: number | undefined;
  /** `struct io_uring_attr_pi`. */
  readonly attribute?: Address | undefined;
  /** `IORING_RW_ATTR_FLAG_*` bits that say what attribute points to. */
  readonly attributeMask?: number | bigint | undefined;
}

/** Arguments of `IORING_OP_SPLICE` (Linux 5.7). One side must be a pipe. */
export interface SpliceArgs extends SqeOptions {
  /** The output file. */
  readonly fd: Fd | FixedFile;
  /** The input file; a fixed one sets `SPLICE_F_FD_IN_FIXED`. */
  readonly fdIn: Fd | FixedFile;
  /** Input offset; -1 for pipes. */
  readonly offsetIn: number | bigint;
  /** Output offset; -1 for pipes. */
  readonly offset: number | bigint;
  /** Bytes. */
  readonly length: number;
  /** `SPLICE_F_*` bits. */
  readonly spliceFlags?: number | undefined;
}

/** Arguments of `IORING_OP_TEE` (Linux 5.8). Both sides are pipes. */
export interface TeeArgs extends SqeOptions {
  /** The output pipe. */
  readonly fd: Fd | FixedFile;
  /** The input pipe; a fixed one sets `SPLICE_F_FD_IN_FIXED`. */
  readonly fdIn: Fd | FixedFile;
  /** Bytes. */
  readonly length: number;
  /** `SPLICE_F_*` bits. */
  readonly spliceFlags?: number | undefined;
}

/** Arguments of `IORING_OP_READ_MULTISHOT` (Linux 6.7). Not for regular files. */
export interface ReadMultishotArgs extends SqeOptions {
  /** A file that can be polled. */
  readonly fd: Fd | FixedFile;
  /** Provided-buffer group the kernel picks the buffer from; sets `IOSQE_BUFFER_SELECT`. */
  readonly bufferGroup: number;
  /** File offset; -1 uses and moves the current position. */
  readonly offset: number | bigint;
  /** Most bytes per completion; 0 takes the buffer's size. */
  readonly length?: number | undefined;
}
