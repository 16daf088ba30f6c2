// An operation that an AbortSignal may end: its caller is told at once, the kernel is asked to give it up, and its memory
// stays in use until it has. Bound to the client's thread.

import { encode, type RingpoolError } from '@ringpool/core';

import type { Client } from './client.ts';
import { setTimeout } from './clock.ts';
import { abortError } from './errors.ts';
import type { Lane } from './lane.ts';
import { BoundRequest, type Request } from './request.ts';

/** Listeners are kept one for each signal: taking one of many off a signal costs a look at all of them. */
const watched = new WeakMap<AbortSignal, Set<Cancellation>>();

function watch(signal: AbortSignal, cancellation: Cancellation): void {
  let all = watched.get(signal);
  if (all === undefined) {
    all = new Set();
    watched.set(signal, all);
    signal.addEventListener('abort', () => abortAll(signal), { once: true });
  }
  all.add(cancellation);
}

function abortAll(signal: AbortSignal): void {
  const all = watched.get(signal) ?? new Set();
  watched.delete(signal);
  for (const cancellation of all) cancellation.abort();
}

const NO_OPERATION = -1;
/** After how long what is still in flight is cancelled again: at first, and at most. */
const CANCEL_AGAIN_MS = 5;
const CANCEL_AGAIN_MS_MAX = 1000;

/** What stands between a signal and one request. */
export class Cancellation implements CancelTarget {
  readonly #signal: AbortSignal;
  readonly #client: Client;
  readonly #request: Request;
  #lane: Lane | undefined;
  /** By part of the request: the operation that is in flight for it. */
  readonly #operations: number[];
  #aborted = false;
  #isOver = false;

  /** The signal has not been aborted yet. `parts`: SQEs of the request. */
  constructor(signal: AbortSignal, client: Client, request: Request, parts = 1) {
    this.#signal = signal;
    this.#client = client;
    this.#request = request;
    this.#operations = new Array<number>(parts).fill(NO_OPERATION);
    watch(signal, this);
  }

  /** True once the signal was aborted. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** A part of the request was encoded: this is the number of its operation on that lane. */
  startedOn(lane: Lane, operation: number, part = 0): void {
    this.#lane = lane;
    this.#operations[part] = operation;
  }

  /** The operation in flight for a part; below 0 when there is nothing to cancel any more: its number may be another's. */
  operationOf(part: number): number {
    return this.#operations[part] as number;
  }

  /** A part of the request is over. */
  ended(part: number): void {
    this.#operations[part] = NO_OPERATION;
  }

  /** The request is over. */
  over(): void {
    this.#isOver = true;
    this.#operations.fill(NO_OPERATION);
    watched.get(this.#signal)?.delete(this);
  }

  /** The signal was aborted. */
  abort(): void {
    // Others that were aborted before it may have ended it, and the request may be another one by now.
    if (this.#isOver) return;
    this.#aborted = true;
    const error = abortError('abort', this.#signal);
    this.#request.abort(error);
    this.#giveUp(error, 0);
  }

  /**
   * A cancel does not find what is behind a link and has not begun, nor what is about to complete and then waits once
   * more; and behind an operation that drains, it waits itself. So it is repeated until nothing is in flight.
   */
  #giveUp(error: RingpoolError, afterMs: number): void {
    const parts = [...this.#operations.keys()].filter((part) => this.operationOf(part) >= 0);
    // It is over: the request may be another one.
    if (afterMs > 0 && parts.length === 0) return;
    // Its worker may have died before it took it: it waits again, and its numbers are other operations'.
    if (this.#client.withdraw(this.#request)) {
      for (let part = 0; part < this.#request.sqes; part++) this.#request.abandon(part, error, false);
      return;
    }
    const lane = this.#lane;
    if (lane === undefined) return;
    for (const part of parts) {
      const asked = afterMs > 0 && lane.cancelNow?.(this.operationOf(part)) === true;
      if (!asked) this.#client.start(new Cancel(this, lane, part));
    }
    const againMs = Math.min(afterMs * 2 || CANCEL_AGAIN_MS, CANCEL_AGAIN_MS_MAX);
    setTimeout(() => this.#giveUp(error, againMs), againMs).unref();
  }
}

/** What is cancelled. */
export interface CancelTarget {
  /** The operation in flight for a part; below 0 when there is none any more. */
  operationOf(part: number): number;
  /** The cancel is over, whether it helped or not. */
  cancelled?(): void;
}

/** Asks the kernel to give an operation up. Disk I/O that has begun it does not; what waits for an event it does. */
export class Cancel extends BoundRequest {
  readonly #target: CancelTarget;
  readonly #part: number;

  constructor(target: CancelTarget, lane: Lane, part: number) {
    super(lane);
    this.#target = target;
    this.#part = part;
  }

  /** A lane full of reads that wait for ever has room for it. */
  override get urgent(): boolean {
    return true;
  }

  encode(lane: Lane): void {
    const sqe = lane.push(this, 0);
    const operation = this.#target.operationOf(this.#part);
    // Its number may be another operation's by now.
    if (operation < 0) encode.nop(lane.sqes, sqe, {});
    else lane.encodeCancel(sqe, operation);
  }

  complete(): void {
    // Whether it helped shows in the operation's own completion.
    this.#target.cancelled?.();
  }

  abandon(): void {
    // The operation is abandoned, too.
  }
}
