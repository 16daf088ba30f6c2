// The client's end of a lane: it produces SQEs and consumes CQEs. Bound to the thread that submits.
// It has the face of RingQueues (push, encode, publish, reap), so that a local ring and a lane are driven alike.

import { SQE_WORDS } from '../abi/layout.ts';
import { RingpoolError } from '../errors.ts';
import type { CompletionCallback } from '../ring/queues.ts';
import { LANE_CQE_WORDS, LANE_WORD, type LaneHandle, viewLane } from './layout.ts';

const CQE_F_MORE = 2;

/**
 * The client's end of a lane.
 *
 * An operation holds one of `depth` numbers from `push()` until its last completion is reaped, so neither queue can
 * overflow: there are never more SQEs or terminal CQEs than numbers.
 *
 * @example
 * ```ts
 * import { createLane, encode, LaneClient, LaneWorker } from '@ringpool/core';
 *
 * const handle = createLane(8);
 * const client = new LaneClient(handle);
 * const sqe = client.push();
 * encode.nop(client.sqes, sqe);
 * const operation = client.operationOf(sqe);
 * client.publish();
 *
 * const worker = new LaneWorker(handle);
 * console.assert(worker.ready() === 1);
 * worker.complete(worker.operationAt(0), 0, 0);
 * worker.take(1);
 * worker.publish();
 * client.reap((done, res) => console.assert(done === operation && res === 0));
 * ```
 */
export class LaneClient {
  /** The SQEs, 16 words each: what the encoders write to. */
  readonly sqes: Uint32Array;
  /** The most operations in flight. */
  readonly depth: number;
  readonly #header: Int32Array;
  readonly #cqes: Int32Array;
  readonly #mask: number;
  readonly #free: Int32Array;
  readonly #busy: Uint8Array;
  #freeCount: number;
  #tail: number;
  #published: number;
  #cqHead: number;
  #roomGiven: number;

  /** Attaches to a lane whose other end has taken nothing yet. */
  constructor(handle: LaneHandle) {
    const { header, sqes, cqes } = viewLane(handle);
    this.#header = header;
    this.sqes = sqes;
    this.#cqes = cqes;
    this.depth = handle.depth;
    this.#mask = handle.depth - 1;
    // Low numbers are given out first, so that a shallow lane touches few lines.
    this.#free = Int32Array.from({ length: handle.depth }, (_, index) => handle.depth - 1 - index);
    this.#busy = new Uint8Array(this.sqes.length / SQE_WORDS);
    this.#freeCount = handle.depth;
    this.#tail = Atomics.load(header, LANE_WORD.sqTail);
    this.#published = this.#tail;
    this.#cqHead = Atomics.load(header, LANE_WORD.cqHead);
    this.#roomGiven = this.#cqHead;
  }

  /** How many operations may still be pushed before some complete. */
  get room(): number {
    return this.#freeCount;
  }

  /** Operations pushed whose last completion has not been reaped. */
  get inFlight(): number {
    return this.depth - this.#freeCount;
  }

  /** SQEs pushed and not yet published. */
  get queued(): number {
    return (this.#tail - this.#published) | 0;
  }

  /** Completions that wait to be reaped. */
  get ready(): number {
    // Pairs with the worker's store in LaneWorker.publish(): the CQEs before the tail are visible.
    return (Atomics.load(this.#header, LANE_WORD.cqTail) - this.#cqHead) | 0;
  }

  /** Takes the next SQE and a free number, and writes the SQE's user_data. Returns its index, or -1 when none is free. */
  push(): number {
    const left = this.#freeCount - 1;
    if (left < 0) return -1;
    this.#freeCount = left;
    const operation = this.#free[left] as number;
    this.#busy[operation] = 1;
    const slot = this.#tail & this.#mask;
    const at = slot * SQE_WORDS + 8;
    this.sqes[at] = operation;
    this.sqes[at + 1] = 0;
    this.#tail = (this.#tail + 1) | 0;
    return slot;
  }

  /** The number of the operation that the SQE at this index starts. */
  operationOf(slot: number): number {
    return this.sqes[slot * SQE_WORDS + 8] as number;
  }

  /** Lets the worker see what was pushed. Ring its doorbell afterwards if it is parked. False when there was nothing. */
  publish(): boolean {
    if (this.#published === this.#tail) return false;
    this.#published = this.#tail;
    // First the room: a callback of reap() may publish with a number that has just become free again, and the worker
    // must find the slot of its earlier completion read.
    this.#giveRoom();
    // Pairs with the worker's load in LaneWorker.ready(): the SQEs before the tail are visible.
    Atomics.store(this.#header, LANE_WORD.sqTail, this.#tail);
    return true;
  }

  /** Hands every ready completion to `callback`. Allocates nothing. Returns how many CQEs it took. */
  reap(callback: CompletionCallback): number {
    const tail = Atomics.load(this.#header, LANE_WORD.cqTail); // pairs as in `ready`
    const cqes = this.#cqes;
    let taken = 0;
    try {
      while (this.#cqHead !== tail) {
        const at = (this.#cqHead & this.#mask) * LANE_CQE_WORDS;
        const operation = cqes[at] as number;
        const res = cqes[at + 2] as number;
        const flags = cqes[at + 3] as number;
        this.#cqHead = (this.#cqHead + 1) | 0;
        taken++;
        if (this.#busy[operation] !== 1) throw misrouted(operation);
        if ((flags & CQE_F_MORE) === 0) this.#settle(operation);
        callback(operation, res, flags);
      }
    } finally {
      // Also when a callback throws: what it was given counts as reaped.
      this.#giveRoom();
    }
    return taken;
  }

  /** Lets the worker write over the CQEs that have been read. */
  #giveRoom(): void {
    if (this.#roomGiven === this.#cqHead) return;
    this.#roomGiven = this.#cqHead;
    // Pairs with the worker's load in LaneWorker.complete().
    Atomics.store(this.#header, LANE_WORD.cqHead, this.#cqHead);
  }

  /**
   * Settles every operation in flight, after the worker has died and its ring is drained: nothing will complete any
   * more. What it had completed is handed over first; then come, with `untaken` as their result, the operations that
   * the worker never took, which have had no effect and may be repeated, and with `taken` the others, of which nobody
   * knows. Returns how many it settled.
   */
  abandon(callback: CompletionCallback, taken: number, untaken: number): number {
    this.reap(callback);
    // A worker takes SQEs before it submits them: what lies behind its head never reached a ring.
    const head = Atomics.load(this.#header, LANE_WORD.sqHead);
    const never = new Set<number>();
    for (let at = head; at !== this.#tail; at = (at + 1) | 0) never.add(this.operationOf(at & this.#mask));
    let settled = 0;
    for (let operation = 0; operation < this.depth; operation++) {
      if (this.#busy[operation] !== 1) continue;
      this.#settle(operation);
      settled++;
      callback(operation, never.has(operation) ? untaken : taken, 0);
    }
    return settled;
  }

  #settle(operation: number): void {
    this.#busy[operation] = 0;
    this.#free[this.#freeCount++] = operation;
  }
}

function misrouted(operation: number): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_INTERNAL',
    `a completion names operation ${operation}, which is not in flight`,
    {
      op: 'reap',
      hint: 'This is a bug in Ringpool: please report it.',
    },
  );
}
