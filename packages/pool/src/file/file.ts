// An open file of a pool. Bound to the thread that opened it; its descriptor belongs to the process.
// The descriptor is closed when no operation is queued or in flight on it: a number in use must never be freed.

import { type Arena, checkOptions, Lease, type RingpoolError } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import {
  abortError,
  closedError,
  endedWithWorker,
  fileBusy,
  invalidArgument,
  operationError,
} from '../pool/errors.ts';
import { checkLease, checkSignal } from '../pool/options.ts';
import { type Placement, placementCode } from '../pool/placement.ts';
import type { FileToken, SharedFile, Transit } from '../pool/transit.ts';
import { CachedReads } from './cached-reads.ts';
import { closeDescriptor } from './close-descriptor.ts';
import { FixedSlots } from './fixed-slots.ts';
import { fileSyncSync, transferSync } from './sync-transfer.ts';
import type { Direction, TransferFile, TransferRange, TransferSink, Transfers } from './transfer.ts';

/** Which bytes of the file go where, or come from where. */
export interface SyncTransferOptions {
  /** Where in the file, in bytes: 0 to 2^53-1. */
  readonly position: number | bigint;
  /** Where in the memory the bytes go, or come from. Default: 0. */
  readonly offset?: number | undefined;
  /** How many bytes. Default: to the end of the memory. */
  readonly length?: number | undefined;
  /** Where it runs. Default: as the file was opened. */
  readonly placement?: Placement | undefined;
}

/** {@link SyncTransferOptions}, for operations that can be aborted. */
export interface TransferOptions extends SyncTransferOptions {
  /**
   * Aborted, the promise rejects at once with an `AbortError`. The memory stays in use until the kernel is done with it:
   * a lease is freed then, if it was released.
   */
  readonly signal?: AbortSignal | undefined;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const NO_MEMORY = new Uint8Array(0);
/** What starts a transfer reads its range and keeps nothing of it: one object for all. */
const RANGE: Writable<TransferRange> = { memory: NO_MEMORY, offset: 0, length: 0, position: 0 };
const SYNC_OPTIONS: readonly string[] = ['position', 'offset', 'length', 'placement'];
const TRANSFER_OPTIONS: readonly string[] = [...SYNC_OPTIONS, 'signal'];

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
  readonly #client: Client;
  readonly #place: number;
  readonly #transfers: Transfers;
  readonly #transit: Transit;
  readonly #opened: SharedFile;
  readonly #onClosed: (file: File) => void;
  readonly #self: TransferFile;
  readonly #cached: CachedReads;
  readonly #fixed: FixedSlots;
  #operations = 0;
  #closing: Promise<void> | undefined;
  #whenUnused: (() => void) | undefined;
  /** Why it cannot be closed: see {@link strand}. */
  #stranded: RingpoolError | undefined;

  /** @internal Made by the pool. */
  constructor(transfers: Transfers, transit: Transit, opened: SharedFile, onClosed: (file: File) => void) {
    this.path = opened.path;
    this.fd = opened.fd;
    this.#client = transfers.client;
    this.#place = opened.place;
    this.#transfers = transfers;
    this.#transit = transit;
    this.#opened = opened;
    this.#onClosed = onClosed;
    this.#cached = new CachedReads(transfers.client, opened.fd, opened.direct);
    this.#fixed = new FixedSlots(transfers.client, transfers.arena, opened.fd, opened.home);
    this.#self = {
      ...opened,
      fixed: this.#fixed,
      ended: () => this.#ended(),
      stranded: (error) => this.strand(error),
    };
  }

  /** True once {@link File.close} was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
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
  read(target: Lease | Uint8Array, options: TransferOptions): Promise<number> {
    return this.#transfer('read', target, options);
  }

  /**
   * Writes bytes of a lease, or of a `Uint8Array`. Arena memory is written from in place; any other memory is copied
   * first. Resolves to the number of bytes, which is all of them. They are in the page cache then, not yet on the disk.
   *
   * Rejects as {@link File.read}, and with ENOSPC, EFBIG, EBADF (the file is not open for writing).
   */
  write(source: Lease | Uint8Array, options: TransferOptions): Promise<number> {
    return this.#transfer('write', source, options);
  }

  /**
   * As {@link File.read}, blocking the calling thread, on any thread: returns the number of bytes. It is one system call
   * unless the placement says `'workers'` and one is up. Any memory is used in place. Throws as {@link File.read}.
   */
  readSync(target: Lease | Uint8Array, options: SyncTransferOptions): number {
    return this.#transferSync('read', target, options);
  }

  /** As {@link File.write}, blocking the calling thread: returns the number of bytes. Throws as {@link File.write}. */
  writeSync(source: Lease | Uint8Array, options: SyncTransferOptions): number {
    return this.#transferSync('write', source, options);
  }

  /**
   * Blocks until everything written to the file is on the disk, its size and times too (fsync). Throws the errno's name:
   * after EIO, what was written before is not to be trusted; ERR_RINGPOOL_CLOSED.
   */
  syncSync(): void {
    this.#assertOpen('sync');
    fileSyncSync(this.#client, this.#self, false);
  }

  /** As {@link File.syncSync}, without what reading the bytes back does not need, such as times (fdatasync). */
  datasyncSync(): void {
    this.#assertOpen('datasync');
    fileSyncSync(this.#client, this.#self, true);
  }

  /** @internal Keeps the descriptor open for one entry of a batch, which is started later. Throws ERR_RINGPOOL_CLOSED. */
  reserve(): void {
    this.#assertOpen('batch');
    this.#operations++;
  }

  /** @internal What it was reserved for is over. */
  unreserve(): void {
    this.#ended();
  }

  /**
   * @internal One of its operations is over for its caller, and perhaps not for the kernel, because its ring is lost: the
   * descriptor must not be another file's while it may still begin.
   */
  strand(error: RingpoolError): void {
    this.#stranded = error;
    this.#ended();
  }

  /** @internal Starts an entry for which it was reserved. Throws what a lease throws, and the reservation is over then. */
  startFor(
    sink: TransferSink,
    entry: number,
    direction: Direction,
    range: TransferRange,
    place: number | undefined,
    signal: AbortSignal | undefined,
  ): void {
    try {
      if (signal?.aborted === true) throw abortError('batch', signal);
      this.#transfers.startFor(sink, entry, direction, this.#self, range, place ?? this.#place, signal);
    } catch (error) {
      this.#ended();
      throw error;
    }
  }

  /** @internal Throws EBADF when it has ended with the worker that opened it: see {@link Host.filesEndWithWorker}. */
  checkHome(op: string): void {
    const { home } = this.#opened;
    if (home !== 0 && this.#client.homeOf(home) === undefined) throw endedWithWorker(op, this.path);
  }

  /** @internal True when it was opened in this client of the pool. */
  belongsTo(transfers: Transfers): boolean {
    return this.#transfers === transfers;
  }

  #transfer(direction: Direction, memory: Lease | Uint8Array, options: TransferOptions): Promise<number> {
    try {
      checkTransferOptions(direction, options);
      const { signal, placement } = options;
      if (signal !== undefined) checkSignal(direction, signal);
      const range = this.#rangeOf(direction, memory, options, RANGE);
      const place = placement === undefined ? this.#place : this.#placeOf(direction, placement);
      if (direction === 'read' && signal?.aborted !== true) {
        const bytes = this.#cached.read(range, place);
        if (bytes >= 0) return Promise.resolve(bytes);
        if (bytes < -1) return this.#readOn(range, -1 - bytes, place, signal);
      }
      return this.#start(direction, range, place, signal);
    } catch (error) {
      return Promise.reject(error);
    } finally {
      RANGE.memory = NO_MEMORY;
    }
  }

  #start(
    direction: Direction,
    range: TransferRange,
    place: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const promise = this.#transfers.start(direction, this.#self, range, place, signal);
    this.#operations++;
    return promise;
  }

  /** The first bytes were cached. Takes what it needs of the range before it waits. */
  async #readOn(
    { memory, offset, length, position }: TransferRange,
    done: number,
    place: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const rest = { memory, offset: offset + done, length: length - done, position: position + done };
    return done + (await this.#start('read', rest, place, signal));
  }

  #transferSync(direction: Direction, memory: Lease | Uint8Array, options: SyncTransferOptions): number {
    checkOptions(direction, options, SYNC_OPTIONS);
    // One of its own: callbacks that run while this thread waits may read as well.
    const range = this.#rangeOf(direction, memory, options, { ...RANGE });
    const place = this.#placeOf(direction, options.placement);
    // Callbacks of others run while this thread waits, and may close the file.
    this.#operations++;
    try {
      return transferSync(this.#transfers, direction, this.#self, range, place);
    } finally {
      this.#ended();
    }
  }

  /** Checks what is to be moved, and writes it into `range`. */
  #rangeOf(
    direction: Direction,
    memory: Lease | Uint8Array,
    options: SyncTransferOptions,
    range: Writable<TransferRange>,
  ): TransferRange {
    this.#assertOpen(direction);
    checkMemory(direction, memory, this.#transfers.arena);
    const { offset = 0, length = memory.length - offset } = options;
    const position = typeof options.position === 'bigint' ? Number(options.position) : options.position;
    checkRange(direction, memory.length, offset, length, position);
    range.memory = memory;
    range.offset = offset;
    range.length = length;
    range.position = position;
    return range;
  }

  #placeOf(op: string, placement: Placement | undefined): number {
    return placement === undefined ? this.#place : placementCode(op, placement, this.#client.workers);
  }

  #assertOpen(op: string): void {
    if (this.#closing !== undefined) throw closedError(op, 'file', this.path);
  }

  /**
   * Gives the file to another thread of the pool: this one is closed from now on, without closing the file. The token goes
   * there by `postMessage`, to `pool.adoptFile(token)`, once. What nobody adopts is closed with this thread's client.
   *
   * Throws ERR_RINGPOOL_FILE_BUSY (operations are in flight on it), ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_TOO_MANY_SHARED.
   */
  share(): FileToken {
    this.#assertOpen('share');
    if (this.#operations > 0) throw fileBusy(this.path, this.#operations);
    if (this.#stranded !== undefined) throw this.#stranded;
    // On their way before the token can be: the file is not to stay open here once the next thread has closed it.
    if (this.#fixed.empty() !== undefined) this.#client.flush();
    const token = this.#transit.share({ ...this.#opened });
    this.#closing = Promise.resolve();
    this.#onClosed(this);
    return token;
  }

  /**
   * Closes the file: waits for its operations, then frees the descriptor. May be called twice.
   * Rejects with the errno's name when the kernel reports a failed write-back (EIO); the file is closed then too.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#operations > 0) {
      await new Promise<void>((resolve) => {
        this.#whenUnused = resolve;
      });
    }
    const emptied = this.#fixed.empty();
    if (emptied !== undefined) await emptied;
    this.#onClosed(this);
    // The ledger closes it once the ring is closed.
    if (this.#stranded !== undefined) throw this.#stranded;
    const res = await closeDescriptor(this.#client, this.fd, this.#opened.home);
    const { driver } = this.#client.host;
    if (res < 0) throw operationError(res, { op: 'close', syscall: 'close', path: this.path, driver });
  }

  #ended(): void {
    this.#fixed.look();
    if (--this.#operations === 0) this.#whenUnused?.();
  }

  /** Closes the file: `await using file = await pool.open(path)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** As checkOptions, for the options of every read and write: without a list to look through where nothing is wrong. */
function checkTransferOptions(op: string, options: unknown): void {
  if (typeof options !== 'object' || options === null) checkOptions(op, options, TRANSFER_OPTIONS);
  for (const key in options as object) {
    if (key === 'position' || key === 'offset' || key === 'length' || key === 'signal') continue;
    if (key !== 'placement') checkOptions(op, options, TRANSFER_OPTIONS);
  }
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT unless it is memory that bytes can be moved to and from. */
export function checkMemory(op: string, memory: unknown, arena: Arena): void {
  if (memory instanceof Lease) checkLease(op, memory, arena);
  else if (!(memory instanceof Uint8Array)) {
    throw invalidArgument(
      op,
      'the memory is neither a Lease nor a Uint8Array',
      'Take one from pool.alloc().',
    );
  }
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT unless it is a range of so many bytes, and a position in a file. */
export function checkRange(
  op: string,
  bytes: number,
  offset: number,
  length: number,
  position: number,
): void {
  if (!Number.isSafeInteger(position) || position < 0) {
    throw invalidArgument(op, `position is ${String(position)}`, 'It must be a safe integer from 0.');
  }
  const sound = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
  if (!sound || offset + length > bytes) {
    throw invalidArgument(
      op,
      `offset ${String(offset)} and length ${String(length)} are not a range of ${bytes} bytes`,
      op === 'read' ? 'Read into a larger target, or less.' : 'Write less.',
    );
  }
}
