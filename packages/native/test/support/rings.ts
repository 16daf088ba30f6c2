// Opens rings for tests and collects their completions, with a bound on every wait: a hang is a failure.

import { errno } from '@ringpool/core';
import { RING_RUNGS, Ring, type RingMemoryMode, type RingOptions, type RingRung } from '@ringpool/native';

/** No wait of a test takes longer. */
export const HANG_BOUND_MS = 20_000;

export interface Completion {
  readonly operation: number;
  readonly res: number;
  readonly flags: number;
}

/** Both memory modes with every rung of the ladder. */
export const MATRIX: readonly { readonly memory: RingMemoryMode; readonly rung: RingRung }[] = (
  ['shared', 'mapped'] as const
).flatMap((memory) => (Object.keys(RING_RUNGS) as RingRung[]).map((rung) => ({ memory, rung })));

/** Opens a ring and makes sure that it got what the case of the matrix is about. */
export function openAs(at: Pick<RingOptions, 'memory' | 'rung'>, options: Partial<RingOptions> = {}): Ring {
  const ring = Ring.open({ entries: 8, ...at, ...options });
  if (ring.rung !== at.rung || ring.memory !== at.memory) {
    ring.close();
    throw new Error(`asked for ${at.memory} and ${at.rung}, got ${ring.memory} and ${ring.rung}`);
  }
  return ring;
}

/** Submits what is queued and takes CQEs until there are `count`, in their order. */
export function collect(ring: Ring, count: number): Completion[] {
  const done: Completion[] = [];
  const deadline = performance.now() + HANG_BOUND_MS;
  while (done.length < count) {
    ring.submitAndWait(1, 100);
    ring.reap((operation, res, flags) => void done.push({ operation, res, flags }));
    if (performance.now() > deadline) throw new Error(`only ${done.length} of ${count} completions came`);
  }
  return done;
}

/** Pushes one SQE; fails when the queue is full. Returns the operation's number. */
export function queue(ring: Ring, encodeAt: (sqe: number) => void): number {
  const sqe = ring.push();
  if (sqe < 0) throw new Error('the submission queue is full');
  encodeAt(sqe);
  return ring.operationOf(sqe);
}

/** Runs a batch of operations that complete once each. Returns their results in the order of the batch. */
export function execute(ring: Ring, ...encoders: ((sqe: number) => void)[]): number[] {
  const operations = encoders.map((encodeAt) => queue(ring, encodeAt));
  const results = new Map(collect(ring, operations.length).map(({ operation, res }) => [operation, res]));
  return operations.map((operation) => results.get(operation) ?? Number.NaN);
}

/** Negative results by name: `minus('EFAULT')`. */
export function minus(name: keyof typeof errno): number {
  return -errno[name];
}

/** The code of the error that `action` throws; `'none'` when it throws nothing. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
  return 'none';
}
