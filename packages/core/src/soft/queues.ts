// The queues of a ring without a kernel: SQEs, completions, and the numbers of operations. Bound to the ring's thread.

import { SQE_WORDS } from '../abi/layout.ts';
import type { CompletionCallback } from '../ring/queues.ts';

const HIGH_WORD = 0x1_0000_0000;
const GENERATION_MASK = 0x3fff_ffff;
/** Words of a completion: the operation's number, the result. */
const CQE_WORDS = 2;

/** A submission queue and a completion queue. An operation holds a number until its completion is reaped. */
export class SoftQueues {
  readonly sqes: Uint32Array;
  readonly entries: number;
  readonly cqEntries: number;
  /** By number: which operation has it now. */
  readonly #generations: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;
  readonly #cqes: Int32Array;
  #head = 0;
  #tail = 0;
  #cqHead = 0;
  #cqTail = 0;

  /** Both are powers of two. */
  constructor(entries: number, cqEntries: number) {
    this.entries = entries;
    this.cqEntries = cqEntries;
    this.sqes = new Uint32Array(entries * SQE_WORDS);
    this.#generations = new Int32Array(cqEntries); // view: a count of operations
    this.#free = Int32Array.from({ length: cqEntries }, (_, index) => cqEntries - 1 - index);
    this.#freeCount = cqEntries;
    this.#cqes = new Int32Array(cqEntries * CQE_WORDS); // view: a count of operations
  }

  /** SQEs pushed and not taken. */
  get queued(): number {
    return this.#tail - this.#head;
  }

  /** Numbers that are taken. */
  get numbered(): number {
    return this.cqEntries - this.#freeCount;
  }

  /** Completions to be reaped. */
  get ready(): number {
    return this.#cqTail - this.#cqHead;
  }

  push(): number {
    if (this.queued === this.entries || this.#freeCount === 0) return -1;
    const operation = this.#free[--this.#freeCount] as number;
    const generation = ((this.#generations[operation] as number) + 1) & GENERATION_MASK;
    this.#generations[operation] = generation;
    const slot = this.#tail++ & (this.entries - 1);
    this.sqes[slot * SQE_WORDS + 8] = operation;
    this.sqes[slot * SQE_WORDS + 9] = generation;
    return slot;
  }

  operationOf(slot: number): number {
    return this.sqes[slot * SQE_WORDS + 8] as number;
  }

  userDataOf(operation: number): number {
    return (this.#generations[operation] as number) * HIGH_WORD + operation;
  }

  /** The operation that has this user_data; -1 when none has. */
  operationWith(low: number, high: number): number {
    return low < this.cqEntries && this.#generations[low] === high ? low : -1;
  }

  /** Takes the next SQE out of the queue: its first word. */
  take(): number {
    return (this.#head++ & (this.entries - 1)) * SQE_WORDS;
  }

  /** Drops what was pushed and not taken. */
  drop(): void {
    while (this.queued > 0) this.#settle(this.sqes[this.take() + 8] as number);
  }

  /** Adds a completion. There is room: each number has one. */
  complete(operation: number, res: number): void {
    const at = (this.#cqTail++ & (this.cqEntries - 1)) * CQE_WORDS;
    this.#cqes[at] = operation;
    this.#cqes[at + 1] = res;
  }

  reap(callback: CompletionCallback, max: number): number {
    const stop = this.#cqHead + Math.min(max, this.ready);
    let taken = 0;
    while (this.#cqHead < stop) {
      const at = (this.#cqHead++ & (this.cqEntries - 1)) * CQE_WORDS;
      const operation = this.#cqes[at] as number;
      this.#settle(operation);
      taken++;
      callback(operation, this.#cqes[at + 1] as number, 0);
    }
    return taken;
  }

  #settle(operation: number): void {
    this.#free[this.#freeCount++] = operation;
  }
}
