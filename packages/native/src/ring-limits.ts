// The named limits of a ring.

import { checkOptions } from '@ringpool/core';

import { waitError } from './kernel-errors.ts';

/** The longest single sleep inside the kernel: a thread blocked in a native call cannot be terminated. */
export const PARK_TIMEOUT_MS = 20;
/** How long {@link Ring.close} waits for operations in flight by default. */
export const CLOSE_TIMEOUT_MS = 30_000;
/** How long {@link Ring.unregisterBuffers} waits for operations on registered buffers by default. */
export const UNREGISTER_TIMEOUT_MS = 30_000;

/** Options of {@link Ring.close}. */
export interface CloseOptions {
  /** How long to wait for operations in flight, in milliseconds. Default: 30000. */
  readonly timeoutMs?: number;
}

/** How long {@link CloseOptions} allow. @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT. */
export function closeTimeoutMs(options: CloseOptions): number {
  checkOptions('close', options, ['timeoutMs']);
  const timeoutMs = Math.min(options.timeoutMs ?? CLOSE_TIMEOUT_MS, Number.MAX_SAFE_INTEGER); // Infinity would be 0
  if (!(timeoutMs >= 0)) throw waitError(0, timeoutMs);
  return timeoutMs;
}
