// io_uring_register(2) for the operations that have no method of their own, less those that would go behind the ring's
// back: its references, its drain, or its queues would no longer be true.

import { RingpoolError, registerOps } from '@ringpool/core';

import type { NativeRing } from './addon.ts';
import { registerError } from './kernel-errors.ts';

/** The methods to use instead: they keep the memory referenced and drain before they let it go. */
const HAS_A_METHOD: ReadonlyMap<number, string> = new Map([
  [registerOps.REGISTER_BUFFERS.value, 'registerBuffers()'],
  [registerOps.UNREGISTER_BUFFERS.value, 'unregisterBuffers()'],
  [registerOps.REGISTER_BUFFERS2.value, 'registerBuffers() or registerBuffersSparse()'],
  [registerOps.REGISTER_BUFFERS_UPDATE.value, 'updateBuffers()'],
  [registerOps.REGISTER_CLONE_BUFFERS.value, 'cloneBuffersFrom()'],
  [registerOps.REGISTER_RING_FDS.value, 'nothing: the ring registers its own descriptor'],
  [registerOps.UNREGISTER_RING_FDS.value, 'nothing: the ring takes its own descriptor back'],
]);

/** They would move the queues from under the views. */
const NEVER: ReadonlySet<number> = new Set([registerOps.REGISTER_RESIZE_RINGS.value]);

/** They give the kernel memory to write to that no SQE names, so nothing checks or keeps it. */
const UNKNOWN_POINTERS: ReadonlySet<number> = new Set([
  registerOps.REGISTER_PBUF_RING.value,
  registerOps.REGISTER_MEM_REGION.value,
  registerOps.REGISTER_ZCRX_IFQ.value,
]);

/** The bytes that the kernel reads or writes of an argument, where there are many or it writes them. */
const ARGUMENT_BYTES: ReadonlyMap<number, (count: number) => number> = new Map([
  [registerOps.REGISTER_FILES.value, (count: number) => 4 * count],
  [registerOps.REGISTER_EVENTFD.value, () => 4],
  [registerOps.REGISTER_FILES_UPDATE.value, () => 16],
  [registerOps.REGISTER_EVENTFD_ASYNC.value, () => 4],
  [registerOps.REGISTER_PROBE.value, (count: number) => 16 + 8 * count],
  [registerOps.REGISTER_RESTRICTIONS.value, (count: number) => 16 * count],
  [registerOps.REGISTER_IOWQ_AFF.value, (count: number) => count],
  [registerOps.REGISTER_IOWQ_MAX_WORKERS.value, (count: number) => 4 * count],
  [registerOps.REGISTER_PBUF_STATUS.value, () => 40],
  [registerOps.REGISTER_NAPI.value, () => 16],
  [registerOps.UNREGISTER_NAPI.value, () => 16],
  [registerOps.REGISTER_SYNC_CANCEL.value, () => 64],
]);

const INT_MAX = 0x7fff_ffff;

function isInt(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= INT_MAX;
}

/** See {@link Ring.register}. */
export function registerRaw(
  native: NativeRing,
  allowUnknownPointers: boolean,
  op: number,
  argument: Uint8Array | null,
  count: number,
): number {
  // The addon would cut a number to its low 32 bits, and so reach an operation that was not asked for.
  if (!isInt(op)) throw refused(op, 'It must be the value of one of registerOps.');
  if (!isInt(count)) throw refused(op, `The count is ${String(count)}: it must be an integer from 0.`);
  const method = HAS_A_METHOD.get(op);
  if (method !== undefined) throw refused(op, `Use ${method}.`);
  if (NEVER.has(op)) throw refused(op, 'Open another ring of the size you need.');
  if (UNKNOWN_POINTERS.has(op) && !allowUnknownPointers) {
    throw refused(op, 'Open the ring with allowUnknownPointers, and answer for that memory yourself.');
  }
  const least = ARGUMENT_BYTES.get(op)?.(count) ?? 0;
  if (argument !== null && argument.byteLength < least) {
    throw refused(op, `The kernel would use ${least} bytes of an argument of ${argument.byteLength}.`);
  }
  const result = native.register(op, argument, count);
  if (result < 0) throw registerError('register', -result);
  return result;
}

function refused(op: number, hint: string): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_INVALID_ARGUMENT',
    `register operation ${String(op)} is not for register()`,
    {
      op: 'register',
      hint,
    },
  );
}
