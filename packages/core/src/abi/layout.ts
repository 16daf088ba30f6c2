// Where each field of a submission queue entry lies (struct io_uring_sqe of the kernel), and the sizes around it.
// Data only. An SQE is 64 bytes, or 128 with SETUP_SQE128 or SETUP_SQE_MIXED; a slot is always 64 bytes, and a
// 128-byte SQE takes a slot and the next one.

/** Bytes of one slot of the submission queue. */
export const SQE_BYTES = 64;
/** 32-bit words of one slot. */
export const SQE_WORDS = 16;
/** Bytes of a 128-byte SQE: a slot and the next. */
export const SQE128_BYTES = 128;
/** Bytes of command payload in a 64-byte SQE. */
export const CMD_BYTES = 16;
/** Bytes of command payload in a 128-byte SQE. */
export const CMD128_BYTES = 80;

/** Offset and size in bytes of every field, unions under each of their names. */
export const sqeFields = {
  opcode: { offset: 0, size: 1 },
  flags: { offset: 1, size: 1 },
  ioprio: { offset: 2, size: 2 },
  fd: { offset: 4, size: 4 },
  off: { offset: 8, size: 8 },
  addr2: { offset: 8, size: 8 },
  cmd_op: { offset: 8, size: 4 },
  addr: { offset: 16, size: 8 },
  splice_off_in: { offset: 16, size: 8 },
  level: { offset: 16, size: 4 },
  optname: { offset: 20, size: 4 },
  len: { offset: 24, size: 4 },
  rw_flags: { offset: 28, size: 4 },
  fsync_flags: { offset: 28, size: 4 },
  poll_events: { offset: 28, size: 2 },
  poll32_events: { offset: 28, size: 4 },
  sync_range_flags: { offset: 28, size: 4 },
  msg_flags: { offset: 28, size: 4 },
  timeout_flags: { offset: 28, size: 4 },
  accept_flags: { offset: 28, size: 4 },
  cancel_flags: { offset: 28, size: 4 },
  open_flags: { offset: 28, size: 4 },
  statx_flags: { offset: 28, size: 4 },
  fadvise_advice: { offset: 28, size: 4 },
  splice_flags: { offset: 28, size: 4 },
  rename_flags: { offset: 28, size: 4 },
  unlink_flags: { offset: 28, size: 4 },
  hardlink_flags: { offset: 28, size: 4 },
  xattr_flags: { offset: 28, size: 4 },
  msg_ring_flags: { offset: 28, size: 4 },
  uring_cmd_flags: { offset: 28, size: 4 },
  waitid_flags: { offset: 28, size: 4 },
  futex_flags: { offset: 28, size: 4 },
  install_fd_flags: { offset: 28, size: 4 },
  nop_flags: { offset: 28, size: 4 },
  pipe_flags: { offset: 28, size: 4 },
  user_data: { offset: 32, size: 8 },
  buf_index: { offset: 40, size: 2 },
  buf_group: { offset: 40, size: 2 },
  personality: { offset: 42, size: 2 },
  splice_fd_in: { offset: 44, size: 4 },
  file_index: { offset: 44, size: 4 },
  zcrx_ifq_idx: { offset: 44, size: 4 },
  optlen: { offset: 44, size: 4 },
  addr_len: { offset: 44, size: 2 },
  addr3: { offset: 48, size: 8 },
  attr_ptr: { offset: 48, size: 8 },
  attr_type_mask: { offset: 56, size: 8 },
  optval: { offset: 48, size: 8 },
  cmd: { offset: 48, size: 16 },
} as const;

/** The name of a field of the SQE. */
export type SqeField = keyof typeof sqeFields;
