// One client's lane as its worker sees it: whole chains go from the lane into the ring, completions go back.
// Bound to the worker's thread; the client's thread is the other end.

import {
  type DriverRing,
  encode,
  type LaneHandle,
  type LaneTerms,
  LaneWorker,
  opcodes,
  type Parking,
} from '@ringpool/core';

import type { Host, HostBell } from '../drivers/host.ts';
import { monotonicMs } from './clock.ts';
import { opensDescriptor } from './descriptors.ts';
import type { WorkerMeter } from './metrics.ts';
import type { RingBuffers } from './ring-buffers.ts';
import type { PoolWords } from './words.ts';

const IOSQE_LINKS = 4 | 8; // IO_LINK | IO_HARDLINK
const CQE_F_MORE = 2;
const E2BIG = 7;
const OPCODE_MASK = 0xff;
const ASYNC_CANCEL = opcodes.asyncCancel.value;
const HIGH_WORD = 2 ** 32;
/** No operation has this user_data: generations start at 1. */
const NO_TARGET = 0;
/** How long operations of a client that has died may take before they are cancelled: a read of a pipe never ends. */
const CANCEL_AFTER_MS = 250;
/** How often they are asked to stop after that. */
const CANCEL_AGAIN_MS = 50;
/** In {@link Routes.client}: nobody waits for this completion. */
export const NOBODY = -1;

/** Who gets the completion of each operation of the ring. */
export interface Routes {
  /** By ring operation: the client. */
  readonly client: Int32Array;
  /** By ring operation: the client's number for it. */
  readonly operation: Int32Array;
}

/** The worker's end of one lane, while the worker holds it. */
export class WorkerLane {
  readonly queue: LaneWorker;
  readonly client: number;
  /** By which the worker holds it. */
  readonly ticket: number;
  /** What the client was told. */
  readonly terms: LaneTerms;
  /** By the client's number for an operation: the ring's; -1 when it is not in the ring. */
  readonly #inRing: Int32Array;
  /** By the client's number: 1 when it opens a descriptor of the process. */
  readonly #opens: Uint8Array;
  readonly #meter: WorkerMeter;
  readonly #parking: Parking;
  readonly #bell: HostBell;
  readonly #host: Host;
  /** SQEs seen by the last look(), not yet taken. */
  #seen = 0;
  /** Operations of it in the ring. */
  #inFlight = 0;
  /** Completions were published since the client was last woken for. */
  #unannounced = false;
  #leaving = false;
  /** When what a leaving lane has in the ring is to be cancelled. */
  #cancelMs = 0;

  /** @throws EBADF when the client has ended. */
  constructor(
    handle: LaneHandle,
    client: number,
    ticket: number,
    terms: LaneTerms,
    words: PoolWords,
    meter: WorkerMeter,
    host: Host,
  ) {
    this.#bell = host.attachBell(words.clientBell(client));
    this.#host = host;
    this.#meter = meter;
    this.queue = new LaneWorker(handle);
    this.#inRing = new Int32Array(handle.depth).fill(-1); // view: a count of operations
    this.#opens = new Uint8Array(handle.depth); // view: a count of operations
    this.client = client;
    this.ticket = ticket;
    this.terms = terms;
    this.#parking = words.clientParking(client);
  }

  /** True once the client wants it no more: nothing is taken from it. */
  get leaving(): boolean {
    return this.#leaving;
  }

  /** The client wants it no more. */
  leave(): void {
    this.#leaving = true;
    this.#cancelMs = monotonicMs() + CANCEL_AFTER_MS;
  }

  /**
   * Asks what a lane that was left has in the ring to stop, once it has taken too long. A client that leaves in order has
   * nothing there; one that died may have left what never ends, and its heir waits for the lane.
   */
  cancelLate(ring: DriverRing, routes: Routes): void {
    if (monotonicMs() < this.#cancelMs) return;
    this.#cancelMs = monotonicMs() + CANCEL_AGAIN_MS;
    for (const operation of this.#inRing) {
      if (operation < 0) continue;
      const sqe = ring.push();
      if (sqe < 0) return; // no room: those that are left come next time
      encode.asyncCancel(ring.sqes, sqe, { target: ring.userDataOf(operation) });
      routes.client[ring.operationOf(sqe)] = NOBODY;
    }
  }

  /** True while operations of it are in the ring. */
  get busy(): boolean {
    return this.#inFlight > 0;
  }

  /** True when there is something to take. */
  get ready(): boolean {
    return !this.#leaving && this.queue.ready() > 0;
  }

  /** Looks how many SQEs wait. */
  look(): number {
    this.#seen = this.#leaving ? 0 : this.queue.ready();
    return this.#seen;
  }

  /** SQEs that the last look() saw, not yet taken. */
  get seen(): number {
    return this.#seen;
  }

  /**
   * Copies SQEs that look() saw into the ring, at most `room` of them, and not more than `share` unless one chain is
   * longer: only whole chains, because a link ends where a submission ends. Returns how many it took.
   */
  take(ring: DriverRing, buffers: RingBuffers, routes: Routes, room: number, share: number): number {
    const { queue } = this;
    const { sqes } = ring;
    const seen = this.#seen;
    let taken = 0;
    while (taken < seen) {
      const chain = this.#chainLength(taken, seen);
      if (taken > 0 && taken + chain > share) break;
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
        const number = queue.sqes[from + 8] as number;
        routes.client[operation] = this.client;
        routes.operation[operation] = number;
        this.#inRing[number] = operation;
        const opcode = (sqes[to] as number) & OPCODE_MASK;
        this.#opens[number] = opensDescriptor(sqes, to, opcode) ? 1 : 0;
        if (opcode === ASYNC_CANCEL) this.#aim(ring, to);
      }
    }
    if (taken > 0) queue.take(taken);
    this.#seen -= taken;
    this.#inFlight += taken;
    return taken;
  }

  /**
   * A client cancels by its own number for the operation; the ring knows another one. The cancel comes after the
   * operation in the lane, and before any other operation that has the number: if the number is not in the ring, the
   * operation has completed.
   */
  #aim(ring: DriverRing, at: number): void {
    const operation = this.#inRing[ring.sqes[at + 4] as number] as number;
    const target = operation < 0 ? NO_TARGET : ring.userDataOf(operation);
    ring.sqes[at + 4] = target % HIGH_WORD;
    ring.sqes[at + 5] = Math.floor(target / HIGH_WORD);
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
    this.#seen -= chain;
  }

  /** Hands a completion of the ring to the client, once it is published. */
  complete(operation: number, res: number, flags: number): void {
    if ((flags & CQE_F_MORE) === 0) {
      this.#inFlight--;
      this.#inRing[operation] = -1;
    }
    // Before the client can see it: should either thread end now, its heir knows whose it is.
    if (res >= 0 && this.#opens[operation] === 1) {
      this.#host.ledger.add(res, this.terms.descriptors, false);
    }
    this.queue.complete(operation, res, flags);
  }

  /** Lets the client see its completions. */
  publish(): void {
    if (!this.queue.publish()) return;
    this.#unannounced = true;
  }

  /** Wakes the client if it sleeps and has completions that it was not woken for. */
  announce(): void {
    if (!this.#unannounced) return;
    this.#unannounced = false;
    this.wake();
  }

  /** Wakes the client if it sleeps. */
  wake(): void {
    if (this.#parking.wake(this.#bell)) this.#meter.rung();
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
