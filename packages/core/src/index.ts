// The public surface of @ringpool/core: every export is named here, once.

export { type ErrnoName, errno, errnoName, errnoText } from './abi/errno.ts';
export { type FeatureName, featureNames, features } from './abi/features.ts';
export {
  flagNames,
  IORING_ACCEPT,
  IORING_ASYNC_CANCEL,
  IORING_CQ,
  IORING_CQE_F,
  IORING_ENTER,
  IORING_FEAT,
  IORING_FILE_INDEX,
  IORING_FIXED_FD,
  IORING_FSYNC,
  IORING_LINK_TIMEOUT,
  IORING_MSG_RING,
  IORING_NOP,
  IORING_NOTIF_USAGE,
  IORING_OFF,
  IORING_POLL,
  IORING_RECV,
  IORING_RECVSEND,
  IORING_REG_WAIT,
  IORING_REGISTER,
  IORING_REGISTER_FILES,
  IORING_RSRC_REGISTER,
  IORING_RW_ATTR_FLAG,
  IORING_SEND,
  IORING_SEND_ZC,
  IORING_SETUP,
  IORING_SQ,
  IORING_TIMEOUT,
  IORING_URING_CMD,
  IOSQE,
  IOU_PBUF_RING,
  SPLICE_F,
} from './abi/flags.ts';
export {
  CMD_BYTES,
  CMD128_BYTES,
  SQE_BYTES,
  SQE_WORDS,
  SQE128_BYTES,
  type SqeField,
  sqeFields,
} from './abi/layout.ts';
export type {
  FieldBits,
  FieldKind,
  OpcodeEntry,
  OpcodeField,
  OpcodePointer,
  PointerSize,
  RetryRule,
} from './abi/opcode-shape.ts';
export { type OpcodeName, type OpcodeTable, opcodeEntry, opcodeNames, opcodes } from './abi/opcodes.ts';
export { type RegisterOpName, registerOps } from './abi/register-ops.ts';
export { STATX_BYTES, STATX_FIELD } from './abi/statx.ts';
export { AT, EPOLL, type OpenFlags, openFlagsFor, RWF, STATX } from './abi/system.ts';
export { type AllocOptions, Arena, type ArenaSegment } from './arena/arena.ts';
export type { ArenaHandle } from './arena/core.ts';
export type { ArenaOptions, AttachOptions } from './arena/create.ts';
export type { LeaseLeak, MemoryAccess } from './arena/debug.ts';
export { Lease, type LeaseToken } from './arena/lease.ts';
export type { ReclaimReport } from './arena/reclaim.ts';
export type { ArenaStats } from './arena/stats.ts';
export type { Driver, DriverName, DriverRing, DriverRingOptions } from './driver.ts';
export { RingpoolError, type RingpoolErrorDetails } from './errors.ts';
export { GENERATION_MAX, generationOfTicket, LaneAttachment, type LaneTerms } from './lane/attachment.ts';
export { LaneClient } from './lane/client.ts';
export { createLane, LANE_DEPTH_DEFAULT, LANE_DEPTH_MAX, type LaneHandle, laneBytes } from './lane/layout.ts';
export { type Bell, Parking } from './lane/parking.ts';
export { LaneWorker } from './lane/worker.ts';
export { checkOptions } from './options.ts';
export {
  CQ_ENTRIES_MAX,
  layOutRing,
  type RingLayout,
  type RingShape,
  SQ_ENTRIES_MAX,
} from './ring/layout.ts';
export {
  type CompletionCallback,
  type ForeignCallback,
  type QueueDriver,
  type RingCounters,
  RingQueues,
} from './ring/queues.ts';
export { CrashImages } from './sim/crash.ts';
export type { DiskImage } from './sim/disk.ts';
export type { SimFaults } from './sim/faults.ts';
export { Simulation, type SimulationOptions } from './sim/simulation.ts';
export { type AtOnceRing, openRingAtOnce, type SoftClock } from './soft/at-once.ts';
export {
  CURRENT_POSITION,
  type FileStatus,
  type FileSystem,
  type Path,
  WOULD_WAIT,
} from './soft/file-system.ts';
export { softOpcodes } from './soft/opcodes.ts';
export { decode } from './sqe/decode.ts';
export { type Encoder, type Encoders, encode, encodeOperation } from './sqe/encode.ts';
export type { Operation, OperationArgs, OperationOf } from './sqe/operations.ts';
export {
  type Address,
  ALLOCATE_SLOT,
  type AllocateSlot,
  AT_FDCWD,
  address,
  type BufferIndex,
  bufferIndex,
  type CurrentDirectory,
  type Fd,
  type FixedFile,
  fd,
  fixedFile,
  fixedSlotOf,
  isFixedFile,
} from './sqe/values.ts';
export type { SqeOptions } from './sqe/write.ts';
