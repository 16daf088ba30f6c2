// A kernel and an addon in one small class: it arms SQEs and frees slots as the addon does, takes SQEs from the submission
// queue, and posts whatever CQEs a test wants, in whatever order. It shares the queues' memory; one thread runs both.

import { CONTROL_WORD, CONTROL_WORDS, layOutRing, type RingLayout } from '../../src/ring/layout.ts';
import { type QueueDriver, RingQueues } from '../../src/ring/queues.ts';
import { GENERATION_MASK, SLOT_FREE_BIT, SLOT_REFUSED_BIT } from '../../src/ring/slots.ts';

export interface FakeOptions {
  readonly entries: number;
  readonly cqEntries: number;
  /** Where the indices of both queues begin: they wrap at 2^32. */
  readonly firstIndex?: number;
  /** The generation of every slot: generations wrap at 2^20. */
  readonly firstGeneration?: number;
  /** IORING_SETUP_* flags. */
  readonly flags?: number;
}

/** An operation that the fake kernel has taken and not completed. */
export interface Taken {
  readonly operation: number;
  readonly generation: number;
  readonly slot: number;
}

const SQ_HEAD = 0;
const SQ_TAIL = 1;
const SQ_FLAGS = 2;
const CQ_HEAD = 16;
const CQ_TAIL = 17;
const CQ_FLAGS = 18;
const CQ_LOST = 19;
const CQES_AT = 1024;
const SETUP_SQE128 = 1 << 10;
const SETUP_CQE32 = 1 << 11;

export class FakeKernel implements QueueDriver {
  readonly queues: RingQueues;
  readonly layout: RingLayout;
  readonly words: Int32Array;
  readonly slots: Int32Array;
  /** Taken from the submission queue, in its order. */
  readonly inFlight: Taken[] = [];
  readonly #control: number;
  readonly #sqeWords: number;
  readonly #cqeWords: number;
  readonly #free: number[];
  #armed: number;
  #settled: number;

  constructor(options: FakeOptions) {
    const { entries, cqEntries, firstIndex = 0, firstGeneration = 0, flags = 0 } = options;
    const bigSqes = (flags & SETUP_SQE128) !== 0;
    const bigCqes = (flags & SETUP_CQE32) !== 0;
    this.layout = layOutRing({ entries, cqEntries, bigSqes, bigCqes });
    const memory = new SharedArrayBuffer(this.layout.totalBytes, { maxByteLength: this.layout.totalBytes });
    this.words = new Int32Array(memory, 0, this.layout.totalBytes / 4);
    this.#control = this.layout.controlOffset / 4;
    this.#sqeWords = bigSqes ? 32 : 16;
    this.#cqeWords = bigCqes ? 8 : 4;
    this.#armed = firstIndex | 0;
    this.#settled = firstIndex | 0;
    for (const word of [SQ_HEAD, SQ_TAIL, CQ_HEAD, CQ_TAIL]) this.words[word] = firstIndex | 0;
    const set = (name: keyof typeof CONTROL_WORD, value: number): void => {
      this.words[this.#control + CONTROL_WORD[name]] = value;
    };
    const at = {
      sqHead: SQ_HEAD,
      sqTail: SQ_TAIL,
      sqFlags: SQ_FLAGS,
      cqHead: CQ_HEAD,
      cqTail: CQ_TAIL,
    } as const;
    for (const [name, word] of Object.entries(at)) set(name as keyof typeof at, word * 4);
    set('cqFlags', CQ_FLAGS * 4);
    set('cqOverflow', CQ_LOST * 4);
    set('cqes', CQES_AT * 4);
    set('sqes', this.layout.sqesOffset);
    set('sqEntries', entries);
    set('cqEntries', cqEntries);
    set('flags', flags);
    set('reaped', firstIndex | 0);
    this.slots = new Int32Array(memory, this.layout.controlOffset + CONTROL_WORDS * 4, cqEntries);
    this.slots.fill(SLOT_FREE_BIT | firstGeneration);
    this.#free = Array.from({ length: cqEntries }, (_slot, index) => cqEntries - 1 - index);
    this.#arm();
    this.queues = new RingQueues(memory, this.layout, this);
  }

  /** The CQ index up to which the kernel may write over CQEs. */
  get publishedHead(): number {
    return Atomics.load(this.words, CQ_HEAD);
  }

  set sqFlags(flags: number) {
    Atomics.store(this.words, SQ_FLAGS, flags);
  }

  get cqFlags(): number {
    return Atomics.load(this.words, CQ_FLAGS);
  }

  refill(): void {
    this.#settle();
    this.#arm();
  }

  /** What submitting does: settles, takes every queued SQE, arms further ones. Returns how many it took. */
  enter(): number {
    const { queues } = this;
    queues.markReaped();
    this.#settle();
    const count = queues.queued;
    for (let index = 0; index < count; index++) {
      const slot = this.words[SQ_HEAD] as number;
      const sqe = this.layout.sqesOffset / 4 + (slot & (this.layout.entries - 1)) * this.#sqeWords;
      const operation = this.words[sqe + 8] as number;
      const generation = this.words[sqe + 9] as number;
      this.inFlight.push({ operation, generation, slot });
      Atomics.store(this.words, SQ_HEAD, (slot + 1) | 0);
    }
    this.#arm();
    queues.markStaged();
    return count;
  }

  /** Marks an operation as one whose SQE the guard refused. */
  refuse(operation: number): void {
    this.slots[operation] = (this.slots[operation] as number) | SLOT_REFUSED_BIT;
  }

  /** Posts a completion of a taken operation; without F_MORE it is its last. */
  complete(taken: Taken, res = 0, flags = 0): void {
    this.post(taken.operation, taken.generation, res, flags);
    if ((flags & 2) === 0) this.inFlight.splice(this.inFlight.indexOf(taken), 1);
  }

  /** Posts any CQE. */
  post(low: number, high: number, res = 0, flags = 0, extra: readonly number[] = []): void {
    const tail = this.words[CQ_TAIL] as number;
    if (((tail - this.publishedHead) | 0) >= this.layout.cqEntries)
      throw new Error('the completion queue is full');
    const at = CQES_AT + (tail & (this.layout.cqEntries - 1)) * this.#cqeWords;
    [low, high, res, flags, ...extra].forEach((word, index) => {
      this.words[at + index] = word;
    });
    Atomics.store(this.words, CQ_TAIL, (tail + 1) | 0);
  }

  #settle(): void {
    const reaped = this.words[this.#control + CONTROL_WORD.reaped] as number;
    for (; this.#settled !== reaped; this.#settled = (this.#settled + 1) | 0) {
      const at = CQES_AT + (this.#settled & (this.layout.cqEntries - 1)) * this.#cqeWords;
      const slot = this.words[at] as number;
      const generation = this.words[at + 1] as number;
      const word = this.slots[slot];
      const last = ((this.words[at + 3] as number) & 2) === 0;
      if (!last || word === undefined || (word & ~SLOT_REFUSED_BIT) !== generation) continue;
      this.slots[slot] = ((generation + 1) & GENERATION_MASK) | SLOT_FREE_BIT;
      this.#free.push(slot);
    }
    Atomics.store(this.words, CQ_HEAD, this.#settled);
  }

  #arm(): void {
    const { entries } = this.layout;
    while (((this.#armed - (this.words[SQ_HEAD] as number)) | 0) < entries && this.#free.length > 0) {
      const slot = this.#free.pop() as number;
      const generation = (this.slots[slot] as number) & GENERATION_MASK;
      const sqe = this.layout.sqesOffset / 4 + (this.#armed & (entries - 1)) * this.#sqeWords;
      this.slots[slot] = generation;
      this.words[sqe + 8] = slot;
      this.words[sqe + 9] = generation;
      this.#armed = (this.#armed + 1) | 0;
    }
    this.words[this.#control + CONTROL_WORD.armed] = this.#armed;
  }
}
