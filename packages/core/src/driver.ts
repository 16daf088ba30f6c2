// What executes SQEs: the kernel, threads that interpret them, or a simulation. Types only: each driver brings its own ring.

import type { CompletionCallback } from './ring/queues.ts';

/** The drivers there are. */
export type DriverName = 'uring' | 'threads' | 'sim';

/** How large a ring is to be. */
export interface DriverRingOptions {
  /** Submission queue entries, 1 to 32,768; rounded up to a power of two. */
  readonly entries: number;
  /** Completion queue entries, at least `entries`: the most operations in flight. Default: twice the entries. */
  readonly cqEntries?: number;
}

/**
 * A submission queue and a completion queue, and whatever executes what lies between. Bound to one thread. `Ring` of
 * @ringpool/native is one, on the kernel.
 */
export interface DriverRing {
  /** The SQEs, 16 words each: what the encoders of `encode` write to. */
  readonly sqes: Uint32Array;
  readonly entries: number;
  /** The most operations in flight. */
  readonly cqEntries: number;
  /** Operations submitted whose last completion has not been reaped. */
  readonly inFlight: number;
  /** SQEs pushed and not yet submitted. */
  readonly queued: number;
  /** Completions ready to be reaped. */
  readonly ready: number;
  /** Takes the next SQE, whose user_data is written already: its index, or -1 when there is no room. */
  push(): number;
  /** The number of the operation that the SQE at this index starts; its completion carries it. */
  operationOf(sqe: number): number;
  /** The user_data by which ASYNC_CANCEL and TIMEOUT_REMOVE address an operation in flight. */
  userDataOf(operation: number): number;
  /** Submits what was pushed. Returns how many SQEs were taken. */
  submit(): number;
  /** Submits, and waits until `count` completions are ready, at most `timeoutMs`. Returns how many are ready. */
  submitAndWait(count: number, timeoutMs: number): number;
  /** Hands every ready completion, at most `max`, to `callback`. Returns how many there were. */
  reap(callback: CompletionCallback, max?: number): number;
  /** Attaches the arena's memory, from its first byte to the end of its last segment. Call it again when it grows. */
  attachMemory(view: Uint8Array): void;
  /** Makes a table of registered buffers with so many empty slots. */
  registerBuffersSparse(count: number): void;
  /** Replaces registered buffers from `start` on; null empties a slot. */
  updateBuffers(start: number, views: readonly (Uint8Array | null)[]): void;
  /** Makes a table of registered files with so many empty slots. */
  registerFilesSparse(count: number): void;
  /** Replaces registered files from `start` on; -1 empties a slot. */
  updateFiles(start: number, fds: readonly number[]): void;
  /** Cancels what can be, waits for the rest, and closes. */
  close(options?: { readonly timeoutMs?: number }): void;
}

/** Executes SQEs against an arena. */
export interface Driver {
  readonly name: DriverName;
  /** Opens a ring of this thread. @throws ERR_RINGPOOL_INVALID_ARGUMENT, and whatever keeps the driver from having one. */
  openRing(options: DriverRingOptions): DriverRing;
}
