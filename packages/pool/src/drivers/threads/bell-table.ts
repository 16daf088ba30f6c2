// The bells of a pool's threads, in shared memory. Any thread of the pool makes bells of its own and attaches to others.

import { RingpoolError } from '@ringpool/core';
import type { DoorbellToken } from '@ringpool/native';

import { BELL_WORDS, bellGone, ThreadsBell } from './bell.ts';
import { mayLive } from './life.ts';

/** Workers, clients, and the owner's own, with room for those of threads that have just ended. */
const BELLS_MAX = 256;

/** Places of bells, and where in the table they are. */
const PLACES: readonly (readonly [index: number, at: number])[] = Array.from(
  { length: BELLS_MAX },
  (_, index) => [index, 1 + index * BELL_WORDS],
);

/** Words that a table takes. */
export const BELL_TABLE_WORDS: number = 1 + BELLS_MAX * BELL_WORDS;

/** One thread's hands on the table. */
export class BellTable {
  readonly #words: Int32Array;
  readonly #task: number;

  /**
   * `words` are {@link BELL_TABLE_WORDS} words of shared memory, zeros at first: a count of bells, then the bells. `task`: the
   * operating system's number of this thread, or 0.
   */
  constructor(words: Int32Array, task: number) {
    this.#words = words;
    this.#task = task;
  }

  /** Makes a bell of this thread, which has its place until it closes. @throws ERR_RINGPOOL_TOO_MANY_CLIENTS. */
  create(look: () => void): ThreadsBell {
    const generation = (Atomics.add(this.#words, 0, 1) % 0x7fff_ffff) + 1;
    const index = this.#take(generation);
    if (index >= 0) {
      const token = { index, generation };
      const at = 1 + index * BELL_WORDS;
      return new ThreadsBell(this.#words, at, token, { look, closed: () => this.forget(token) });
    }
    throw new RingpoolError('ERR_RINGPOOL_TOO_MANY_CLIENTS', `all ${BELLS_MAX} bells of the pool are taken`, {
      op: 'bell.create',
      hint: 'Close clients that are not needed, or use another pool.',
    });
  }

  /** A place in the table; -1 when there is none. */
  #take(generation: number): number {
    const words = this.#words;
    for (const [index, at] of PLACES) {
      if (Atomics.compareExchange(words, at, 0, generation) !== 0) continue;
      Atomics.store(words, at + 2, this.#task);
      return index;
    }
    // A thread may have ended before anybody knew of its bell.
    for (const [index, at] of PLACES) {
      const [there, task] = [Atomics.load(words, at), Atomics.load(words, at + 2)];
      // Whoever takes the task's number away may have the place. A place without one is being taken.
      if (task === 0 || mayLive(task) || Atomics.compareExchange(words, at + 2, task, 0) !== task) continue;
      if (Atomics.compareExchange(words, at, there, generation) !== there) continue;
      Atomics.store(words, at + 2, this.#task);
      return index;
    }
    return -1;
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
    const at = 1 + index * BELL_WORDS;
    if (index < 0 || index >= BELLS_MAX) return;
    // In this order: a place that is another bell's by now has another generation, or its task's number is not the one seen.
    const task = Atomics.load(this.#words, at + 2);
    if (Atomics.load(this.#words, at) !== generation) return;
    if (task !== 0 && Atomics.compareExchange(this.#words, at + 2, task, 0) !== task) return;
    Atomics.compareExchange(this.#words, at, generation, 0);
  }
}
