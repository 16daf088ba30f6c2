// What the pool's owner and a worker thread tell each other when the worker starts. Structured-cloneable data only.

import { type ArenaHandle, RingpoolError } from '@ringpool/core';
import { RING_RUNGS, type RingMemoryMode, type RingRung } from '@ringpool/native';

import type { HostHandle } from '../drivers/host.ts';
import type { RingFallback } from './fallbacks.ts';
import type { LaneMemoryHandle } from './lane-memory.ts';

/** What a worker needs to start. */
export interface WorkerSpec {
  /** Its index in the pool. */
  readonly index: number;
  /** Which thread of that worker it is. */
  readonly generation: number;
  readonly words: SharedArrayBuffer;
  readonly host: HostHandle;
  readonly lanes: LaneMemoryHandle;
  readonly arena: ArenaHandle;
  readonly arenaClientId: number;
}

/** How a worker's ring came up. */
export interface RingReport {
  /** `'own'`: a ring without a kernel. */
  readonly memory: RingMemoryMode | 'own';
  readonly rung: RingRung | 'none';
  readonly entries: number;
  readonly flags: number;
}

/** A RingpoolError on its way between threads: a structured clone would lose its class and fields. */
export interface PostedError {
  readonly code: string;
  readonly message: string;
  readonly errno: number | undefined;
  readonly syscall: string | undefined;
  readonly op: string | undefined;
  readonly hint: string | undefined;
}

/** What the worker's task returns: its thread's number, how its ring came up, and why there is none, if there is none. */
export interface WorkerAnswer {
  readonly threadId: number;
  readonly fallbacks: readonly RingFallback[];
  readonly error?: PostedError | undefined;
}

/** The fields of an error that travel. The message travels without its hint, which the constructor adds again. */
export function postError(error: RingpoolError): PostedError {
  const { code, errno, syscall, op, hint } = error;
  const message = hint === undefined ? error.message : error.message.slice(0, -hint.length - 1);
  return { code, message, errno, syscall, op, hint };
}

const MEMORY_MODES: readonly RingReport['memory'][] = ['shared', 'mapped', 'own'];
const RUNGS = [...Object.keys(RING_RUNGS), 'none'] as RingReport['rung'][];

/** A report as numbers, for the pool's words. */
export function reportToWords({ memory, rung, entries, flags }: RingReport): readonly number[] {
  return [MEMORY_MODES.indexOf(memory), RUNGS.indexOf(rung), entries, flags];
}

/** The report in the pool's words. */
export function reportFromWords(words: readonly number[]): RingReport {
  const [memory = 0, rung = 0, entries = 0, flags = 0] = words;
  return {
    memory: MEMORY_MODES[memory] as RingReport['memory'],
    rung: RUNGS[rung] as RingReport['rung'],
    entries,
    flags,
  };
}

/** Why workers fail to start, in the order of their numbers in the pool's words. */
const FAILURES: readonly string[] = [
  'ERR_RINGPOOL_WORKER_DIED',
  'ERR_RINGPOOL_MEMLOCK',
  'ERR_RINGPOOL_UNAVAILABLE',
  'ERR_RINGPOOL_TOO_MANY_FILES',
];

/** Why a worker could not start, as numbers, for the pool's words: the owner alone has the error itself. */
export function failureToWords(error: unknown): readonly number[] {
  return [error instanceof RingpoolError ? Math.max(0, FAILURES.indexOf(error.code)) : 0, 0, 0, 0];
}

/** The error of a worker that could not start. */
export function failureFromWords(worker: number, [failure = 0]: readonly number[]): RingpoolError {
  const code = FAILURES[failure] as string;
  const hints: Readonly<Record<string, string>> = {
    ERR_RINGPOOL_WORKER_DIED: 'Its thread ended while it started.',
    ERR_RINGPOOL_MEMLOCK: 'Raise `ulimit -l`, use fewer workers or less depth.',
    ERR_RINGPOOL_TOO_MANY_FILES: 'Close files, or raise `ulimit -n`.',
  };
  return new RingpoolError(code, `I/O worker ${worker} could not start`, {
    op: 'worker',
    hint: hints[code] ?? 'See diagnose().',
  });
}
