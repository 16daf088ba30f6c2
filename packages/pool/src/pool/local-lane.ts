// A client's own ring: its operations run on the client's thread, without a hop to another one.
// Bound to that thread; the ring's environment drains it when the thread ends.

import { type Arena, SQE_WORDS } from '@ringpool/core';
import { type Doorbell, Ring } from '@ringpool/native';

import { Fifo } from './fifo.ts';
import { FileSlots } from './file-slots.ts';
import type { Lane } from './lane.ts';
import { makeFileTable, Submitter } from './pool-ring.ts';
import type { Request } from './request.ts';
import { RequestTable } from './request-table.ts';
import { RingBuffers } from './ring-buffers.ts';
import type { PoolWords } from './words.ts';

/** Completion queue entries for each submission queue entry. */
const CQ_FACTOR = 2;

/** The lane of a client's own ring. */
export class LocalLane implements Lane {
  readonly index: number;
  readonly sqes: Uint32Array;
  readonly bound: Fifo<Request> = new Fifo();
  readonly placed: Fifo<Request> = new Fifo();
  /** It lives as long as its client. */
  readonly death: undefined;
  readonly files: FileSlots;

  readonly #ring: Ring;
  readonly #buffers: RingBuffers;
  readonly #requests: RequestTable;
  readonly #submitter: Submitter;
  readonly #onCompletion: (operation: number, res: number, flags: number) => void;
  /** The SQEs pushed since the last submission. */
  readonly #batch: Int32Array;
  #batched = 0;
  /** The kernel rings the client's doorbell at completions. */
  #speaking = false;

  /** Opens the ring; its completions ring `bell` while {@link listen} has asked for it. @throws as `Ring.open`. */
  constructor(index: number, depth: number, words: PoolWords, arena: Arena, bell: Doorbell) {
    this.index = index;
    this.#ring = Ring.open({ entries: depth, cqEntries: depth * CQ_FACTOR });
    this.sqes = this.#ring.sqes;
    this.#buffers = new RingBuffers(this.#ring, words, arena);
    this.#requests = new RequestTable(this.#ring.cqEntries);
    this.#submitter = new Submitter(this.#ring);
    this.#batch = new Int32Array(this.#ring.entries); // view: SQE indices
    this.#onCompletion = (operation, res, flags) => this.#requests.complete(operation, res, flags);
    this.#ring.registerDoorbell(bell);
    this.#ring.setEventfdEnabled(false);
    this.files = new FileSlots(makeFileTable(this.#ring, depth));
  }

  roomFor(request: Request): number {
    const ring = this.#ring;
    const { queued } = ring;
    const room = Math.min(
      ring.entries - queued - this.#submitter.owed,
      ring.cqEntries - ring.inFlight - queued,
    );
    return room >= request.sqes && this.files.free >= request.files ? room : 0;
  }

  get inFlight(): number {
    return this.#ring.inFlight + this.#ring.queued;
  }

  get queued(): number {
    return this.#ring.queued;
  }

  push(request: Request, part: number): number {
    const sqe = this.#ring.push();
    const operation = this.#ring.operationOf(sqe);
    this.#requests.set(operation, request, part);
    this.#batch[this.#batched++] = sqe;
    return sqe;
  }

  /** Submits: what completes at once is ready to be reaped afterwards. */
  publish(): void {
    this.#buffers.refresh();
    this.#lower();
    this.#submitter.submit();
  }

  #lower(): void {
    const batched = this.#batched;
    this.#batched = 0;
    if (this.#buffers.whole) return;
    for (let index = 0; index < batched; index++) {
      this.#buffers.lower(this.sqes, (this.#batch[index] as number) * SQE_WORDS);
    }
  }

  reap(): number {
    if (this.#speaking) {
      this.#speaking = false;
      this.#ring.setEventfdEnabled(false);
    }
    if (this.#submitter.owed > 0) this.#submitter.submit();
    return this.#ring.reap(this.#onCompletion);
  }

  listen(): boolean {
    const ring = this.#ring;
    if (this.#submitter.owed > 0) return true;
    if (ring.inFlight === 0) return false;
    if (!this.#speaking) {
      this.#speaking = true;
      ring.setEventfdEnabled(true);
      // Enters, then looks once more: what completed before the bell could speak rang nothing, and with DEFER_TASKRUN
      // it is not even in the queue before this thread has entered.
      ring.submit();
    }
    return ring.ready > 0;
  }

  /** Closes the ring. Nothing is in flight. */
  close(): void {
    this.#ring.close();
  }
}
