// When the timeout of an SQE is over. Source: io_uring_prep_timeout(3).

import type { Executor } from './executor.ts';
import type { SoftMemory } from './memory.ts';

const HIGH_WORD = 0x1_0000_0000;
const EOPNOTSUPP = 95;
/** `IORING_TIMEOUT_*`. */
const ABS = 1;
const UPDATE = 2;
const BOOTTIME = 4;
const REALTIME = 8;
const LINK_UPDATE = 16;
const ETIME_SUCCESS = 32;
const SUPPORTED = ABS | BOOTTIME | REALTIME | ETIME_SUCCESS;

/** The time of the TIMEOUT or LINK_TIMEOUT at a word, by the executor's clock; a negative errno. */
export function dueMsOf(words: Uint32Array, at: number, memory: SoftMemory, clock: Executor): number {
  const flags = words[at + 7] as number;
  return flags & ~SUPPORTED ? -EOPNOTSUPP : timeAt(words, at + 4, flags, memory, clock);
}

/** The new time that the TIMEOUT_REMOVE at a word brings; undefined when it removes; a negative errno. */
export function updatedMsOf(
  words: Uint32Array,
  at: number,
  memory: SoftMemory,
  clock: Executor,
): number | undefined {
  const flags = words[at + 7] as number;
  if ((flags & (UPDATE | LINK_UPDATE)) === 0) return undefined;
  return timeAt(words, at + 2, flags, memory, clock);
}

function timeAt(
  words: Uint32Array,
  word: number,
  flags: number,
  memory: SoftMemory,
  clock: Executor,
): number {
  const ms = memory.milliseconds(words[word] as number, words[word + 1] as number);
  if (ms < 0) return ms;
  if ((flags & ABS) === 0) return clock.now() + ms;
  if (flags & REALTIME) return Math.max(0, clock.now() + ms - clock.today());
  if ((flags & BOOTTIME) === 0) return ms;
  const sinceBoot = clock.sinceBoot();
  return sinceBoot === undefined ? -EOPNOTSUPP : Math.max(0, clock.now() + ms - sinceBoot);
}

/** After how many completions from now on the TIMEOUT at a word is over; Infinity when it goes by time alone. */
export function countOf(words: Uint32Array, at: number): number {
  const count = (words[at + 3] as number) * HIGH_WORD + (words[at + 2] as number);
  return count === 0 ? Infinity : count;
}

/** Whether the end of the TIMEOUT at a word leaves its chain whole. */
export function endsWell(words: Uint32Array, at: number): boolean {
  return ((words[at + 7] as number) & ETIME_SUCCESS) !== 0;
}
