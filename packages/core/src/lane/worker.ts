// The worker's end of a lane: it consumes SQEs and produces CQEs. Bound to the thread that owns the ring.

import { SQE_WORDS } from '../abi/layout.ts';
import { RingpoolError } from '../errors.ts';
import { LANE_CQE_WORDS, LANE_WORD, type LaneHandle, viewLane } from './layout.ts';

/** The worker's end of a lane. See {@link LaneClient} for an example of both ends. */
export class LaneWorker {
  /** The client's SQEs: read them before {@link LaneWorker.take} gives their slots back. */
  readonly sqes: Uint32Array;
  /** The most operations in flight. */
  readonly depth: number;
  readonly #header: Int32Array;
  readonly #cqes: Int32Array;
  readonly #mask: number;
  #head: number;
  #cqTail: number;
  /** As it was seen last. */
  #cqHead: number;
  #cqPublished: number;

  /** Attaches to a lane. */
  constructor(handle: LaneHandle) {
    const { header, sqes, cqes } = viewLane(handle);
    this.#header = header;
    this.sqes = sqes;
    this.#cqes = cqes;
    this.depth = handle.depth;
    this.#mask = handle.depth - 1;
    this.#head = Atomics.load(header, LANE_WORD.sqHead);
    this.#cqTail = Atomics.load(header, LANE_WORD.cqTail);
    this.#cqPublished = this.#cqTail;
    this.#cqHead = Atomics.load(header, LANE_WORD.cqHead);
  }

  /** How many SQEs wait to be taken. */
  ready(): number {
    // Pairs with the client's store in LaneClient.publish(): the SQEs before the tail are visible.
    return (Atomics.load(this.#header, LANE_WORD.sqTail) - this.#head) | 0;
  }

  /** The first word, in `sqes`, of the `index`-th SQE that waits. */
  wordAt(index: number): number {
    return ((this.#head + index) & this.#mask) * SQE_WORDS;
  }

  /** The number of the operation of the `index`-th SQE that waits: what its completion must carry. */
  operationAt(index: number): number {
    return this.sqes[this.wordAt(index) + 8] as number;
  }

  /** Gives the slots of the first `count` waiting SQEs back to the client; they have been copied. */
  take(count: number): void {
    this.#head = (this.#head + count) | 0;
    // The client's numbers bound what it pushes, so nobody waits for this; it shows how far the worker came.
    Atomics.store(this.#header, LANE_WORD.sqHead, this.#head);
  }

  /** Writes a CQE. The client sees it after {@link LaneWorker.publish}. */
  complete(operation: number, res: number, flags: number): void {
    const tail = this.#cqTail;
    // The head only rises: one that was seen a while ago errs on the safe side, and is looked at again where it matters.
    if (((tail - this.#cqHead) | 0) >= this.depth) this.#look(tail);
    const at = (tail & this.#mask) * LANE_CQE_WORDS;
    this.#cqes[at] = operation;
    this.#cqes[at + 1] = 0;
    this.#cqes[at + 2] = res;
    this.#cqes[at + 3] = flags;
    this.#cqTail = (tail + 1) | 0;
  }

  #look(tail: number): void {
    // Pairs with the client's store at the end of reap(): the slots before the head have been read.
    this.#cqHead = Atomics.load(this.#header, LANE_WORD.cqHead);
    if (((tail - this.#cqHead) | 0) >= this.depth) throw overflow();
  }

  /** Lets the client see the CQEs written. Ring its doorbell afterwards if it is parked. False when there was nothing. */
  publish(): boolean {
    if (this.#cqPublished === this.#cqTail) return false;
    this.#cqPublished = this.#cqTail;
    // Pairs with the client's load in LaneClient.reap(): the CQEs before the tail are visible.
    Atomics.store(this.#header, LANE_WORD.cqTail, this.#cqTail);
    return true;
  }
}

function overflow(): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_INTERNAL', 'a lane has more completions than operations', {
    op: 'complete',
    hint: 'This is a bug in Ringpool: please report it.',
  });
}
