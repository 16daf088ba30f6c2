// URING_CMD and URING_CMD128: commands to the driver behind a file. Written by hand, because their fields overlap:
// what lies in words 4, 5, 11 and 12 to 15 depends on the command. The caller owns the queue, and its thread calls.
import { CMD_BYTES, CMD128_BYTES } from '../abi/layout.ts';
import { opcodes } from '../abi/opcodes.ts';
import type { Address, BufferIndex, Fd, FixedFile } from './values.ts';
import {
  begin,
  bitsWithout,
  fileOf,
  flagsOf,
  put64,
  putAddress,
  putOptions,
  refuseArgument,
  type SqeOptions,
  u16,
  u32,
} from './write.ts';

const URING_CMD_FIXED = 0x1;
const SLOT_MASK = 0x3fff_ffff;
const SQE_WORDS = 16;
const CMD_WORD = 12;

/** What every command has. */
interface CommandArgs extends SqeOptions {
  /** The file whose driver takes the command. */
  readonly fd: Fd | FixedFile;
  /** The command, as the driver numbers it. */
  readonly cmdOp: number;
  /** `IORING_URING_CMD_*` bits besides FIXED, which bufferIndex sets. */
  readonly uringCmdFlags?: number | undefined;
  /** Registered buffer; sets `IORING_URING_CMD_FIXED`. */
  readonly bufferIndex?: BufferIndex | undefined;
}

/**
 * Arguments of `IORING_OP_URING_CMD` (Linux 5.19). `level` and `optname` share their place with `addr`; `optval` and
 * `addr3` share theirs with the first eight bytes of `cmd`: give only one of each. A `cmd` of more than 16 bytes takes
 * this slot and the next, for rings with SETUP_SQE128; there, give all 80 bytes or fewer than 17 leave the next slot as it was.
 */
export interface UringCmdArgs extends CommandArgs {
  /** Socket level, for GETSOCKOPT and SETSOCKOPT. */
  readonly level?: number | undefined;
  /** Socket option. */
  readonly optname?: number | undefined;
  /** Address of the option's value. */
  readonly optval?: Address | undefined;
  /** Bytes of the option's value; for GETSOCKNAME 1 asks for the peer's address. */
  readonly optlen?: number | undefined;
  /** Offset of a discard, or the address GETSOCKNAME writes to. */
  readonly addr?: number | bigint | undefined;
  /** Length of a discard, or the address of the socklen of GETSOCKNAME. */
  readonly addr3?: number | bigint | undefined;
  /** Payload: up to 16 bytes, or 17 to 80 in a 128-byte SQE. It is copied into the SQE. */
  readonly cmd?: Uint8Array | undefined;
}

/** Arguments of `IORING_OP_URING_CMD128` (Linux 6.19). Takes this slot and the next. */
export interface UringCmd128Args extends CommandArgs {
  /** Payload of up to 80 bytes. It is copied into the SQE. */
  readonly cmd?: Uint8Array | undefined;
}

function payloadOf(cmd: Uint8Array | undefined, op: string, most: number): Uint8Array | undefined {
  if (cmd !== undefined && (!(cmd instanceof Uint8Array) || cmd.length > most)) {
    refuseArgument(op, 'cmd', cmd, `a Uint8Array of at most ${most} bytes`);
  }
  return cmd;
}

/** Stores what both commands have, the opcode last. */
function putCommand(sqes: Uint32Array, at: number, opcode: number, args: UringCmd128Args, op: string): void {
  const flags = flagsOf(args.flags, op);
  const file = fileOf(args.fd, op, 'fd');
  sqes[at + 1] = file & SLOT_MASK;
  sqes[at + 2] = u32(args.cmdOp, op, 'cmdOp');
  let commandFlags = bitsWithout(args.uringCmdFlags, URING_CMD_FIXED, op, 'uringCmdFlags');
  if (args.bufferIndex !== undefined) {
    sqes[at + 10] = u16(args.bufferIndex, op, 'bufferIndex');
    commandFlags |= URING_CMD_FIXED;
  }
  sqes[at + 7] = commandFlags;
  const cmd = args.cmd;
  if (cmd !== undefined) {
    for (let byte = 0; byte < cmd.length; byte++) {
      const word = at + CMD_WORD + (byte >>> 2);
      sqes[word] = sqes[word]! | (cmd[byte]! << ((byte & 3) * 8));
    }
  }
  putOptions(sqes, at, args, op);
  sqes[at] = opcode | ((flags | (file >>> 30)) << 8);
}

/** Encodes `IORING_OP_URING_CMD` (Linux 5.19). */
export function uringCmd(sqes: Uint32Array, slot: number, args: UringCmdArgs): void {
  const op = 'uringCmd';
  const wide = args.cmd !== undefined && args.cmd.length > CMD_BYTES;
  const at = begin(sqes, slot, op, args, wide ? 2 * SQE_WORDS : SQE_WORDS);
  payloadOf(args.cmd, op, CMD128_BYTES);
  const { level, optname, optval, optlen, addr, addr3, cmd } = args;
  if (addr !== undefined && (level !== undefined || optname !== undefined)) {
    refuseArgument(op, 'addr', addr, 'left out beside level and optname, whose place it shares');
  }
  if (Number(optval !== undefined) + Number(addr3 !== undefined) + Number(cmd !== undefined) > 1) {
    refuseArgument(op, 'cmd, optval or addr3', cmd, 'given for only one of them: they share their place');
  }
  if (addr !== undefined) put64(sqes, at + 4, addr, op, 'addr');
  if (level !== undefined) sqes[at + 4] = u32(level, op, 'level');
  if (optname !== undefined) sqes[at + 5] = u32(optname, op, 'optname');
  if (optlen !== undefined) sqes[at + 11] = u32(optlen, op, 'optlen');
  if (optval !== undefined) putAddress(sqes, at + CMD_WORD, optval, op, 'optval');
  if (addr3 !== undefined) put64(sqes, at + CMD_WORD, addr3, op, 'addr3');
  putCommand(sqes, at, opcodes.uringCmd.value, args, op);
}

/** Encodes `IORING_OP_URING_CMD128` (Linux 6.19). */
export function uringCmd128(sqes: Uint32Array, slot: number, args: UringCmd128Args): void {
  const op = 'uringCmd128';
  const at = begin(sqes, slot, op, args, 2 * SQE_WORDS);
  payloadOf(args.cmd, op, CMD128_BYTES);
  putCommand(sqes, at, opcodes.uringCmd128.value, args, op);
}
