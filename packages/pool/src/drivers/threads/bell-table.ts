// The bells of a pool's threads, in shared memory. Any thread of the pool makes bells of its own and attaches to others.

import { RingpoolError } from '@ringpool/core';
import type { DoorbellToken } from '@ringpool/native';

import { BELL_WORDS, bellGone, ThreadsBell } from './bell.ts';

/** Workers, clients, and the owner's own, with room for those of threads that have just ended. */
const BELLS_MAX = 256;

/** Words that a table takes. */
export const BELL_TABLE_WORDS: number = 1 + BELLS_MAX * BELL_WORDS;

/** One thread's hands on the table. */
export class BellTable {
  readonly #words: Int32Array;

  /** `words` are {@link BELL_TABLE_WORDS} words of shared memory, zeros at first: a count of bells, then the bells. */
  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Makes a bell of this thread, which has its place until it closes. @throws ERR_RINGPOOL_TOO_MANY_CLIENTS. */
  create(look: () => void): ThreadsBell {
    const generation = (Atomics.add(this.#words, 0, 1) % 0x7fff_ffff) + 1;
    for (let index = 0; index < BELLS_MAX; index++) {
      const at = 1 + index * BELL_WORDS;
      if (Atomics.compareExchange(this.#words, at, 0, generation) !== 0) continue;
      const token = { index, generation };
      return new ThreadsBell(this.#words, at, token, { look, closed: () => this.forget(token) });
    }
    throw new RingpoolError('ERR_RINGPOOL_TOO_MANY_CLIENTS', `all ${BELLS_MAX} bells of the pool are taken`, {
      op: 'bell.create',
      hint: 'Close clients that are not needed, or use another pool.',
    });
  }

  /** Attaches to a bell of another thread. @throws EBADF when it is gone. */
  attach({ index, generation }: DoorbellToken): ThreadsBell {
    const at = 1 + index * BELL_WORDS;
    const there = index >= 0 && index < BELLS_MAX && Atomics.load(this.#words, at) === generation;
    if (!there) throw bellGone('attach');
    return new ThreadsBell(this.#words, at, { index, generation }, {});
  }

  /** Rings a bell if it is there still. */
  ring(token: DoorbellToken): void {
    try {
      const bell = this.attach(token);
      bell.ring();
      bell.close();
    } catch (error) {
      if (!(error instanceof RingpoolError)) throw error;
    }
  }

  /** The bell is nobody's from now on. */
  forget({ index, generation }: DoorbellToken): void {
    if (index < 0 || index >= BELLS_MAX) return;
    Atomics.compareExchange(this.#words, 1 + index * BELL_WORDS, generation, 0);
  }
}
