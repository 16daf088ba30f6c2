// The public surface of @ringpool/pool: every export is named here, once.

export { type AllocOptions, Lease, RingpoolError } from '@ringpool/core';
export { type Diagnosis, diagnose, type Finding } from '@ringpool/native';
export type { FileContents } from './file/contents.ts';
export type { File, SyncTransferOptions, TransferOptions } from './file/file.ts';
export type { PoolOptions, RegistrationMode } from './pool/options.ts';
export type { Placement } from './pool/placement.ts';
export {
  type ClosePoolOptions,
  connectPool,
  type OpenFileOptions,
  openPool,
  type Pool,
  type ReadFileOptions,
  type RingInfo,
  type WorkerInfo,
} from './pool/pool.ts';
export type { PoolPort } from './pool/port.ts';
