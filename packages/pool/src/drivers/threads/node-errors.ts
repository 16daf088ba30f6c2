// Errors of node:fs as negative errnos of Linux, by their codes: the numbers differ from platform to platform. Pure.

import { type ErrnoName, errno } from '@ringpool/core';

const EIO = 5;

/** The errno of what node:fs threw. Throws what is no error of the platform. */
export function errnoOf(error: unknown): number {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string') throw error;
  // What node:fs refuses by itself has a code of its own, and no errno: arguments were checked before.
  if (code.startsWith('ERR_')) throw error;
  return -(errno[code as ErrnoName] ?? EIO);
}
