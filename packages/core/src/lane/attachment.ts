// Who holds a lane: two words by which a client and a worker agree on it without a message. The client says with a ticket
// which worker, by its generation, is to hold the lane; the worker answers that it does with the same ticket. No ticket
// comes twice, so neither side can take a former wish for the present one. Labels are those of models/lanes.pml.
//
// Client:  A2. lets nobody hold it and sets the queues to 0   A3. wanted = ticket        (to leave: D1. wanted = 0)
// Worker:  B2. held = ticket   B3. wanted still that? else held = 0   (once unwanted, nothing of it in flight: E2. held = 0)
//
// Each stores its own word and then loads the other's. So a worker that comes late either finds that it is not wanted
// any more, or is seen to hold the lane by whoever wants to have it next.

import { LANE_WORD, type LaneHandle, viewLane } from './layout.ts';

/** Bits of a ticket that count the wishes; those above are the worker's generation. */
const COUNT_BITS = 15;
const COUNT_MASK = (1 << COUNT_BITS) - 1;

/** A worker's generation is from 1 to this. */
export const GENERATION_MAX = 0xffff;

/** What a worker says of a lane that it holds. */
export interface LaneTerms {
  /** The lane's part of the worker's table of fixed files: where it starts, and how many slots it has. */
  readonly filesFirst: number;
  readonly filesCount: number;
  /** A number for the owner of descriptors that the worker has opened for the lane, until the client takes them. */
  readonly descriptors: number;
}

/** One thread's hands on the words of a lane that say who holds it. */
export class LaneAttachment {
  readonly #header: Int32Array;

  constructor(handle: LaneHandle) {
    this.#header = viewLane(handle).header;
  }

  /** The ticket of the present wish; 0 for none. */
  get wanted(): number {
    // Pairs with A3 and D1.
    return Atomics.load(this.#header, LANE_WORD.wanted);
  }

  /** The ticket by which a worker holds the lane; 0 when none does. */
  get held(): number {
    // Pairs with B2 and E2.
    return Atomics.load(this.#header, LANE_WORD.held);
  }

  /**
   * The client, while no live worker holds the lane and none is wanted: empties it. Whoever had the lane before may have
   * died with completions in it that it had not seen.
   */
  empty(): void {
    for (const word of [LANE_WORD.sqTail, LANE_WORD.sqHead, LANE_WORD.cqTail, LANE_WORD.cqHead]) {
      Atomics.store(this.#header, word, 0);
    }
  }

  /**
   * The client, while no live worker holds the lane and none is wanted: empties it, and wants the worker of this
   * generation. Returns the ticket.
   */
  want(generation: number): number {
    const header = this.#header;
    // A2. A dead worker may have left its ticket.
    Atomics.store(header, LANE_WORD.held, 0);
    this.empty();
    const count = (Atomics.load(header, LANE_WORD.wishes) + 1) & COUNT_MASK;
    Atomics.store(header, LANE_WORD.wishes, count);
    const ticket = (generation << COUNT_BITS) | count;
    Atomics.store(header, LANE_WORD.wanted, ticket); // A3. Pairs with the worker's load in B3.
    return ticket;
  }

  /** The client, or its heir: no worker is to hold the lane any more. */
  leave(): void {
    Atomics.store(this.#header, LANE_WORD.wanted, 0); // D1. Pairs with the worker's load in B3.
  }

  /** The worker: takes hold of the lane by this ticket, unless it is over. */
  tryHold(ticket: number, terms: LaneTerms): boolean {
    const header = this.#header;
    Atomics.store(header, LANE_WORD.filesFirst, terms.filesFirst);
    Atomics.store(header, LANE_WORD.filesCount, terms.filesCount);
    Atomics.store(header, LANE_WORD.descriptors, terms.descriptors);
    Atomics.store(header, LANE_WORD.held, ticket); // B2
    // B3. Pairs with D1: whoever took the wish back looks at `held` afterwards.
    if (Atomics.load(header, LANE_WORD.wanted) === ticket) return true;
    Atomics.store(header, LANE_WORD.held, 0);
    return false;
  }

  /** The worker: lets go. It will not touch the lane again. */
  release(): void {
    Atomics.store(this.#header, LANE_WORD.held, 0); // E2. Pairs with the load of `held` by whoever waits for it.
  }

  /** The client or its heir, once the lane is or was held: what the worker said. */
  get terms(): LaneTerms {
    const header = this.#header;
    return {
      filesFirst: Atomics.load(header, LANE_WORD.filesFirst),
      filesCount: Atomics.load(header, LANE_WORD.filesCount),
      descriptors: Atomics.load(header, LANE_WORD.descriptors) >>> 0,
    };
  }
}

/** The generation of the worker that a ticket wants. */
export function generationOfTicket(ticket: number): number {
  return ticket >>> COUNT_BITS;
}
