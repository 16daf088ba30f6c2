// The arena's errors, each with its figures and one remedy. Pure: no memory, any thread.

import { RingpoolError } from '../errors.ts';

/** An argument that can never be right. */
export function invalidArgument(op: string, message: string, hint?: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', message, { op, hint });
}

/** A handle whose lease is gone. */
export function leaseReleased(op: string, why: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_LEASE_RELEASED', `the lease cannot be used: ${why}`, {
    op,
    hint: 'Keep what you need with lease.copy() before releasing it.',
  });
}

/** A lease that has operations in flight where none may be, or too many of them. */
export function leaseBusy(op: string, message: string, hint: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_LEASE_BUSY', message, { op, hint });
}

/** What an allocation that failed found. All in bytes. */
export interface ArenaFullFigures {
  readonly wantedBytes: number;
  readonly inUseBytes: number;
  readonly capBytes: number;
  readonly largestFreeBytes: number;
}

/** No room for an allocation. */
export function arenaFull(figures: ArenaFullFigures): RingpoolError {
  const { wantedBytes, inUseBytes, capBytes, largestFreeBytes } = figures;
  return new RingpoolError(
    'ERR_RINGPOOL_ARENA_FULL',
    `the arena has no room for ${wantedBytes} bytes: ${inUseBytes} of ${capBytes} bytes are in use, ` +
      `the largest free range is ${largestFreeBytes} bytes`,
    {
      op: 'alloc',
      hint:
        inUseBytes + wantedBytes > capBytes
          ? 'Release leases that are no longer needed, or open the arena with a larger cap.'
          : 'The free memory is in pieces: take smaller leases, or open the arena with a larger cap.',
    },
  );
}
