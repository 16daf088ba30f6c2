// Encoders for the life of sockets, and epoll. The caller owns the queue, and its thread calls.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.

import type {
  AcceptArgs,
  BindArgs,
  ConnectArgs,
  EpollCtlArgs,
  EpollWaitArgs,
  ListenArgs,
  ShutdownArgs,
  SocketArgs,
} from '../args/sockets.ts';
import {
  begin,
  bits16Without,
  fileIndexOf,
  fileOf,
  flagsOf,
  plainFileOf,
  putAddress,
  putOptions,
  u31,
  u32,
} from '../write.ts';

/** Encodes `IORING_OP_ACCEPT` (Linux 5.5). */
export function accept(sqes: Uint32Array, slot: number, args: AcceptArgs): void {
  const at = begin(sqes, slot, 'accept', args, 16);
  let flags = flagsOf(args.flags, 'accept');
  const ioprio = bits16Without(args.ioprio, 0x0, 'accept', 'ioprio');
  const file = fileOf(args.fd, 'accept', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  if (args.sockaddr !== undefined) putAddress(sqes, at + 4, args.sockaddr, 'accept', 'sockaddr');
  if (args.socklen !== undefined) putAddress(sqes, at + 2, args.socklen, 'accept', 'socklen');
  if (args.acceptFlags !== undefined) sqes[at + 7] = u32(args.acceptFlags, 'accept', 'acceptFlags');
  if (args.directSlot !== undefined) sqes[at + 11] = fileIndexOf(args.directSlot, 'accept', 'directSlot');
  putOptions(sqes, at, args, 'accept');
  sqes[at] = 13 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_CONNECT` (Linux 5.5). */
export function connect(sqes: Uint32Array, slot: number, args: ConnectArgs): void {
  const at = begin(sqes, slot, 'connect', args, 16);
  let flags = flagsOf(args.flags, 'connect');
  const file = fileOf(args.fd, 'connect', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.sockaddr, 'connect', 'sockaddr');
  sqes[at + 2] = u32(args.sockaddrLength, 'connect', 'sockaddrLength');
  putOptions(sqes, at, args, 'connect');
  sqes[at] = 16 | (flags << 8);
}

/** Encodes `IORING_OP_EPOLL_CTL` (Linux 5.6). */
export function epollCtl(sqes: Uint32Array, slot: number, args: EpollCtlArgs): void {
  const at = begin(sqes, slot, 'epollCtl', args, 16);
  const flags = flagsOf(args.flags, 'epollCtl');
  sqes[at + 1] = plainFileOf(args.fd, 'epollCtl', 'fd');
  sqes[at + 6] = u32(args.operation, 'epollCtl', 'operation');
  sqes[at + 2] = plainFileOf(args.targetFd, 'epollCtl', 'targetFd');
  if (args.event !== undefined) putAddress(sqes, at + 4, args.event, 'epollCtl', 'event');
  putOptions(sqes, at, args, 'epollCtl');
  sqes[at] = 29 | (flags << 8);
}

/** Encodes `IORING_OP_SHUTDOWN` (Linux 5.11). */
export function shutdown(sqes: Uint32Array, slot: number, args: ShutdownArgs): void {
  const at = begin(sqes, slot, 'shutdown', args, 16);
  let flags = flagsOf(args.flags, 'shutdown');
  const file = fileOf(args.fd, 'shutdown', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  sqes[at + 6] = u32(args.how, 'shutdown', 'how');
  putOptions(sqes, at, args, 'shutdown');
  sqes[at] = 34 | (flags << 8);
}

/** Encodes `IORING_OP_SOCKET` (Linux 5.19). */
export function socket(sqes: Uint32Array, slot: number, args: SocketArgs): void {
  const at = begin(sqes, slot, 'socket', args, 16);
  const flags = flagsOf(args.flags, 'socket');
  sqes[at + 1] = u31(args.domain, 'socket', 'domain');
  sqes[at + 2] = u32(args.type, 'socket', 'type');
  if (args.protocol !== undefined) sqes[at + 6] = u32(args.protocol, 'socket', 'protocol');
  if (args.directSlot !== undefined) sqes[at + 11] = fileIndexOf(args.directSlot, 'socket', 'directSlot');
  putOptions(sqes, at, args, 'socket');
  sqes[at] = 45 | (flags << 8);
}

/** Encodes `IORING_OP_BIND` (Linux 6.11). */
export function bind(sqes: Uint32Array, slot: number, args: BindArgs): void {
  const at = begin(sqes, slot, 'bind', args, 16);
  let flags = flagsOf(args.flags, 'bind');
  const file = fileOf(args.fd, 'bind', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.sockaddr, 'bind', 'sockaddr');
  sqes[at + 2] = u32(args.sockaddrLength, 'bind', 'sockaddrLength');
  putOptions(sqes, at, args, 'bind');
  sqes[at] = 56 | (flags << 8);
}

/** Encodes `IORING_OP_LISTEN` (Linux 6.11). */
export function listen(sqes: Uint32Array, slot: number, args: ListenArgs): void {
  const at = begin(sqes, slot, 'listen', args, 16);
  let flags = flagsOf(args.flags, 'listen');
  const file = fileOf(args.fd, 'listen', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  sqes[at + 6] = u32(args.backlog, 'listen', 'backlog');
  putOptions(sqes, at, args, 'listen');
  sqes[at] = 57 | (flags << 8);
}

/** Encodes `IORING_OP_EPOLL_WAIT` (Linux 6.15). */
export function epollWait(sqes: Uint32Array, slot: number, args: EpollWaitArgs): void {
  const at = begin(sqes, slot, 'epollWait', args, 16);
  let flags = flagsOf(args.flags, 'epollWait');
  const file = fileOf(args.fd, 'epollWait', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.events, 'epollWait', 'events');
  sqes[at + 6] = u32(args.maxEvents, 'epollWait', 'maxEvents');
  putOptions(sqes, at, args, 'epollWait');
  sqes[at] = 59 | (flags << 8);
}
