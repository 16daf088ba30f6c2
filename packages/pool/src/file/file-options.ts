// What the methods of a file are told beside the memory. Types only.

import type { Placement } from '../pool/placement.ts';
import type { BatchRequest } from './batch.ts';

/** Which bytes of the file go where, or come from where. */
export interface SyncTransferOptions {
  /**
   * Where in the file, in bytes: 0 to 2^53-1. Required, but for files that are open to append, which are written at their end,
   * and for pipes, terminals and sockets, which have no positions.
   */
  readonly position?: number | bigint | undefined;
  /** Where in the memory the bytes go, or come from. Default: 0. */
  readonly offset?: number | undefined;
  /** How many bytes. Default: to the end of the memory. */
  readonly length?: number | undefined;
  /** Where it runs. Default: as the file was opened. */
  readonly placement?: Placement | undefined;
  /** Of a write: it is over when the bytes are on the disk, as after `datasync()`. Default: false. */
  readonly dsync?: boolean | undefined;
}

/** {@link SyncTransferOptions}, for operations that can be aborted. */
export interface TransferOptions extends SyncTransferOptions {
  /**
   * Aborted, the promise rejects at once with an `AbortError`. The memory stays in use until the kernel is done with it:
   * a lease is freed then, if it was released.
   */
  readonly signal?: AbortSignal | undefined;
  /** Of a direct write: all of it or nothing is on the disk after a crash (Linux 6.11, and a file system that can). */
  readonly atomic?: boolean | undefined;
  /** The bytes do not stay in the page cache (Linux 6.14, and a file system that can). */
  readonly dontCache?: boolean | undefined;
}

/** {@link TransferOptions}, for several pieces of memory at once. */
export type VectorOptions = Omit<TransferOptions, 'offset' | 'length'>;

/** One read or write of {@link File.readBatch} and {@link File.writeBatch}. */
export type FileBatchRequest = Omit<BatchRequest, 'file' | 'op'>;

/** How an operation on a file runs that moves no bytes. */
export interface FileOperationOptions {
  /** Where it runs. Default: as the file was opened. */
  readonly placement?: Placement | undefined;
  /** Aborted, the promise rejects at once with an `AbortError`. What has begun may have its effect all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** What a file will be used for: `POSIX_FADV_*`, see posix_fadvise(2). */
export type Advice = 'normal' | 'random' | 'sequential' | 'willneed' | 'dontneed' | 'noreuse';

/** {@link FileOperationOptions}, for {@link File.advise}. */
export interface AdviseOptions extends FileOperationOptions {
  /** From which byte. Default: 0. */
  readonly offset?: number | undefined;
  /** How many bytes; 0: to the end of the file. Default: 0. */
  readonly length?: number | undefined;
}

/** {@link FileOperationOptions}, for {@link File.preallocate}. */
export interface PreallocateOptions extends FileOperationOptions {
  /** The file does not become longer. Default: false. */
  readonly keepSize?: boolean | undefined;
}
