// The public surface of @ringpool/native: every export is named here, once.

export type { RingCounters } from '@ringpool/core';
export { addressOf } from './addon.ts';
export { CachedReads } from './cached-reads.ts';
export {
  addDescriptor,
  claimDescriptor,
  closeDescriptor,
  closeDescriptorsOf,
  descriptorsOf,
  giveDescriptor,
  isDescriptorHeld,
  newDescriptorOwner,
  releaseDescriptor,
} from './descriptors.ts';
export { type DiagnoseOptions, type Diagnosis, diagnose } from './diagnose/diagnose.ts';
export type { Finding, FindingState, Verdict } from './diagnose/finding.ts';
export { probeOpcodes } from './diagnose/probe-opcodes.ts';
export { tryRing } from './diagnose/try-ring.ts';
export { Doorbell, type DoorbellToken } from './doorbell.ts';
export { REGISTERED_BUFFER_BYTES_MAX, REGISTERED_BUFFERS_MAX } from './kernel-errors.ts';
export { KERNEL_FLOOR, meetsKernelFloor } from './kernel-floor.ts';
export { lookUpCached } from './lookup.ts';
export { type Memlock, readMemlock } from './memlock.ts';
export { type BellTable, Obituary, type ObituaryOptions } from './obituary.ts';
export { registerThrough } from './register-through.ts';
export {
  type BufferSource,
  type CloneOptions,
  RegisteredBuffers,
  type UpdateBuffersOptions,
} from './registered-buffers.ts';
export { RegisteredFiles } from './registered-files.ts';
export { Ring } from './ring.ts';
export {
  CLOSE_TIMEOUT_MS,
  type CloseOptions,
  PARK_TIMEOUT_MS,
  UNREGISTER_TIMEOUT_MS,
} from './ring-limits.ts';
export { RING_RUNGS, type RingMemoryMode, type RingOptions, type RingRung } from './ring-setup.ts';
export { readCachedSync, readSync, syncSync, systemCallNs, writeSync } from './transfer.ts';
