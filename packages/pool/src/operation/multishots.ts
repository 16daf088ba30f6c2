// pool.multishot(): checks, memory, and what is under way, so that a pool that closes can end it.
// Bound to the client's thread.

import {
  type Arena,
  checkOptions,
  type Fd,
  IOSQE,
  type Operation,
  type OperationOf,
  RingpoolError,
} from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { abortError, closedError, invalidArgument } from '../pool/errors.ts';
import { checkSignal } from '../pool/options.ts';
import { drains, flagsIn, LINKS, makeMultishot, noFixedFiles } from './admission.ts';
import type { Completion } from './completion.ts';
import { Multishot } from './multishot.ts';
import { Holds, type OpenFiles, prepare } from './prepare.ts';
import { ProvidedBuffers } from './provided-buffers.ts';

/** A `recv` that completes for each message or piece of a stream; the pool provides the buffers. */
export interface ReceiveOperation {
  readonly op: 'recv';
  /** The socket. */
  readonly fd: Fd;
  /** `MSG_*` bits. */
  readonly msgFlags?: number | undefined;
}

/**
 * Operations that complete many times. What makes them do so is set by {@link Pool.multishot}.
 *
 * `recv` and `readMultishot` end with 0 bytes: the other side has closed. `recvmsg` goes on: it is for datagrams, which may
 * be empty; of a stream that was closed it tells again and again.
 */
export type MultishotOperation =
  | OperationOf<'accept'>
  | OperationOf<'pollAdd'>
  | OperationOf<'timeout'>
  | Omit<OperationOf<'readMultishot'>, 'bufferGroup'>
  | Omit<OperationOf<'recvmsg'>, 'bufferGroup'>
  | ReceiveOperation;

/** How an operation that completes many times runs. */
export interface MultishotOptions {
  /** Aborted, the iteration throws an `AbortError`, and what had not been read is dropped. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes of each buffer that receives. Default: 16384. */
  readonly bufferBytes?: number | undefined;
  /** How many buffers there are, 1 to 1024: so many completions may wait to be read. Default: 16. */
  readonly bufferCount?: number | undefined;
}

const OPTIONS: readonly string[] = ['signal', 'bufferBytes', 'bufferCount'];
const BUFFER_BYTES_DEFAULT = 16 * 1024;
const BUFFER_BYTES_MAX = 1024 * 1024;
const BUFFER_COUNT_DEFAULT = 16;
const BUFFER_COUNT_MAX = 1024;
/** Operations of one thread that complete many times, under way at a time. */
const MULTISHOTS_MAX = 128;
const RECEIVERS: readonly string[] = ['recv', 'recvmsg', 'readMultishot'];

/** The multishot operations of one client. */
export class Multishots {
  readonly #client: Client;
  readonly #arena: Arena;
  readonly #open: OpenFiles;
  readonly #all = new Set<Multishot>();
  /** Numbers of buffer groups in use. */
  readonly #groups = new Set<number>();

  constructor(client: Client, arena: Arena, open: OpenFiles) {
    this.#client = client;
    this.#arena = arena;
    this.#open = open;
  }

  /** See Pool.multishot. Throws before anything has begun. */
  start(
    operation: MultishotOperation,
    options: MultishotOptions,
  ): AsyncIterableIterator<Completion, undefined> & AsyncDisposable {
    checkOptions('multishot', options, OPTIONS);
    const { signal } = options;
    if (signal !== undefined) checkSignal('multishot', signal);
    if (signal?.aborted === true) throw abortError('multishot', signal);
    if (this.#all.size >= MULTISHOTS_MAX) throw tooMany();
    const sizes = sizesOf(options);
    const lane = this.#client.streams('multishot');
    const receives = RECEIVERS.includes(operation?.op);
    const buffers = receives
      ? new ProvidedBuffers(this.#client, lane, this.#arena, this.#groups, sizes)
      : undefined;
    const holds = new Holds(this.#arena, this.#client.host.ledger);
    try {
      const whole = receives
        ? { ...operation, ...receiving(operation), bufferGroup: buffers?.group }
        : operation;
      const prepared = prepare('multishot', whole as Operation, this.#client.host);
      if (!makeMultishot(prepared.op, prepared.sqe)) {
        throw invalidArgument('multishot', `${prepared.op} completes once`, 'Use pool.submit().');
      }
      if ((flagsIn(prepared.sqe) & LINKS) !== 0) {
        throw invalidArgument('multishot', `${prepared.op} is linked`, 'A chain goes through pool.submit().');
      }
      if ((flagsIn(prepared.sqe) & IOSQE.IO_DRAIN) !== 0) throw drains('multishot', prepared.op);
      if (prepared.files.length > 0) throw noFixedFiles('multishot');
      holds.take(whole as Operation, prepared, this.#open);
      const onOver = (multishot: Multishot): void => void this.#all.delete(multishot);
      const multishot = new Multishot(this.#client, lane, { prepared, holds, buffers, signal, onOver });
      this.#all.add(multishot);
      return multishot;
    } catch (error) {
      holds.release();
      buffers?.forget();
      throw error;
    }
  }

  /** Ends all of them, as the pool closes. Resolves when the kernel is done with them. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((multishot) => multishot.stop(closedError('multishot', 'pool'))));
  }
}

/** What a receiving operation has beside what its user says. */
function receiving(operation: MultishotOperation): object {
  return operation.op === 'recv' ? { length: 0 } : {};
}

function sizesOf(options: MultishotOptions): { readonly bytes: number; readonly count: number } {
  const { bufferBytes = BUFFER_BYTES_DEFAULT, bufferCount = BUFFER_COUNT_DEFAULT } = options;
  check('bufferBytes', bufferBytes, BUFFER_BYTES_MAX);
  check('bufferCount', bufferCount, BUFFER_COUNT_MAX);
  return { bytes: bufferBytes, count: bufferCount };
}

function check(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw invalidArgument(
    'multishot',
    `${name} is ${String(value)}`,
    `It must be an integer from 1 to ${most}.`,
  );
}

function tooMany(): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_TOO_MANY_MULTISHOTS',
    `${MULTISHOTS_MAX} multishot operations of this thread are under way`,
    { op: 'multishot', hint: 'End some: leave their loops, or abort their signals.' },
  );
}
