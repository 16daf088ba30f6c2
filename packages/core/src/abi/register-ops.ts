// The operations of io_uring_register(2). Data only; the version is the first kernel that knows the operation.

/** Every register operation under its kernel name without `IORING_`. */
export const registerOps = {
  REGISTER_BUFFERS: {
    value: 0,
    kernel: '5.1',
    arg: 'iovec array; nr=count',
    notes:
      'pins pages; charged to RLIMIT_MEMLOCK per user unless CAP_IPC_LOCK (checked on 6.18); 1 GiB per buffer, at most 16384 buffers',
  },
  UNREGISTER_BUFFERS: { value: 1, kernel: '5.1', arg: 'none', notes: '' },
  REGISTER_FILES: {
    value: 2,
    kernel: '5.1',
    arg: 'int array; nr=count',
    notes: '-1 entries make it sparse; limited by RLIMIT_NOFILE',
  },
  UNREGISTER_FILES: { value: 3, kernel: '5.1', arg: 'none', notes: '' },
  REGISTER_EVENTFD: { value: 4, kernel: '5.2', arg: 'int eventfd; nr=1', notes: '' },
  UNREGISTER_EVENTFD: { value: 5, kernel: '5.2', arg: 'none', notes: '' },
  REGISTER_FILES_UPDATE: {
    value: 6,
    kernel: '5.5',
    arg: 'io_uring_rsrc_update; nr=count',
    notes: 'FILES_SKIP (-2) since 5.12',
  },
  REGISTER_EVENTFD_ASYNC: {
    value: 7,
    kernel: '5.6',
    arg: 'int eventfd; nr=1',
    notes: 'only completions that did not finish inline',
  },
  REGISTER_PROBE: {
    value: 8,
    kernel: '5.6',
    arg: 'io_uring_probe; nr=slots (<=256)',
    notes: 'memory must be zeroed',
  },
  REGISTER_PERSONALITY: { value: 9, kernel: '5.6', arg: 'none', notes: 'returns id' },
  UNREGISTER_PERSONALITY: { value: 10, kernel: '5.6', arg: 'nr=id', notes: '' },
  REGISTER_RESTRICTIONS: {
    value: 11,
    kernel: '5.10',
    arg: 'io_uring_restriction array; nr=count',
    notes: 'ring must be R_DISABLED; task-wide form with fd -1 is 7.0',
  },
  REGISTER_ENABLE_RINGS: {
    value: 12,
    kernel: '5.10',
    arg: 'none',
    notes: 'the calling thread becomes the single issuer',
  },
  REGISTER_FILES2: {
    value: 13,
    kernel: '5.13',
    arg: 'io_uring_rsrc_register; nr=sizeof',
    notes: 'tags; sparse flag 5.19',
  },
  REGISTER_FILES_UPDATE2: {
    value: 14,
    kernel: '5.13',
    arg: 'io_uring_rsrc_update2; nr=sizeof',
    notes: 'tags',
  },
  REGISTER_BUFFERS2: {
    value: 15,
    kernel: '5.13',
    arg: 'io_uring_rsrc_register; nr=sizeof',
    notes: 'tags; sparse flag 5.19',
  },
  REGISTER_BUFFERS_UPDATE: {
    value: 16,
    kernel: '5.13',
    arg: 'io_uring_rsrc_update2; nr=sizeof',
    notes: 'tags; replaced buffer lives until its last request ends, then a CQE with the tag',
  },
  REGISTER_IOWQ_AFF: { value: 17, kernel: '5.14', arg: 'cpu mask; nr=bytes', notes: '' },
  UNREGISTER_IOWQ_AFF: { value: 18, kernel: '5.14', arg: 'none', notes: '' },
  REGISTER_IOWQ_MAX_WORKERS: {
    value: 19,
    kernel: '5.15',
    arg: 'u32[2] bounded,unbounded; nr=2',
    notes: 'per NUMA node, per ring; returns the previous values',
  },
  REGISTER_RING_FDS: {
    value: 20,
    kernel: '5.18',
    arg: 'io_uring_rsrc_update array; nr=count',
    notes: 'per thread, 16 slots',
  },
  UNREGISTER_RING_FDS: {
    value: 21,
    kernel: '5.18',
    arg: 'io_uring_rsrc_update array; nr=count',
    notes: 'not automatic while the thread lives',
  },
  REGISTER_PBUF_RING: {
    value: 22,
    kernel: '5.19',
    arg: 'io_uring_buf_reg; nr=1',
    notes: 'mmap form 6.4 (unverified); incremental (IOU_PBUF_RING_INC) 6.12',
  },
  UNREGISTER_PBUF_RING: { value: 23, kernel: '5.19', arg: 'io_uring_buf_reg; nr=1', notes: '' },
  REGISTER_SYNC_CANCEL: {
    value: 24,
    kernel: '6.0',
    arg: 'io_uring_sync_cancel_reg; nr=1',
    notes: 'blocks; opcode match 6.6',
  },
  REGISTER_FILE_ALLOC_RANGE: {
    value: 25,
    kernel: '6.0',
    arg: 'io_uring_file_index_range; nr=0',
    notes: 'register.2 says nr=1 but liburing passes 0 and the kernel copy read here rejects non-zero',
  },
  REGISTER_PBUF_STATUS: { value: 26, kernel: '6.8', arg: 'io_uring_buf_status; nr=1', notes: '' },
  REGISTER_NAPI: { value: 27, kernel: '6.9', arg: 'io_uring_napi; nr=1', notes: '' },
  UNREGISTER_NAPI: { value: 28, kernel: '6.9', arg: 'io_uring_napi; nr=1', notes: '' },
  REGISTER_CLOCK: {
    value: 29,
    kernel: '6.12',
    arg: 'io_uring_clock_register',
    notes: 'MONOTONIC or BOOTTIME for waits',
  },
  REGISTER_CLONE_BUFFERS: {
    value: 30,
    kernel: '6.12',
    arg: 'io_uring_clone_buffers; nr=1',
    notes:
      'offsets and DST_REPLACE 6.13; not charged to memlock again (checked on 6.18); EEXIST when the source ring is SINGLE_ISSUER and owned by another thread (checked on 6.18)',
  },
  REGISTER_SEND_MSG_RING: {
    value: 31,
    kernel: '6.13',
    arg: 'io_uring_sqe; nr=1',
    notes: 'fd -1; MSG_DATA only',
  },
  REGISTER_ZCRX_IFQ: {
    value: 32,
    kernel: '6.15',
    arg: 'io_uring_zcrx_ifq_reg; nr=1',
    notes: 'CAP_NET_ADMIN',
  },
  REGISTER_RESIZE_RINGS: {
    value: 33,
    kernel: '6.13',
    arg: 'io_uring_params; nr=1',
    notes: 'DEFER_TASKRUN rings only',
  },
  REGISTER_MEM_REGION: {
    value: 34,
    kernel: '6.13',
    arg: 'io_uring_mem_region_reg; nr=1',
    notes: 'cannot be unregistered',
  },
  REGISTER_QUERY: {
    value: 35,
    kernel: '6.18',
    arg: 'io_uring_query_hdr chain; nr=0',
    notes: 'fd may be -1; liburing man says 6.15 but the op first appears 2025-09; present on 6.18 (checked)',
  },
  REGISTER_ZCRX_CTRL: {
    value: 36,
    kernel: '6.19',
    arg: 'zcrx_ctrl; nr=0',
    notes:
      'liburing man says 6.15; 6.18 reports 36 register ops (0..35), so it is later (6.19 from a secondary source, unverified)',
  },
  REGISTER_BPF_FILTER: {
    value: 37,
    kernel: '7.0',
    arg: 'io_uring_bpf; nr=1',
    notes:
      'classic BPF admission filter per opcode; ring must be R_DISABLED, or fd -1 for the task; kernel inferred from 2026-01 commit (unverified)',
  },
  REGISTER_USE_REGISTERED_RING: {
    value: 2147483648,
    kernel: '6.3',
    arg: 'OR-ed into the op',
    notes: 'fd is a registered ring index',
  },
} as const;

/** The name of a register operation, without `IORING_`. */
export type RegisterOpName = keyof typeof registerOps;
