// Arguments of the operations for the ring itself.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { Address, BufferIndex, Fd, FixedFile } from '../values.ts';
import type { SqeOptions } from '../write.ts';

/**
 * Arguments of `IORING_OP_NOP` (Linux 5.1). Does nothing and completes. The file, buffer and CQE32 forms need the
 * kernels that know their flags (6.10 and later).
 */
export interface NopArgs extends SqeOptions {
  /** `IORING_NOP_*` bits that no argument sets. */
  readonly nopFlags?: number | undefined;
  /** File to look up; sets `IORING_NOP_FILE`. */
  readonly fd?: Fd | FixedFile | undefined;
  /** The `res` the kernel reports; sets `IORING_NOP_INJECT_RESULT`. */
  readonly result?: number | undefined;
  /** Registered buffer to look up; sets `IORING_NOP_FIXED_BUFFER`. */
  readonly bufferIndex?: BufferIndex | undefined;
  /** First extra CQE word; needs `IORING_NOP_CQE32` in nopFlags. */
  readonly extra1?: number | bigint | undefined;
  /** Second extra CQE word; needs `IORING_NOP_CQE32` in nopFlags. */
  readonly extra2?: number | bigint | undefined;
}

/**
 * Arguments of `IORING_OP_POLL_ADD` (Linux 5.1). `res` is the mask that fired. Masks above 16 bits need
 * FEAT_POLL_32BITS (5.9).
 */
export interface PollAddArgs extends SqeOptions {
  /** The file to poll. */
  readonly fd: Fd | FixedFile;
  /** `EPOLL*` event mask. */
  readonly events: number;
  /** `IORING_POLL_ADD_*` bits; `MULTI` (5.13) keeps the poll armed. */
  readonly pollFlags?: number | undefined;
}

/**
 * Arguments of `IORING_OP_POLL_REMOVE` (Linux 5.1). The update forms need 5.13. ENOENT: no such poll. EALREADY: it
 * is completing.
 */
export interface PollRemoveArgs extends SqeOptions {
  /** User_data of the poll to remove or update. */
  readonly target: number | bigint;
  /** Further `IORING_POLL_*` bits of an update, such as `ADD_MULTI`. */
  readonly pollFlags?: number | undefined;
  /** New event mask; sets `IORING_POLL_UPDATE_EVENTS`. */
  readonly events?: number | undefined;
  /** New user_data; sets `IORING_POLL_UPDATE_USER_DATA`. */
  readonly newUserData?: number | bigint | undefined;
}

interface TimeoutFields extends SqeOptions {
  /** Completions that end it early; repeat count with `MULTISHOT`; 0 waits for time alone. */
  readonly count?: number | bigint | undefined;
  /** `IORING_TIMEOUT_*` bits. */
  readonly timeoutFlags?: number | undefined;
}

/** Arguments of `IORING_OP_TIMEOUT` (Linux 5.4). Expiry is ETIME. MULTISHOT needs 6.4. */
export type TimeoutArgs = TimeoutFields &
  (
    | { /** `struct __kernel_timespec`. */ readonly timespec: Address; readonly nanoseconds?: undefined }
    | {
        /** The time itself (7.1); sets `IORING_TIMEOUT_IMMEDIATE_ARG`. */ readonly nanoseconds:
          | number
          | bigint;
        readonly timespec?: undefined;
      }
  );

interface TimeoutRemoveFields extends SqeOptions {
  /** User_data of the timeout. */
  readonly target: number | bigint;
  /** `IORING_LINK_TIMEOUT_UPDATE`, clock and `ABS` bits of an update. */
  readonly timeoutFlags?: number | undefined;
}

/**
 * Arguments of `IORING_OP_TIMEOUT_REMOVE` (Linux 5.5). With a time it updates the timeout (5.11), without it
 * removes it.
 */
export type TimeoutRemoveArgs = TimeoutRemoveFields &
  (
    | {
        /** `struct __kernel_timespec`; sets `IORING_TIMEOUT_UPDATE`. */ readonly timespec?:
          | Address
          | undefined;
        readonly nanoseconds?: undefined;
      }
    | {
        /** The time itself (7.1); sets `IORING_TIMEOUT_IMMEDIATE_ARG` and `IORING_TIMEOUT_UPDATE`. */ readonly nanoseconds?:
          | number
          | bigint
          | undefined;
        readonly timespec?: undefined;
      }
  );

/**
 * Arguments of `IORING_OP_ASYNC_CANCEL` (Linux 5.5). Disk I/O that reached the device cannot be cancelled: keep
 * its memory until its own completion. Linux before 6.6 does not refuse an opcode to match: it takes no notice of
 * it.
 */
export interface AsyncCancelArgs extends SqeOptions {
  /** User_data to match; beside fd or opcode it sets `IORING_ASYNC_CANCEL_USERDATA`. */
  readonly target?: number | bigint | undefined;
  /** File to match; sets `IORING_ASYNC_CANCEL_FD` (5.19). */
  readonly fd?: Fd | FixedFile | undefined;
  /** Opcode to match; sets `IORING_ASYNC_CANCEL_OP` (6.6). */
  readonly opcode?: number | undefined;
  /** `IORING_ASYNC_CANCEL_ALL` or `ANY`. */
  readonly cancelFlags?: number | undefined;
}

interface LinkTimeoutFields extends SqeOptions {
  /** `IORING_TIMEOUT_ABS` and clock bits. */
  readonly timeoutFlags?: number | undefined;
}

/** Arguments of `IORING_OP_LINK_TIMEOUT` (Linux 5.5). Must follow an SQE that carries IOSQE_IO_LINK. */
export type LinkTimeoutArgs = LinkTimeoutFields &
  (
    | { /** `struct __kernel_timespec`. */ readonly timespec: Address; readonly nanoseconds?: undefined }
    | {
        /** The time itself (7.1); sets `IORING_TIMEOUT_IMMEDIATE_ARG`. */ readonly nanoseconds:
          | number
          | bigint;
        readonly timespec?: undefined;
      }
  );

/**
 * Arguments of `IORING_OP_PROVIDE_BUFFERS` (Linux 5.7). The memory belongs to the kernel until each buffer was
 * used or removed. Superseded by IORING_REGISTER_PBUF_RING (5.19).
 */
export interface ProvideBuffersArgs extends SqeOptions {
  /** Number of buffers. */
  readonly count: number;
  /** The first buffer. */
  readonly buffer: Address;
  /** Bytes of each. */
  readonly length: number;
  /** Id of the first. */
  readonly firstId: number;
  /** The group. */
  readonly bufferGroup: number;
}

/** Arguments of `IORING_OP_REMOVE_BUFFERS` (Linux 5.7). */
export interface RemoveBuffersArgs extends SqeOptions {
  /** How many to remove. */
  readonly count: number;
  /** The group. */
  readonly bufferGroup: number;
}
