// What every ring of a pool does alike, the workers' and the clients': submit with patience, have a table of fixed files.
// Bound to the ring's thread.

import { RingpoolError } from '@ringpool/core';
import type { Ring } from '@ringpool/native';

/** Submits to a ring, and keeps what the kernel did not take. */
export class Submitter {
  readonly #ring: Ring;
  #owed = 0;

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  /** SQEs handed to the ring that the kernel has not taken, because it was short of memory. Submit again. */
  get owed(): number {
    return this.#owed;
  }

  /** Submits what is queued, and what is owed. */
  submit(): void {
    this.#owed += this.#ring.queued;
    try {
      this.#owed -= this.#ring.submit();
    } catch (error) {
      // EAGAIN: no memory for requests just now. EBUSY: completions must be reaped first. Both: the SQEs stay queued.
      if (!(error instanceof RingpoolError) || (error.code !== 'EAGAIN' && error.code !== 'EBUSY'))
        throw error;
    }
  }
}

/** Gives a ring a table of fixed files. Returns how many slots it has: all, or 0 where that is refused. */
export function makeFileTable(ring: Ring, slots: number): number {
  try {
    ring.registerFilesSparse(slots);
    return slots;
  } catch (error) {
    // Refused by RLIMIT_NOFILE or an old kernel: whole files are then read through ordinary descriptors.
    if (error instanceof RingpoolError) return 0;
    throw error;
  }
}
