// The flags of pool.open as O_* bits of this machine. Pure; any thread.

import { type OpenFlags, openFlagsFor } from '@ringpool/core';

import { invalidArgument } from '../pool/errors.ts';

let flags: OpenFlags | undefined;

type Bit = 'RDONLY' | 'WRONLY' | 'RDWR' | 'CREAT' | 'EXCL' | 'TRUNC' | 'APPEND' | 'SYNC';

/** Node's words. Those with `s` and `x` in another order are the same. Source: node:fs, "File system flags". */
const WORDS: ReadonlyMap<string, readonly Bit[]> = new Map<string, readonly Bit[]>([
  ['r', ['RDONLY']],
  ['rs', ['RDONLY', 'SYNC']],
  ['r+', ['RDWR']],
  ['rs+', ['RDWR', 'SYNC']],
  ['w', ['WRONLY', 'CREAT', 'TRUNC']],
  ['wx', ['WRONLY', 'CREAT', 'TRUNC', 'EXCL']],
  ['w+', ['RDWR', 'CREAT', 'TRUNC']],
  ['wx+', ['RDWR', 'CREAT', 'TRUNC', 'EXCL']],
  ['a', ['WRONLY', 'CREAT', 'APPEND']],
  ['ax', ['WRONLY', 'CREAT', 'APPEND', 'EXCL']],
  ['as', ['WRONLY', 'CREAT', 'APPEND', 'SYNC']],
  ['a+', ['RDWR', 'CREAT', 'APPEND']],
  ['ax+', ['RDWR', 'CREAT', 'APPEND', 'EXCL']],
  ['as+', ['RDWR', 'CREAT', 'APPEND', 'SYNC']],
]);
const TURNED = /^([sx])([rwa])(\+?)$/;

/** Whether these bits, of {@link openFlagBits}, bypass the page cache. */
export function isDirect(bits: number): boolean {
  flags ??= openFlagsFor(process.arch);
  return (bits & flags.DIRECT) !== 0;
}

/** Whether what is written to a file that is opened by these bits goes to its end. */
export function appends(bits: number): boolean {
  flags ??= openFlagsFor(process.arch);
  return (bits & flags.APPEND) !== 0;
}

/** What an open has beside its flags. */
interface Extra {
  readonly direct: boolean;
  readonly dsync: boolean;
}

/** The O_* bits for one of Node's words, or for bits of the caller's own, with O_CLOEXEC, and with what is wanted beside. */
export function openFlagBits(wanted: string | number, { direct, dsync }: Extra): number {
  flags ??= openFlagsFor(process.arch);
  const extra = flags.CLOEXEC | (direct ? flags.DIRECT : 0) | (dsync ? flags.DSYNC : 0);
  if (typeof wanted === 'number' && wanted >>> 0 === wanted) return wanted | extra;
  const word = typeof wanted === 'string' ? WORDS.get(wanted.replace(TURNED, '$2$1$3')) : undefined;
  if (word === undefined) {
    throw invalidArgument(
      'open',
      `flags is ${String(wanted)}`,
      "It must be one of node:fs's words, such as 'r', or O_* bits as in node:fs constants.",
    );
  }
  let bits = extra;
  for (const name of word) bits |= flags[name];
  return bits;
}
