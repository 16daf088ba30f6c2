// Closing the native ring: drained in slices, because a thread blocked in a native call cannot be terminated.
// Runs on the ring's own thread; until it has returned, the memory of what is in flight belongs to the kernel.

import type { NativeRing } from './addon.ts';
import { drainTimeoutError } from './kernel-errors.ts';
import { PARK_TIMEOUT_MS } from './ring-limits.ts';
import { monotonicMs } from './time.ts';

/** Closes once nothing is in flight any more. @throws RingpoolError ERR_RINGPOOL_DRAIN_TIMEOUT: then it stays open. */
export function drainAndClose(native: NativeRing, timeoutMs: number): void {
  const deadline = monotonicMs() + timeoutMs;
  for (;;) {
    const left = deadline - monotonicMs();
    const owed = native.close(Math.max(0, Math.min(PARK_TIMEOUT_MS, left)), timeoutMs / 2);
    if (owed === 0) return;
    if (left > 0) continue;
    throw drainTimeoutError(owed, timeoutMs);
  }
}
