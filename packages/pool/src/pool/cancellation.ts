// An operation that an AbortSignal may end: its caller is told at once, the kernel is asked to give it up, and its memory
// stays in use until it has. Bound to the client's thread.

import { encode } from '@ringpool/core';

import type { Client } from './client.ts';
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

/** What stands between a signal and one request. */
export class Cancellation {
  readonly #signal: AbortSignal;
  readonly #client: Client;
  readonly #request: Request;
  #lane: Lane | undefined;
  #operation = 0;
  #aborted = false;
  #over = false;

  /** The signal has not been aborted yet. */
  constructor(signal: AbortSignal, client: Client, request: Request) {
    this.#signal = signal;
    this.#client = client;
    this.#request = request;
    watch(signal, this);
  }

  /** True once the signal was aborted. */
  get aborted(): boolean {
    return this.#aborted;
  }

  /** The request was encoded: this is the number of its operation on that lane. */
  startedOn(lane: Lane, operation: number): void {
    this.#lane = lane;
    this.#operation = operation;
  }

  /** True when there is nothing to cancel any more: the request object may be another operation's by now. */
  get isOver(): boolean {
    return this.#over;
  }

  /** The request is over. */
  over(): void {
    this.#over = true;
    watched.get(this.#signal)?.delete(this);
  }

  /** The signal was aborted. */
  abort(): void {
    this.#aborted = true;
    const error = abortError('abort', this.#signal);
    this.#request.abort(error);
    if (this.#client.withdraw(this.#request)) {
      for (let part = 0; part < this.#request.sqes; part++) this.#request.abandon(part, error, false);
    } else if (this.#lane !== undefined) {
      this.#client.start(new Cancel(this, this.#lane, this.#operation));
    }
  }
}

/** Asks the kernel to give an operation up. Disk I/O that has begun it does not; what waits for an event it does. */
class Cancel extends BoundRequest {
  readonly #cancellation: Cancellation;
  readonly #operation: number;

  constructor(cancellation: Cancellation, lane: Lane, operation: number) {
    super(lane);
    this.#cancellation = cancellation;
    this.#operation = operation;
  }

  /** A lane full of reads that wait for ever has room for it. */
  override get urgent(): boolean {
    return true;
  }

  encode(lane: Lane): void {
    const sqe = lane.push(this, 0);
    // Its number may be another operation's by now.
    if (this.#cancellation.isOver) encode.nop(lane.sqes, sqe, {});
    else lane.encodeCancel(sqe, this.#operation);
  }

  complete(): void {
    // Whether it helped shows in the operation's own completion.
  }

  abandon(): void {
    // The operation is abandoned, too.
  }
}
