// An open file of a pool. Bound to the thread that opened it; its descriptor belongs to the process.
// The descriptor is closed when no operation is queued or in flight on it: a number in use must never be freed.

import { closeSync } from 'node:fs';

import { type Arena, checkOptions, encode, type Fd, Lease, RingpoolError } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { closedError, invalidArgument, operationError } from '../pool/errors.ts';
import { checkLease } from '../pool/options.ts';
import { type Placement, placementCode } from '../pool/placement.ts';
import { SingleRequest } from '../pool/request.ts';
import { ReadRequest, type TransferFile } from './transfer.ts';

/** Which bytes of the file go where. */
export interface ReadOptions {
  /** Where in the file to read, in bytes: 0 to 2^53-1. */
  readonly position: number | bigint;
  /** Where in the target the bytes go. Default: 0. */
  readonly offset?: number | undefined;
  /** How many bytes. Default: to the end of the target. */
  readonly length?: number | undefined;
  /** Where it runs. Default: as the file was opened. */
  readonly placement?: Placement | undefined;
}

const READ_OPTIONS: readonly string[] = ['position', 'offset', 'length', 'placement'];

/** What the pool knows of a file that it has opened. */
export interface OpenedFile {
  readonly path: string;
  readonly fd: number;
  readonly direct: boolean;
  /** Where its operations run: a code of placement.ts. */
  readonly place: number;
}

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
  readonly #arena: Arena;
  readonly #onClosed: (file: File) => void;
  readonly #transfers: TransferFile;
  #operations = 0;
  #closing: Promise<void> | undefined;
  #whenUnused: (() => void) | undefined;

  /** @internal Made by the pool. */
  constructor(client: Client, arena: Arena, opened: OpenedFile, onClosed: (file: File) => void) {
    this.path = opened.path;
    this.fd = opened.fd;
    this.#client = client;
    this.#place = opened.place;
    this.#arena = arena;
    this.#onClosed = onClosed;
    this.#transfers = { ...opened, ended: () => this.#ended() };
  }

  /** True once {@link File.close} was called. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Reads bytes into a lease, or into a `Uint8Array`. A view of arena memory is filled in place; any other memory is
   * copied into. Resolves to the number of bytes: all that were asked for, or fewer where the file ends.
   *
   * A lease released meanwhile is freed when the read is over.
   *
   * Rejects with ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_LEASE_RELEASED,
   * ERR_RINGPOOL_LEASE_BUSY, ERR_RINGPOOL_ARENA_FULL, ERR_RINGPOOL_WORKER_DIED, or the errno's name (EISDIR, EIO).
   */
  read(target: Lease | Uint8Array, options: ReadOptions): Promise<number> {
    try {
      const request = this.#reading(target, options);
      this.#operations++;
      this.#client.start(request);
      return request.promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #reading(target: Lease | Uint8Array, options: ReadOptions): ReadRequest {
    if (this.#closing !== undefined) throw closedError('read', 'file', this.path);
    if (!(target instanceof Lease) && !(target instanceof Uint8Array)) {
      throw invalidArgument(
        'read',
        'the target is neither a Lease nor a Uint8Array',
        'Take one from pool.alloc().',
      );
    }
    if (target instanceof Lease) checkLease('read', target, this.#arena);
    const { offset = 0, length = target.length - offset } = checkReadOptions(options);
    const position = typeof options.position === 'bigint' ? Number(options.position) : options.position;
    checkRange(target.length, offset, length, position);
    const request = new ReadRequest(
      this.#client,
      this.#arena,
      this.#transfers,
      target,
      offset,
      length,
      position,
    );
    const { placement } = options;
    request.place =
      placement === undefined ? this.#place : placementCode('read', placement, this.#client.remotes.length);
    return request;
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
    try {
      const close = new CloseRequest(this.fd, this.#place);
      this.#client.start(close);
      const res = await close.promise;
      if (res < 0) throw operationError(res, { op: 'close', syscall: 'close', path: this.path });
    } finally {
      this.#onClosed(this);
    }
  }

  #ended(): void {
    if (--this.#operations === 0) this.#whenUnused?.();
  }

  /** Closes the file: `await using file = await pool.open(path)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Frees a descriptor, in any case: also when no worker is left to do it. */
class CloseRequest extends SingleRequest {
  readonly #fd: number;

  constructor(fd: number, place: number) {
    super((sqes, slot) => encode.close(sqes, slot, { fd: fd as Fd }), place);
    this.#fd = fd;
  }

  override abandon(part: number, error: RingpoolError, started: boolean): void {
    // Started, it may be closed, and the number somebody else's by now.
    if (started) {
      super.abandon(part, error, started);
      return;
    }
    try {
      closeSync(this.#fd);
      this.resolve(0);
    } catch (failure) {
      this.resolve((failure as { errno?: number }).errno ?? -EIO);
    }
  }
}

const EIO = 5;

function checkReadOptions(options: ReadOptions): ReadOptions {
  checkOptions('read', options, READ_OPTIONS);
  return options;
}

function checkRange(bytes: number, offset: number, length: number, position: number): void {
  if (!Number.isSafeInteger(position) || position < 0) {
    throw invalidArgument('read', `position is ${String(position)}`, 'It must be a safe integer from 0.');
  }
  const sound = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
  if (!sound || offset + length > bytes) {
    throw new RingpoolError(
      'ERR_RINGPOOL_INVALID_ARGUMENT',
      `offset ${String(offset)} and length ${String(length)} are not a range of ${bytes} bytes`,
      { op: 'read', hint: 'Read into a larger target, or less.' },
    );
  }
}
