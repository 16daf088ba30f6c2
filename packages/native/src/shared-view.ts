// The one check every view passes before the kernel may hold on to its memory.

import { RingpoolError } from '@ringpool/core';

/** Only shared memory can be promised to stay where it is: an ArrayBuffer may be transferred while the kernel writes. */
export function assertShared(view: Uint8Array, op: string): void {
  if (view instanceof Uint8Array && view.buffer instanceof SharedArrayBuffer) return;
  throw new RingpoolError('ERR_RINGPOOL_NOT_SHARED', `${op} needs a Uint8Array over a SharedArrayBuffer`, {
    op,
    hint: 'Allocate with new SharedArrayBuffer(bytes, { maxByteLength: bytes }), which is page aligned, or from the arena.',
  });
}
