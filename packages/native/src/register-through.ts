// Registering memory through a ring of another thread: what a thread does that has made memory for all of them. The ring
// belongs to its own thread, which keeps the memory until it has closed; this side holds on to nothing.

import { RingpoolError } from '@ringpool/core';

import { addon } from './addon.ts';
import { buffersError } from './kernel-errors.ts';
import { assertShared } from './shared-view.ts';

const OP = 'registerThrough';
const SYSCALL = 'io_uring_register(BUFFERS_UPDATE)';
const EBADF = 9;
const EACCES = 13;
const EBUSY = 16;
const EEXIST = 17;
const EINVAL = 22;

/**
 * Fills an empty slot of a ring's buffer table from any thread of the process: what
 * {@link RegisteredBuffers.update} does on the ring's own, for one slot (Linux 5.13). Other rings then clone it with
 * {@link RegisteredBuffers.cloneFrom} by the ring's id. It takes as long as pinning does, 1 to 3 ms for each MiB that has
 * not been touched yet; the ring does not close meanwhile.
 *
 * The ring must not be SINGLE_ISSUER, and must keep the memory alive: its thread has called {@link Ring.attachMemory} with
 * a view, of whatever length, of the same SharedArrayBuffer. A slot that holds a buffer is emptied by the ring's own
 * thread. There, `ring.registeredBytes` and `ring.bufferSource()` tell nothing of what was registered in this way.
 *
 * @throws RingpoolError ERR_RINGPOOL_CLOSED (EBADF: the ring is closed, or closing), ERR_RINGPOOL_SOURCE_BUSY (EEXIST:
 *   it is SINGLE_ISSUER), ERR_RINGPOOL_ALREADY_REGISTERED (EBUSY: the slot is not empty), ERR_RINGPOOL_NOT_REGISTERED
 *   (ENXIO: the ring has no table), ERR_RINGPOOL_MEMLOCK, ERR_RINGPOOL_BUFFER_TOO_LARGE,
 *   ERR_RINGPOOL_BUFFER_UNPINNABLE, ERR_RINGPOOL_NOT_SHARED, ERR_RINGPOOL_INVALID_ARGUMENT (no such slot, no bytes, or
 *   memory that the ring does not keep).
 *
 * @example
 * ```ts
 * import { registerThrough, Ring } from '@ringpool/native';
 *
 * const memory = new SharedArrayBuffer(8192, { maxByteLength: 8192 });
 * const view = new Uint8Array(memory, 4096, 4096);
 * using anchor = Ring.open({ entries: 1, rung: 'coop' });
 * anchor.attachMemory(new Uint8Array(memory, 0, 8192));
 * anchor.registerBuffersSparse(4);
 *
 * registerThrough(anchor.id, 2, view); // here, or in a worker that was sent the id and the memory
 *
 * using ring = Ring.open({ entries: 8 });
 * ring.cloneBuffersFrom({ ringId: anchor.id, views: [null, null, view, null] });
 * console.assert(ring.buffers.at(2) === view);
 * ```
 */
export function registerThrough(ringId: number, index: number, view: Uint8Array): void {
  assertShared(view, OP);
  const result = addon().registerThrough(ringId, index, view);
  if (result < 0) throw throughError(-result, index, view);
}

function throughError(errno: number, index: number, view: Uint8Array): RingpoolError {
  const refuse = (code: string, message: string, hint: string): RingpoolError =>
    new RingpoolError(code, message, { op: OP, errno, syscall: SYSCALL, hint });
  switch (errno) {
    case EBADF:
      return refuse(
        'ERR_RINGPOOL_CLOSED',
        'the ring to register through is closed',
        'Register the memory with each ring that uses it, or not at all.',
      );
    case EEXIST:
      return refuse(
        'ERR_RINGPOOL_SOURCE_BUSY',
        'the ring to register through admits only its own thread (SINGLE_ISSUER)',
        "Open it with rung: 'coop'.",
      );
    case EBUSY:
      return refuse(
        'ERR_RINGPOOL_ALREADY_REGISTERED',
        `slot ${index} of the ring holds a buffer`,
        "Take another slot, or empty it on the ring's own thread with updateBuffers().",
      );
    case EACCES:
      return refuse(
        'ERR_RINGPOOL_INVALID_ARGUMENT',
        'the ring does not keep this memory',
        "Call attachMemory() on the ring's own thread, with a view of the same SharedArrayBuffer.",
      );
    case EINVAL:
      return refuse(
        'ERR_RINGPOOL_INVALID_ARGUMENT',
        `the ring has no slot ${String(index)}, or the buffer has no bytes (${view.byteLength})`,
        'Slots count from 0, and there are as many as registerBuffersSparse() was asked for.',
      );
    default:
      return buffersError(OP, errno, [view]);
  }
}
