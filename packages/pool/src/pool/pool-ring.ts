// What every ring of a pool does alike, the workers' and the clients': submit with patience, have a table of fixed files.
// Bound to the ring's thread.

import { type DriverRing, RingpoolError } from '@ringpool/core';

/** Completion queue entries for each submission queue entry: room for a ring's own operations. */
export const CQ_FACTOR = 2;

/**
 * Refusals that pass, and after which the SQEs stay queued. EAGAIN, ENOMEM: no memory for requests, or for the thread's
 * first enter, just now. EBUSY: completions must be reaped first. EINTR: signals, more of them than are borne with.
 */
const PASSING: ReadonlySet<string> = new Set(['EAGAIN', 'ENOMEM', 'EBUSY', 'EINTR']);

/** Submits to a ring, and keeps what the kernel did not take. */
export class Submitter {
  readonly #ring: DriverRing;
  #owed = 0;

  constructor(ring: DriverRing) {
    this.#ring = ring;
  }

  /** SQEs handed to the ring that the kernel has not taken. Submit again. */
  get owed(): number {
    return this.#owed;
  }

  /** Submits what is queued, and what is owed. False when the kernel does not let this thread in just now: try again. */
  submit(): boolean {
    this.#owed += this.#ring.queued;
    return this.#entered(() => {
      const taken = this.#ring.submit();
      // Nothing taken, and no refusal: nothing was there.
      this.#owed = taken === 0 ? 0 : Math.max(0, this.#owed - taken);
    });
  }

  /** Submits what is queued and waits for a completion. False as {@link submit}: then nothing was waited for. */
  wait(timeoutMs: number): boolean {
    const { queued } = this.#ring;
    if (this.#entered(() => this.#ring.submitAndWait(1, timeoutMs))) return true;
    // Perhaps it was taken, and the wait was refused: the next submit() finds nothing then.
    this.#owed += queued;
    return false;
  }

  #entered(enter: () => void): boolean {
    try {
      enter();
      return true;
    } catch (error) {
      if (error instanceof RingpoolError && PASSING.has(error.code)) return false;
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
