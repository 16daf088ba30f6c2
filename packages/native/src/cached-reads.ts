// Reads of what the kernel has cached, into memory attached to a ring, by one system call each that never waits.
// Bound to the ring's thread. Nothing is in flight afterwards: the call is over when it returns.

import type { RingQueues } from '@ringpool/core';

import type { NativeRing } from './addon.ts';

/** The cached reads of one {@link Ring}: `ring.cached`. */
export class CachedReads {
  readonly #call: () => void;
  readonly #queues: RingQueues;

  /** @internal Made by the ring. */
  constructor(native: NativeRing, queues: RingQueues) {
    this.#call = native.cachedReading();
    this.#queues = queues;
  }

  /**
   * Reads up to `length` bytes at `position` of a file into attached memory at `address`, as far as they can be had
   * without waiting (preadv2(2) with RWF_NOWAIT, Linux 4.14). Returns how many bytes, 0 at the end of the file; or a
   * negative errno: -EAGAIN (-11: the kernel has to fetch them), -EOPNOTSUPP (-95: not with this file system), -EFAULT
   * (-14: the memory is not attached), -EINVAL (-22: no position or length), -EBADF (-9: also when the ring has closed).
   * Never throws.
   */
  read(fd: number, address: number, length: number, position: number): number {
    // Through control words, as a crossing: a call without a value to unpack.
    this.#queues.prepareRead(fd, address, length, position);
    this.#call();
    return this.#queues.readResult;
  }
}
