// What goes wrong in a simulation, how often: each by a probability from 0, never, to 1.

import { opcodes } from '../abi/opcodes.ts';
import { SECTOR_BYTES } from './content.ts';
import type { Random } from './random.ts';

const EINTR = 4;
const EIO = 5;
const ENOSPC = 28;
const OPCODE_MASK = 0xff;
const HIGH_WORD = 0x1_0000_0000;
const SIGN_BIT = 0x8000_0000;
/** How far a misdirected write goes astray. */
const ASTRAY_SECTORS_MAX = 64;

/** Probabilities of faults, by operation. What is left out never happens. */
export interface SimFaults {
  /** A read moves fewer bytes than it was to, at least one. */
  readonly shortRead?: number;
  readonly shortWrite?: number;
  /** EIO, with no effect. */
  readonly readError?: number;
  /** EIO; some of the bytes may have been written. */
  readonly writeError?: number;
  /** EIO, and what was to become durable never does, though the next fsync succeeds: as on Linux since 4.13. */
  readonly syncError?: number;
  /** EIO when opening. */
  readonly openError?: number;
  /** EINTR, with no effect. */
  readonly interrupted?: number;
  /** ENOSPC of a write, whatever room there is. */
  readonly noSpace?: number;
  /** A write goes to another place of the file, and says that it went well. */
  readonly misdirectedWrite?: number;
  /** An operation takes a hundred times as long. */
  readonly latencySpike?: number;
}

/** The names of all faults. */
export const FAULTS: readonly (keyof SimFaults)[] = [
  'shortRead',
  'shortWrite',
  'readError',
  'writeError',
  'syncError',
  'openError',
  'interrupted',
  'noSpace',
  'misdirectedWrite',
  'latencySpike',
];

const READS: readonly number[] = [opcodes.read.value, opcodes.readFixed.value];
const WRITES: readonly number[] = [opcodes.write.value, opcodes.writeFixed.value];
const VECTORS: readonly number[] = [
  opcodes.readv.value,
  opcodes.readvFixed.value,
  opcodes.writev.value,
  opcodes.writevFixed.value,
];

/** What becomes of one operation. */
export interface Fate {
  /** The errno that it ends with; 0 for none. */
  readonly errno: number;
  /** Whether its SQE, as it may have been altered, is executed. */
  readonly executes: boolean;
  /** It is an fsync that makes nothing durable. */
  readonly losesSync: boolean;
}

const WELL: Fate = { errno: 0, executes: true, losesSync: false };
const failed = (errno: number): Fate => ({ errno, executes: false, losesSync: false });

/** Decides the fate of the operation whose SQE stands at word 0, which it alters where less or something else is to be done. */
export function decide(sqe: Uint32Array, faults: SimFaults, random: Random): Fate {
  const opcode = (sqe[0] as number) & OPCODE_MASK;
  const { interrupted = 0 } = faults;
  const transfers = READS.includes(opcode) || WRITES.includes(opcode);
  if ((transfers || VECTORS.includes(opcode)) && random.chance(interrupted)) return failed(EINTR);
  if (READS.includes(opcode)) return decideRead(sqe, faults, random);
  if (WRITES.includes(opcode)) return decideWrite(sqe, faults, random);
  if (opcode === opcodes.openat.value && random.chance(faults.openError ?? 0)) return failed(EIO);
  if (opcode === opcodes.fsync.value && random.chance(faults.syncError ?? 0)) {
    return { errno: EIO, executes: false, losesSync: true };
  }
  return WELL;
}

function decideRead(sqe: Uint32Array, { readError = 0, shortRead = 0 }: SimFaults, random: Random): Fate {
  if (random.chance(readError)) return failed(EIO);
  if (random.chance(shortRead)) shorten(sqe, random);
  return WELL;
}

function decideWrite(sqe: Uint32Array, faults: SimFaults, random: Random): Fate {
  const { writeError = 0, noSpace = 0, shortWrite = 0, misdirectedWrite = 0 } = faults;
  if (random.chance(noSpace)) return failed(ENOSPC);
  if (random.chance(misdirectedWrite)) misdirect(sqe, random);
  const fails = random.chance(writeError);
  if (fails || random.chance(shortWrite)) shorten(sqe, random);
  return fails ? { errno: EIO, executes: random.chance(0.5), losesSync: false } : WELL;
}

/** At least one byte is left, and at least one is missing, where there are two. */
function shorten(sqe: Uint32Array, random: Random): void {
  const length = sqe[6] as number;
  if (length > 1) sqe[6] = 1 + random.below(length - 1);
}

function misdirect(sqe: Uint32Array, random: Random): void {
  if ((sqe[3] as number) >= SIGN_BIT) return; // at the current position
  const position = (sqe[3] as number) * HIGH_WORD + (sqe[2] as number);
  const astray = (1 + random.below(ASTRAY_SECTORS_MAX)) * SECTOR_BYTES;
  const target = position >= astray && random.chance(0.5) ? position - astray : position + astray;
  sqe[2] = target % HIGH_WORD;
  sqe[3] = Math.floor(target / HIGH_WORD);
}
