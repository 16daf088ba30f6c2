// Where a client's operations run: its own ring (local-lane.ts) or a worker's (remote-lane.ts). Both are driven alike:
// push, encode, publish, and later reap. Bound to the client's thread.

import type { RingpoolError } from '@ringpool/core';

import type { Fifo } from './fifo.ts';
import type { FileSlots } from './file-slots.ts';
import type { Request } from './request.ts';

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
  /** Why nothing can be submitted any more. */
  readonly death: RingpoolError | undefined;
  /** Slots of its ring's table of fixed files. */
  readonly files: FileSlots;
  /** Operations in flight. */
  readonly inFlight: number;
  /** SQEs pushed and not yet published. */
  readonly queued: number;

  /** How many SQEs may be pushed now; 0 when the request cannot be taken. */
  roomFor(request: Request): number;
  /** Takes an SQE for one part of a request: the index to encode at. */
  push(request: Request, part: number): number;
  /** Hands over what was pushed. */
  publish(): void;
  /** Completes what is ready. Returns how many completions there were. */
  reap(): number;
  /** Asks to be woken through the client's doorbell. True when there is something to reap already. */
  listen(): boolean;
}
