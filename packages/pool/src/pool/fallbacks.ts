// What is told of a ring that came up in a lesser form than it might have. Pure; any thread.

import type { FallbackKind, FallbackMessage } from './diagnostics.ts';
import type { RingReport } from './worker-protocol.ts';

/** The rung that a ring is opened on where the kernel grants everything. */
const BEST_RUNG = 'defer';

/** What there is to tell of a ring: structured-cloneable, for workers tell the pool's owner. */
export interface RingFallback {
  readonly kind: FallbackKind;
  readonly message: string;
}

/** What a pool's ring has. */
export interface RingState extends RingReport {
  /** Submission queue entries that were asked for. */
  readonly wanted: number;
  /** Slots of its table of fixed files; 0 where there is none. */
  readonly fileSlots: number;
  /** True when a table for the arena's segments was asked for, and refused. */
  readonly buffersRefused: boolean;
}

/** Everything that a ring has in a lesser form. */
export function fallbacksOf(ring: RingState): RingFallback[] {
  const { memory, rung, entries, wanted, fileSlots, buffersRefused } = ring;
  const found: RingFallback[] = [];
  // No kernel has a part in it: which driver it is was told when the pool opened.
  if (memory === 'own') return found;
  const add = (kind: FallbackKind, message: string): number => found.push({ kind, message });
  if (memory === 'mapped')
    add('ring-memory', 'the queues are mapped, and copied at each submission (Linux < 6.5)');
  if (rung !== BEST_RUNG)
    add('ring-flags', `the ring came up on the rung '${rung}', not on '${BEST_RUNG}' (Linux < 6.6)`);
  if (entries < wanted)
    add('ring-entries', `the ring has ${entries} entries, not ${wanted}: RLIMIT_MEMLOCK is short`);
  if (buffersRefused)
    add('registration', 'the ring has no table of registered buffers: it uses READ and WRITE');
  if (fileSlots === 0) add('file-table', 'the ring has no table of fixed files: RLIMIT_NOFILE is short');
  return found;
}

/** The message about a ring: a worker's, or with undefined this thread's own. */
export function ringFallback({ kind, message }: RingFallback, worker: number | undefined): FallbackMessage {
  return { kind, worker, message, bytes: undefined, error: undefined };
}
