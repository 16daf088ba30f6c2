// Where a client's operations run: its own ring (local-lane.ts) or a worker's (remote-lane.ts). Both are driven alike:
// push, encode, publish, and later reap. Bound to the client's thread.

import type { RingpoolError } from '@ringpool/core';

import type { Fifo } from './fifo.ts';
import type { FileSlots } from './file-slots.ts';
import type { Request, Wanted } from './request.ts';

/** Operations for which a lane keeps room: see {@link Request.urgent}. */
export const URGENT_OPERATIONS = 1;

/** One place where a client's operations run. */
export interface Lane {
  /** Its place among the client's lanes: workers first, in their order. */
  readonly index: number;
  /** The SQEs, for the encoders. */
  readonly sqes: Uint32Array;
  /** Requests bound to it that wait for room: they go on with what has begun, so they go first. */
  readonly bound: Fifo<Request>;
  /** Requests placed on it that wait for room, and for the bound ones. */
  readonly placed: Fifo<Request>;
  /** Rises when its ring is another one: what was opened on the former one is gone. */
  readonly epoch: number;
  /** Which thread of its worker it is attached to; 0: none, or a ring of the client's own. */
  readonly generation: number;
  /** Slots of its ring's table of fixed files. */
  readonly files: FileSlots;
  /** Operations in flight. */
  readonly inFlight: number;
  /** Why nothing runs on it any more, of one whose ring is lost. */
  readonly lost?: RingpoolError | undefined;
  /** Of such a one, operations that the kernel may still have. */
  readonly stranded?: number;
  /** SQEs pushed and not yet published. */
  readonly queued: number;
  /** So many SQEs of one tick are published without waiting for its end. */
  readonly publishAt: number;

  /** How many SQEs may be pushed now; 0 when the request cannot be taken. */
  roomFor(request: Wanted): number;
  /** Takes an SQE for one part of a request: the index to encode at. */
  push(request: Request, part: number): number;
  /** The number of the operation that the SQE at this index starts. */
  operationOf(sqe: number): number;
  /** Encodes a cancel of this operation, which is in flight. */
  encodeCancel(sqe: number, operation: number): void;
  /** Cancels this operation past the queue, where it can: false when it cannot. */
  cancelNow?(operation: number): boolean;
  /** A request of this client opened a descriptor on it, and its completion is being handed over: it is the client's. */
  own(descriptor: number): void;
  /**
   * Fills a slot of its ring's table of fixed files, or empties it (-1), by a call. False where only an SQE can.
   * Throws what the kernel refuses.
   */
  setFile(slot: number, descriptor: number): boolean;
  /** Whether it can be closed, now that nothing is in flight: see {@link LocalLane.mayEnd}. Undefined: it always can. */
  mayEnd?(): boolean;
  /** Hands over what was pushed. */
  publish(): void;
  /** Completes what is ready. Returns how many completions there were. */
  reap(): number;
  /** Asks to be woken through the client's doorbell. True when there is something to reap already. */
  listen(): boolean;
}
