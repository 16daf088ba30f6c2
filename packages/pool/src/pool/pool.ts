// The pool as its users hold it. Bound to the thread that opened it or joined it.

import {
  type AllocOptions,
  type ArenaStats,
  checkOptions,
  type Lease,
  type LeaseToken,
  RingpoolError,
} from '@ringpool/core';

import { type BatchColumns, Batches, type BatchOptions, type BatchRequest } from '../file/batch.ts';
import type { FileContents } from '../file/contents.ts';
import { File } from '../file/file.ts';
import { FileReader } from '../file/file-reader.ts';
import { openFlagBits } from '../file/open-flags.ts';
import { OpenRequest } from '../file/open-request.ts';
import { Transfers } from '../file/transfer.ts';
import { clearTimeout, setTimeout } from './clock.ts';
import { closedError, invalidArgument, operationError } from './errors.ts';
import { infoOf, type RingInfo, type WorkerInfo } from './info.ts';
import type { PoolParts } from './launch.ts';
import type { LaneMetrics, WorkerMetrics } from './metrics.ts';
import { PathRoom } from './path-room.ts';
import { type Placement, placementCode } from './placement.ts';
import type { PoolPort } from './port.ts';
import { guests } from './seat.ts';
import { type FileToken, type SharedFile, Transit } from './transit.ts';
import { POOL_STATE, WORKER_STATE } from './words.ts';
import { reportFromWords } from './worker-protocol.ts';

/** How a file is opened. */
export interface OpenFileOptions {
  /** Permission bits of a file that is created. Default: 0o666. */
  readonly mode?: number | undefined;
  /** Past the page cache (O_DIRECT): position, length and memory must be aligned. Default: false. */
  readonly direct?: boolean | undefined;
  /** Where its operations run, and opening and closing it. Default: the pool's. */
  readonly placement?: Placement | undefined;
}

/** How a whole file is read. */
export interface ReadFileOptions {
  /** Where it runs. Default: the pool's. */
  readonly placement?: Placement | undefined;
}

/** What {@link Pool.metrics} tells. */
export interface PoolMetrics {
  /** Bytes of the arena that are registered with the kernel. */
  readonly registeredBytes: number;
  /** The arena's figures. */
  readonly arena: ArenaStats;
  /** Threads in the pool, its owner included. */
  readonly clients: number;
  /** Every lane that was ever used, of all threads. */
  readonly lanes: readonly LaneMetrics[];
  /** Every worker that the pool may have. */
  readonly workers: readonly WorkerMetrics[];
}

/** How long {@link Pool.close} waits. */
export interface ClosePoolOptions {
  /** Milliseconds. Default: 30000. */
  readonly timeoutMs?: number | undefined;
}

const CLOSE_TIMEOUT_MS = 30_000;
/** The longest a timer runs; Node takes a longer one, Infinity too, for 1 ms. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const MODE_DEFAULT = 0o666;
/** All bits of a mode_t, those of the file's type included: the kernel ignores what it has no use for. */
const MODE_MAX = 0o177777;
const OPEN_OPTIONS: readonly string[] = ['mode', 'direct', 'placement'];
const READ_FILE_OPTIONS: readonly string[] = ['placement'];
const ALLOC_OPTIONS = ['align'];

/** I/O workers and rings over one arena of shared memory. Made by {@link openPool} and {@link connectPool}. */
export class Pool {
  /** What executes the operations. */
  readonly driver = 'uring';
  readonly #parts: PoolParts;
  readonly #paths: PathRoom;
  readonly #reader: FileReader;
  readonly #transfers: Transfers;
  readonly #batches: Batches;
  readonly #transit: Transit;
  readonly #files = new Set<File>();
  readonly #forget = (file: File): void => {
    this.#files.delete(file);
  };
  #closing: Promise<void> | undefined;

  /** @internal Made by openPool and connectPool. */
  constructor(partsOf: (onChange: () => void) => PoolParts) {
    const parts = partsOf(() => this.#onChange());
    this.#parts = parts;
    this.#paths = new PathRoom(parts.arena);
    this.#transfers = new Transfers(parts.client, parts.arena);
    this.#batches = new Batches(this.#transfers);
    this.#transit = new Transit(parts.words, parts.arena.handle.id, parts.client.seat.descriptorOwner);
    this.#reader = new FileReader(parts.client, parts.arena, this.#paths, (path, place) =>
      this.#openFile(path, 'r', {}, place),
    );
  }

  /** The pool is being closed by its owner: this client finishes and leaves. */
  #onChange(): void {
    if (this.#parts.owner !== undefined || this.#parts.words.state !== POOL_STATE.CLOSING) return;
    this.#closing ??= this.#close();
    // Whoever closes this client hears of it; the owner only wants it to leave.
    this.#closing.catch(() => undefined);
  }

  /** The workers that are up, and how their rings came up. They start when first needed. */
  get workers(): readonly WorkerInfo[] {
    const { words, client } = this.#parts;
    return Array.from({ length: client.workers }, (_, index) => index)
      .filter((index) => words.workerState(index) === WORKER_STATE.UP)
      .map((index) => ({ index, ...infoOf(reportFromWords(words.workerRing(index))) }));
  }

  /**
   * What the pool has counted since it opened, of all of its threads. Cheap: the numbers lie in shared memory, and are
   * always kept. Read from any thread of the pool.
   */
  metrics(): PoolMetrics {
    const { words, client, arena } = this.#parts;
    const { meters } = client;
    return {
      registeredBytes: this.registeredBytes,
      arena: arena.stats(),
      clients: 1 + guests(words),
      lanes: meters.readLanes(),
      workers: Array.from({ length: client.workers }, (_, index) =>
        meters.readWorker(index, words.workerState(index) === WORKER_STATE.UP, words.workerGeneration(index)),
      ),
    };
  }

  /** This thread's own ring. */
  get ring(): RingInfo {
    return infoOf(this.#parts.client.ring);
  }

  /** What another thread joins this pool by: `connectPool(port)`. Throws ERR_RINGPOOL_CLOSED. */
  port(): PoolPort {
    this.#assertOpen('port');
    return this.#parts.port;
  }

  /** Bytes of the arena that are registered with the kernel. It rises as the arena grows. */
  get registeredBytes(): number {
    return this.#parts.registration.bytes;
  }

  /** True once {@link Pool.close} was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * A lease of zeroed arena memory: reads into it are not copied. Release it when it is no longer needed.
   * Throws ERR_RINGPOOL_ARENA_FULL, ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED, and ERR_RINGPOOL_MEMLOCK with
   * `registration: 'required'`.
   */
  alloc(bytes: number, options?: AllocOptions): Lease {
    const lease = this.allocUnsafe(bytes, options);
    lease.bytes.fill(0);
    return lease;
  }

  /** A lease of arena memory as its last user left it. Throws as {@link Pool.alloc}. */
  allocUnsafe(bytes: number, options?: AllocOptions): Lease {
    this.#assertOpen('alloc');
    if (options !== undefined) checkOptions('alloc', options, ALLOC_OPTIONS);
    const lease = this.#parts.arena.allocUnsafe(bytes, options);
    const refusal = this.#parts.registration.refusalOf(lease.segment);
    if (refusal === undefined) return lease;
    lease.release();
    throw refusal;
  }

  /**
   * Reads and writes many ranges of any files of this thread, with one promise. It resolves to the entries' results, by
   * index: the bytes moved, or a negative errno. One failure never keeps the rest. What failed without the kernel has an
   * errno as well: EIO (its worker died), ENOMEM (the arena is full), EBADF (the file was closed), EFAULT (the memory was
   * released or detached).
   *
   * Rejects with ERR_RINGPOOL_INVALID_ARGUMENT and ERR_RINGPOOL_CLOSED before any entry has begun, and with ABORT_ERR.
   *
   * @example
   * ```ts
   * import { openPool } from '@ringpool/pool';
   *
   * await using pool = await openPool();
   * await using file = await pool.open('package.json');
   * const frames = pool.alloc(4 * 64);
   * const results = await pool.batch({
   *   file,
   *   lease: frames,
   *   offsets: Uint32Array.of(0, 64, 128, 192),
   *   positions: Float64Array.of(192, 128, 64, 0),
   *   lengths: 64,
   * });
   * console.assert(results.every((bytes) => bytes === 64));
   * frames.release();
   * ```
   */
  batch(requests: readonly BatchRequest[] | BatchColumns, options: BatchOptions = {}): Promise<Int32Array> {
    try {
      this.#assertOpen('batch');
      return this.#batches.run(requests, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Takes a lease that another thread of this pool shared with `lease.share()`: once. It is this thread's from then on.
   * Throws ERR_RINGPOOL_LEASE_RELEASED when it was adopted already or taken back, ERR_RINGPOOL_INVALID_ARGUMENT for what
   * is no token of this pool, ERR_RINGPOOL_CLOSED.
   */
  adopt(token: LeaseToken): Lease {
    this.#assertOpen('adopt');
    return this.#parts.arena.adopt(token);
  }

  /**
   * Hands what was asked for in this tick to the kernel and the workers now, and not when the tick ends: for who submits
   * and then computes. Never throws.
   */
  flush(): void {
    this.#parts.client.flush();
  }

  /**
   * Completes what is ready without the event loop, for engines that drive a loop of their own: returns how many
   * completions there were. Promises settle; their reactions run when the calling code lets them, as always.
   */
  poll(): number {
    return this.#parts.client.poll();
  }

  /**
   * Opens a file. `flags` is `'r'` or O_* bits as in `node:fs` constants. A relative path starts from the current
   * directory.
   *
   * Rejects with the errno's name (ENOENT, EACCES, EMFILE), ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED,
   * ERR_RINGPOOL_ARENA_FULL, ERR_RINGPOOL_WORKER_DIED.
   */
  async open(path: string, flags: 'r' | number = 'r', options: OpenFileOptions = {}): Promise<File> {
    this.#assertOpen('open');
    const { client } = this.#parts;
    client.rest.enter();
    try {
      const file = await this.#openFile(path, flags, options, this.#placeOf('open', options?.placement));
      if (this.#closing === undefined) {
        this.#files.add(file);
        return file;
      }
      // The pool has looked for open files already.
      await file.close();
      throw closedError('open', 'pool', path);
    } finally {
      client.rest.leave();
    }
  }

  async #openFile(path: string, flags: 'r' | number, options: OpenFileOptions, place: number): Promise<File> {
    checkOptions('open', options, OPEN_OPTIONS);
    const { mode = MODE_DEFAULT, direct = false } = options;
    // Here and not by the encoder, which may run later, when nobody is there to be told.
    if (!Number.isInteger(mode) || mode < 0 || mode > MODE_MAX) {
      throw invalidArgument('open', `mode is ${String(mode)}`, 'It must be permission bits, as 0o644.');
    }
    const openFlags = openFlagBits(flags, direct);
    const { client } = this.#parts;
    const room = this.#paths.write(path, 'open');
    let res: number;
    try {
      const request = new OpenRequest({ paths: this.#paths, room, openFlags, mode }, place);
      client.start(request);
      res = await request.promise;
    } finally {
      this.#paths.release(room);
    }
    if (res < 0) throw operationError(res, { op: 'open', syscall: 'open', path, direct });
    return this.#fileOf({ path, fd: res, direct, place });
  }

  #fileOf(opened: SharedFile): File {
    return new File(this.#transfers, this.#transit, opened, this.#forget);
  }

  /**
   * Takes a file that another thread of this pool gave away with `file.share()`: once. It is this thread's from then on.
   * Throws ERR_RINGPOOL_CLOSED (of the pool; or the file was adopted already, or taken back),
   * ERR_RINGPOOL_INVALID_ARGUMENT.
   */
  adoptFile(token: FileToken): File {
    this.#assertOpen('adoptFile');
    const file = this.#fileOf(this.#transit.adopt(token));
    this.#files.add(file);
    return file;
  }

  /**
   * Reads a whole file: opened, read and closed in one chain. The bytes are in `target` when they fit, else,
   * or without a target, in memory of their own. Call `release()` on the result either way: it gives back what is not
   * yours. A target larger than the file is what makes it one trip.
   *
   * Rejects with the errno's name (ENOENT, EACCES, EISDIR), ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED,
   * ERR_RINGPOOL_ARENA_FULL, ERR_RINGPOOL_LEASE_RELEASED, ERR_RINGPOOL_WORKER_DIED.
   */
  readFile(path: string, target?: Lease, options: ReadFileOptions = {}): Promise<FileContents> {
    try {
      this.#assertOpen('readFile');
      checkOptions('readFile', options, READ_FILE_OPTIONS);
      const { placement } = options;
      const place = this.#placeOf('readFile', placement);
      return this.#reader.read(path, target, place);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Closes the pool: waits for what is in flight, closes its files, ends its workers. Threads that joined it finish what
   * they have in flight and leave first. Leases and views of arena memory stay readable, but are not to be used for I/O
   * any more. In a thread that joined, it leaves: the leases it holds then are released, the pool and its other threads go
   * on. May be called again after a timeout.
   *
   * Rejects with ERR_RINGPOOL_DRAIN_TIMEOUT when operations are still in flight after `timeoutMs`: then they stay in
   * flight, and the memory they use is kept.
   */
  close(options: ClosePoolOptions = {}): Promise<void> {
    try {
      checkOptions('close', options, ['timeoutMs']);
      const { timeoutMs = CLOSE_TIMEOUT_MS } = options;
      if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
        throw invalidArgument('close', `timeoutMs is ${String(timeoutMs)}`);
      this.#closing ??= this.#close();
      return this.#within(this.#closing, timeoutMs);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #close(): Promise<void> {
    const closed = await Promise.allSettled([...this.#files].map((file) => file.close()));
    const { client, owner, obituary } = this.#parts;
    await client.rest.whenIdle();
    if (owner === undefined) await client.leavePool();
    else {
      await owner.sendGuestsAway();
      await owner.endWorkers();
      client.close();
      owner.close();
      obituary?.cancel();
    }
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }

  #within(closing: Promise<void>, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          const { inFlight } = this.#parts.client;
          const others = this.#parts.owner === undefined ? 0 : guests(this.#parts.words);
          const also = others === 0 ? '' : `, and ${others} other threads have not left the pool`;
          reject(
            new RingpoolError(
              'ERR_RINGPOOL_DRAIN_TIMEOUT',
              `${inFlight} operations are still in flight after ${timeoutMs} ms${also}`,
              { op: 'close', hint: 'The pool goes on closing: call close() again to wait longer.' },
            ),
          );
        },
        Math.min(timeoutMs, TIMER_MS_MAX),
      );
      closing.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  #placeOf(op: string, placement: Placement | undefined): number {
    const { place, client } = this.#parts;
    return placement === undefined ? place : placementCode(op, placement, client.workers);
  }

  #assertOpen(op: string): void {
    if (this.#closing !== undefined) throw closedError(op, 'pool');
  }

  /** Closes the pool: `await using pool = await openPool()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
