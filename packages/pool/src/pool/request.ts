// One operation of a client on its way through a lane, as an object that the lane calls back. Bound to its thread.
//
// created -> (waiting for room) -> in flight -> settled; each SQE of a request is completed or abandoned exactly once.

import type { RingpoolError } from '@ringpool/core';

import type { Lane } from './lane.ts';
import { AUTO } from './placement.ts';

/** What a lane must have for a request. */
export type Wanted = Pick<Request, 'sqes' | 'files' | 'urgent'>;

/** What a client hands to a lane. */
export abstract class Request {
  /** Where it is to run: a code of placement.ts. */
  place: number = AUTO;

  // Getters of the class, not fields of each object: one is made for every operation.
  /** SQEs it pushes at once: a chain stays on one lane. */
  abstract get sqes(): number;
  /** Fixed-file slots of the lane that it takes while it encodes. */
  get files(): number {
    return 0;
  }
  /** The lane it must run on, because it uses what belongs to that one; undefined: its placement decides. */
  get lane(): Lane | undefined {
    return undefined;
  }
  /** Which ring of that lane: see {@link Lane.epoch}. */
  get epoch(): number {
    return 0;
  }
  /** True for what waits for all that was asked for before it, and lets all after it wait, though they are on several rings. */
  get drains(): boolean {
    return false;
  }
  /** Of what {@link drains}: whether it is over. */
  get over(): boolean {
    return false;
  }
  /** True for what makes room for others, and so may use the room that is kept for it. */
  get urgent(): boolean {
    return false;
  }
  /** True when it goes on with what has begun, and so waits for room however many others do. */
  get begun(): boolean {
    return this.lane !== undefined;
  }
  /** True when it may run on another lane, or on the next worker of this one, if its worker dies before it has taken it. */
  get movable(): boolean {
    return this.lane === undefined;
  }
  /** How many bytes it moves, as far as it is known: what placement 'auto' goes by. */
  get bytes(): number {
    return 0;
  }
  /** True when it moves them past the page cache. */
  get direct(): boolean {
    return false;
  }

  /** The path that it is about, as far as it is known: for those who are told that it was slow. */
  get path(): string | undefined {
    return undefined;
  }

  /** Writes its SQEs: `lane.push(this, part)`, then an encoder, for each. The lane has room for them. */
  abstract encode(lane: Lane): void;

  /** One of its SQEs has completed. `res` is the CQE's. */
  abstract complete(part: number, res: number, flags: number): void;

  /**
   * One of its SQEs never will complete, because the worker has died; its memory is safe to reuse. Not `started`: it
   * certainly had no effect. Else nobody knows.
   */
  abstract abandon(part: number, error: RingpoolError, started: boolean): void;

  /** Its caller waits no longer: an AbortSignal said so. It completes or is abandoned all the same. */
  abort(_error: RingpoolError): void {
    // Only requests that were given a signal are told.
  }

  /**
   * Nothing of it that is in flight will be heard of again, because its ring is lost: its caller waits no longer, and its
   * memory stays the kernel's for good.
   */
  strand(error: RingpoolError): void {
    this.abort(error);
  }
}

/** Abandons a request that no worker has taken. */
export function abandonUnstarted(request: Request, error: RingpoolError): void {
  for (let part = 0; part < request.sqes; part++) request.abandon(part, error, false);
}

const nothing = (): void => undefined;

/** One executor for all promises: a closure for each would be garbage of every operation. */
class Captured {
  resolve!: (value: never) => void;
  reject!: (error: unknown) => void;
  readonly executor = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
    this.resolve = resolve;
    this.reject = reject;
  };
}

/** `new Promise(captured.executor)`, then at once `captured.resolve` and `captured.reject`. */
export const captured: {
  readonly executor: <T>(resolve: (value: T) => void, reject: (error: unknown) => void) => void;
  // biome-ignore lint/suspicious/noExplicitAny: those of the promise made last, of whatever type
  readonly resolve: (value: any) => void;
  readonly reject: (error: unknown) => void;
} = new Captured() as never;

/** The promise made last belongs to whoever waits for it, with the context it was made in: holds on to it no longer. */
export function forgetCaptured(): void {
  captured.executor(nothing, nothing);
}

/** Base of requests that settle one promise. */
export abstract class PromisedRequest<T> extends Request {
  readonly promise: Promise<T>;
  protected readonly resolve: (value: T) => void;
  protected readonly reject: (error: unknown) => void;

  constructor() {
    super();
    this.promise = new Promise<T>(captured.executor);
    this.resolve = captured.resolve;
    this.reject = captured.reject;
  }

  override strand(error: RingpoolError): void {
    this.reject(error);
  }
}

/** One ring: that of a lane at the time. */
export interface BoundTo {
  readonly lane: Lane;
  readonly epoch: number;
}

/** One SQE on one ring: of what belongs to that ring. */
export abstract class BoundRequest extends Request {
  readonly #lane: Lane;
  readonly #epoch: number;

  /** On the ring that the lane has now. */
  constructor(lane: Lane) {
    super();
    this.#lane = lane;
    this.#epoch = lane.epoch;
  }

  get sqes(): number {
    return 1;
  }

  override get lane(): Lane {
    return this.#lane;
  }

  override get epoch(): number {
    return this.#epoch;
  }
}

/** A single SQE written by a function: for operations that are not on a hot path. */
export class SingleRequest extends PromisedRequest<number> {
  readonly #bound: BoundTo | undefined;
  readonly #write: (sqes: Uint32Array, slot: number) => void;

  /**
   * `write` encodes the SQE, for one ring or where the placement's code says. The promise resolves to the CQE's result, a
   * negative errno included.
   */
  constructor(write: (sqes: Uint32Array, slot: number) => void, where: BoundTo | number) {
    super();
    this.#write = write;
    this.#bound = typeof where === 'number' ? undefined : where;
    if (typeof where === 'number') this.place = where;
  }

  get sqes(): number {
    return 1;
  }

  override get lane(): Lane | undefined {
    return this.#bound?.lane;
  }

  override get epoch(): number {
    return this.#bound?.epoch ?? 0;
  }

  encode(lane: Lane): void {
    this.#write(lane.sqes, lane.push(this, 0));
  }

  complete(_part: number, res: number): void {
    this.resolve(res);
  }

  abandon(_part: number, error: RingpoolError, _started: boolean): void {
    this.reject(error);
  }
}
