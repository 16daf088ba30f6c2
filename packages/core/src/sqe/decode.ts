// Reads a slot of the submission queue back into a typed operation, by the opcode table. For tracing, for the drivers
// that interpret SQEs, and for tests: it allocates. The caller owns the queue; any thread may read what is published.
import { IOSQE } from '../abi/flags.ts';
import { CMD_BYTES, CMD128_BYTES, SQE_WORDS, SQE128_BYTES, type SqeField, sqeFields } from '../abi/layout.ts';
import type { OpcodeEntry, OpcodeField } from '../abi/opcode-shape.ts';
import { opcodeEntry, opcodeNames } from '../abi/opcodes.ts';
import { RingpoolError } from '../errors.ts';
import type { Operation } from './operations.ts';
import { ALLOCATE_SLOT, FIXED_FILE_BIT } from './values.ts';

const NO_SLOT_GIVEN = 0xffff_ffff;
const FIXED_FILE = { field: 'flags', bits: IOSQE.FIXED_FILE } as const;
/** Commands of sockets that carry level, optname, optlen and optval (`SOCKET_URING_OP_GETSOCKOPT`, `SETSOCKOPT`). */
const SOCKET_OPTION_COMMANDS: readonly number[] = [2, 3];
/** Commands that carry addr and addr3 (`SOCKET_URING_OP_GETSOCKNAME`, `BLOCK_URING_CMD_DISCARD`). */
const RANGE_COMMANDS: readonly number[] = [5, 0x1200];

/** Arguments that every command has. */
const COMMON_COMMAND_ARGS: readonly string[] = ['fd', 'cmdOp', 'uringCmdFlags', 'bufferIndex'];

/** One SQE while it is taken apart. Bits that an argument explains are taken away; the rest goes to the flags argument. */
class Slot {
  readonly #sqes: Uint32Array;
  readonly #at: number;
  readonly #left = new Map<SqeField, number>();

  constructor(sqes: Uint32Array, at: number) {
    this.#sqes = sqes;
    this.#at = at;
  }

  word(index: number): number {
    return this.#sqes[this.#at + index] ?? 0;
  }

  /** The lower 32 bits of a field. */
  low(field: SqeField): number {
    const { offset, size } = sqeFields[field];
    const word = this.word(offset >>> 2);
    if (size >= 4) return word;
    return (word >>> ((offset & 3) * 8)) & (size === 2 ? 0xffff : 0xff);
  }

  /** All bits of a 64-bit field; a bigint when a number cannot hold them. */
  long(field: SqeField): number | bigint {
    const index = sqeFields[field].offset >>> 2;
    const [low, high] = [this.word(index), this.word(index + 1)];
    return high <= 0x1f_ffff ? high * 2 ** 32 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  left(field: SqeField): number {
    return this.#left.get(field) ?? this.low(field);
  }

  /** True when all the bits are set; they are then explained. */
  take({ field, bits }: { readonly field: SqeField; readonly bits: number }): boolean {
    if ((this.low(field) & bits) >>> 0 !== bits >>> 0) return false;
    this.#left.set(field, (this.left(field) & ~bits) >>> 0);
    return true;
  }

  bytes(field: SqeField, length: number): Uint8Array {
    const { offset } = sqeFields[field];
    return Uint8Array.from({ length }, (_, byte) => this.word((offset + byte) >>> 2) >>> ((byte & 3) * 8));
  }
}

/** Whether the SQE carries the argument. */
function isPresent(slot: Slot, entry: OpcodeEntry, field: OpcodeField): boolean {
  const { sets } = field;
  const rivals = entry.fields.filter(
    (other) => field.choice !== undefined && other.choice === field.choice && other !== field,
  );
  const beaten = rivals.some(
    (other) =>
      other.sets !== undefined &&
      (other.sets.bits | (sets?.bits ?? 0)) === other.sets.bits &&
      hasBits(slot, other.sets),
  );
  if (beaten) return false;
  if (sets !== undefined && sets.when === undefined) return slot.take(sets);
  if (sets !== undefined && slot.take(sets)) return true;
  if (field.optional !== true) return true;
  if (sqeFields[field.sqe].size === 8) return slot.long(field.sqe) !== (field.default ?? 0);
  const raw = slot.low(field.sqe);
  return raw !== (field.default ?? 0) >>> 0;
}

function hasBits(slot: Slot, { field, bits }: { readonly field: SqeField; readonly bits: number }): boolean {
  return (slot.low(field) & bits) >>> 0 === bits >>> 0;
}

/** An address; no process of a 64-bit machine has one that a number cannot hold. */
function addressIn(slot: Slot, field: OpcodeField): number {
  const value = slot.long(field.sqe);
  if (typeof value === 'bigint') {
    throw new RingpoolError(
      'ERR_RINGPOOL_INVALID_SQE',
      `${field.arg} is 0x${value.toString(16)}, which is no address`,
    );
  }
  return value;
}

function slotIn(value: number): number {
  return value === NO_SLOT_GIVEN ? ALLOCATE_SLOT : value | FIXED_FILE_BIT;
}

/** The value of an argument that is present. */
function argumentIn(slot: Slot, field: OpcodeField): unknown {
  const low = slot.low(field.sqe);
  switch (field.kind) {
    case 'file':
      return slot.take(field.fixedBit ?? FIXED_FILE) ? low | FIXED_FILE_BIT : low | 0;
    case 'fixed-file':
      slot.take(FIXED_FILE);
      return low | FIXED_FILE_BIT;
    case 'closing-file': {
      const index = slot.low('file_index');
      return index === 0 ? low | 0 : (index - 1) | FIXED_FILE_BIT;
    }
    case 'slot':
      return low === NO_SLOT_GIVEN ? ALLOCATE_SLOT : (low - 1) | FIXED_FILE_BIT;
    case 'raw-slot':
    case 'source-slot':
      return slotIn(low);
    case 'plain-file':
    case 'directory':
    case 'i32':
      return low | 0;
    case 'u64':
      return slot.long(field.sqe);
    case 'offset': {
      const value = slot.long(field.sqe);
      return value === 0xffff_ffff_ffff_ffffn ? -1 : value;
    }
    case 'foreign-user-data': {
      const value = BigInt(slot.long(field.sqe)) & 0x7fff_ffff_ffff_ffffn;
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
    }
    case 'wide-length': {
      const wide = slot.long(field.wide!);
      return wide === 0 ? low : wide;
    }
    case 'address':
      return addressIn(slot, field);
    default:
      return low;
  }
}

/** Fields whose bits come from several arguments; the argument named after them gets what is left. */
function collectedFields(entry: OpcodeEntry): ReadonlySet<SqeField> {
  const fields = new Set<SqeField>(['flags']);
  for (const field of entry.fields) {
    if (field.sets) fields.add(field.sets.field);
    if (field.kind === 'file') fields.add((field.fixedBit ?? FIXED_FILE).field);
  }
  for (const field of Object.keys(entry.constants) as SqeField[]) fields.add(field);
  return fields;
}

/** The arguments of an operation, by the table. */
function argumentsOf(slot: Slot, entry: OpcodeEntry): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  const collected = collectedFields(entry);
  const rest = entry.fields.filter(
    (field) => field.sets === undefined && collected.has(field.sqe) && /^u(?:16|32)$/.test(field.kind),
  );
  for (const field of entry.fields) {
    if (!rest.includes(field) && isPresent(slot, entry, field)) args[field.arg] = argumentIn(slot, field);
  }
  for (const [field, bits] of Object.entries(entry.constants) as [SqeField, number][])
    slot.take({ field, bits });
  for (const field of rest) {
    const left = slot.left(field.sqe);
    if (left !== 0) args[field.arg] = left;
  }
  return args;
}

/** URING_CMD and URING_CMD128: what overlaps is told apart by the command. */
function commandOf(slot: Slot, entry: OpcodeEntry, sqeBytes: number): Record<string, unknown> {
  const common = { ...entry, fields: entry.fields.filter(({ arg }) => COMMON_COMMAND_ARGS.includes(arg)) };
  const args = argumentsOf(slot, common);
  const put = (name: string, value: number | bigint): void => {
    if (value !== 0) args[name] = value;
  };
  const wide = entry.sqeBytes === SQE128_BYTES || sqeBytes === SQE128_BYTES;
  if (entry.sqeBytes !== SQE128_BYTES) put('optlen', slot.low('optlen'));
  const command = slot.low('cmd_op');
  if (!wide && SOCKET_OPTION_COMMANDS.includes(command)) {
    put('level', slot.low('level'));
    put('optname', slot.low('optname'));
    put('optval', slot.long('optval'));
    return args;
  }
  if (entry.sqeBytes !== SQE128_BYTES) put('addr', slot.long('addr'));
  if (!wide && RANGE_COMMANDS.includes(command)) {
    put('addr3', slot.long('addr3'));
    return args;
  }
  const cmd = slot.bytes('cmd', wide ? CMD128_BYTES : CMD_BYTES);
  if (cmd.some((byte) => byte !== 0)) args['cmd'] = cmd;
  return args;
}

/**
 * Reads the operation in a slot. What {@link encode} wrote comes back equal; optional arguments that hold their default
 * are left out, and 64-bit values are numbers up to 2^53-1 and bigints above.
 *
 * `sqeBytes` 128 says that the ring has SETUP_SQE128, so that a URING_CMD has 80 bytes of payload.
 * Throws `ERR_RINGPOOL_INVALID_SQE` for an opcode outside the table, an address that is none, or a slot outside the queue.
 *
 * @example
 * ```ts
 * import { decode, encode, fd } from '@ringpool/core';
 *
 * const sqes = new Uint32Array(16);
 * encode.fsync(sqes, 0, { fd: fd(3), fsyncFlags: 1 });
 * console.log(decode(sqes, 0)); // { op: 'fsync', fd: 3, fsyncFlags: 1 }
 * ```
 */
export function decode(sqes: Uint32Array, slot: number, sqeBytes: 64 | 128 = 64): Operation {
  const at = slot * SQE_WORDS;
  const opcode = (sqes[at] ?? 0) & 0xff;
  const op = opcodeNames[opcode];
  if (slot >>> 0 !== slot || at + SQE_WORDS > sqes.length || op === undefined) {
    throw new RingpoolError(
      'ERR_RINGPOOL_INVALID_SQE',
      op === undefined ? `slot ${slot} holds opcode ${opcode}` : `there is no slot ${slot}`,
      { op: 'decode', hint: 'Decode slots that an encoder has filled.' },
    );
  }
  const entry = opcodeEntry(op);
  const state = new Slot(sqes, at);
  const args = entry.encoder === 'custom' ? commandOf(state, entry, sqeBytes) : argumentsOf(state, entry);
  const flags = state.left('flags');
  if (flags !== 0) args['flags'] = flags;
  const personality = state.low('personality');
  if (personality !== 0) args['personality'] = personality;
  const userData = state.long('user_data');
  if (userData !== 0) args['userData'] = userData;
  return { op, ...args } as unknown as Operation;
}
