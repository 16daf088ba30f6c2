// An open file as its thread works with it: what is in flight on it, and its end. Bound to the thread that opened it; its
// descriptor belongs to the process, and is closed when no operation is queued or in flight on it: a number in use must never
// be freed.

import { checkOptions, Lease, type RingpoolError } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { abortError, closedError, endedWithWorker, fileBusy, operationError } from '../pool/errors.ts';
import { checkSignal } from '../pool/options.ts';
import { type Placement, placementCode } from '../pool/placement.ts';
import type { FileToken, SharedFile, Transit } from '../pool/transit.ts';
import { Attributes } from './attributes.ts';
import type { Batches, BatchOptions } from './batch.ts';
import { CachedReads } from './cached-reads.ts';
import {
  checkTransferOptions,
  type Memory,
  memoryOf,
  positionOf,
  rangeOf,
  rwFlagsOf,
  SYNC_OPTIONS,
  type Writable,
} from './checks.ts';
import { closeDescriptor } from './close-descriptor.ts';
import { DirectTransfers, orAborted } from './direct.ts';
import type { File } from './file.ts';
import type {
  FileBatchRequest,
  SyncTransferOptions,
  TransferOptions,
  VectorOptions,
} from './file-options.ts';
import { FixedSlots } from './fixed-slots.ts';
import { Nature } from './nature.ts';
import { fileSyncSync, transferSync } from './sync-transfer.ts';
import type { Transfers } from './transfer.ts';
import {
  bounceFor,
  type Direction,
  holdAll,
  type TransferFile,
  type TransferRange,
  type TransferSink,
} from './transfer-parts.ts';
import { moveThrough, piecesOf, VectoredRequest } from './vectored.ts';

const NO_MEMORY = new Uint8Array(0);
const VECTOR_OPTIONS: readonly string[] = ['position', 'signal', 'placement', 'dsync', 'atomic', 'dontCache'];
/** What starts a transfer reads its range and keeps nothing of it: one object for all. */
const RANGE: Writable<TransferRange> = {
  memory: NO_MEMORY,
  offset: 0,
  length: 0,
  position: 0,
  flags: 0,
  once: false,
};

/** One open file. */
export class Handle {
  /** The path it was opened by. */
  readonly path: string;
  /** The descriptor. */
  readonly fd: number;
  /** It bypasses the page cache. */
  readonly direct: boolean;
  readonly #client: Client;
  readonly #place: number;
  readonly #transfers: Transfers;
  readonly #transit: Transit;
  readonly #opened: SharedFile;
  readonly #onClosed: () => void;
  readonly #self: TransferFile;
  readonly #cached: CachedReads;
  readonly #fixed: FixedSlots;
  readonly #attributes: Attributes;
  readonly #batches: Batches;
  readonly #direct: DirectTransfers | undefined;
  #operations = 0;
  #closing: Promise<void> | undefined;
  #whenUnused: (() => void) | undefined;
  /** Why it cannot be closed: see {@link strand}. */
  #stranded: RingpoolError | undefined;

  /** Takes hold of a descriptor that is the client's in the ledger. `onClosed`: nobody uses it any more. */
  constructor(
    transfers: Transfers,
    batches: Batches,
    transit: Transit,
    opened: SharedFile,
    onClosed: () => void,
  ) {
    this.path = opened.path;
    this.fd = opened.fd;
    this.direct = opened.direct;
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
      nature: new Nature(transfers.client.host.calls, opened.fd, opened.appends),
      begin: () => void this.#operations++,
      ended: () => this.#ended(),
      stranded: (error) => this.strand(error),
    };
    this.#batches = batches;
    if (opened.direct) this.#direct = new DirectTransfers(transfers.arena, opened.path, opened.rewrites);
    this.#attributes = new Attributes(transfers.client, transfers.arena, this.#self, opened.place);
  }

  /** True once it was to close. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** What the file is told and asked beside its bytes. @throws ERR_RINGPOOL_CLOSED. */
  attributesFor(op: string): Attributes {
    this.#assertOpen(op);
    return this.#attributes;
  }

  /** Waits until what was written is on the disk, by a call of this thread. */
  syncSync(dataOnly: boolean): void {
    this.#assertOpen(dataOnly ? 'datasync' : 'sync');
    fileSyncSync(this.#client, this.#self, dataOnly);
  }

  /** Keeps the descriptor open for one entry of a batch, which is started later. Throws ERR_RINGPOOL_CLOSED. */
  reserve(): void {
    this.#assertOpen('batch');
    this.#operations++;
  }

  /** What it was reserved for is over. */
  unreserve(): void {
    this.#ended();
  }

  /**
   * One of its operations is over for its caller, and perhaps not for the kernel, because its ring is lost: the
   * descriptor must not be another file's while it may still begin.
   */
  strand(error: RingpoolError): void {
    this.#stranded = error;
    this.#ended();
  }

  /** Starts an entry for which it was reserved. Throws what a lease throws, and the reservation is over then. */
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

  /** Throws EBADF when it has ended with the worker that opened it: see {@link Host.filesEndWithWorker}. */
  checkHome(op: string): void {
    const { home } = this.#opened;
    if (home !== 0 && this.#client.homeOf(home) === undefined) throw endedWithWorker(op, this.path);
  }

  /** True when it was opened in this client of the pool. */
  belongsTo(transfers: Transfers): boolean {
    return this.#transfers === transfers;
  }

  /** See {@link File.read}, {@link File.write}. `once`: one operation, whatever it moves. */
  transfer(direction: Direction, memory: Memory, options: TransferOptions, once = false): Promise<number> {
    try {
      checkTransferOptions(direction, options);
      const { signal, placement } = options;
      if (signal !== undefined) checkSignal(direction, signal);
      this.#assertOpen(direction);
      const range = rangeOf(direction, memory, options, this.#self.nature, this.#transfers.arena, RANGE);
      RANGE.once = once;
      const place = placement === undefined ? this.#place : this.#placeOf(direction, placement);
      if (this.#mustAlign(range)) return this.#directly(direction, { ...range }, place, signal);
      if (direction === 'read' && range.flags === 0 && !once && signal?.aborted !== true) {
        const bytes = this.#cached.read(range, place);
        if (bytes >= 0) return Promise.resolve(bytes);
        if (bytes < -1) return this.#readOn(range, -1 - bytes, place, signal);
      }
      return this.#start(direction, range, place, signal);
    } catch (error) {
      return Promise.reject(error);
    } finally {
      RANGE.memory = NO_MEMORY;
      RANGE.once = false;
    }
  }

  /** See {@link File.readv}, {@link File.writev}. */
  vectored(direction: Direction, memories: readonly Memory[], options: VectorOptions): Promise<number> {
    try {
      checkOptions(direction, options, VECTOR_OPTIONS);
      const { signal, placement } = options;
      if (signal !== undefined) checkSignal(direction, signal);
      if (signal?.aborted === true) throw abortError(direction, signal);
      this.#assertOpen(direction);
      const { arena } = this.#transfers;
      const all = memories.map((memory) => memoryOf(direction, memory, arena));
      const place = placement === undefined ? this.#place : this.#placeOf(direction, placement);
      const position = positionOf(direction, options.position, this.#self.nature);
      const flags = rwFlagsOf(direction, options);
      const total = all.reduce((sum, { length }) => sum + length, 0);
      if (total === 0) return Promise.resolve(0);
      const pieces = piecesOf(arena, all);
      const range = { memory: NO_MEMORY, offset: 0, length: total, position, flags, once: false };
      const unaligned = all.some((memory) => this.#mustAlign({ ...range, memory, length: memory.length }));
      if (pieces === undefined || unaligned) return this.#through(direction, all, range, place, signal);
      const plan = { direction, pieces, position, flags, place, signal };
      const request = new VectoredRequest(this.#client, arena, this.#self, plan);
      this.#operations++;
      this.#client.start(request);
      return request.promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Through a lease of the pool's own, some of it at a time. */
  async #through(
    direction: Direction,
    memories: readonly (Lease | Uint8Array)[],
    range: TransferRange,
    place: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { arena } = this.#transfers;
    const views = memories.map((memory) => (memory instanceof Lease ? memory.bytes : memory));
    const bounce = bounceFor(arena, NO_MEMORY, range.length);
    this.#operations++;
    let letGo: (() => void) | undefined;
    try {
      letGo = holdAll(arena, direction, memories);
      return await moveThrough(bounce, direction, views, range.position, (length, position) => {
        const part = { ...range, memory: bounce, length, position };
        if (this.#mustAlign(part)) return this.#directly(direction, part, place, signal);
        return this.#start(direction, part, place, signal);
      });
    } finally {
      letGo?.();
      bounce.release();
      this.#ended();
    }
  }

  /** What the file system may want aligned otherwise. Appended is what is appended. */
  #mustAlign(range: TransferRange, inPlace = false): boolean {
    const direct = this.#direct;
    return direct !== undefined && !range.once && range.position >= 0 && !direct.isPlain(range, inPlace);
  }

  /** See {@link File.readBatch}. */
  batch(
    op: Direction,
    file: File,
    requests: readonly FileBatchRequest[],
    options: BatchOptions,
  ): Promise<Int32Array> {
    try {
      this.#assertOpen('batch');
      return this.#batches.run(
        requests.map((request) => ({ ...request, op, file })),
        options,
      );
    } catch (error) {
      return Promise.reject(error);
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

  #directly(
    direction: Direction,
    range: TransferRange,
    place: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    if (signal?.aborted === true) throw abortError(direction, signal);
    const direct = this.#direct as DirectTransfers;
    const move = (way: Direction, part: TransferRange, by: AbortSignal | undefined): Promise<number> =>
      this.#start(way, part, place, by);
    // It is not to close between two steps, whoever waits for them.
    this.#operations++;
    const ended = (): void => this.#ended();
    const done = direct.run(direction, range, this.#attributes, move, signal);
    done.then(ended, ended);
    return direct.rewrites(direction) ? orAborted(done, signal) : done;
  }

  /** The first bytes were cached. Takes what it needs of the range before it waits. */
  async #readOn(
    range: TransferRange,
    done: number,
    place: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const [offset, length, position] = [range.offset + done, range.length - done, range.position + done];
    return done + (await this.#start('read', { ...range, offset, length, position }, place, signal));
  }

  /** See {@link File.readSync}, {@link File.writeSync}. */
  transferSync(direction: Direction, memory: Memory, options: SyncTransferOptions): number {
    checkOptions(direction, options, SYNC_OPTIONS);
    // One of its own: callbacks that run while this thread waits may read as well.
    this.#assertOpen(direction);
    const { arena } = this.#transfers;
    const range = rangeOf(direction, memory, options, this.#self.nature, arena, { ...RANGE });
    const place = this.#placeOf(direction, options.placement);
    // Callbacks of others run while this thread waits, and may close the file.
    this.#operations++;
    try {
      const move = (way: Direction, part: TransferRange): number =>
        transferSync(this.#transfers, way, this.#self, part, place);
      if (!this.#mustAlign(range, true)) return move(direction, range);
      return (this.#direct as DirectTransfers).runSync(direction, range, this.fd, move);
    } finally {
      this.#ended();
    }
  }

  #placeOf(op: string, placement: Placement | undefined): number {
    return placement === undefined ? this.#place : placementCode(op, placement, this.#client.workers);
  }

  #assertOpen(op: string): void {
    if (this.#closing !== undefined) throw closedError(op, 'file', this.path);
  }

  /** See {@link File.share}. */
  share(): FileToken {
    this.#assertOpen('share');
    if (this.#operations > 0) throw fileBusy(this.path, this.#operations);
    if (this.#stranded !== undefined) throw this.#stranded;
    // On their way before the token can be: the file is not to stay open here once the next thread has closed it.
    if (this.#fixed.empty() !== undefined) this.#client.flush();
    const token = this.#transit.share({ ...this.#opened });
    this.#closing = Promise.resolve();
    this.#onClosed();
    return token;
  }

  /** See {@link File.close}. */
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
    this.#onClosed();
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
}
