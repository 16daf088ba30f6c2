// How the rings of a pool came up, as its users are told. Pure.

import { flagNames, IORING_SETUP } from '@ringpool/core';
import type { RingMemoryMode, RingRung } from '@ringpool/native';

import type { RingReport } from './worker-protocol.ts';

/** How a ring came up. */
export interface RingInfo {
  /** Where its queues lie: `'own'` where no kernel has a part in them. */
  readonly memory: RingMemoryMode | 'own';
  /** The rung of the ladder of flags that won; `'none'` without a kernel. */
  readonly rung: RingRung | 'none';
  /** Its IORING_SETUP_* flags, by name. */
  readonly flags: readonly string[];
  /** Submission queue entries granted. */
  readonly entries: number;
}

/** One I/O worker that is up, and its ring. */
export interface WorkerInfo extends RingInfo {
  /** Its index in the pool: what `{ worker }` places by. */
  readonly index: number;
}

/** What users are told of a ring. */
export function infoOf({ flags, ...report }: RingReport): RingInfo {
  return { ...report, flags: flagNames(IORING_SETUP, flags) };
}
