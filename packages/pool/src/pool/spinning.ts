// How long a worker looks for work before it sleeps. To be woken takes longer than a short look, and costs whoever wakes
// it; but who looks has a CPU, and the work may have to come from a thread that waits for one. So it looks where that
// has lately been of use. Bound to the worker's thread.

import { availableParallelism } from 'node:os';

/** How long a worker looks for work before it sleeps in the kernel: at least, and at most. */
const SPIN_MIN_MS = 0.025;
const SPIN_MAX_MS = 0.4;
/** Looks that found work, less those that did not: no more than this many count. */
const USE_MAX = 8;
/** Where looking is of no use, one time in so many it looks all the same. */
const PROBE_EVERY = 16;

/** When one worker looks for work, and for how long. */
export class Spinning {
  readonly #maxMs: number;
  #ms = SPIN_MIN_MS;
  #use = USE_MAX;
  #skipped = 0;

  /** For one of `workers` workers. With more threads than CPUs, looking for work takes the CPU from whoever has some. */
  constructor(workers: number) {
    this.#maxMs = workers < availableParallelism() ? SPIN_MAX_MS : SPIN_MIN_MS;
  }

  /** How long it is to look now; 0: not at all. */
  next(): number {
    if (this.#use > 0) return this.#ms;
    if (++this.#skipped < PROBE_EVERY) return 0;
    this.#skipped = 0;
    return this.#ms;
  }

  /** It has looked. */
  looked(found: boolean): void {
    this.#use = found ? Math.min(USE_MAX, this.#use + 1) : Math.max(0, this.#use - 1);
  }

  /** It has slept: after a short sleep it looks longer, after a long one less. */
  slept(ms: number): void {
    const wanted = ms < SPIN_MAX_MS ? this.#ms * 2 : this.#ms / 2;
    this.#ms = Math.max(SPIN_MIN_MS, Math.min(this.#maxMs, wanted));
  }
}
