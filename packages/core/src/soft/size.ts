// How large a ring without a kernel is.

import type { DriverRingOptions } from '../driver.ts';
import { RingpoolError } from '../errors.ts';

const ENTRIES_MAX = 32_768;

/** The sizes of a ring without a kernel: powers of two. @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
export function softRingSize({ entries, cqEntries = 2 * entries }: DriverRingOptions): {
  readonly entries: number;
  readonly cqEntries: number;
} {
  for (const wanted of [entries, cqEntries]) {
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > 2 * ENTRIES_MAX) throw wrongSize(wanted);
  }
  if (entries > ENTRIES_MAX || cqEntries < entries) throw wrongSize(entries);
  return { entries: 2 ** Math.ceil(Math.log2(entries)), cqEntries: 2 ** Math.ceil(Math.log2(cqEntries)) };
}

function wrongSize(entries: number): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', `a ring cannot have ${entries} entries`, {
    op: 'openRing',
    hint: `Give an integer from 1 to ${ENTRIES_MAX}, and at least as many completion queue entries.`,
  });
}
