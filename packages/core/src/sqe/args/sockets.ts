// Arguments of the operations for the life of sockets, and epoll.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { Address, AllocateSlot, Fd, FixedFile } from '../values.ts';
import type { SqeOptions } from '../write.ts';

/**
 * Arguments of `IORING_OP_ACCEPT` (Linux 5.5). Direct slots need 5.15, slot allocation and multishot 5.19,
 * DONTWAIT and POLL_FIRST 6.10.
 */
export interface AcceptArgs extends SqeOptions {
  /** The listening socket. */
  readonly fd: Fd | FixedFile;
  /** Receives the peer's address. */
  readonly sockaddr?: Address | undefined;
  /** `socklen_t`: size of sockaddr in, size used out. */
  readonly socklen?: Address | undefined;
  /** `SOCK_*` bits. */
  readonly acceptFlags?: number | undefined;
  /** `IORING_ACCEPT_*` bits. */
  readonly ioprio?: number | undefined;
  /** Fixed slot that receives the file, or `ALLOCATE_SLOT`. */
  readonly directSlot?: FixedFile | AllocateSlot | undefined;
}

/** Arguments of `IORING_OP_CONNECT` (Linux 5.5). */
export interface ConnectArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** The peer's address. */
  readonly sockaddr: Address;
  /** Its bytes. */
  readonly sockaddrLength: number;
}

/** Arguments of `IORING_OP_EPOLL_CTL` (Linux 5.6). */
export interface EpollCtlArgs extends SqeOptions {
  /** The epoll instance. */
  readonly fd: Fd;
  /** `EPOLL_CTL_*`. */
  readonly operation: number;
  /** The file it is about. */
  readonly targetFd: Fd;
  /** `struct epoll_event`; not for `EPOLL_CTL_DEL`. */
  readonly event?: Address | undefined;
}

/** Arguments of `IORING_OP_SHUTDOWN` (Linux 5.11). */
export interface ShutdownArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** `SHUT_RD` 0, `SHUT_WR` 1, `SHUT_RDWR` 2. */
  readonly how: number;
}

/** Arguments of `IORING_OP_SOCKET` (Linux 5.19). */
export interface SocketArgs extends SqeOptions {
  /** `AF_*`. */
  readonly domain: number;
  /** `SOCK_*`. */
  readonly type: number;
  /** `IPPROTO_*`; 0 picks it. */
  readonly protocol?: number | undefined;
  /** Fixed slot that receives the file, or `ALLOCATE_SLOT`. */
  readonly directSlot?: FixedFile | AllocateSlot | undefined;
}

/** Arguments of `IORING_OP_BIND` (Linux 6.11). */
export interface BindArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** The address. */
  readonly sockaddr: Address;
  /** Its bytes. */
  readonly sockaddrLength: number;
}

/** Arguments of `IORING_OP_LISTEN` (Linux 6.11). */
export interface ListenArgs extends SqeOptions {
  /** The socket. */
  readonly fd: Fd | FixedFile;
  /** Most connections that wait. */
  readonly backlog: number;
}

/** Arguments of `IORING_OP_EPOLL_WAIT` (Linux 6.15). */
export interface EpollWaitArgs extends SqeOptions {
  /** The epoll instance. */
  readonly fd: Fd | FixedFile;
  /** `struct epoll_event` array. */
  readonly events: Address;
  /** Its entries. */
  readonly maxEvents: number;
}
