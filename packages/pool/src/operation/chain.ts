// Operations on their way together: one, or a chain of linked ones, which stays on one ring.
// Bound to the client's thread. What they point to is held until the last completion of all of them.
//
// checked -> encoded -> (waiting for room) -> pushed as a whole -> each completes or is abandoned -> settled

import { IORING_CQE_F, type RingpoolError } from '@ringpool/core';

import { dropDescriptor } from '../file/close-descriptor.ts';
import { CloseSlot } from '../file/close-slot.ts';
import { Cancellation } from '../pool/cancellation.ts';
import type { Client } from '../pool/client.ts';
import { opensDescriptor } from '../pool/descriptors.ts';
import { NO_FIXED_FILES } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { PromisedRequest } from '../pool/request.ts';
import { noFixedFiles } from './admission.ts';
import { Completion } from './completion.ts';
import { type Holds, type Prepared, write } from './prepare.ts';

const ETIME = -62;
const OPCODE_MASK = 0xff;

/** What a chain is made of. */
export interface ChainPlan {
  readonly operations: readonly Prepared[];
  /** What they use: let go of when all of them are over. */
  readonly holds: Holds;
  /** Fixed files that it has while it is under way. */
  readonly files: number;
  /** A code of placement.ts. */
  readonly place: number;
  /** The lane it must run on. */
  readonly lane: Lane | undefined;
  readonly signal: AbortSignal | undefined;
  /** The last operation is the timeout of the one before it, and nobody's to see. */
  readonly timed: boolean;
  /** It waits for all that came before it on whichever ring, and lets all that comes after it wait. */
  readonly drains: boolean;
  /** It names files that end with the worker they were opened on: it runs there or not at all. */
  readonly pinned: boolean;
}

/** One chain. Its promise resolves to the completions, in the order of the operations. */
export class ChainRequest extends PromisedRequest<Completion[]> {
  readonly #client: Client;
  readonly #plan: ChainPlan;
  readonly #results: Int32Array;
  readonly #flags: Int32Array;
  readonly #cancellation: Cancellation | undefined;
  #on: Lane | undefined;
  #epoch = 0;
  /** Which thread of its worker runs it. */
  #generation = 0;
  #slots: readonly number[] = [];
  /** Descriptors that it opened: its caller's with the completions, closed when it fails. */
  #opened: readonly number[] = [];
  #left: number;
  #failure: RingpoolError | undefined;

  constructor(client: Client, plan: ChainPlan) {
    super();
    this.#client = client;
    this.#plan = plan;
    this.place = plan.place;
    this.#left = plan.operations.length;
    this.#results = new Int32Array(this.#left); // view: one for each operation
    this.#flags = new Int32Array(this.#left); // view: one for each operation
    this.#cancellation =
      plan.signal === undefined ? undefined : new Cancellation(plan.signal, client, this, this.#left);
  }

  get sqes(): number {
    return this.#plan.operations.length;
  }

  override get files(): number {
    return this.#plan.files;
  }

  override get lane(): Lane | undefined {
    return this.#plan.lane;
  }

  override get movable(): boolean {
    return !this.#plan.pinned && super.movable;
  }

  override get drains(): boolean {
    return this.#plan.drains;
  }

  override get over(): boolean {
    return this.#left === 0;
  }

  /** Also one that must run on a certain ring goes on with nothing. */
  override get begun(): boolean {
    return false;
  }

  encode(lane: Lane): void {
    this.#on = lane;
    this.#epoch = lane.epoch;
    this.#generation = lane.generation;
    this.#slots = Array.from({ length: this.#plan.files }, () => lane.files.take());
    for (const [part, operation] of this.#plan.operations.entries()) {
      const sqe = lane.push(this, part);
      write(operation, lane.sqes, sqe, this.#slots);
      this.#cancellation?.startedOn(lane, lane.operationOf(sqe), part);
    }
  }

  complete(part: number, res: number, flags: number): void {
    // Of two completions of a zero-copy send the first has the result; memory is in use until the second.
    if ((flags & IORING_CQE_F.NOTIF) === 0) {
      this.#results[part] = res;
      this.#flags[part] = flags;
      if (res >= 0) this.#keepOpened(part, res);
    }
    if ((flags & IORING_CQE_F.MORE) === 0) this.#over(part);
  }

  #keepOpened(part: number, res: number): void {
    const { op, sqe } = this.#plan.operations[part] as Prepared;
    if (op === 'pipe') {
      const both = this.#plan.holds.pairOf(sqe);
      const { host, seat } = this.#client;
      for (const descriptor of both) host.ledger.add(descriptor, seat.descriptorOwner, true);
      this.#opened = [...this.#opened, ...both];
    } else if (opensDescriptor(sqe, 0, (sqe[0] as number) & OPCODE_MASK)) {
      this.#on?.own(res);
      this.#opened = [...this.#opened, res];
    }
  }

  abandon(part: number, error: RingpoolError): void {
    this.#failure = error;
    this.#over(part);
  }

  /** The caller waits no longer. */
  override abort(error: RingpoolError): void {
    this.reject(error);
  }

  override strand(error: RingpoolError): void {
    this.#cancellation?.over();
    this.#plan.holds.strand(error);
    this.reject(error);
  }

  #over(part: number): void {
    this.#cancellation?.ended(part);
    if (--this.#left === 0) this.#finish();
  }

  #finish(): void {
    this.#cancellation?.over();
    this.#plan.holds.release();
    this.#closeSlots();
    const failure = this.#failure;
    this.#handOver(failure === undefined && this.#cancellation?.aborted !== true);
    if (failure === undefined) this.resolve(this.#completions());
    else this.reject(failure === NO_FIXED_FILES ? noFixedFiles('submit') : failure);
  }

  /** With nobody to give them to, descriptors are closed: an operation before the one that failed may have opened them. */
  #handOver(toCaller: boolean): void {
    const { host, seat } = this.#client;
    for (const descriptor of this.#opened) {
      if (toCaller) host.ledger.release(descriptor, seat.descriptorOwner);
      else dropDescriptor(this.#client, descriptor, this.#generation);
    }
  }

  #completions(): Completion[] {
    const { operations, timed } = this.#plan;
    const shown = timed ? operations.slice(0, -1) : operations;
    return shown.map(({ op }, part) => {
      const late = timed && this.#results[part + 1] === ETIME;
      const [result, flags] = [this.#results[part] as number, this.#flags[part] as number];
      return new Completion(op, result, flags, late, this.#client.host.driver);
    });
  }

  /** Whatever the chain left open in its slots. Nobody waits for it but the slots. */
  #closeSlots(): void {
    const lane = this.#on;
    if (lane === undefined || lane.epoch !== this.#epoch) return;
    for (const slot of this.#slots) this.#client.start(new CloseSlot(lane, slot));
  }
}
