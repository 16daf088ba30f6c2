// A client's lane to a worker: its queues, the requests in flight on it, the fixed-file slots that belong to it.
// Bound to the client's thread. The lane outlives its worker: the next one takes it over. Labels: models/lanes.pml.
//
// down -> (the worker is up) up -> (it holds the lane) held -> (it has ended) down, or left for good

import {
  encode,
  generationOfTicket,
  LaneAttachment,
  LaneClient,
  type LaneHandle,
  type RingpoolError,
} from '@ringpool/core';

import type { Host, HostBell } from '../drivers/host.ts';
import { workerDied } from './errors.ts';
import { Fifo } from './fifo.ts';
import { FileSlots } from './file-slots.ts';
import { type Lane, URGENT_OPERATIONS } from './lane.ts';
import type { LaneMeter } from './metrics.ts';
import type { Request, Wanted } from './request.ts';
import { RequestTable } from './request-table.ts';
import { Timing } from './timing.ts';
import { type PoolWords, WORKER_STATE } from './words.ts';

const NO_FILES = new FileSlots(0, 0);

/** Whose a lane is. */
export interface LaneOwner {
  /** The client, in the ledger of descriptors. */
  readonly descriptorOwner: number;
  readonly host: Host;
  readonly client: number;
  readonly meter: LaneMeter;
  /** See {@link PoolOptions.slowOperationMs}. */
  readonly slowOperationMs: number;
}

/** What became of the requests of a worker that has ended. */
export interface Death {
  readonly cause: RingpoolError;
  /** Those that the worker never took, and that may run elsewhere or later. */
  readonly again: ReadonlySet<Request>;
}

/** One worker, as a client sees it. */
export class RemoteLane implements Lane {
  /** The worker's index in the pool. */
  readonly index: number;
  /** The SQEs, for the encoders. */
  readonly sqes: Uint32Array;
  readonly bound: Fifo<Request> = new Fifo();
  readonly placed: Fifo<Request> = new Fifo();
  /** None until the worker holds the lane. */
  files: FileSlots = NO_FILES;
  epoch = 0;
  /** The worker starts while this thread goes on. */
  readonly publishAt = 16;

  readonly #meter: LaneMeter;
  readonly #timing: Timing;
  /** Who this client, and who what the worker opens for it, is in the ledger of descriptors. */
  readonly #descriptorOwner: number;
  readonly #host: Host;
  readonly #words: PoolWords;
  readonly #handle: LaneHandle;
  readonly #attachment: LaneAttachment;
  readonly #requests: RequestTable;
  readonly #onCompletion: (operation: number, res: number, flags: number) => void;
  #queue: LaneClient;
  /** The worker it is attached to: which thread of it, 0 for none, and its bell. */
  #generation = 0;
  #bell: HostBell | undefined;
  #ticket = 0;
  /** The SQEs pushed since the last publication. */
  readonly #batch: Int32Array;
  #batched = 0;
  #held = false;
  #dying = false;

  constructor(index: number, handle: LaneHandle, words: PoolWords, owner: LaneOwner) {
    const { descriptorOwner, host, client, meter, slowOperationMs } = owner;
    this.#host = host;
    this.index = index;
    this.#descriptorOwner = descriptorOwner;
    this.#meter = meter;
    this.#words = words;
    this.#handle = handle;
    this.#attachment = new LaneAttachment(handle);
    // The seat's former client may have died with completions in it: they are not ours to reap.
    this.#attachment.empty();
    this.#queue = new LaneClient(handle);
    this.sqes = this.#queue.sqes;
    this.#requests = new RequestTable(handle.depth);
    this.#timing = new Timing(meter, { client, worker: index, slowOperationMs }, handle.depth);
    this.#batch = new Int32Array(handle.depth); // view: SQE indices
    const { since } = this.#timing;
    this.#onCompletion = (operation, res, flags) => {
      if (since[operation] !== 0) {
        this.#timing.ended(operation, this.#requests.of(operation), res, flags);
      }
      this.#requests.complete(operation, res, flags);
    };
  }

  /** True while there is a worker at the other end. */
  get up(): boolean {
    return this.#generation > 0;
  }

  get generation(): number {
    return this.#generation;
  }

  /** True once the worker holds the lane: then it is known which fixed files there are. */
  get held(): boolean {
    return this.#held;
  }

  /** True when {@link look} would find that the worker has taken hold of the lane. */
  get heldNow(): boolean {
    return this.#generation > 0 && !this.#held && this.#attachment.held === this.#ticket;
  }

  /** How many SQEs may be pushed now; 0 when the request cannot be taken. */
  roomFor(request: Wanted): number {
    if (this.#generation === 0) return 0;
    const free = this.#queue.room;
    const room = request.urgent ? free : free - URGENT_OPERATIONS;
    return room >= request.sqes && this.files.free >= request.files ? room : 0;
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
    this.#batch[this.#batched++] = sqe;
    return sqe;
  }

  operationOf(sqe: number): number {
    return this.#queue.operationOf(sqe);
  }

  /** The worker knows the operation by the same number, and finds it in its ring: see worker-lane.ts. */
  encodeCancel(sqe: number, operation: number): void {
    encode.asyncCancel(this.sqes, sqe, { target: operation });
  }

  own(descriptor: number): void {
    // The worker said whose it is before it took anything from the lane.
    this.#host.ledger.give(descriptor, this.#attachment.terms.descriptors, this.#descriptorOwner);
  }

  /** The ring is another thread's. */
  setFile(): boolean {
    return false;
  }

  /** Lets the worker see what was pushed, and rings it awake if it sleeps. */
  publish(): void {
    if (this.#batched > 0) this.#timing.published(this.sqes, this.#batch, this.#batched);
    this.#batched = 0;
    // The tail first, then the parking word: see parking.ts.
    if (this.#queue.publish()) this.#wake();
  }

  #wake(): void {
    // No bell: the worker has ended since something was pushed. detach() has seen to that.
    if (this.#bell !== undefined && this.#words.workerParking(this.index).wake(this.#bell))
      this.#meter.rung();
  }

  /** Completes what is ready. Returns how many completions there were. */
  reap(): number {
    const taken = this.#queue.reap(this.#onCompletion);
    this.#timing.reaped(taken, this.#requests.takeEnded());
    return taken;
  }

  /** True when the worker it was attached to has ended. */
  get orphaned(): boolean {
    return this.#generation > 0 && !this.#words.workerLives(this.index, this.#generation);
  }

  /** Attaches to the worker if it is up; finds out whether it holds the lane. Call it when something has changed. */
  look(): void {
    if (this.#generation === 0) this.#attach();
    if (!this.heldNow) return;
    this.#held = true;
    const { filesFirst, filesCount } = this.#attachment.terms;
    this.files = new FileSlots(filesFirst, filesCount);
  }

  #attach(): void {
    const { index } = this;
    // What is started by those who are told of the end of the former one waits until all of them have been.
    if (this.#dying) return;
    const words = this.#words;
    const generation = words.workerGeneration(index);
    if (words.workerState(index) !== WORKER_STATE.UP || words.workerGeneration(index) !== generation) return; // A1
    // A2. A worker that comes late for whoever had the lane before is about to let go of it, and rings then.
    if (generationOfTicket(this.#attachment.held) === generation) return;
    this.#bell = this.#host.attachBell(words.workerBell(index));
    this.#ticket = this.#attachment.want(generation); // A3
    this.#queue = new LaneClient(this.#handle);
    this.#generation = generation;
    this.epoch++;
    words.raiseLanesVersion(index); // A4
    this.#wake(); // A5
  }

  /**
   * The worker has ended. Its environment drained the ring before it said so, so no memory is in use by the kernel any
   * more, and every request can be abandoned. A chain is taken whole, so all parts of a request or none.
   */
  die(): Death {
    const again = new Set<Request>();
    const cause = workerDied(this.index);
    // What was pushed and not handed over was not counted yet.
    this.#meter.completed(this.#queue.inFlight - this.#queue.queued);
    this.#batched = 0;
    // From here on it takes nothing: what requests start as they are told of their end goes elsewhere, and what is bound
    // to this ring is refused. It would wait here for the next one, where its file's slot is another file's.
    this.#generation = 0;
    this.epoch++;
    this.#dying = true;
    this.#queue.abandon(
      (operation, res, flags) => {
        if (res !== TAKEN && res !== UNTAKEN) {
          this.#requests.complete(operation, res, flags); // F1
          return;
        }
        const request = this.#requests.take(operation); // F2
        if (res === UNTAKEN && request.movable) again.add(request);
        else request.abandon(this.#requests.part(operation), cause, res === TAKEN);
      },
      TAKEN,
      UNTAKEN,
    );
    this.#requests.takeEnded(); // counted above
    this.#timing.reset();
    // What it opened, and this client has not seen.
    if (this.#attachment.held === this.#ticket) {
      this.#host.ledger.closeAllOf(this.#attachment.terms.descriptors);
    }
    this.detach(); // F3
    this.#dying = false;
    return { cause, again };
  }

  /** Has no worker any more: it has ended, or let go of the lane. */
  detach(): void {
    this.#attachment.leave();
    this.#generation = 0;
    this.#held = false;
    this.files = NO_FILES;
    this.#bell?.close();
    this.#bell = undefined;
  }

  /** The client leaves: nothing is in flight. Returns true once no live worker holds the lane. Call it until it does. */
  leave(): boolean {
    if (this.#generation === 0) return true;
    if (this.#attachment.wanted !== 0) {
      this.#attachment.leave(); // D1
      this.#words.raiseLanesVersion(this.index); // D2
      this.#wake(); // D3
    }
    if (this.#attachment.held !== 0 && !this.orphaned) return false; // D4
    this.detach();
    return true;
  }
}

/** No kernel answers this: results are bytes, or errnos down to -4095. */
const TAKEN = -0x4000_0000;
const UNTAKEN = TAKEN - 1;
