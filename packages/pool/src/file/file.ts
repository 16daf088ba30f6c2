// An open file of a pool, as users have it. Bound to the thread that opened it.

import type { FileToken } from '../pool/transit.ts';
import type { BatchOptions } from './batch.ts';
import type { Memory } from './checks.ts';
import type {
  Advice,
  AdviseOptions,
  FileBatchRequest,
  FileOperationOptions,
  PreallocateOptions,
  SyncTransferOptions,
  TransferOptions,
  VectorOptions,
} from './file-options.ts';
import type { FileStats } from './file-stats.ts';
import type { Handle } from './handle.ts';

/**
 * An open file.
 *
 * @example
 * ```ts
 * import { openPool } from '@ringpool/pool';
 *
 * const pool = await openPool({ workers: 1 });
 * const file = await pool.open('package.json');
 * const page = pool.alloc(4096);
 * const bytes = await file.read(page, { position: 0 });
 * console.assert(bytes > 0 && page.bytes[0] === '{'.charCodeAt(0));
 * page.release();
 * await file.close();
 * await pool.close();
 * ```
 */
export class File {
  /** The path it was opened by. */
  readonly path: string;
  /** The descriptor. */
  readonly fd: number;
  /** Whether it bypasses the page cache: it was asked for, and the file system can. */
  readonly direct: boolean;
  /** @internal */
  readonly handle: Handle;

  /** @internal Made by the pool. */
  constructor(handle: Handle) {
    this.path = handle.path;
    this.fd = handle.fd;
    this.direct = handle.direct;
    this.handle = handle;
  }

  /** True once {@link File.close} was called. */
  get closed(): boolean {
    return this.handle.closed;
  }

  /**
   * Reads bytes into a lease, or into a `Uint8Array`. A view of arena memory is filled in place; any other memory is
   * copied into. Resolves to the number of bytes: all that were asked for, or fewer where the file ends.
   *
   * A lease released meanwhile is freed when the read is over. On the calling thread, bytes below 64 KiB that the kernel has
   * cached may be read at once, before this returns: mostly when reads come one at a time, or where system calls are cheap.
   *
   * Rejects with ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_LEASE_RELEASED,
   * ERR_RINGPOOL_LEASE_BUSY, ERR_RINGPOOL_ARENA_FULL, ERR_RINGPOOL_WORKER_DIED, ABORT_ERR, or the errno's name (EISDIR,
   * EIO).
   */
  read(target: Memory, options: TransferOptions = {}): Promise<number> {
    return this.handle.transfer('read', target, options);
  }

  /**
   * Writes bytes of a lease, or of a `Uint8Array`. Arena memory is written from in place; any other memory is copied
   * first. Resolves to the number of bytes, which is all of them. They are in the page cache then, not yet on the disk.
   *
   * Rejects as {@link File.read}, and with ENOSPC, EFBIG, EBADF (the file is not open for writing).
   */
  write(source: Memory, options: TransferOptions = {}): Promise<number> {
    return this.handle.transfer('write', source, options);
  }

  /**
   * Reads one range of the file into several pieces of memory, one after the other. Leases and views of arena memory are filled
   * in place when all of them are such. Resolves and rejects as {@link File.read}.
   */
  readv(targets: readonly Memory[], options: VectorOptions = {}): Promise<number> {
    return this.handle.vectored('read', targets, options);
  }

  /** Writes several pieces of memory to one range of the file, one after the other, as {@link File.write}. */
  writev(sources: readonly Memory[], options: VectorOptions = {}): Promise<number> {
    return this.handle.vectored('write', sources, options);
  }

  /**
   * One read of the kernel's, whatever it gives: fewer bytes than asked for need not be the end of the file. Rejects as
   * {@link File.read}, and with EAGAIN where the descriptor does not wait (O_NONBLOCK). At most 1 MiB into memory that is not
   * the arena's.
   */
  readOnce(target: Memory, options: TransferOptions = {}): Promise<number> {
    return this.handle.transfer('read', target, options, true);
  }

  /** One write of the kernel's, as {@link File.readOnce}: resolves to the bytes that it took. */
  writeOnce(source: Memory, options: TransferOptions = {}): Promise<number> {
    return this.handle.transfer('write', source, options, true);
  }

  /** Reads several ranges of this file at once: see `pool.batch`. Resolves to the bytes, or `-errno`, of each. */
  readBatch(requests: readonly FileBatchRequest[], options: BatchOptions = {}): Promise<Int32Array> {
    return this.handle.batch('read', this, requests, options);
  }

  /** Writes several ranges of this file at once: see `pool.batch`. Resolves to the bytes, or `-errno`, of each. */
  writeBatch(requests: readonly FileBatchRequest[], options: BatchOptions = {}): Promise<Int32Array> {
    return this.handle.batch('write', this, requests, options);
  }

  /**
   * Waits until all that was written before is on the disk. Rejects with ERR_RINGPOOL_CLOSED, ABORT_ERR,
   * ERR_RINGPOOL_WORKER_DIED, or the errno's name: after EIO nobody knows what is on the disk.
   */
  async sync(options: FileOperationOptions = {}): Promise<void> {
    return await this.handle.attributesFor('sync').sync(false, options);
  }

  /** As {@link File.sync}, without what reading the bytes back does not need, such as times (fdatasync). */
  async datasync(options: FileOperationOptions = {}): Promise<void> {
    return await this.handle.attributesFor('datasync').sync(true, options);
  }

  /** Makes the file so many bytes long: it is cut, or zeros are added. Rejects as {@link File.sync}, and with EFBIG, EINVAL. */
  async truncate(length = 0, options: FileOperationOptions = {}): Promise<void> {
    return await this.handle.attributesFor('truncate').truncate(length, options);
  }

  /**
   * Takes room on the disk for `length` bytes from `offset` on, which are zeros where nothing was written. Rejects as
   * {@link File.sync}, with ENOSPC, EOPNOTSUPP (the file system cannot), ERR_RINGPOOL_UNSUPPORTED (the driver cannot).
   */
  async preallocate(offset: number, length: number, options: PreallocateOptions = {}): Promise<void> {
    return await this.handle.attributesFor('preallocate').preallocate(offset, length, options);
  }

  /** Tells the kernel what the file will be used for: posix_fadvise(2). Rejects as {@link File.sync}. */
  async advise(advice: Advice, options: AdviseOptions = {}): Promise<void> {
    return await this.handle.attributesFor('advise').advise(advice, options);
  }

  /** What the file is: its length, times, and what direct I/O on it must be aligned to. Rejects as {@link File.sync}. */
  async stat(options: FileOperationOptions = {}): Promise<FileStats> {
    return await this.handle.attributesFor('stat').stat(options);
  }

  /**
   * As {@link File.read}, blocking the calling thread, on any thread: returns the number of bytes. It is one system call
   * unless the placement says `'workers'` and one is up. Any memory is used in place. Throws as {@link File.read}.
   */
  readSync(target: Memory, options: SyncTransferOptions = {}): number {
    return this.handle.transferSync('read', target, options);
  }

  /** As {@link File.write}, blocking the calling thread: returns the number of bytes. Throws as {@link File.write}. */
  writeSync(source: Memory, options: SyncTransferOptions = {}): number {
    return this.handle.transferSync('write', source, options);
  }

  /**
   * Blocks until everything written to the file is on the disk, its size and times too (fsync). Throws the errno's name:
   * after EIO, what was written before is not to be trusted; ERR_RINGPOOL_CLOSED.
   */
  syncSync(): void {
    this.handle.syncSync(false);
  }

  /** As {@link File.syncSync}, without what reading the bytes back does not need, such as times (fdatasync). */
  datasyncSync(): void {
    this.handle.syncSync(true);
  }

  /**
   * Gives the file to another thread of the pool: this one is closed from now on, without closing the file. The token goes
   * there by `postMessage`, to `pool.adoptFile(token)`, once. What nobody adopts is closed with this thread's client.
   *
   * Throws ERR_RINGPOOL_FILE_BUSY (operations are in flight on it), ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_TOO_MANY_SHARED.
   */
  share(): FileToken {
    return this.handle.share();
  }

  /**
   * Closes the file: waits for its operations, then frees the descriptor. May be called twice.
   * Rejects with the errno's name when the kernel reports a failed write-back (EIO); the file is closed then too.
   */
  close(): Promise<void> {
    return this.handle.close();
  }

  /** Closes the file: `await using file = await pool.open(path)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.handle.close();
  }
}
