// Encoders for bytes and messages through sockets. The caller owns the queue, and its thread calls.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.

import type {
  RecvArgs,
  RecvmsgArgs,
  RecvZcArgs,
  SendArgs,
  SendmsgArgs,
  SendmsgZcArgs,
  SendZcArgs,
} from '../args/messages.ts';
import {
  begin,
  bits16Without,
  fileOf,
  flagsOf,
  putAddress,
  putOptions,
  refuseArgument,
  u16,
  u32,
} from '../write.ts';

/** Encodes `IORING_OP_SENDMSG` (Linux 5.3). */
export function sendmsg(sqes: Uint32Array, slot: number, args: SendmsgArgs): void {
  const at = begin(sqes, slot, 'sendmsg', args, 16);
  let flags = flagsOf(args.flags, 'sendmsg');
  const ioprio = bits16Without(args.ioprio, 0x0, 'sendmsg', 'ioprio');
  sqes[at + 6] = 1;
  const file = fileOf(args.fd, 'sendmsg', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.message, 'sendmsg', 'message');
  if (args.msgFlags !== undefined) sqes[at + 7] = u32(args.msgFlags, 'sendmsg', 'msgFlags');
  putOptions(sqes, at, args, 'sendmsg');
  sqes[at] = 9 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_RECVMSG` (Linux 5.3). */
export function recvmsg(sqes: Uint32Array, slot: number, args: RecvmsgArgs): void {
  const at = begin(sqes, slot, 'recvmsg', args, 16);
  let flags = flagsOf(args.flags, 'recvmsg');
  const ioprio = bits16Without(args.ioprio, 0x0, 'recvmsg', 'ioprio');
  sqes[at + 6] = 1;
  const file = fileOf(args.fd, 'recvmsg', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.message, 'recvmsg', 'message');
  if (args.msgFlags !== undefined) sqes[at + 7] = u32(args.msgFlags, 'recvmsg', 'msgFlags');
  if (args.bufferGroup !== undefined) {
    sqes[at + 10] = u16(args.bufferGroup, 'recvmsg', 'bufferGroup');
    flags |= 0x20;
  }
  putOptions(sqes, at, args, 'recvmsg');
  sqes[at] = 10 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_SEND` (Linux 5.6). */
export function send(sqes: Uint32Array, slot: number, args: SendArgs): void {
  const at = begin(sqes, slot, 'send', args, 16);
  if ((args.buffer === undefined) === (args.bufferGroup === undefined))
    refuseArgument('send', 'buffer or bufferGroup', 'neither or both', 'given for exactly one of the two');
  let flags = flagsOf(args.flags, 'send');
  const ioprio = bits16Without(args.ioprio, 0x0, 'send', 'ioprio');
  const file = fileOf(args.fd, 'send', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  if (args.buffer !== undefined) putAddress(sqes, at + 4, args.buffer, 'send', 'buffer');
  if (args.bufferGroup !== undefined) {
    sqes[at + 10] = u16(args.bufferGroup, 'send', 'bufferGroup');
    flags |= 0x20;
  }
  sqes[at + 6] = u32(args.length, 'send', 'length');
  if (args.msgFlags !== undefined) sqes[at + 7] = u32(args.msgFlags, 'send', 'msgFlags');
  if (args.sockaddr !== undefined) putAddress(sqes, at + 2, args.sockaddr, 'send', 'sockaddr');
  if (args.sockaddrLength !== undefined) sqes[at + 11] = u16(args.sockaddrLength, 'send', 'sockaddrLength');
  putOptions(sqes, at, args, 'send');
  sqes[at] = 26 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_RECV` (Linux 5.6). */
export function recv(sqes: Uint32Array, slot: number, args: RecvArgs): void {
  const at = begin(sqes, slot, 'recv', args, 16);
  if ((args.buffer === undefined) === (args.bufferGroup === undefined))
    refuseArgument('recv', 'buffer or bufferGroup', 'neither or both', 'given for exactly one of the two');
  let flags = flagsOf(args.flags, 'recv');
  const ioprio = bits16Without(args.ioprio, 0x0, 'recv', 'ioprio');
  const file = fileOf(args.fd, 'recv', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  if (args.buffer !== undefined) putAddress(sqes, at + 4, args.buffer, 'recv', 'buffer');
  if (args.bufferGroup !== undefined) {
    sqes[at + 10] = u16(args.bufferGroup, 'recv', 'bufferGroup');
    flags |= 0x20;
  }
  sqes[at + 6] = u32(args.length, 'recv', 'length');
  if (args.msgFlags !== undefined) sqes[at + 7] = u32(args.msgFlags, 'recv', 'msgFlags');
  putOptions(sqes, at, args, 'recv');
  sqes[at] = 27 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_SEND_ZC` (Linux 6.0). */
export function sendZc(sqes: Uint32Array, slot: number, args: SendZcArgs): void {
  const at = begin(sqes, slot, 'sendZc', args, 16);
  let flags = flagsOf(args.flags, 'sendZc');
  let ioprio = bits16Without(args.ioprio, 0x4, 'sendZc', 'ioprio');
  const file = fileOf(args.fd, 'sendZc', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.buffer, 'sendZc', 'buffer');
  sqes[at + 6] = u32(args.length, 'sendZc', 'length');
  if (args.msgFlags !== undefined) sqes[at + 7] = u32(args.msgFlags, 'sendZc', 'msgFlags');
  if (args.bufferIndex !== undefined) {
    sqes[at + 10] = u16(args.bufferIndex, 'sendZc', 'bufferIndex');
    ioprio |= 0x4;
  }
  if (args.sockaddr !== undefined) putAddress(sqes, at + 2, args.sockaddr, 'sendZc', 'sockaddr');
  if (args.sockaddrLength !== undefined) sqes[at + 11] = u16(args.sockaddrLength, 'sendZc', 'sockaddrLength');
  putOptions(sqes, at, args, 'sendZc');
  sqes[at] = 47 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_SENDMSG_ZC` (Linux 6.1). */
export function sendmsgZc(sqes: Uint32Array, slot: number, args: SendmsgZcArgs): void {
  const at = begin(sqes, slot, 'sendmsgZc', args, 16);
  let flags = flagsOf(args.flags, 'sendmsgZc');
  let ioprio = bits16Without(args.ioprio, 0x4, 'sendmsgZc', 'ioprio');
  sqes[at + 6] = 1;
  const file = fileOf(args.fd, 'sendmsgZc', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  putAddress(sqes, at + 4, args.message, 'sendmsgZc', 'message');
  if (args.msgFlags !== undefined) sqes[at + 7] = u32(args.msgFlags, 'sendmsgZc', 'msgFlags');
  if (args.bufferIndex !== undefined) {
    sqes[at + 10] = u16(args.bufferIndex, 'sendmsgZc', 'bufferIndex');
    ioprio |= 0x4;
  }
  putOptions(sqes, at, args, 'sendmsgZc');
  sqes[at] = 48 | (flags << 8) | (ioprio << 16);
}

/** Encodes `IORING_OP_RECV_ZC` (Linux 6.15). */
export function recvZc(sqes: Uint32Array, slot: number, args: RecvZcArgs): void {
  const at = begin(sqes, slot, 'recvZc', args, 16);
  let flags = flagsOf(args.flags, 'recvZc');
  const ioprio = 0x2 | bits16Without(args.ioprio, 0x2, 'recvZc', 'ioprio');
  const file = fileOf(args.fd, 'recvZc', 'fd');
  sqes[at + 1] = file & 0x3fff_ffff;
  flags |= file >>> 30;
  sqes[at + 11] = u32(args.ifqIndex, 'recvZc', 'ifqIndex');
  if (args.length !== undefined) sqes[at + 6] = u32(args.length, 'recvZc', 'length');
  putOptions(sqes, at, args, 'recvZc');
  sqes[at] = 58 | (flags << 8) | (ioprio << 16);
}
