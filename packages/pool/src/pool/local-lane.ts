// A client's own ring: its operations run on the client's thread, without a hop to another one.
// Bound to that thread; the ring's environment drains it when the thread ends.

import { type Arena, RingpoolError, SQE_WORDS } from '@ringpool/core';
import { type Doorbell, Ring } from '@ringpool/native';

import { Fifo } from './fifo.ts';
import type { Lane } from './lane.ts';
import type { Request } from './request.ts';
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
  readonly fileSlots: number;

  readonly #ring: Ring;
  readonly #buffers: RingBuffers;
  readonly #requests: (Request | undefined)[];
  readonly #parts: Uint8Array;
  readonly #freeFiles: number[] = [];
  readonly #onCompletion: (operation: number, res: number, flags: number) => void;
  /** SQEs handed to the ring that the kernel has not taken, because it was short of memory. */
  #owed = 0;
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
    this.#requests = new Array<Request | undefined>(this.#ring.cqEntries).fill(undefined);
    this.#parts = new Uint8Array(this.#requests.length);
    this.#batch = new Int32Array(this.#ring.entries); // view: SQE indices
    this.#onCompletion = (operation, res, flags) => this.#complete(operation, res, flags);
    this.#ring.registerDoorbell(bell);
    this.#ring.setEventfdEnabled(false);
    this.fileSlots = this.#makeFileTable(depth);
  }

  #makeFileTable(slots: number): number {
    try {
      this.#ring.registerFilesSparse(slots);
    } catch (error) {
      // Refused by RLIMIT_NOFILE or an old kernel: whole files are then read through ordinary descriptors.
      if (error instanceof RingpoolError) return 0;
      throw error;
    }
    for (let slot = slots - 1; slot >= 0; slot--) this.#freeFiles.push(slot);
    return slots;
  }

  roomFor(request: Request): number {
    const ring = this.#ring;
    const { queued } = ring;
    const room = Math.min(ring.entries - queued - this.#owed, ring.cqEntries - ring.inFlight - queued);
    return room >= request.sqes && this.#freeFiles.length >= request.files ? room : 0;
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
    this.#requests[operation] = request;
    this.#parts[operation] = part;
    this.#batch[this.#batched++] = sqe;
    return sqe;
  }

  /** Submits: what completes at once is ready to be reaped afterwards. */
  publish(): void {
    const ring = this.#ring;
    this.#buffers.refresh();
    this.#lower();
    this.#owed += ring.queued;
    this.#submit();
  }

  #lower(): void {
    const batched = this.#batched;
    this.#batched = 0;
    if (this.#buffers.whole) return;
    for (let index = 0; index < batched; index++) {
      this.#buffers.lower(this.sqes, (this.#batch[index] as number) * SQE_WORDS);
    }
  }

  #submit(): void {
    try {
      this.#owed -= this.#ring.submit();
    } catch (error) {
      // EAGAIN: no memory for requests just now. EBUSY: completions must be reaped first. Both: the SQEs stay queued.
      if (!(error instanceof RingpoolError) || (error.code !== 'EAGAIN' && error.code !== 'EBUSY'))
        throw error;
    }
  }

  reap(): number {
    if (this.#speaking) {
      this.#speaking = false;
      this.#ring.setEventfdEnabled(false);
    }
    if (this.#owed > 0) this.#submit();
    return this.#ring.reap(this.#onCompletion);
  }

  listen(): boolean {
    const ring = this.#ring;
    if (this.#owed > 0) return true;
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

  takeFile(): number {
    return this.#freeFiles.pop() as number;
  }

  giveFile(slot: number): void {
    this.#freeFiles.push(slot);
  }

  /** Closes the ring. Nothing is in flight. */
  close(): void {
    this.#ring.close();
  }

  #complete(operation: number, res: number, flags: number): void {
    const request = this.#requests[operation] as Request;
    this.#requests[operation] = undefined;
    request.complete(this.#parts[operation] as number, res, flags);
  }
}
