// The public surface of @ringpool/pool: every export is named here, once.

export {
  type AllocOptions,
  type ArenaStats,
  fd,
  Lease,
  type LeaseToken,
  RingpoolError,
} from '@ringpool/core';
export {
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  type Finding,
  type FindingState,
  type Verdict,
} from '@ringpool/native';
export type { DriverInfo, DriverWish } from './drivers/choose.ts';
export type { BatchColumns, BatchOptions, BatchRequest, NumberColumn } from './file/batch.ts';
export type { FileContents } from './file/contents.ts';
export type { File } from './file/file.ts';
export type {
  Advice,
  AdviseOptions,
  FileBatchRequest,
  FileOperationOptions,
  PreallocateOptions,
  SyncTransferOptions,
  TransferOptions,
  VectorOptions,
} from './file/file-options.ts';
export type { FileStats } from './file/file-stats.ts';
export type { Completion } from './operation/completion.ts';
export type { MultishotOperation, MultishotOptions, ReceiveOperation } from './operation/multishots.ts';
export type { SubmitOptions } from './operation/submit.ts';
export {
  channels,
  type FallbackKind,
  type FallbackMessage,
  type SlowOperationMessage,
  type WorkerCrashMessage,
} from './pool/diagnostics.ts';
export type { RingInfo, WorkerInfo } from './pool/info.ts';
export type { LaneMetrics, LatencyHistogram, WorkerMetrics } from './pool/metrics.ts';
export { connectPool, openPool } from './pool/open-pool.ts';
export type { PoolOptions, RegistrationMode } from './pool/options.ts';
export type { Placement } from './pool/placement.ts';
export type { Pool } from './pool/pool.ts';
export type { ClosePoolOptions, OpenFileOptions, PoolMetrics, ReadFileOptions } from './pool/pool-types.ts';
export type { PoolPort } from './pool/port.ts';
export type { FileToken } from './pool/transit.ts';
