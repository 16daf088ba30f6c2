// A client's lane to a worker: its queues, the requests in flight on it, the fixed-file slots that belong to it.
// Bound to the client's thread.

import { createLane, LaneClient, type LaneHandle, type Parking, type RingpoolError } from '@ringpool/core';
import { Doorbell } from '@ringpool/native';

import { workerDied } from './errors.ts';
import { Fifo } from './fifo.ts';
import type { Lane } from './lane.ts';
import { abandonUnstarted, type Request } from './request.ts';
import type { PoolWords } from './words.ts';
import type { WorkerReport } from './worker-protocol.ts';

/** One worker, as a client sees it. */
export class RemoteLane implements Lane {
  /** The worker's index in the pool. */
  readonly index: number;
  /** What the worker attaches to. */
  readonly handle: LaneHandle;
  /** Rings the worker awake. */
  readonly bell: Doorbell;
  /** The SQEs, for the encoders. */
  readonly sqes: Uint32Array;
  readonly bound: Fifo<Request> = new Fifo();
  readonly placed: Fifo<Request> = new Fifo();
  /** How the worker's ring came up; undefined while it is starting. */
  report: WorkerReport | undefined;
  /** Why nothing can be submitted any more. */
  death: RingpoolError | undefined;

  readonly #queue: LaneClient;
  readonly #parking: Parking;
  readonly #requests: (Request | undefined)[];
  readonly #parts: Uint8Array;
  readonly #freeFiles: number[] = [];
  readonly #onCompletion: (operation: number, res: number, flags: number) => void;

  constructor(index: number, depth: number, words: PoolWords) {
    this.index = index;
    this.handle = createLane(depth);
    this.bell = Doorbell.create();
    this.#queue = new LaneClient(this.handle);
    this.sqes = this.#queue.sqes;
    this.#parking = words.parking(index);
    this.#requests = new Array<Request | undefined>(this.handle.depth).fill(undefined);
    this.#parts = new Uint8Array(this.#requests.length);
    this.#onCompletion = (operation, res, flags) => this.#complete(operation, res, flags);
  }

  /** The worker is up. */
  start(report: WorkerReport): void {
    this.report = report;
    if (!report.fixedFiles) return;
    for (let slot = this.handle.depth - 1; slot >= 0; slot--) this.#freeFiles.push(slot);
  }

  /** How many SQEs may be pushed now; 0 when the request cannot be taken. */
  roomFor(request: Request): number {
    const { room } = this.#queue;
    const fits = room >= request.sqes && this.#freeFiles.length >= request.files;
    return fits && this.death === undefined ? room : 0;
  }

  /** Operations in flight. */
  get inFlight(): number {
    return this.#queue.inFlight;
  }

  /** Slots of the worker's table of fixed files. */
  get fileSlots(): number {
    return this.report?.fixedFiles === true ? this.handle.depth : 0;
  }

  /** The client's own parking word asks for it, once for all workers. */
  listen(): boolean {
    return this.#queue.ready > 0;
  }

  /** SQEs pushed and not yet published. */
  get queued(): number {
    return this.#queue.queued;
  }

  /** Takes an SQE for one part of a request: the index to encode at. */
  push(request: Request, part: number): number {
    const sqe = this.#queue.push();
    const operation = this.#queue.operationOf(sqe);
    this.#requests[operation] = request;
    this.#parts[operation] = part;
    return sqe;
  }

  /** Lets the worker see what was pushed, and rings it awake if it sleeps. */
  publish(): void {
    // The tail first, then the parking word: see parking.ts.
    if (this.#queue.publish() && this.#parking.claim()) this.bell.ring();
  }

  /** Completes what is ready. Returns how many completions there were. */
  reap(): number {
    return this.#queue.reap(this.#onCompletion);
  }

  /** Takes a slot of the ring's table of fixed files. {@link roomFor} has said that there is one. */
  takeFile(): number {
    return this.#freeFiles.pop() as number;
  }

  /** Gives a slot back, once its file is closed. */
  giveFile(slot: number): void {
    this.#freeFiles.push(slot);
  }

  /**
   * The worker has ended. Its environment drained the ring before the thread's 'exit' event, so no memory is in use by
   * the kernel any more, and every request can be abandoned. Returns those that the worker never took and that may run
   * on another lane; a chain is taken whole, so all parts of a request or none.
   */
  die(cause: unknown): ReadonlySet<Request> {
    const again = new Set<Request>();
    if (this.death !== undefined) return again;
    const death = workerDied(this.index, cause);
    this.death = death;
    this.#queue.abandon(
      (operation, res, flags) => {
        if (res !== TAKEN && res !== UNTAKEN) {
          this.#complete(operation, res, flags);
          return;
        }
        const request = this.#take(operation);
        if (res === UNTAKEN && request.lane === undefined) again.add(request);
        else request.abandon(this.#parts[operation] as number, death, res === TAKEN);
      },
      TAKEN,
      UNTAKEN,
    );
    for (const request of [...this.bound.clear(), ...this.placed.clear()]) abandonUnstarted(request, death);
    this.bell.close();
    return again;
  }

  #complete(operation: number, res: number, flags: number): void {
    this.#take(operation).complete(this.#parts[operation] as number, res, flags);
  }

  #take(operation: number): Request {
    const request = this.#requests[operation] as Request;
    this.#requests[operation] = undefined;
    return request;
  }
}

/** No kernel answers this: results are bytes, or errnos down to -4095. */
const TAKEN = -0x4000_0000;
const UNTAKEN = TAKEN - 1;
