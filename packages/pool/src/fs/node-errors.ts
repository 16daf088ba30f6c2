// Errors as node:fs has them: by code, errno, syscall and paths, with the same message. Pure; any thread.

import { getSystemErrorMap } from 'node:util';

import { RingpoolError } from '@ringpool/core';

/** What Node would reject with where a system call failed in the midst of something; other errors as they are. */
export function nodeError(error: unknown, syscall: string): unknown {
  if (!(error instanceof RingpoolError) || error.errno === undefined) return error;
  const known = getSystemErrorMap().get(-error.errno);
  if (known === undefined) return error;
  const [code, text] = known;
  return Object.assign(new Error(`${code}: ${text}, ${syscall}`), { errno: -error.errno, code, syscall });
}
