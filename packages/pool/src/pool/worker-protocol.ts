// What the pool's owner and a worker thread tell each other when the worker starts. Structured-cloneable data only.

import type { ArenaHandle, LaneHandle, RingpoolError } from '@ringpool/core';
import type { DoorbellToken, RingMemoryMode, RingRung } from '@ringpool/native';

/** One client's lane on a worker. */
export interface LaneSpec {
  readonly lane: LaneHandle;
  /** Whose parking word to look at: its index in the pool's words. */
  readonly clientThread: number;
  /** What to ring when that client sleeps. */
  readonly clientBell: DoorbellToken;
  readonly fixedFiles: number;
}

/** What a worker needs to start. */
export interface WorkerSpec {
  /** Its index in the pool, and in the pool's words. */
  readonly index: number;
  readonly words: SharedArrayBuffer;
  readonly arena: ArenaHandle;
  readonly arenaClientId: number;
  readonly bell: DoorbellToken;
  readonly lanes: readonly LaneSpec[];
  readonly ringEntries: number;
  readonly ringCqEntries: number;
}

/** How a worker's ring came up. */
export interface WorkerReport {
  readonly threadId: number;
  readonly memory: RingMemoryMode;
  readonly rung: RingRung;
  readonly entries: number;
  readonly cqEntries: number;
  readonly flags: number;
  /** False when the kernel gave the ring no table of fixed files. */
  readonly fixedFiles: boolean;
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

/** What the worker's task returns. */
export type WorkerAnswer = { readonly report: WorkerReport } | { readonly error: PostedError };

/** The fields of an error that travel. The message travels without its hint, which the constructor adds again. */
export function postError(error: RingpoolError): PostedError {
  const { code, errno, syscall, op, hint } = error;
  const message = hint === undefined ? error.message : error.message.slice(0, -hint.length - 1);
  return { code, message, errno, syscall, op, hint };
}
