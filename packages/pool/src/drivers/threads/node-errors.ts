// Errors of node:fs as negative errnos of Linux, by their codes: the numbers differ from platform to platform. Pure.

import { type ErrnoName, errno } from '@ringpool/core';

const EIO = 5;
const EACCES = 13;
const EINVAL = 22;
/** Node's permission model. */
const ACCESS_DENIED = 'ERR_ACCESS_DENIED';

/** The errno of what node:fs threw. Throws what is no error of it. */
export function errnoOf(error: unknown): number {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string') throw error;
  // What node:fs refuses by itself has a code of its own, and no errno. Thrown on, it would end the worker, and with it what
  // others have in flight there.
  if (code.startsWith('ERR_')) return -(code === ACCESS_DENIED ? EACCES : EINVAL);
  return -(errno[code as ErrnoName] ?? EIO);
}
