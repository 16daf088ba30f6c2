// A client's lane to a worker: its queues, the requests in flight on it, the fixed-file slots that belong to it.
// Bound to the client's thread.

import { createLane, LaneClient, type LaneHandle, type Parking, type RingpoolError } from '@ringpool/core';
import { Doorbell } from '@ringpool/native';

import { workerDied } from './errors.ts';
import { Fifo } from './fifo.ts';
import { FileSlots } from './file-slots.ts';
import type { Lane } from './lane.ts';
import { abandonUnstarted, type Request } from './request.ts';
import { RequestTable } from './request-table.ts';
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
  /** None while the worker is starting. */
  files: FileSlots = new FileSlots(0);
  /** Why nothing can be submitted any more. */
  death: RingpoolError | undefined;

  readonly #queue: LaneClient;
  readonly #parking: Parking;
  readonly #requests: RequestTable;
  readonly #onCompletion: (operation: number, res: number, flags: number) => void;

  constructor(index: number, depth: number, words: PoolWords) {
    this.index = index;
    this.handle = createLane(depth);
    this.bell = Doorbell.create();
    this.#queue = new LaneClient(this.handle);
    this.sqes = this.#queue.sqes;
    this.#parking = words.parking(index);
    this.#requests = new RequestTable(this.handle.depth);
    this.#onCompletion = (operation, res, flags) => this.#requests.complete(operation, res, flags);
  }

  /** The worker is up. */
  start(report: WorkerReport): void {
    this.files = new FileSlots(report.fixedFiles ? this.handle.depth : 0);
  }

  /** How many SQEs may be pushed now; 0 when the request cannot be taken. */
  roomFor(request: Request): number {
    const { room } = this.#queue;
    const fits = room >= request.sqes && this.files.free >= request.files;
    return fits && this.death === undefined ? room : 0;
  }

  /** Operations in flight. */
  get inFlight(): number {
    return this.#queue.inFlight;
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
    this.#requests.set(operation, request, part);
    return sqe;
  }

  /** Lets the worker see what was pushed, and rings it awake if it sleeps. */
  publish(): void {
    // It died since something was pushed: die() has seen to that, and nobody is left to be rung for.
    if (this.death !== undefined) return;
    // The tail first, then the parking word: see parking.ts.
    if (this.#queue.publish()) this.#parking.wake(this.bell);
  }

  /** Completes what is ready. Returns how many completions there were. */
  reap(): number {
    return this.#queue.reap(this.#onCompletion);
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
          this.#requests.complete(operation, res, flags);
          return;
        }
        const request = this.#requests.take(operation);
        if (res === UNTAKEN && request.lane === undefined) again.add(request);
        else request.abandon(this.#requests.part(operation), death, res === TAKEN);
      },
      TAKEN,
      UNTAKEN,
    );
    for (const request of [...this.bound.clear(), ...this.placed.clear()]) abandonUnstarted(request, death);
    this.bell.close();
    return again;
  }
}

/** No kernel answers this: results are bytes, or errnos down to -4095. */
const TAKEN = -0x4000_0000;
const UNTAKEN = TAKEN - 1;
