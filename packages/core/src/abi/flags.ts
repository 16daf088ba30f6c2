// Every flag of the io_uring interface, grouped by the prefix of its kernel name: IOSQE_IO_LINK is IOSQE.IO_LINK.
// Data only, from the kernel's header; the version after a value is the first kernel that knows it.

/** `flags` of io_uring_setup: `IORING_SETUP_*`. */
export const IORING_SETUP = {
  IOPOLL: 0x1, // 5.1
  SQPOLL: 0x2, // 5.1
  SQ_AFF: 0x4, // 5.1
  CQSIZE: 0x8, // 5.5
  CLAMP: 0x10, // 5.6
  ATTACH_WQ: 0x20, // 5.6
  R_DISABLED: 0x40, // 5.10
  SUBMIT_ALL: 0x80, // 5.18
  COOP_TASKRUN: 0x100, // 5.19
  TASKRUN_FLAG: 0x200, // 5.19
  SQE128: 0x400, // 5.19
  CQE32: 0x800, // 5.19
  SINGLE_ISSUER: 0x1000, // 6.0
  DEFER_TASKRUN: 0x2000, // 6.1
  NO_MMAP: 0x4000, // 6.5
  REGISTERED_FD_ONLY: 0x8000, // 6.5
  NO_SQARRAY: 0x10000, // 6.6
  HYBRID_IOPOLL: 0x20000, // 6.13
  CQE_MIXED: 0x40000, // 6.18
  SQE_MIXED: 0x80000, // 6.19
  SQ_REWIND: 0x100000, // 7.0
} as const;

/** `flags` of io_uring_enter: `IORING_ENTER_*`. */
export const IORING_ENTER = {
  GETEVENTS: 0x1, // 5.1
  SQ_WAKEUP: 0x2, // 5.1
  SQ_WAIT: 0x4, // 5.10
  EXT_ARG: 0x8, // 5.11
  REGISTERED_RING: 0x10, // 5.18
  ABS_TIMER: 0x20, // 6.12
  EXT_ARG_REG: 0x40, // 6.13
  NO_IOWAIT: 0x80, // 6.15
} as const;

/** `features` that io_uring_setup reports: `IORING_FEAT_*`. */
export const IORING_FEAT = {
  SINGLE_MMAP: 0x1, // 5.4
  NODROP: 0x2, // 5.5
  SUBMIT_STABLE: 0x4, // 5.5
  RW_CUR_POS: 0x8, // 5.6
  CUR_PERSONALITY: 0x10, // 5.6
  FAST_POLL: 0x20, // 5.7
  POLL_32BITS: 0x40, // 5.9
  SQPOLL_NONFIXED: 0x80, // 5.11
  EXT_ARG: 0x100, // 5.11
  NATIVE_WORKERS: 0x200, // 5.12
  RSRC_TAGS: 0x400, // 5.13
  CQE_SKIP: 0x800, // 5.17
  LINKED_FILE: 0x1000, // 5.17
  REG_REG_RING: 0x2000, // 6.3
  RECVSEND_BUNDLE: 0x4000, // 6.10
  MIN_TIMEOUT: 0x8000, // 6.12
  RW_ATTR: 0x10000, // 6.14
  NO_IOWAIT: 0x20000, // 6.15
} as const;

/** `flags` of an SQE: `IOSQE_*`. */
export const IOSQE = {
  FIXED_FILE: 0x1, // 5.1
  IO_DRAIN: 0x2, // 5.2
  IO_LINK: 0x4, // 5.3
  IO_HARDLINK: 0x8, // 5.5
  ASYNC: 0x10, // 5.6
  BUFFER_SELECT: 0x20, // 5.7
  CQE_SKIP_SUCCESS: 0x40, // 5.17
} as const;

/** `flags` of a CQE: `IORING_CQE_F_*`. */
export const IORING_CQE_F = {
  BUFFER: 0x1,
  MORE: 0x2,
  SOCK_NONEMPTY: 0x4,
  NOTIF: 0x8,
  BUF_MORE: 0x10,
  SKIP: 0x20,
  '32': 0x8000,
} as const;

/** `flags` word of the submission ring, written by the kernel: `IORING_SQ_*`. */
export const IORING_SQ = {
  NEED_WAKEUP: 0x1,
  CQ_OVERFLOW: 0x2,
  TASKRUN: 0x4,
} as const;

/** `flags` word of the completion ring, written by us: `IORING_CQ_*`. */
export const IORING_CQ = {
  EVENTFD_DISABLED: 0x1,
} as const;

/** `fsyncFlags`: `IORING_FSYNC_*`. */
export const IORING_FSYNC = {
  DATASYNC: 0x1,
} as const;

/** `timeoutFlags`: `IORING_TIMEOUT_*`. */
export const IORING_TIMEOUT = {
  ABS: 0x1,
  UPDATE: 0x2,
  BOOTTIME: 0x4,
  REALTIME: 0x8,
  ETIME_SUCCESS: 0x20,
  MULTISHOT: 0x40,
  IMMEDIATE_ARG: 0x80,
} as const;

/** `timeoutFlags` of TIMEOUT_REMOVE when it updates a linked timeout: `IORING_LINK_TIMEOUT_*`. */
export const IORING_LINK_TIMEOUT = {
  UPDATE: 0x10,
} as const;

/** `pollFlags`: `IORING_POLL_*`. */
export const IORING_POLL = {
  ADD_MULTI: 0x1,
  UPDATE_EVENTS: 0x2,
  UPDATE_USER_DATA: 0x4,
  ADD_LEVEL: 0x8,
} as const;

/** `cancelFlags`: `IORING_ASYNC_CANCEL_*`. */
export const IORING_ASYNC_CANCEL = {
  ALL: 0x1,
  FD: 0x2,
  ANY: 0x4,
  FD_FIXED: 0x8,
  USERDATA: 0x10,
  OP: 0x20,
} as const;

/** `ioprio` of send and receive operations: `IORING_RECVSEND_*`. */
export const IORING_RECVSEND = {
  POLL_FIRST: 0x1,
  FIXED_BUF: 0x4,
  BUNDLE: 0x10,
} as const;

/** `ioprio` of receive operations: `IORING_RECV_*`. */
export const IORING_RECV = {
  MULTISHOT: 0x2,
} as const;

/** `ioprio` of zero-copy sends: `IORING_SEND_ZC_*`. */
export const IORING_SEND_ZC = {
  REPORT_USAGE: 0x8,
} as const;

/** `ioprio` of sends: `IORING_SEND_*`. */
export const IORING_SEND = {
  VECTORIZED: 0x20,
} as const;

/** `ioprio` of ACCEPT: `IORING_ACCEPT_*`. */
export const IORING_ACCEPT = {
  MULTISHOT: 0x1,
  DONTWAIT: 0x2,
  POLL_FIRST: 0x4,
} as const;

/** `msgRingFlags`: `IORING_MSG_RING_*`. */
export const IORING_MSG_RING = {
  CQE_SKIP: 0x1,
  FLAGS_PASS: 0x2,
} as const;

/** `installFdFlags`: `IORING_FIXED_FD_*`. */
export const IORING_FIXED_FD = {
  NO_CLOEXEC: 0x1,
} as const;

/** `nopFlags`: `IORING_NOP_*`. */
export const IORING_NOP = {
  INJECT_RESULT: 0x1,
  FILE: 0x2,
  FIXED_FILE: 0x4,
  FIXED_BUFFER: 0x8,
  TW: 0x10,
  CQE32: 0x20,
} as const;

/** `uringCmdFlags`: `IORING_URING_CMD_*`. */
export const IORING_URING_CMD = {
  FIXED: 0x1,
} as const;

/** `attributeMask`: `IORING_RW_ATTR_FLAG_*`. */
export const IORING_RW_ATTR_FLAG = {
  PI: 0x1,
} as const;

/** `flags` of struct io_uring_rsrc_register: `IORING_RSRC_REGISTER_*`. */
export const IORING_RSRC_REGISTER = {
  SPARSE: 0x1,
} as const;

/** Special entries of a file table update: `IORING_REGISTER_FILES_*`. */
export const IORING_REGISTER_FILES = {
  SKIP: -2,
} as const;

/** `flags` of struct io_uring_clone_buffers: `IORING_REGISTER_*`. */
export const IORING_REGISTER = {
  SRC_REGISTERED: 0x1,
  DST_REPLACE: 0x2,
} as const;

/** Special values of `file_index`: `IORING_FILE_INDEX_*`. */
export const IORING_FILE_INDEX = {
  ALLOC: 0xffffffff,
} as const;

/** `flags` of struct io_uring_reg_wait: `IORING_REG_WAIT_*`. */
export const IORING_REG_WAIT = {
  TS: 0x1,
} as const;

/** `flags` of struct io_uring_buf_reg: `IOU_PBUF_RING_*`. */
export const IOU_PBUF_RING = {
  MMAP: 0x1,
  INC: 0x2,
} as const;

/** Mmap offsets of a ring: `IORING_OFF_*`. */
export const IORING_OFF = {
  SQ_RING: 0x0,
  CQ_RING: 0x8000000,
  SQES: 0x10000000,
  PBUF_RING: 0x80000000,
} as const;

/** `spliceFlags`: `SPLICE_F_*`. */
export const SPLICE_F = {
  FD_IN_FIXED: 0x80000000,
} as const;

/** `res` of a zero-copy notification: `IORING_NOTIF_USAGE_*`. */
export const IORING_NOTIF_USAGE = {
  ZC_COPIED: 0x80000000,
} as const;
/**
 * The names of the bits that are set, for messages and traces; bits without a name come last, as one hexadecimal number.
 *
 * @example
 * ```ts
 * import { flagNames, IOSQE } from '@ringpool/core';
 *
 * console.assert(flagNames(IOSQE, 0x85).join('|') === 'FIXED_FILE|IO_LINK|0x80');
 * ```
 */
export function flagNames(group: { readonly [name: string]: number }, bits: number): readonly string[] {
  let left = bits >>> 0;
  const names: string[] = [];
  for (const [name, bit] of Object.entries(group)) {
    if (bit === 0 || (bits & bit) >>> 0 !== bit >>> 0) continue;
    names.push(name);
    left = (left & ~bit) >>> 0;
  }
  if (left !== 0) names.push(`0x${left.toString(16)}`);
  return names;
}
