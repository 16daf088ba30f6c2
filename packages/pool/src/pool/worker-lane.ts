// One client's lane as its worker sees it: whole chains go from the lane into the ring, completions go back.
// Bound to the worker's thread; the client's thread is the other end.

import { LaneWorker, type Parking } from '@ringpool/core';
import { Doorbell, type Ring } from '@ringpool/native';
import type { RingBuffers } from './ring-buffers.ts';
import type { PoolWords } from './words.ts';
import type { LaneSpec } from './worker-protocol.ts';

const IOSQE_LINKS = 4 | 8; // IO_LINK | IO_HARDLINK
const E2BIG = 7;

/** Who gets the completion of each operation of the ring. */
export interface Routes {
  /** By ring operation: the index of the lane. */
  readonly lane: Int32Array;
  /** By ring operation: the client's number for it. */
  readonly operation: Int32Array;
}

/** The worker's end of one lane. */
export class WorkerLane {
  readonly queue: LaneWorker;
  readonly #index: number;
  readonly #client: Parking;
  readonly #bell: Doorbell;
  /** SQEs seen by the last look(), not yet taken. */
  #seen = 0;
  /** Completions were published since the client was last rung for. */
  #unannounced = false;

  constructor(spec: LaneSpec, index: number, words: PoolWords) {
    this.queue = new LaneWorker(spec.lane);
    this.#index = index;
    this.#client = words.parking(spec.clientThread);
    this.#bell = Doorbell.attach(spec.clientBell);
  }

  /** Looks how many SQEs wait. */
  look(): number {
    this.#seen = this.queue.ready();
    return this.#seen;
  }

  /**
   * Copies SQEs that look() saw into the ring, at most `room` of them, and only whole chains: a link ends where a
   * submission ends. Returns how many it took.
   */
  take(ring: Ring, sqes: Uint32Array, buffers: RingBuffers, routes: Routes, room: number): number {
    const { queue } = this;
    const seen = this.#seen;
    let taken = 0;
    while (taken < seen) {
      const chain = this.#chainLength(taken, seen);
      if (taken + chain > room) {
        if (taken > 0 || chain <= ring.entries) break;
        this.#refuse(chain);
        return chain;
      }
      for (let end = taken + chain; taken < end; taken++) {
        const from = queue.wordAt(taken);
        const slot = ring.push();
        const to = slot * 16;
        copySqe(queue.sqes, from, sqes, to);
        buffers.lower(sqes, to);
        const operation = sqes[to + 8] as number;
        routes.lane[operation] = this.#index;
        routes.operation[operation] = queue.sqes[from + 8] as number;
      }
    }
    if (taken > 0) queue.take(taken);
    return taken;
  }

  #chainLength(first: number, seen: number): number {
    const { queue } = this;
    let length = 1;
    while (
      first + length < seen &&
      (((queue.sqes[queue.wordAt(first + length - 1)] as number) >>> 8) & IOSQE_LINKS) !== 0
    ) {
      length++;
    }
    return length;
  }

  /** A chain longer than the ring can never be submitted whole. */
  #refuse(chain: number): void {
    for (let index = 0; index < chain; index++) this.queue.complete(this.queue.operationAt(index), -E2BIG, 0);
    this.queue.take(chain);
  }

  /** Lets the client see its completions. */
  publish(): void {
    if (!this.queue.publish()) return;
    this.#unannounced = true;
  }

  /** Wakes the client if it sleeps and has completions that it was not rung for. */
  announce(): void {
    if (!this.#unannounced) return;
    this.#unannounced = false;
    this.#client.wake(this.#bell);
  }

  /** Lets go of the client's doorbell. */
  close(): void {
    this.#bell.close();
  }
}

/** Copies an SQE except for its user_data, which ring.push() has written. */
function copySqe(from: Uint32Array, f: number, to: Uint32Array, t: number): void {
  to[t] = from[f] as number;
  to[t + 1] = from[f + 1] as number;
  to[t + 2] = from[f + 2] as number;
  to[t + 3] = from[f + 3] as number;
  to[t + 4] = from[f + 4] as number;
  to[t + 5] = from[f + 5] as number;
  to[t + 6] = from[f + 6] as number;
  to[t + 7] = from[f + 7] as number;
  to[t + 10] = from[f + 10] as number;
  to[t + 11] = from[f + 11] as number;
  to[t + 12] = from[f + 12] as number;
  to[t + 13] = from[f + 13] as number;
  to[t + 14] = from[f + 14] as number;
  to[t + 15] = from[f + 15] as number;
}
