// A dry run: whether a ring opens here and executes an operation. On the calling thread; the ring is closed again.

import { encode, type RingpoolError } from '@ringpool/core';

import { Ring } from '../ring.ts';
import { refusalOf } from './known-error.ts';
import { closeQuietly, execute } from './trial.ts';

const TRIAL_ENTRIES = 4;

/**
 * Opens a small ring, has it do nothing once, and closes it: undefined when that works, else why it does not. A filter may let
 * a ring be opened, and not be entered. Takes some tenths of a millisecond. Never throws for what the kernel answers.
 *
 * @example
 * ```ts
 * import { tryRing } from '@ringpool/native';
 *
 * const refusal = tryRing();
 * if (refusal !== undefined) console.log(`no io_uring here: ${refusal.message}`);
 * ```
 */
export function tryRing(): RingpoolError | undefined {
  return refusalOf(() => {
    const ring = Ring.open({ entries: TRIAL_ENTRIES });
    try {
      execute(ring, (sqe) => encode.nop(ring.sqes, sqe, {}));
    } finally {
      closeQuietly(ring);
    }
  });
}
