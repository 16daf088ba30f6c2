// Arguments of the operations for bytes and messages through sockets.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { Address, BufferIndex, Fd, FixedFile } from '../values.ts';
import type { SqeOptions } from '../write.ts';

/** Arguments of `IORING_OP_SENDMSG` (Linux 5.3). Everything the header names must live until completion. */
export interface SendmsgArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** `struct msghdr`. */
  readonly message: Address;
  /** `MSG_*` bits. */
  readonly msgFlags?: number | undefined;
  /** `IORING_RECVSEND_*` bits. */
  readonly ioprio?: number | undefined;
}

/** Arguments of `IORING_OP_RECVMSG` (Linux 5.3). A multishot payload begins with `struct io_uring_recvmsg_out`. */
export interface RecvmsgArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** `struct msghdr`. */
  readonly message: Address;
  /** `MSG_*` bits. */
  readonly msgFlags?: number | undefined;
  /** `IORING_RECVSEND_*` bits, `IORING_RECV_MULTISHOT` (6.0). */
  readonly ioprio?: number | undefined;
  /** Provided-buffer group the kernel picks the buffer from; sets `IOSQE_BUFFER_SELECT`. */
  readonly bufferGroup?: number | undefined;
}

interface SendFields extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** Bytes, or number of iovecs. */
  readonly length: number;
  /** `MSG_*` bits. */
  readonly msgFlags?: number | undefined;
  /** `IORING_RECVSEND_*` and `IORING_SEND_VECTORIZED` bits. */
  readonly ioprio?: number | undefined;
  /** Destination. */
  readonly sockaddr?: Address | undefined;
  /** Its bytes. */
  readonly sockaddrLength?: number | undefined;
}

/**
 * Arguments of `IORING_OP_SEND` (Linux 5.6). MSG_WAITALL keeps a short send from breaking a link. Bundles and
 * provided buffers need 6.10.
 */
export type SendArgs = SendFields &
  (
    | {
        /** The bytes, or an iovec array with `IORING_SEND_VECTORIZED`. */ readonly buffer: Address;
        readonly bufferGroup?: undefined;
      }
    | {
        /** Provided-buffer group the kernel picks the buffer from; sets `IOSQE_BUFFER_SELECT`. */ readonly bufferGroup: number;
        readonly buffer?: undefined;
      }
  );

interface RecvFields extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** Bytes; 0 for multishot. */
  readonly length: number;
  /** `MSG_*` bits. */
  readonly msgFlags?: number | undefined;
  /** `IORING_RECVSEND_*` bits, `IORING_RECV_MULTISHOT` (6.0). */
  readonly ioprio?: number | undefined;
}

/** Arguments of `IORING_OP_RECV` (Linux 5.6). */
export type RecvArgs = RecvFields &
  (
    | { /** The buffer. */ readonly buffer: Address; readonly bufferGroup?: undefined }
    | {
        /** Provided-buffer group the kernel picks the buffer from; sets `IOSQE_BUFFER_SELECT`. */ readonly bufferGroup: number;
        readonly buffer?: undefined;
      }
  );

/**
 * Arguments of `IORING_OP_SEND_ZC` (Linux 6.0). The buffer may be reused at the second CQE, the one with
 * CQE_F_NOTIF.
 */
export interface SendZcArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** The bytes. */
  readonly buffer: Address;
  /** Bytes. */
  readonly length: number;
  /** `MSG_*` bits. */
  readonly msgFlags?: number | undefined;
  /** `IORING_RECVSEND_*` and `IORING_SEND_ZC_*` bits. */
  readonly ioprio?: number | undefined;
  /** Registered buffer; sets `IORING_RECVSEND_FIXED_BUF`. */
  readonly bufferIndex?: BufferIndex | undefined;
  /** Destination. */
  readonly sockaddr?: Address | undefined;
  /** Its bytes. */
  readonly sockaddrLength?: number | undefined;
}

/** Arguments of `IORING_OP_SENDMSG_ZC` (Linux 6.1). As SEND_ZC. The registered vectored form needs 6.15. */
export interface SendmsgZcArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** `struct msghdr`. */
  readonly message: Address;
  /** `MSG_*` bits. */
  readonly msgFlags?: number | undefined;
  /** `IORING_RECVSEND_*` bits. */
  readonly ioprio?: number | undefined;
  /** Registered buffer; sets `IORING_RECVSEND_FIXED_BUF`. */
  readonly bufferIndex?: BufferIndex | undefined;
}

/**
 * Arguments of `IORING_OP_RECV_ZC` (Linux 6.15). Sets IORING_RECV_MULTISHOT, which it requires. Needs
 * DEFER_TASKRUN, 32-byte CQEs and a registered zcrx queue (CAP_NET_ADMIN).
 */
export interface RecvZcArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** Zero-copy receive context. */
  readonly ifqIndex: number;
  /** Byte limit; 0 for none. */
  readonly length?: number | undefined;
  /** Further `IORING_RECVSEND_*` bits. */
  readonly ioprio?: number | undefined;
}
