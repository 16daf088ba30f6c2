// Which operations an ASYNC_CANCEL means. Source: io_uring_prep_cancel(3).

import { SQE_WORDS } from '../abi/layout.ts';
import type { SoftQueues } from './queues.ts';
import type { Taken } from './taken.ts';

/** `IORING_ASYNC_CANCEL_*`. */
const ALL = 1;
const FD = 2;
const ANY = 4;
const FD_FIXED = 8;
const USERDATA = 16;
const OP = 32;
const FIXED_FILE = 1;

/** True when it is to stop all that match, and to say how many there were. */
export function cancelsAll(words: Uint32Array, at: number): boolean {
  return ((words[at + 7] as number) & (ALL | ANY)) !== 0;
}

/** Whether the ASYNC_CANCEL at a word means this operation. */
export function isMeant(taken: Taken, queues: SoftQueues, operation: number, at: number): boolean {
  const { words } = taken;
  const flags = words[at + 7] as number;
  if (flags & ANY) return true;
  if (flags & FD && !isOfFile(taken, operation, at, (flags & FD_FIXED) !== 0)) return false;
  if (flags & OP && taken.opcode(operation) !== words[at + 6]) return false;
  if (flags & (FD | OP) && (flags & USERDATA) === 0) return true;
  return queues.operationWith(words[at + 4] as number, words[at + 5] as number) === operation;
}

function isOfFile(taken: Taken, operation: number, at: number, fixed: boolean): boolean {
  const { words } = taken;
  const itsFixed = (taken.flags(operation) & FIXED_FILE) !== 0;
  return itsFixed === fixed && words[operation * SQE_WORDS + 1] === words[at + 1];
}
