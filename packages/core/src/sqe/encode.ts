// The encoders of all operations in one object.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { OpcodeName } from '../abi/opcodes.ts';
import {
  asyncCancel,
  linkTimeout,
  nop,
  pollAdd,
  pollRemove,
  provideBuffers,
  removeBuffers,
  timeout,
  timeoutRemove,
} from './encode/control.ts';
import {
  close,
  fadvise,
  fallocate,
  filesUpdate,
  fixedFdInstall,
  fsync,
  ftruncate,
  madvise,
  openat,
  openat2,
  pipe,
  syncFileRange,
} from './encode/files.ts';
import { recv, recvmsg, recvZc, send, sendmsg, sendmsgZc, sendZc } from './encode/messages.ts';
import {
  fgetxattr,
  fsetxattr,
  getxattr,
  linkat,
  mkdirat,
  renameat,
  setxattr,
  statx,
  symlinkat,
  unlinkat,
} from './encode/paths.ts';
import { futexWait, futexWaitv, futexWake, msgRing, nop128, waitid } from './encode/signals.ts';
import { accept, bind, connect, epollCtl, epollWait, listen, shutdown, socket } from './encode/sockets.ts';
import { read, readFixed, readMultishot, splice, tee, write, writeFixed } from './encode/transfers.ts';
import { readv, readvFixed, writev, writevFixed } from './encode/vectors.ts';
import type { Operation, OperationArgs } from './operations.ts';
import { uringCmd, uringCmd128 } from './uring-cmd.ts';
import { refuseArgument } from './write.ts';

/** Writes one operation into a slot of the queue. */
export type Encoder<Args> = (sqes: Uint32Array, slot: number, args: Args) => void;

/** The type of {@link encode}: NOP, whose arguments are all optional, may be called without them. */
export type Encoders = {
  readonly [Op in OpcodeName]: Op extends 'nop' | 'nop128'
    ? (sqes: Uint32Array, slot: number, args?: OperationArgs[Op]) => void
    : Encoder<OperationArgs[Op]>;
};

/**
 * One encoder per operation: `encode.read(sqes, slot, args)` fills the 64 bytes of a slot, word `slot * 16` onwards.
 *
 * `slot` counts 64-byte slots in every ring; a 128-byte SQE fills `slot` and `slot + 1`, so that in a SETUP_SQE128
 * ring slots are even. Every field that no argument sets is cleared, except words 8 and 9 (user_data), which
 * `ring.push()` writes and only `userData` overwrites. Nothing is allocated. For speed, give one call site arguments of
 * one shape.
 *
 * Throws `ERR_RINGPOOL_INVALID_ARGUMENT` for an argument of a wrong type or out of its field's range; the slot then holds
 * a NOP, so that one already pushed cannot run what it held before.
 *
 * @example
 * ```ts
 * import { type Address, bufferIndex, encode, fd } from '@ringpool/core';
 *
 * const sqes = new Uint32Array(16);
 * encode.readFixed(sqes, 0, {
 *   fd: fd(3), buffer: 0x7000_0000 as Address, length: 4096, offset: 8192, bufferIndex: bufferIndex(0),
 * });
 * console.assert(sqes[6] === 4096);
 * ```
 */
export const encode: Encoders = {
  nop,
  readv,
  writev,
  fsync,
  readFixed,
  writeFixed,
  pollAdd,
  pollRemove,
  syncFileRange,
  sendmsg,
  recvmsg,
  timeout,
  timeoutRemove,
  accept,
  asyncCancel,
  linkTimeout,
  connect,
  fallocate,
  openat,
  close,
  filesUpdate,
  statx,
  read,
  write,
  fadvise,
  madvise,
  send,
  recv,
  openat2,
  epollCtl,
  splice,
  provideBuffers,
  removeBuffers,
  tee,
  shutdown,
  renameat,
  unlinkat,
  mkdirat,
  symlinkat,
  linkat,
  msgRing,
  fsetxattr,
  setxattr,
  fgetxattr,
  getxattr,
  socket,
  uringCmd,
  sendZc,
  sendmsgZc,
  readMultishot,
  waitid,
  futexWait,
  futexWake,
  futexWaitv,
  fixedFdInstall,
  ftruncate,
  bind,
  listen,
  recvZc,
  epollWait,
  readvFixed,
  writevFixed,
  pipe,
  nop128,
  uringCmd128,
};

/**
 * Encodes an operation by its `op`. Throws as {@link encode} does, and for an `op` that does not exist.
 *
 * @example
 * ```ts
 * import { decode, encodeOperation, fd } from '@ringpool/core';
 *
 * const sqes = new Uint32Array(16);
 * encodeOperation(sqes, 0, { op: 'fsync', fd: fd(3), fsyncFlags: 1 });
 * console.assert(decode(sqes, 0).op === 'fsync');
 * ```
 */
export function encodeOperation(sqes: Uint32Array, slot: number, operation: Operation): void {
  if (!Object.hasOwn(encode, operation.op)) {
    refuseArgument('encodeOperation', 'op', operation.op, 'the name of an operation in the opcode table');
  }
  (encode[operation.op] as Encoder<Operation>)(sqes, slot, operation);
}
