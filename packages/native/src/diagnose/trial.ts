// One operation on a ring of its own, waited for with a bound. For the calling thread; never on a hot path.

import { RingpoolError } from '@ringpool/core';

import type { Ring } from '../ring.ts';

/** How long an operation of a diagnosis may take: far more than it does. */
const TRIAL_TIMEOUT_MS = 5000;

/** Executes what `encodeAt` writes at an SQE index. Returns its result; throws when the kernel does not take or end it. */
export function execute(ring: Ring, encodeAt: (sqe: number) => void): number {
  encodeAt(ring.push());
  ring.submitAndWait(1, TRIAL_TIMEOUT_MS);
  let result: number | undefined;
  ring.reap((_operation, res) => {
    result = res;
  });
  if (result !== undefined) return result;
  throw new RingpoolError(
    'ERR_RINGPOOL_UNAVAILABLE',
    `io_uring is not available: an operation has not ended after ${TRIAL_TIMEOUT_MS} ms`,
    {
      op: 'diagnose',
      syscall: 'io_uring_enter',
      hint: 'Look at the load of the machine and its kernel log.',
    },
  );
}

/** Closes a ring that served its purpose. One that does not close, because something on it hangs, is left to its thread. */
export function closeQuietly(ring: Ring): void {
  try {
    ring.close({ timeoutMs: TRIAL_TIMEOUT_MS });
  } catch {
    // What hangs has been found already, or is no business of the diagnosis.
  }
}
