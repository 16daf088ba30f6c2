// What every ring of a pool does alike, the workers' and the clients': submit with patience, have a table of fixed files.
// Bound to the ring's thread.

import { type DriverRing, RingpoolError } from '@ringpool/core';

/** Completion queue entries for each submission queue entry: room for a ring's own operations. */
export const CQ_FACTOR = 2;

/** Submits to a ring, and keeps what the kernel did not take. */
export class Submitter {
  readonly #ring: DriverRing;
  #owed = 0;

  constructor(ring: DriverRing) {
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

/**
 * Gives a ring a table of fixed files, of `slots`, or half as many and so on, down to `least`. Returns how many slots it
 * has; 0 where even those are refused.
 */
export function makeFileTable(ring: DriverRing, slots: number, least: number): number {
  for (let wanted = slots; wanted >= least; wanted /= 2) {
    try {
      ring.registerFilesSparse(wanted);
      return wanted;
    } catch (error) {
      // Refused by RLIMIT_NOFILE or an old kernel: with no table, whole files are read through ordinary descriptors.
      if (!(error instanceof RingpoolError)) throw error;
    }
  }
  return 0;
}
