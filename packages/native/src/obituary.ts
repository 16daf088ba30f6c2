// Obituaries: what a thread leaves behind in shared memory when it ends, without JavaScript: its environment's clean-up
// does it on the dying thread, after the last completion of its rings. The words belong to whoever shared them; a thread
// keeps those of its obituaries alive.

import { checkOptions, RingpoolError } from '@ringpool/core';

import { addon } from './addon.ts';
import type { DoorbellToken } from './doorbell.ts';

const EACCES = 13;
const ERANGE = 34;

/** What {@link Obituary.write} is to do when the thread ends. */
export interface ObituaryOptions {
  /** A view over a SharedArrayBuffer. */
  readonly words: Int32Array;
  /** The word that tells how the thread stands. */
  readonly storeIndex: number;
  /** What is stored there, -2^31 to 2^31-1. */
  readonly storeValue: number;
  /** Store only over one of these values, at most two. Default: whatever the word holds. */
  readonly expected?: readonly number[];
  /** The word to which 1 is added after that, in any case: a count of deaths, say. */
  readonly addIndex: number;
}

/** Where tokens of doorbells stand in an obituary's words. */
export interface BellTable {
  readonly index: number;
  readonly stride: number;
  readonly count: number;
}

/**
 * What this thread leaves behind when it ends in whatever way: terminated, by `process.exit()` in a worker, with an
 * uncaught error, out of memory, or because it had nothing left to do. First its rings are drained; then
 * `words[storeIndex]` is stored to, `words[addIndex]` counts one more, and the doorbells ring, in this order. So whoever
 * sees the word may reuse all memory that the thread's operations had, and close its descriptors.
 *
 * A thread may have several, done in the order in which they were written. Only a process that ends skips them.
 *
 * @example
 * ```ts
 * import { Doorbell, Obituary } from '@ringpool/native';
 *
 * const words = new Int32Array(new SharedArrayBuffer(8), 0, 2);
 * const bell = Doorbell.create();
 * const obituary = Obituary.write({ words, storeIndex: 0, storeValue: -1, expected: [0], addIndex: 1 });
 * obituary.setBells([bell.token]);
 * // ... work; had the thread died here, words would be [-1, 1] and the bell have rung
 * obituary.cancel();
 * bell.close();
 * console.assert(words[0] === 0 && words[1] === 0);
 * ```
 */
export class Obituary {
  readonly #id: number;

  private constructor(id: number) {
    this.#id = id;
  }

  /**
   * Writes one for the calling thread. It stands whether or not the object is kept.
   *
   * @throws RingpoolError ERR_RINGPOOL_NOT_SHARED, ERR_RINGPOOL_INVALID_ARGUMENT (an index outside the words, a value
   *   that is no 32-bit integer, more than two expected values).
   */
  static write(options: ObituaryOptions): Obituary {
    checkOptions('Obituary.write', options, ['words', 'storeIndex', 'storeValue', 'expected', 'addIndex']);
    const { words, storeIndex, storeValue, expected = [], addIndex } = options;
    const [first = 0, second = 0] = expected;
    const id = addon().obituaryWrite(words, storeIndex, storeValue, addIndex, expected.length, first, second);
    if (id < 0) throw refused(-id, options);
    return new Obituary(id);
  }

  /**
   * The doorbells to ring, instead of those named before. One that every thread has let go of by then is passed over;
   * its descriptor, which may be a file by then, is not touched. After {@link Obituary.cancel} it does nothing.
   */
  setBells(tokens: readonly DoorbellToken[]): void {
    const names = Uint32Array.from(tokens.flatMap(({ index, generation }) => [index, generation])); // view: a copy
    addon().obituarySetBells(this.#id, names);
  }

  /**
   * Further doorbells, named in the words themselves: those whose token stands there when the thread ends. `index` is the
   * first token's index word, its generation the next one; further ones follow every `stride` words. An index of -1 names
   * none.
   *
   * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT where a token would lie outside the words.
   */
  setBellTable({ index, stride, count }: BellTable): void {
    if (addon().obituarySetTable(this.#id, index, stride, count) === 0) return;
    throw new RingpoolError(
      'ERR_RINGPOOL_INVALID_ARGUMENT',
      `${String(count)} tokens from word ${String(index)}, every ${String(stride)} words, do not lie inside the words`,
      {
        op: 'Obituary.setBellTable',
        errno: ERANGE,
        hint: 'Give words from 0, and a table that ends before they do.',
      },
    );
  }

  /**
   * Whose descriptors in the ledger are closed, before the word is stored: for a thread that nobody survives who would do
   * it. `owner` is from `newDescriptorOwner()`, or 0 for nobody's.
   *
   * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT.
   */
  setDescriptors(owner: number): void {
    if (addon().obituarySetDescriptors(this.#id, owner) === 0) return;
    throw new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', `${String(owner)} is no owner of descriptors`, {
      op: 'Obituary.setDescriptors',
      hint: 'Pass what newDescriptorOwner() returned.',
    });
  }

  /** An orderly end: nothing will be done, and the words are let go of. May be called twice. */
  cancel(): void {
    addon().obituaryCancel(this.#id);
  }
}

function refused(errno: number, { words, storeIndex, storeValue, addIndex }: ObituaryOptions): RingpoolError {
  const op = 'Obituary.write';
  if (errno === EACCES) {
    return new RingpoolError('ERR_RINGPOOL_NOT_SHARED', `${op} needs words over a SharedArrayBuffer`, {
      op,
      errno,
      hint: 'Nobody else could read what this thread leaves behind: share the memory.',
    });
  }
  const message =
    errno === ERANGE
      ? `words ${String(storeIndex)} and ${String(addIndex)} are not both inside ${words.length} words`
      : `words, or the values ${String(storeValue)} and those expected, are not what an obituary takes`;
  return new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', message, {
    op,
    errno,
    hint: 'Words are an Int32Array, values 32-bit integers, and at most two are expected.',
  });
}
