// The memory of all lanes of a pool: one growable SharedArrayBuffer, every thread's way to every lane without a message.
// The pool's owner creates it; it grows, and becomes resident, as clients take their seats.

import { type LaneHandle, laneBytes } from '@ringpool/core';

import { Meters } from './metrics.ts';
import { CLIENTS_MAX } from './words.ts';

/** What every client of a pool goes by. */
export interface ClientLimits {
  /** Operations on its lanes that take as long are slow. */
  readonly slowOperationMs: number;
  /** Operations that may wait for room on its lanes. */
  readonly waitingMax: number;
}

const UNLIMITED: ClientLimits = { slowOperationMs: Infinity, waitingMax: Infinity };

/** What another thread makes its LaneMemory of. */
export interface LaneMemoryHandle extends ClientLimits {
  readonly memory: SharedArrayBuffer;
  /** What is counted of them. */
  readonly meters: SharedArrayBuffer;
  readonly workers: number;
  readonly depth: number;
}

/** One thread's way to the lanes. */
export class LaneMemory {
  readonly handle: LaneMemoryHandle;
  readonly meters: Meters;

  constructor(handle: LaneMemoryHandle) {
    this.handle = handle;
    this.meters = new Meters(handle.meters, handle.workers);
  }

  /** Reserves memory for the lanes of {@link CLIENTS_MAX} clients to so many workers; `depth` is a power of two. */
  static create(workers: number, depth: number, limits: ClientLimits = UNLIMITED): LaneMemory {
    const { slowOperationMs, waitingMax } = limits;
    const maxByteLength = CLIENTS_MAX * workers * laneBytes(depth);
    const memory = new SharedArrayBuffer(0, { maxByteLength });
    const meters = Meters.create(workers).memory;
    return new LaneMemory({ memory, meters, workers, depth, slowOperationMs, waitingMax });
  }

  /** True when the lanes of this client exist. */
  has(client: number): boolean {
    return this.handle.memory.byteLength >= this.#end(client);
  }

  /** Makes the lanes of a client. Any thread, any number of times. */
  make(client: number): void {
    const { memory } = this.handle;
    while (!this.has(client)) {
      try {
        memory.grow(this.#end(client));
      } catch (error) {
        // Another thread was quicker, and grew it further.
        if (!this.has(client)) throw error;
      }
    }
  }

  /** The lane of a client, whose lanes exist, to a worker. */
  lane(client: number, worker: number): LaneHandle {
    const { memory, workers, depth } = this.handle;
    return { memory, offset: (client * workers + worker) * laneBytes(depth), depth };
  }

  #end(client: number): number {
    const { workers, depth } = this.handle;
    return (client + 1) * workers * laneBytes(depth);
  }
}
