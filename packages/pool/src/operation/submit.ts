// pool.submit(): one operation, or a chain of them, with what it may wait for. Bound to the client's thread.

import {
  type Arena,
  checkOptions,
  encode,
  IOSQE,
  type Lease,
  type Operation,
  SQE_WORDS,
} from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { abortError, invalidArgument } from '../pool/errors.ts';
import { checkSignal } from '../pool/options.ts';
import { AUTO, LOCAL, type Placement, placementCode } from '../pool/placement.ts';
import { drains as drainsApart, flagsIn, isMultishot, isZeroCopy, LINKS, noFixedFiles } from './admission.ts';
import { ChainRequest } from './chain.ts';
import type { Completion } from './completion.ts';
import { Holds, type OpenFiles, type Prepared, prepare } from './prepare.ts';

/** How an operation, or a chain, runs. */
export interface SubmitOptions {
  /** Where it runs. Default: the pool's. What drains, and zero-copy sends, run on rings of the calling thread. */
  readonly placement?: Placement | undefined;
  /**
   * Aborted, the promise rejects at once with an `AbortError`, and the kernel is asked to give the operations up: what
   * waits for an event it does, disk I/O that has begun it does not. Memory stays in use until their completions.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * After so many milliseconds the kernel gives the operation up (LINK_TIMEOUT): its result is -ECANCELED, and `timedOut`
   * is true. For one operation; in a chain, put `linkTimeout` operations.
   */
  readonly timeoutMs?: number | undefined;
}

const OPTIONS: readonly string[] = ['placement', 'signal', 'timeoutMs'];
/** The longest chain: what a worker submits at once. */
const CHAIN_MAX = 32;
const TIMESPEC_BYTES = 16;
const TIMEOUT_MS_MAX = 2 ** 42;
const FLAGS_SHIFT = 8;

/** Runs the operations that users give as they are. */
export class Submissions {
  readonly #client: Client;
  readonly #arena: Arena;
  readonly #open: OpenFiles;
  readonly #place: number;

  /** `place` is the pool's placement, as a code. */
  constructor(client: Client, arena: Arena, open: OpenFiles, place: number) {
    this.#client = client;
    this.#arena = arena;
    this.#open = open;
    this.#place = place;
  }

  /** See Pool.submit. Throws before anything has begun. */
  run(operations: readonly Operation[], options: SubmitOptions): Promise<Completion[]> {
    checkOptions('submit', options, OPTIONS);
    const { signal, timeoutMs } = options;
    if (signal !== undefined) checkSignal('submit', signal);
    if (signal?.aborted === true) throw abortError('submit', signal);
    const prepared = operations.map((operation) => prepare('submit', operation, this.#client.host));
    checkLength(prepared.length, timeoutMs, this.#client.sqesMax);
    this.#checkChain(prepared, timeoutMs);
    const files = 1 + Math.max(-1, ...prepared.flatMap((one) => one.files.map(({ file }) => file)));
    const drains = prepared.some(({ sqe }) => (flagsIn(sqe) & IOSQE.IO_DRAIN) !== 0);
    const place = this.#placeOf(prepared, drains, options.placement);
    // A worker's ring has other threads' operations too: there the client itself waits for its own.
    const apart = drains && !this.#client.host.hasOwnRings;
    if (apart) for (const { sqe } of prepared) undrain(sqe);
    if (!this.#client.mayRun({ place, files })) throw noFixedFiles('submit');
    const lane = prepared.some(({ op }) => isZeroCopy(op)) ? this.#client.streams('submit') : undefined;
    if (lane !== undefined) checkLength(prepared.length, timeoutMs, lane.sqesMax);
    if (lane !== undefined && lane.files.count < files) throw noFixedFiles('submit');
    const holds = new Holds(this.#arena, this.#client.host.ledger);
    try {
      for (const [index, one] of prepared.entries())
        holds.take(operations[index] as Operation, one, this.#open);
      const pinned = this.#client.host.filesEndWithWorker && holds.hasFiles;
      const timed = timeoutMs !== undefined;
      if (timed) prepared.push(this.#timeout(timeoutMs, holds));
      link(prepared);
      return this.#start({
        operations: prepared,
        holds,
        files,
        place,
        lane,
        signal,
        timed,
        drains: apart,
        pinned,
      });
    } catch (error) {
      holds.release();
      throw error;
    }
  }

  #start(plan: ConstructorParameters<typeof ChainRequest>[1]): Promise<Completion[]> {
    const request = new ChainRequest(this.#client, plan);
    this.#client.start(request);
    return request.promise;
  }

  #checkChain(operations: readonly Prepared[], timeoutMs: number | undefined): void {
    const last = operations.at(-1) as Prepared;
    if ((flagsIn(last.sqe) & LINKS) !== 0) {
      throw invalidArgument(
        'submit',
        `${last.op} comes last and is linked`,
        'There is nothing to link it to.',
      );
    }
    for (const [index, { op, sqe }] of operations.entries()) {
      if (isMultishot(op, sqe)) {
        throw invalidArgument('submit', `${op} completes many times`, 'Use pool.multishot().');
      }
      if (op === 'linkTimeout' && index === 0) {
        throw invalidArgument('submit', 'linkTimeout comes first', 'It limits the operation before it.');
      }
    }
    if (timeoutMs === undefined) return;
    if (operations.length > 1) {
      throw invalidArgument('submit', 'timeoutMs is for one operation', 'Put linkTimeout into the chain.');
    }
    if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0) || timeoutMs > TIMEOUT_MS_MAX)
      throw invalidArgument('submit', `timeoutMs is ${String(timeoutMs)}`, 'It must be milliseconds from 0.');
  }

  /**
   * What drains waits for all that its ring has in flight. On a worker's that is other threads' work, and the worker's
   * own wait for its doorbell: it would never begin.
   */
  #placeOf(operations: readonly Prepared[], drains: boolean, placement: Placement | undefined): number {
    const { workers } = this.#client;
    const place = placement === undefined ? this.#place : placementCode('submit', placement, workers);
    if (!drains) return place;
    const zeroCopy = operations.find(({ op }) => isZeroCopy(op));
    if (zeroCopy !== undefined) throw drainsApart('submit', zeroCopy.op);
    if (placement === undefined || place === AUTO || place === LOCAL) return LOCAL;
    throw invalidArgument('submit', 'what drains is placed on a worker', "It runs with placement 'local'.");
  }

  #timeout(timeoutMs: number, holds: Holds): Prepared {
    const timespec: Lease = this.#arena.alloc(TIMESPEC_BYTES);
    try {
      holds.takeLease(timespec, 'reads');
      const seconds = Math.floor(timeoutMs / 1000);
      const view = new DataView(this.#arena.data, timespec.offset, TIMESPEC_BYTES);
      view.setBigInt64(0, BigInt(seconds), true);
      view.setBigInt64(8, BigInt(Math.round((timeoutMs - seconds * 1000) * 1e6)), true);
      const sqe = new Uint32Array(SQE_WORDS);
      encode.linkTimeout(sqe, 0, { timespec: timespec.address });
      return { op: 'linkTimeout', sqe, files: [] };
    } finally {
      // Freed when it is over.
      timespec.release();
    }
  }
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT for a chain that a lane of `sqesMax` entries never takes whole. */
function checkLength(operations: number, timeoutMs: number | undefined, sqesMax: number): void {
  const most = Math.min(CHAIN_MAX, sqesMax) - (timeoutMs === undefined ? 0 : 1);
  if (operations >= 1 && operations <= most) return;
  const hint = `A chain has 1 to ${most} operations here: no more than a lane takes at once.`;
  throw invalidArgument('submit', `a chain of ${operations} operations`, hint);
}

/** Takes IO_DRAIN off an SQE. */
function undrain(sqe: Uint32Array): void {
  sqe[0] = (sqe[0] as number) & ~(IOSQE.IO_DRAIN << FLAGS_SHIFT);
}

/** Links each operation to the next one; those that say how keep their own link. */
function link(operations: readonly Prepared[]): void {
  for (const { sqe } of operations.slice(0, -1)) {
    if ((flagsIn(sqe) & LINKS) === 0) sqe[0] = (sqe[0] as number) | (IOSQE.IO_LINK << FLAGS_SHIFT);
  }
}
