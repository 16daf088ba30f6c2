// The flags of pool.open as O_* bits of this machine. Pure; any thread.

import { type OpenFlags, openFlagsFor } from '@ringpool/core';

import { invalidArgument } from '../pool/errors.ts';

let flags: OpenFlags | undefined;

/** Whether these bits, of {@link openFlagBits}, bypass the page cache. */
export function isDirect(bits: number): boolean {
  flags ??= openFlagsFor(process.arch);
  return (bits & flags.DIRECT) !== 0;
}

/** The O_* bits for `'r'` or bits of the caller's own, with O_CLOEXEC, and O_DIRECT when wanted. */
export function openFlagBits(wanted: string | number, direct: boolean): number {
  flags ??= openFlagsFor(process.arch);
  const extra = flags.CLOEXEC | (direct ? flags.DIRECT : 0);
  if (wanted === 'r') return flags.RDONLY | extra;
  if (typeof wanted === 'number' && wanted >>> 0 === wanted) return wanted | extra;
  throw invalidArgument(
    'open',
    `flags is ${String(wanted)}`,
    "It must be 'r', or O_* bits as in node:fs constants.",
  );
}
