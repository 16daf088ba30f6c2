// Many reads and writes with one promise: of objects, or of typed columns that allocate nothing for each entry.
// Bound to the client's thread. Entries start as others complete, so that a batch of any length needs little memory, and
// background batches leave most of each lane to what somebody waits for.

import { AsyncResource } from 'node:async_hooks';

import { checkOptions, type Lease, type RingpoolError } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { nextTick } from '../pool/clock.ts';
import { abortError, closedError, invalidArgument } from '../pool/errors.ts';
import { checkSignal } from '../pool/options.ts';
import { type Placement, placementCode } from '../pool/placement.ts';
import { checkPosition, checkRange, type Memory, memoryOf } from './checks.ts';
import { File } from './file.ts';
import type { Transfers } from './transfer.ts';
import type { Direction, TransferRange, TransferSink } from './transfer-parts.ts';

/** One read or write of a batch. */
export interface BatchRequest {
  /** Default: `'read'`. */
  readonly op?: 'read' | 'write' | undefined;
  readonly file: File;
  /** Where the bytes go, or come from. */
  readonly memory: Memory;
  /** Where in the file, in bytes. */
  readonly position: number;
  /** Where in the memory, in bytes. Default: 0. */
  readonly offset?: number | undefined;
  /** How many bytes. Default: to the end of the memory. */
  readonly length?: number | undefined;
}

/** A column of whole numbers. */
export type NumberColumn = Float64Array | Uint32Array | Int32Array | Uint16Array | readonly number[];

/**
 * A batch as columns: entry `i` moves `lengths[i]` bytes between `positions[i]` in its file and `offsets[i]` in one lease,
 * as a buffer manager's page frames lie. Nothing is allocated for each entry. Do not change the columns before the batch
 * is over.
 */
export interface BatchColumns {
  /** The file of all entries, or those that `fileIndexes` picks from. */
  readonly file: File | readonly File[];
  /** For each entry the index of its file. Required with more than one file. */
  readonly fileIndexes?: Uint32Array | Uint16Array | Uint8Array | undefined;
  /** The memory of all entries. */
  readonly lease: Lease;
  /** Where each entry's bytes lie in the lease, in bytes. As many as there are entries. */
  readonly offsets: NumberColumn;
  /** How many bytes each, or all, of the entries move. */
  readonly lengths: NumberColumn | number;
  /** Where in its file each entry is, in bytes. */
  readonly positions: NumberColumn;
  /** 1 for each entry that writes. Default: all read. */
  readonly writes?: Uint8Array | undefined;
  /** Where the results go, and what the promise resolves to. Default: an array of its own. */
  readonly results?: Int32Array | undefined;
}

/** How a batch runs. */
export interface BatchOptions {
  /** Called as each entry completes, in no particular order, with its index and its result. */
  readonly onComplete?: ((index: number, result: number) => void) | undefined;
  /**
   * `'background'` for what nobody waits for, such as prefetch: it takes at most a quarter of what a lane holds, so that
   * a read that somebody waits for finds room at once. Default: `'demand'`.
   */
  readonly priority?: 'demand' | 'background' | undefined;
  /** Aborted, the promise rejects at once; entries that have not begun never do. */
  readonly signal?: AbortSignal | undefined;
  /** Where the entries run. Default: as each file was opened. */
  readonly placement?: Placement | undefined;
}

const OPTIONS: readonly string[] = ['onComplete', 'priority', 'signal', 'placement'];
const REQUEST_KEYS: readonly string[] = ['op', 'file', 'memory', 'position', 'offset', 'length'];
const COLUMN_KEYS: readonly string[] = [
  'file',
  'fileIndexes',
  'lease',
  'offsets',
  'lengths',
  'positions',
  'writes',
  'results',
];
/** Entries of one demand batch under way at a time, as so many lanes full. */
const DEMAND_LANES = 2;
/** Entries of all background batches of a client under way at a time: this part of a lane. */
const BACKGROUND_SHARE = 4;
/** Results of entries that failed without an errno of the kernel's. */
const ERRNO_OF: Readonly<Record<string, number>> = {
  ABORT_ERR: 125, // ECANCELED
  ERR_RINGPOOL_WORKER_DIED: 5, // EIO
  ERR_RINGPOOL_QUEUE_FULL: 11, // EAGAIN
  ERR_RINGPOOL_ARENA_FULL: 12, // ENOMEM
  ERR_RINGPOOL_LEASE_RELEASED: 14, // EFAULT
  ERR_RINGPOOL_INVALID_ARGUMENT: 14, // EFAULT: its memory was detached
};
const EIO = 5;

/** The entries of a batch, whatever form they came in. */
interface Entries {
  readonly count: number;
  readonly results: Int32Array;
  /** Starts one of them. */
  start(index: number, sink: TransferSink, place: number | undefined, signal: AbortSignal | undefined): void;
}

/** How many background entries of one client are under way, and who waits to start more. */
class Gate {
  readonly #most: number;
  readonly #waiting: Batch[] = [];
  #under = 0;
  #leaving = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes leave to start one; false: the batch is called when there is leave again. */
  enter(batch: Batch): boolean {
    if (this.#under < this.#most) {
      this.#under++;
      return true;
    }
    if (!this.#waiting.includes(batch)) this.#waiting.push(batch);
    return false;
  }

  /** One is over: whoever has waited longest starts some. */
  leave(): void {
    this.#under--;
    // What fails as it starts is over at once, in the midst of this.
    if (this.#leaving) return;
    this.#leaving = true;
    // Some that waited may have nothing left to start.
    while (this.#under < this.#most && this.#waiting.length > 0) this.#waiting.shift()?.proceed();
    this.#leaving = false;
  }
}

/** Runs the batches of one client. */
export class Batches {
  readonly #transfers: Transfers;
  readonly #client: Client;
  readonly #background: Gate;

  constructor(transfers: Transfers) {
    this.#transfers = transfers;
    this.#client = transfers.client;
    this.#background = new Gate(Math.max(1, Math.floor(this.#client.depth / BACKGROUND_SHARE)));
  }

  /** See Pool.batch. Throws ERR_RINGPOOL_INVALID_ARGUMENT before anything has begun. */
  run(requests: readonly BatchRequest[] | BatchColumns, options: BatchOptions): Promise<Int32Array> {
    checkOptions('batch', options, OPTIONS);
    const { onComplete, priority = 'demand', signal, placement } = options;
    if (priority !== 'demand' && priority !== 'background') {
      throw invalidArgument(
        'batch',
        `priority is ${String(priority)}`,
        "It must be 'demand' or 'background'.",
      );
    }
    if (onComplete !== undefined && typeof onComplete !== 'function') {
      throw invalidArgument('batch', 'onComplete is no function');
    }
    if (signal !== undefined) checkSignal('batch', signal);
    if (signal?.aborted === true) throw abortError('batch', signal);
    const place =
      placement === undefined ? undefined : placementCode('batch', placement, this.#client.workers);
    const entries = Array.isArray(requests)
      ? entriesOf(requests as readonly BatchRequest[], this.#transfers)
      : columnsOf(requests as BatchColumns, this.#transfers);
    const gate = priority === 'background' ? this.#background : undefined;
    return new Batch(this.#client, entries, { onComplete, gate, place, signal }).promise;
  }
}

interface BatchPlan {
  readonly onComplete: ((index: number, result: number) => void) | undefined;
  readonly gate: Gate | undefined;
  readonly place: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One batch under way. */
class Batch implements TransferSink {
  readonly promise: Promise<Int32Array>;
  readonly #client: Client;
  readonly #entries: Entries;
  readonly #plan: BatchPlan;
  /** The context in which the batch was asked for: its callback runs there. */
  readonly #context: AsyncResource | undefined;
  readonly #window: number;
  readonly #onAbort: () => void = () => this.#abort();
  #resolve!: (results: Int32Array) => void;
  #reject!: (error: unknown) => void;
  #next = 0;
  #under = 0;
  #over = 0;
  #proceeding = false;

  constructor(client: Client, entries: Entries, plan: BatchPlan) {
    this.#client = client;
    this.#entries = entries;
    this.#plan = plan;
    this.#window = client.depth * DEMAND_LANES;
    this.#context = plan.onComplete === undefined ? undefined : new AsyncResource('ringpool.batch');
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    plan.signal?.addEventListener('abort', this.#onAbort, { once: true });
    client.rest.enter();
    this.proceed();
  }

  /** Starts as many entries as may be under way. */
  proceed(): void {
    // An entry that fails as it starts is told of at once, in the midst of this.
    if (this.#proceeding) return;
    this.#proceeding = true;
    const { gate } = this.#plan;
    while (this.#next < this.#entries.count && this.#under < this.#window) {
      if (gate?.enter(this) === false) break;
      this.#under++;
      this.#start(this.#next++);
    }
    this.#proceeding = false;
    if (this.#over === this.#entries.count) this.#finish();
  }

  #start(index: number): void {
    const { place, signal } = this.#plan;
    try {
      this.#entries.start(index, this, place, signal);
    } catch (error) {
      // One failure never keeps the rest: the lease was released meanwhile, the arena is full.
      this.transferred(index, 0, error as RingpoolError);
    }
  }

  transferred(index: number, bytes: number, error: RingpoolError | undefined): void {
    const result = error === undefined ? bytes : -(error.errno ?? ERRNO_OF[error.code] ?? EIO);
    this.#entries.results[index] = result;
    this.#under--;
    this.#over++;
    this.#plan.gate?.leave();
    if (this.#plan.onComplete !== undefined) this.#call(this.#plan.onComplete, index, result);
    this.proceed();
  }

  #call(onComplete: (index: number, result: number) => void, index: number, result: number): void {
    try {
      this.#context?.runInAsyncScope(onComplete, undefined, index, result);
    } catch (error) {
      // It must not keep the completions of others from being handed over: thrown where nobody else is concerned.
      nextTick(() => {
        throw error;
      });
    }
  }

  #abort(): void {
    this.#reject(abortError('batch', this.#plan.signal as AbortSignal));
  }

  #finish(): void {
    this.#plan.signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve(this.#entries.results);
    this.#client.rest.leave();
  }
}

function entriesOf(requests: readonly BatchRequest[], transfers: Transfers): Entries {
  for (const [index, request] of requests.entries()) checkRequest(index, request, transfers);
  for (const { file } of requests) file.handle.reserve();
  return {
    count: requests.length,
    results: new Int32Array(requests.length), // view: one for each entry
    start(index, sink, place, signal) {
      const {
        op = 'read',
        file,
        memory: given,
        position,
        offset = 0,
        length,
      } = requests[index] as BatchRequest;
      const memory = memoryOf('batch', given, transfers.arena);
      file.handle.startFor(
        sink,
        index,
        op,
        { memory, offset, length: length ?? memory.length - offset, position, flags: 0, once: false },
        place,
        signal,
      );
    },
  };
}

function checkRequest(index: number, request: BatchRequest, transfers: Transfers): void {
  try {
    checkOptions('batch', request, REQUEST_KEYS);
    const { op = 'read', file, memory, position, offset = 0 } = request;
    if (op !== 'read' && op !== 'write') {
      throw invalidArgument('batch', `op is ${String(op)}`, "It must be 'read' or 'write'.");
    }
    checkFile(file, transfers);
    const { length: bytes } = memoryOf('batch', memory, transfers.arena);
    checkPosition('batch', position);
    checkRange('batch', bytes, offset, request.length ?? bytes - offset);
  } catch (error) {
    throw atEntry(index, error as RingpoolError);
  }
}

function columnsOf(columns: BatchColumns, transfers: Transfers): Entries {
  checkOptions('batch', columns, COLUMN_KEYS);
  const { file, fileIndexes, lease, offsets, lengths, positions, writes } = columns;
  const files = Array.isArray(file) ? (file as readonly File[]) : [file as File];
  const count = offsets?.length;
  memoryOf('batch', lease, transfers.arena);
  for (const one of files) checkFile(one, transfers);
  const lengthOf = (index: number): number =>
    typeof lengths === 'number' ? lengths : (lengths[index] as number);
  const fileOf = (index: number): File | undefined => files[fileIndexes?.[index] ?? 0];
  const results = columns.results ?? new Int32Array(count ?? 0); // view: one for each entry
  if (files.length > 1 && fileIndexes === undefined) throw badColumn('fileIndexes', count);
  const all: readonly (readonly [string, { readonly length: number } | number | undefined])[] = [
    ['offsets', offsets],
    ['positions', positions],
    ['lengths', lengths],
    ['fileIndexes', fileIndexes],
    ['writes', writes],
    ['results', results],
  ];
  for (const [name, column] of all) {
    const optional = name === 'fileIndexes' || name === 'writes';
    if ((optional && column === undefined) || (name === 'lengths' && typeof column === 'number')) continue;
    if (typeof column !== 'object' || column === null || column.length !== count)
      throw badColumn(name, count);
  }
  for (let index = 0; index < count; index++) {
    try {
      checkPosition('batch', positions[index] as number);
      checkRange('batch', lease.length, offsets[index] as number, lengthOf(index));
      checkFile(fileOf(index), transfers);
    } catch (error) {
      throw atEntry(index, error as RingpoolError);
    }
  }
  for (let index = 0; index < count; index++) (fileOf(index) as File).handle.reserve();
  // One range for all entries, one after another: what starts a transfer reads it and keeps nothing of it.
  const range = { memory: lease, offset: 0, length: 0, position: 0, flags: 0, once: false };
  return {
    count,
    results,
    start(index, sink, place, signal) {
      range.offset = offsets[index] as number;
      range.length = lengthOf(index);
      range.position = positions[index] as number;
      const direction: Direction = writes?.[index] === 1 ? 'write' : 'read';
      (fileOf(index) as File).handle.startFor(sink, index, direction, range as TransferRange, place, signal);
    },
  };
}

function checkFile(file: unknown, transfers: Transfers): void {
  if (!(file instanceof File) || !file.handle.belongsTo(transfers)) {
    throw invalidArgument('batch', 'the file is none of this pool and thread', 'Open it with pool.open().');
  }
  if (file.closed) throw closedError('batch', 'file', file.path);
}

function badColumn(name: string, count: number | undefined): RingpoolError {
  return invalidArgument(
    'batch',
    `${name} is no column of ${String(count)} entries`,
    'All columns have one length.',
  );
}

/** The error of one entry, which keeps all of them from beginning. */
function atEntry(index: number, error: RingpoolError): RingpoolError {
  error.message = `entry ${index}: ${error.message}`;
  return error;
}
