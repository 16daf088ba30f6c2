// The pool as its users hold it. Bound to the thread that opened it or joined it.

import { type AllocOptions, checkOptions, type Lease, type LeaseToken, type Operation } from '@ringpool/core';

import type { DriverInfo } from '../drivers/choose.ts';
import { type BatchColumns, Batches, type BatchOptions, type BatchRequest } from '../file/batch.ts';
import type { FileContents } from '../file/contents.ts';
import { File } from '../file/file.ts';
import { FileReader } from '../file/file-reader.ts';
import { Handle } from '../file/handle.ts';
import { Opener } from '../file/open-file.ts';
import { Transfers } from '../file/transfer.ts';
import type { Completion } from '../operation/completion.ts';
import { type MultishotOperation, type MultishotOptions, Multishots } from '../operation/multishots.ts';
import { Submissions, type SubmitOptions } from '../operation/submit.ts';
import { within } from './clock.ts';
import { closedError, drainTimeout, invalidArgument } from './errors.ts';
import { infoOf, type RingInfo, type WorkerInfo } from './info.ts';
import type { PoolParts } from './launch.ts';
import { PathRoom } from './path-room.ts';
import { type Placement, placementCode } from './placement.ts';
import type { ClosePoolOptions, OpenFileOptions, PoolMetrics, ReadFileOptions } from './pool-types.ts';
import type { PoolPort } from './port.ts';
import { guests } from './seat.ts';
import { type FileToken, type SharedFile, Transit } from './transit.ts';
import { POOL_STATE, WORKER_STATE } from './words.ts';
import { reportFromWords } from './worker-protocol.ts';

const CLOSE_TIMEOUT_MS = 30_000;
const READ_FILE_OPTIONS: readonly string[] = ['placement'];
const ALLOC_OPTIONS = ['align'];

/** I/O workers and rings over one arena of shared memory. Made by {@link openPool} and {@link connectPool}. */
export class Pool {
  /** What executes the operations, and why it is that. */
  readonly driver: DriverInfo;
  readonly #parts: PoolParts;
  readonly #opener: Opener;
  readonly #reader: FileReader;
  readonly #transfers: Transfers;
  readonly #batches: Batches;
  readonly #transit: Transit;
  readonly #submissions: Submissions;
  readonly #multishots: Multishots;
  /** By descriptor. */
  readonly #files = new Map<number, File>();
  #closing: Promise<void> | undefined;

  /** @internal Made by openPool and connectPool. */
  constructor(partsOf: (onChange: () => void) => PoolParts) {
    const parts = partsOf(() => this.#onChange());
    const { client, arena, words, driver } = parts;
    this.#parts = parts;
    this.driver = driver;
    const paths = new PathRoom(arena);
    this.#opener = new Opener(client, paths);
    this.#transfers = new Transfers(client, arena);
    this.#batches = new Batches(this.#transfers);
    this.#submissions = new Submissions(client, arena, this.#files, parts.place);
    this.#multishots = new Multishots(client, arena, this.#files);
    this.#transit = new Transit(words, client.host.ledger, arena.handle.id, client.seat.descriptorOwner);
    this.#reader = new FileReader(client, arena, paths, (path, place) =>
      this.#opener.open(path, 'r', {}, place).then((opened) => this.#fileOf(opened)),
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
    return Array.from({ length: client.hosted }, (_, index) => index)
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
      workers: Array.from({ length: client.hosted }, (_, index) =>
        meters.readWorker(index, words.workerState(index) === WORKER_STATE.UP, words.workerGeneration(index)),
      ),
    };
  }

  /** This thread's own ring; undefined with the driver `threads`, where workers do everything. */
  get ring(): RingInfo | undefined {
    const { local } = this.#parts.client;
    return local === undefined ? undefined : infoOf(local.report);
  }

  /** What another thread joins this pool by: `connectPool(port)`. Throws ERR_RINGPOOL_CLOSED. */
  port(): PoolPort {
    this.#assertOpen('port');
    return this.#parts.port();
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
   * Runs any operation of io_uring, for what {@link File} does not cover: `{ op: 'statx', ... }`, typed, with the arguments
   * of its encoder in `@ringpool/core`. Resolves to its completion, whatever the kernel answered: `result` is a negative
   * errno when it failed. An array is a chain: each operation starts when the one before it has succeeded (IO_LINK, or the
   * link in its own `flags`), all on one ring; the promise resolves to all completions, in order.
   *
   * Pointers are addresses of leases, which count as in use until the operation is over; files of the pool stay open till
   * then. In a chain, `fixedFile(0)` and so on are files of the chain itself, opened into by `directSlot`. A descriptor that
   * an operation opens is yours to close.
   *
   * Rejects with ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_UNSUPPORTED (an operation that reaches beyond its own file and
   * memory), ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_LEASE_BUSY, ERR_RINGPOOL_WORKER_DIED, ABORT_ERR.
   *
   * @example
   * ```ts
   * import { AT_FDCWD, STATX } from '@ringpool/core';
   * import { openPool } from '@ringpool/pool';
   *
   * await using pool = await openPool();
   * using memory = pool.alloc(4096);
   * memory.bytes.set(new TextEncoder().encode('package.json'));
   * const { result } = await pool.submit({
   *   op: 'statx',
   *   dirfd: AT_FDCWD,
   *   path: memory.address,
   *   mask: STATX.SIZE,
   *   statxBuffer: memory.slice(1024, 256).address,
   * });
   * const size = new DataView(memory.bytes.buffer, memory.offset + 1024, 256).getBigUint64(40, true);
   * console.assert(result === 0 && size > 0n);
   * ```
   */
  submit(operation: Operation, options?: SubmitOptions): Promise<Completion>;
  submit(chain: readonly Operation[], options?: SubmitOptions): Promise<Completion[]>;
  submit(
    what: Operation | readonly Operation[],
    options: SubmitOptions = {},
  ): Promise<Completion | Completion[]> {
    try {
      this.#assertOpen('submit');
      if (Array.isArray(what)) return this.#submissions.run(what as readonly Operation[], options);
      return this.#submissions.run([what as Operation], options).then(([only]) => only as Completion);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Runs an operation that completes many times: accepted connections, poll events, ticks of a timeout, pieces of a stream,
   * as an async iterable of completions. It begins when the first one is asked for, and ends with the loop, the signal or
   * the pool. While 1024 completions, or all buffers, wait to be read, the kernel is asked to pause. Bytes received lie in
   * `completion.bytes` until the next completion is asked for.
   *
   * Throws ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_UNSUPPORTED, ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_ARENA_FULL,
   * ERR_RINGPOOL_MEMLOCK, ERR_RINGPOOL_TOO_MANY_MULTISHOTS (128), ABORT_ERR. The iteration throws the errno's name, ABORT_ERR,
   * ERR_RINGPOOL_CLOSED.
   *
   * @example
   * ```ts
   * import { openPool } from '@ringpool/pool';
   *
   * await using pool = await openPool();
   * using interval = pool.alloc(16);
   * new DataView(interval.bytes.buffer, interval.offset, 16).setBigInt64(8, 1_000_000n, true); // 1 ms
   * let ticks = 0;
   * for await (const _ of pool.multishot({ op: 'timeout', timespec: interval.address, count: 3 })) ticks++;
   * console.assert(ticks === 3);
   * ```
   */
  multishot(
    operation: MultishotOperation,
    options: MultishotOptions = {},
  ): AsyncIterableIterator<Completion, undefined> & AsyncDisposable {
    this.#assertOpen('multishot');
    return this.#multishots.start(operation, options);
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
   * Opens a file. `flags` is one of Node's words (`'r'`, `'r+'`, `'w'`, `'wx'`, `'a'`, `'ax+'`, ...), or O_* bits as in
   * `node:fs` constants. A relative path starts from the current directory.
   *
   * Rejects with the errno's name (ENOENT, EACCES, EMFILE), ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED,
   * ERR_RINGPOOL_ARENA_FULL, ERR_RINGPOOL_WORKER_DIED.
   */
  async open(path: string, flags: string | number = 'r', options: OpenFileOptions = {}): Promise<File> {
    this.#assertOpen('open');
    const { client } = this.#parts;
    client.rest.enter();
    try {
      const place = this.#placeOf('open', options?.placement);
      const file = this.#fileOf(await this.#opener.open(path, flags, options, place));
      if (this.#closing === undefined) {
        this.#files.set(file.fd, file);
        return file;
      }
      // The pool has looked for open files already.
      await file.close();
      throw closedError('open', 'pool', path);
    } finally {
      client.rest.leave();
    }
  }

  #fileOf(opened: SharedFile): File {
    const forget = (): void => void this.#files.delete(opened.fd);
    return new File(new Handle(this.#transfers, this.#batches, this.#transit, opened, forget));
  }

  /**
   * Takes a file that another thread of this pool gave away with `file.share()`: once. It is this thread's from then on.
   * Throws ERR_RINGPOOL_CLOSED (of the pool; or the file was adopted already, or taken back),
   * ERR_RINGPOOL_INVALID_ARGUMENT.
   */
  adoptFile(token: FileToken): File {
    this.#assertOpen('adoptFile');
    const file = this.#fileOf(this.#transit.adopt(token));
    this.#files.set(file.fd, file);
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
      const { client, owner, words } = this.#parts;
      return within(this.#closing, timeoutMs, () =>
        drainTimeout(client, owner === undefined ? 0 : guests(words), timeoutMs),
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #close(): Promise<void> {
    const { client, owner, obituary } = this.#parts;
    await this.#multishots.close();
    const closed = await Promise.allSettled([...this.#files.values()].map((file) => file.close()));
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
