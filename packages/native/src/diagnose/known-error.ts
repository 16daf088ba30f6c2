// Turns whatever a trial threw into the one error class, so that a diagnosis can carry it. Pure.

import { RingpoolError } from '@ringpool/core';

/** What `action` throws, as a RingpoolError; undefined when it throws nothing. */
export function refusalOf(action: () => void): RingpoolError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return knownError(error);
  }
}

/** The error itself, or one that carries it. */
export function knownError(error: unknown): RingpoolError {
  if (error instanceof RingpoolError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RingpoolError('ERR_RINGPOOL_INTERNAL', `the diagnosis failed: ${message}`, {
    op: 'diagnose',
    hint: 'Report it, with its cause.',
    cause: error,
  });
}
