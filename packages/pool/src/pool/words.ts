// The words of shared memory by which a pool's threads steer one another, off the hot path of the lanes.
// The pool's owner creates them; every thread of the pool holds a PoolWords of its own over the same memory.

import { Parking } from '@ringpool/core';

const REGISTRATION_VERSION = 0;
const ANCHOR_RING = 1;
/** Words of one thread's block: a cache line, so that threads do not disturb one another. */
const BLOCK_WORDS = 16;
const BLOCK_PARKING = 0;
const BLOCK_COMMAND = 1;
/** Threads that may have a block: workers first, then clients. */
const BLOCKS = 128;
/** As many as an arena has at most. */
export const SEGMENTS_MAX = 1024;

const BLOCKS_AT = BLOCK_WORDS;
const SEGMENTS_AT = BLOCKS_AT + BLOCKS * BLOCK_WORDS;
const WORDS = SEGMENTS_AT + SEGMENTS_MAX;

const COMMAND_STOP = 1;

/** How a segment stands with the kernel: 0 until the pool's owner has decided. Here: the anchor has it, to be cloned. */
export const SEGMENT_REGISTERED = 1;
/** It is used unregistered: memlock was short, or nobody wanted it registered. */
export const SEGMENT_UNREGISTERED = 2;

/** One thread's hands on the pool's words. */
export class PoolWords {
  /** What another thread makes its PoolWords of. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * 4)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
  }

  /** The parking word of a thread: workers are 0 to `workers - 1`, clients follow. */
  parking(thread: number): Parking {
    return new Parking(this.#words, BLOCKS_AT + thread * BLOCK_WORDS + BLOCK_PARKING);
  }

  /** Asks a worker to close its ring. It looks at each turn of its loop, and whenever its doorbell rings. */
  stop(worker: number): void {
    // Pairs with the load in `stopping`.
    Atomics.store(this.#words, BLOCKS_AT + worker * BLOCK_WORDS + BLOCK_COMMAND, COMMAND_STOP);
  }

  /** True once a worker was asked to stop. */
  stopping(worker: number): boolean {
    return Atomics.load(this.#words, BLOCKS_AT + worker * BLOCK_WORDS + BLOCK_COMMAND) === COMMAND_STOP;
  }

  /** The ring that registered segments can be cloned from; 0 for none. Stored once, before any segment is registered. */
  get anchorRing(): number {
    return Atomics.load(this.#words, ANCHOR_RING);
  }

  set anchorRing(ringId: number) {
    Atomics.store(this.#words, ANCHOR_RING, ringId);
  }

  /** Rises with each segment whose state was set: workers that see it rise look through the states. */
  get registrationVersion(): number {
    return Atomics.load(this.#words, REGISTRATION_VERSION);
  }

  segmentState(segment: number): number {
    return Atomics.load(this.#words, SEGMENTS_AT + segment);
  }

  /** Sets the state of a segment, then raises the version: a worker that sees the version sees the state. */
  setSegmentState(segment: number, state: number): void {
    Atomics.store(this.#words, SEGMENTS_AT + segment, state);
    Atomics.add(this.#words, REGISTRATION_VERSION, 1);
  }
}
