// Which operations a ring without a kernel can execute. Data only; a test holds it against the rings themselves.

import type { OpcodeName } from '../abi/opcodes.ts';

/**
 * The operations of the drivers `threads` and `sim`, as far as their arguments allow: paths from the root or the current
 * directory, `RWF_DSYNC` and `RWF_SYNC`, the clocks of timeouts. What else there is answers EOPNOTSUPP.
 *
 * @example
 * ```ts
 * import { softOpcodes } from '@ringpool/core';
 *
 * console.assert(softOpcodes.includes('readFixed') && !softOpcodes.includes('socket'));
 * ```
 */
export const softOpcodes: readonly OpcodeName[] = [
  'nop',
  'read',
  'readFixed',
  'readv',
  'readvFixed',
  'write',
  'writeFixed',
  'writev',
  'writevFixed',
  'fsync',
  'openat',
  'close',
  'ftruncate',
  'statx',
  'fadvise',
  'renameat',
  'unlinkat',
  'mkdirat',
  'linkat',
  'symlinkat',
  'filesUpdate',
  'timeout',
  'timeoutRemove',
  'linkTimeout',
  'asyncCancel',
];
