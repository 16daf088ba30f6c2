// The pool as its users hold it, and how one comes up. Bound to the thread that opened it: its owner and first client.

import {
  type Address,
  type AllocOptions,
  AT_FDCWD,
  checkOptions,
  encode,
  flagNames,
  IORING_SETUP,
  type Lease,
  RingpoolError,
} from '@ringpool/core';
import type { RingMemoryMode, RingRung } from '@ringpool/native';

import type { FileContents } from '../file/contents.ts';
import { File } from '../file/file.ts';
import { FileReader } from '../file/file-reader.ts';
import { openFlagBits } from '../file/open-flags.ts';
import { clearTimeout, setTimeout } from './clock.ts';
import { closedError, invalidArgument, operationError } from './errors.ts';
import { launch, type PoolParts, shutDown } from './launch.ts';
import { type PoolOptions, resolveOptions } from './options.ts';
import { PathRoom } from './path-room.ts';
import { type Placement, placementCode } from './placement.ts';
import { SingleRequest } from './request.ts';

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

/** How long {@link Pool.close} waits. */
export interface ClosePoolOptions {
  /** Milliseconds. Default: 30000. */
  readonly timeoutMs?: number | undefined;
}

/** How one worker's ring came up. */
export interface WorkerInfo {
  /** Where its queues lie. */
  readonly memory: RingMemoryMode;
  /** The rung of the ladder of flags that won. */
  readonly rung: RingRung;
  /** Its IORING_SETUP_* flags, by name. */
  readonly flags: readonly string[];
  /** Submission queue entries granted. */
  readonly entries: number;
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
const PROBE_BYTES = 4096;

/**
 * Opens a pool: starts its workers, each with a ring of its own over one shared arena.
 *
 * Rejects with ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_UNAVAILABLE (no io_uring here; says why),
 * ERR_RINGPOOL_MEMLOCK (with `registration: 'required'`, or when not even a ring fits), ERR_RINGPOOL_ARENA_CAP,
 * ERR_RINGPOOL_TOO_MANY_FILES, ERR_RINGPOOL_WORKER_DIED.
 *
 * @example
 * ```ts
 * import { openPool } from '@ringpool/pool';
 *
 * const pool = await openPool({ workers: 1, arenaBytes: 16 * 1024 * 1024 });
 * using contents = await pool.readFile('package.json');
 * console.assert(contents.bytes[0] === '{'.charCodeAt(0));
 * await pool.close();
 * ```
 */
export async function openPool(options: PoolOptions = {}): Promise<Pool> {
  const resolved = resolveOptions(options);
  const pool = new Pool(await launch(resolved));
  if (resolved.registration !== 'required') return pool;
  try {
    pool.allocUnsafe(PROBE_BYTES).release();
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** I/O workers over one arena of shared memory. Made by {@link openPool}. */
export class Pool {
  /** What executes the operations. */
  readonly driver = 'uring';
  readonly #parts: PoolParts;
  readonly #paths: PathRoom;
  readonly #reader: FileReader;
  readonly #files = new Set<File>();
  readonly #forget = (file: File): void => {
    this.#files.delete(file);
  };
  #closing: Promise<void> | undefined;

  /** @internal Made by openPool. */
  constructor(parts: PoolParts) {
    this.#parts = parts;
    this.#paths = new PathRoom(parts.arena);
    this.#reader = new FileReader(parts.client, parts.arena, this.#paths);
  }

  /** How each worker's ring came up. */
  get workers(): readonly WorkerInfo[] {
    return this.#parts.reports.map(({ memory, rung, entries, flags }) => ({
      memory,
      rung,
      entries,
      flags: flagNames(IORING_SETUP, flags),
    }));
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
    const { refusal } = this.#parts.registration;
    if (refusal === undefined) return lease;
    lease.release();
    throw refusal;
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
    client.enter();
    try {
      const file = await this.#openFile(path, flags, options);
      if (this.#closing === undefined) {
        this.#files.add(file);
        return file;
      }
      // The pool has looked for open files already.
      await file.close();
      throw closedError('open', 'pool', path);
    } finally {
      client.leave();
    }
  }

  async #openFile(path: string, flags: 'r' | number, options: OpenFileOptions): Promise<File> {
    checkOptions('open', options, OPEN_OPTIONS);
    const { mode = MODE_DEFAULT, direct = false } = options;
    const place = this.#placeOf('open', options.placement);
    // Here and not by the encoder, which may run later, when nobody is there to be told.
    if (!Number.isInteger(mode) || mode < 0 || mode > MODE_MAX) {
      throw invalidArgument('open', `mode is ${String(mode)}`, 'It must be permission bits, as 0o644.');
    }
    const openFlags = openFlagBits(flags, direct);
    const { client, arena } = this.#parts;
    const room = this.#paths.write(path, 'open');
    let res: number;
    try {
      const request = new SingleRequest(
        (sqes, slot) =>
          encode.openat(sqes, slot, {
            dirfd: AT_FDCWD,
            path: this.#paths.addressOf(room) as Address,
            openFlags,
            mode,
          }),
        place,
      );
      client.start(request);
      res = await request.promise;
    } finally {
      this.#paths.release(room);
    }
    if (res < 0) throw operationError(res, { op: 'open', syscall: 'open', path, direct });
    return new File(client, arena, { path, fd: res, direct, place }, this.#forget);
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
      if (this.#reader.available(place)) return this.#reader.read(path, target, place);
      return this.#reader.readPlain(target, () => this.#openFile(path, 'r', { placement }));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Closes the pool: waits for what is in flight, closes its files, ends its workers. Leases and views of arena memory
   * stay readable, but are not to be used for I/O any more. May be called again after a timeout.
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
    await this.#parts.client.whenIdle();
    await shutDown(this.#parts);
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }

  #within(closing: Promise<void>, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          const { inFlight } = this.#parts.client;
          reject(
            new RingpoolError(
              'ERR_RINGPOOL_DRAIN_TIMEOUT',
              `${inFlight} operations are still in flight after ${timeoutMs} ms`,
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
    return placement === undefined ? place : placementCode(op, placement, client.remotes.length);
  }

  #assertOpen(op: string): void {
    if (this.#closing !== undefined) throw closedError(op, 'pool');
  }

  /** Closes the pool: `await using pool = await openPool()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
