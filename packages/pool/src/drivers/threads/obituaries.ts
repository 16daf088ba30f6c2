// Obituaries without the addon: what is to be stored in the pool's words when a thread ends stands in shared memory, with the
// number by which the operating system knows the thread, and others carry it out once it has ended: the thread that opened
// the pool, and when that one is gone, everybody.

import { RingpoolError } from '@ringpool/core';
import type { DoorbellToken, ObituaryOptions, BellTable as TokenTable } from '@ringpool/native';

import type { HostObituary } from '../host.ts';
import type { BellTable } from './bell-table.ts';
import type { DescriptorLedger } from './descriptor-ledger.ts';
import { isOver, type Life, mayLive } from './life.ts';

/** Workers and clients, and the owner twice, with room for those of threads that have just ended. */
const OBITUARIES_MAX = 256;
const BELLS_MAX = 2;
/**
 * Words of one. `id`: a number that comes once; 0: free; below 0: being written, by the task of that number, or, while it
 * `tolls`, carried out by that one: what it stores is stored, and the bells are being rung.
 */
const WORD = {
  id: 0,
  threadId: 1,
  task: 2,
  startedTicks: 3,
  storeIndex: 4,
  storeValue: 5,
  addIndex: 6,
  expected: 7,
  first: 8,
  second: 9,
  bells: 10,
  bell: 11,
  table: 15,
  stride: 16,
  count: 17,
  owner: 18,
  tolls: 19,
} as const;
const WORDS_EACH = 20;
/** The owner's is written first. */
const OWNERS = 0;

/** Words that all of them take. */
export const OBITUARIES_WORDS: number = 1 + OBITUARIES_MAX * WORDS_EACH;

/** One thread's hands on the obituaries of a pool. */
export class Obituaries {
  /** A count of obituaries, then the obituaries. */
  readonly #words: Int32Array;
  readonly #pool: Int32Array;
  readonly #bells: BellTable;
  readonly #ledger: DescriptorLedger;
  readonly #life: Life;

  /** `words` are {@link OBITUARIES_WORDS} words of shared memory, zeros at first; `pool` are those that obituaries are about. */
  constructor(words: Int32Array, pool: Int32Array, bells: BellTable, ledger: DescriptorLedger, life: Life) {
    this.#words = words;
    this.#pool = pool;
    this.#bells = bells;
    this.#ledger = ledger;
    this.#life = life;
  }

  /** Writes one for this thread. @throws ERR_RINGPOOL_TOO_MANY_CLIENTS. */
  write(options: ObituaryOptions): HostObituary {
    const { storeIndex, storeValue, expected = [], addIndex } = options;
    const at = this.#take();
    const words = this.#words;
    const { threadId, task, startedTicks } = this.#life;
    const contents: readonly (readonly [number, number])[] = [
      [WORD.threadId, threadId],
      [WORD.task, task],
      [WORD.startedTicks, startedTicks],
      [WORD.storeIndex, storeIndex],
      [WORD.storeValue, storeValue],
      [WORD.addIndex, addIndex],
      [WORD.expected, expected.length],
      [WORD.first, expected[0] ?? 0],
      [WORD.second, expected[1] ?? 0],
      [WORD.bells, 0],
      [WORD.count, 0],
      [WORD.owner, 0],
    ];
    for (const [word, value] of contents) Atomics.store(words, at + word, value);
    const id = (Atomics.add(words, 0, 1) & 0x3fff_ffff) + 1;
    Atomics.store(words, at + WORD.id, id); // from here on it counts
    return new ThreadsObituary(words, at, id);
  }

  #take(): number {
    for (let index = 0; index < OBITUARIES_MAX; index++) {
      const at = placeOf(index);
      const id = Atomics.load(this.#words, at);
      // A thread may have ended in the midst of writing.
      const abandoned = id < 0 && this.#word(at, WORD.tolls) === 0 && !mayLive(-id);
      if (id !== 0 && !abandoned) continue;
      if (Atomics.compareExchange(this.#words, at, id, this.#mark) === id) return at;
    }
    throw new RingpoolError('ERR_RINGPOOL_TOO_MANY_CLIENTS', 'the pool has too many threads', {
      op: 'obituary.write',
      hint: 'Close clients that are not needed, or use another pool.',
    });
  }

  get #mark(): number {
    return -Math.max(this.#life.task, 1);
  }

  #word(at: number, word: number): number {
    return Atomics.load(this.#words, at + word);
  }

  /** Whether the thread that opened the pool has ended without closing it. */
  get ownerIsOver(): boolean {
    const at = placeOf(OWNERS);
    const id = this.#word(at, WORD.id);
    return (id > 0 && isOver(this.#lifeAt(at))) || this.#isHalfDone(at, id);
  }

  /** Whether the thread has ended that was carrying it out. */
  #isHalfDone(at: number, id: number): boolean {
    return id < 0 && this.#word(at, WORD.tolls) !== 0 && !mayLive(-id);
  }

  #lifeAt(at: number): Life {
    return {
      threadId: this.#word(at, WORD.threadId),
      task: this.#word(at, WORD.task),
      startedTicks: this.#word(at, WORD.startedTicks),
    };
  }

  /** Carries out those of threads that have ended: by what can be looked up, or because `ended`, of Node's number, has. */
  carryOut(ended: number): void {
    for (let index = OBITUARIES_MAX - 1; index >= 0; index--) {
      const at = placeOf(index);
      const id = this.#word(at, WORD.id);
      if (this.#isHalfDone(at, id)) this.#finish(at, id);
      if (id <= 0) continue;
      const life = this.#lifeAt(at);
      if (life.threadId === ended || isOver(life)) this.#carryOut(at, id);
    }
  }

  #carryOut(at: number, id: number): void {
    const storeIndex = this.#word(at, WORD.storeIndex);
    const storeValue = this.#word(at, WORD.storeValue);
    const addIndex = this.#word(at, WORD.addIndex);
    const expected = this.#word(at, WORD.expected);
    const first = this.#word(at, WORD.first);
    const second = this.#word(at, WORD.second);
    const owner = this.#word(at, WORD.owner);
    const mark = this.#mark;
    if (owner !== 0) this.#ledger.workerEnded(owner);
    // Nothing may come between: whoever takes an obituary stores what it says. A thread is ended where a function begins or
    // a loop turns, so these stand in one line.
    if (Atomics.compareExchange(this.#words, at, id, mark) !== id) return;
    Atomics.store(this.#words, at + WORD.tolls, 1);
    if (expected === 0) Atomics.store(this.#pool, storeIndex, storeValue);
    if (expected > 0) Atomics.compareExchange(this.#pool, storeIndex, first, storeValue);
    if (expected > 1) Atomics.compareExchange(this.#pool, storeIndex, second, storeValue);
    Atomics.add(this.#pool, addIndex, 1);
    this.#toll(at, mark);
  }

  /** Rings for what another thread has stored, which has ended since. */
  #finish(at: number, id: number): void {
    const mark = this.#mark;
    if (Atomics.compareExchange(this.#words, at, id, mark) === id) this.#toll(at, mark);
  }

  /** The bells may be rung twice: whoever looks without need finds nothing. */
  #toll(at: number, mark: number): void {
    for (const token of this.#tokensAt(at)) this.#bells.ring(token);
    Atomics.store(this.#words, at + WORD.tolls, 0);
    Atomics.compareExchange(this.#words, at, mark, 0);
  }

  #tokensAt(at: number): DoorbellToken[] {
    const tokens = Array.from({ length: this.#word(at, WORD.bells) }, (_, index) => ({
      index: this.#word(at, WORD.bell + index * 2),
      generation: this.#word(at, WORD.bell + index * 2 + 1),
    }));
    const [table, stride] = [this.#word(at, WORD.table), this.#word(at, WORD.stride)];
    for (let index = 0; index < this.#word(at, WORD.count); index++) {
      tokens.push({
        index: Atomics.load(this.#pool, table + index * stride),
        generation: Atomics.load(this.#pool, table + index * stride + 1),
      });
    }
    return tokens;
  }

  /** Drops what is left of a thread that is to have a successor, but for its descriptors: those are closed. */
  drop(storeIndex: number): void {
    for (let index = 0; index < OBITUARIES_MAX; index++) {
      const at = placeOf(index);
      const id = this.#word(at, WORD.id);
      if (id <= 0 || this.#word(at, WORD.storeIndex) !== storeIndex) continue;
      const owner = this.#word(at, WORD.owner);
      if (owner !== 0) this.#ledger.workerEnded(owner);
      Atomics.compareExchange(this.#words, at, id, 0);
    }
  }
}

function placeOf(index: number): number {
  return 1 + index * WORDS_EACH;
}

/** One obituary of this thread. */
class ThreadsObituary implements HostObituary {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #id: number;

  constructor(words: Int32Array, at: number, id: number) {
    this.#words = words;
    this.#at = at;
    this.#id = id;
  }

  setBells(tokens: readonly DoorbellToken[]): void {
    for (const [index, { index: bell, generation }] of tokens.slice(0, BELLS_MAX).entries()) {
      Atomics.store(this.#words, this.#at + WORD.bell + index * 2, bell);
      Atomics.store(this.#words, this.#at + WORD.bell + index * 2 + 1, generation);
    }
    Atomics.store(this.#words, this.#at + WORD.bells, Math.min(tokens.length, BELLS_MAX));
  }

  setBellTable({ index, stride, count }: TokenTable): void {
    Atomics.store(this.#words, this.#at + WORD.table, index);
    Atomics.store(this.#words, this.#at + WORD.stride, stride);
    Atomics.store(this.#words, this.#at + WORD.count, count);
  }

  setDescriptors(owner: number): void {
    Atomics.store(this.#words, this.#at + WORD.owner, owner);
  }

  cancel(): void {
    Atomics.compareExchange(this.#words, this.#at, this.#id, 0);
  }
}
