// JavaScript's hands on one ring: the submission queue, the completion queue and the slot table, as views of shared
// memory. The ring's thread owns a RingQueues; the kernel (or a driver that plays it) is the other side.
//
// The native side publishes the SQ tail, because it marks the slots in flight in the same call. JavaScript publishes
// the CQ head: the store pairs with the kernel's load before it reuses a CQE.

import { SQE_WORDS } from '../abi/layout.ts';
import { RingpoolError } from '../errors.ts';
import { CONTROL_WORD, CONTROL_WORDS, type RingLayout } from './layout.ts';
import {
  FOREIGN_HIGH_BIT,
  GENERATION_MASK,
  SLOT_FREE,
  SLOT_IN_FLIGHT,
  SLOT_REFUSED,
  SLOT_STATE_MASK,
} from './slots.ts';

const CQE_F_MORE = 2;
const SETUP_SQE128 = 1 << 10;
const SETUP_CQE32 = 1 << 11;
const SQ_CQ_OVERFLOW = 2;
const SQ_TASKRUN = 4;
const EFAULT = 14;
const HIGH_WORD = 0x1_0000_0000;

/**
 * Receives one completion: the operation's number as {@link RingQueues.operationOf} gave it, the result (bytes or a
 * negative errno) and the CQE's flags. The number may be given out again as soon as the callback pushes.
 */
export type CompletionCallback = (operation: number, res: number, flags: number) => void;

/** Receives a CQE that answers no operation of this ring: a message from another ring, or a tag. */
export type ForeignCallback = (userDataLow: number, userDataHigh: number, res: number, flags: number) => void;

/** Views over the queues of one open ring. Bound to the ring's thread. */
export class RingQueues {
  /** The SQEs, 16 words each: what the encoders of `encode` write to. */
  readonly sqes: Uint32Array;
  /** Submission queue entries. */
  readonly entries: number;
  /** Completion queue entries: the most operations in flight. */
  readonly cqEntries: number;
  /** The setup flags the kernel granted. */
  readonly setupFlags: number;
  /** The feature bits the kernel announced. */
  readonly features: number;
  /** Takes CQEs that answer no operation of this ring. */
  onForeign: ForeignCallback | undefined;

  readonly #words: Int32Array;
  readonly #slots: Int32Array;
  readonly #free: Int32Array;
  readonly #sqHeadWord: number;
  readonly #sqFlagsWord: number;
  readonly #cqHeadWord: number;
  readonly #cqTailWord: number;
  readonly #cqFlagsWord: number;
  readonly #cqOverflowWord: number;
  readonly #cqesWord: number;
  readonly #cqeShift: number;
  readonly #sqeShift: number;
  #freeCount: number;
  #tail: number;
  #staged: number;
  #sqHead: number;
  #cqHead: number;
  #foreign = 0;
  #currentCqe = 0;
  #retired = false;

  constructor(memory: SharedArrayBuffer, layout: RingLayout) {
    const words = new Int32Array(memory, 0, layout.totalBytes / 4);
    const control = layout.controlOffset / 4;
    const word = (index: number): number => words[control + index] as number;
    this.#words = words;
    this.entries = word(CONTROL_WORD.sqEntries);
    this.cqEntries = word(CONTROL_WORD.cqEntries);
    this.setupFlags = word(CONTROL_WORD.flags) >>> 0;
    this.features = word(CONTROL_WORD.features) >>> 0;
    this.#sqeShift = this.setupFlags & SETUP_SQE128 ? 1 : 0;
    this.#cqeShift = this.setupFlags & SETUP_CQE32 ? 3 : 2;
    this.sqes = new Uint32Array(
      memory,
      word(CONTROL_WORD.sqes),
      (this.entries * SQE_WORDS) << this.#sqeShift,
    );
    this.#slots = new Int32Array(memory, (control + CONTROL_WORDS) * 4, this.cqEntries);
    this.#sqHeadWord = word(CONTROL_WORD.sqHead) / 4;
    this.#sqFlagsWord = word(CONTROL_WORD.sqFlags) / 4;
    this.#cqHeadWord = word(CONTROL_WORD.cqHead) / 4;
    this.#cqTailWord = word(CONTROL_WORD.cqTail) / 4;
    this.#cqFlagsWord = word(CONTROL_WORD.cqFlags) / 4;
    this.#cqOverflowWord = word(CONTROL_WORD.cqOverflow) / 4;
    this.#cqesWord = word(CONTROL_WORD.cqes) / 4;
    this.#free = new Int32Array(this.cqEntries);
    // Low numbers are given out first, so that a shallow ring touches few lines of the table.
    for (let index = 0; index < this.cqEntries; index++) this.#free[index] = this.cqEntries - 1 - index;
    this.#freeCount = this.cqEntries;
    this.#sqHead = Atomics.load(words, this.#sqHeadWord);
    this.#tail = this.#sqHead;
    this.#staged = this.#tail;
    this.#cqHead = Atomics.load(words, this.#cqHeadWord);
  }

  /**
   * Takes the next SQE and a free operation number, and writes the SQE's user_data.
   * Returns the index to give to an encoder, or -1 when the submission queue is full or as many operations are in
   * flight as the completion queue holds.
   */
  push(): number {
    const tail = this.#tail;
    if (((tail - this.#sqHead) | 0) >= this.entries && !this.#hasRoom(tail)) return -1;
    const left = this.#freeCount - 1;
    if (left < 0) return -1;
    this.#freeCount = left;
    const operation = this.#free[left] as number;
    const slot = (tail & (this.entries - 1)) << this.#sqeShift;
    const at = slot * SQE_WORDS + 8;
    this.sqes[at] = operation;
    this.sqes[at + 1] = (this.#slots[operation] as number) >>> 2;
    this.#tail = (tail + 1) | 0;
    return slot;
  }

  #hasRoom(tail: number): boolean {
    // Pairs with the kernel's store of the head after it has read the SQEs before it.
    this.#sqHead = Atomics.load(this.#words, this.#sqHeadWord);
    return ((tail - this.#sqHead) | 0) < this.entries;
  }

  /** The number of the operation that the SQE at this index starts; its completion carries it. */
  operationOf(slot: number): number {
    return this.sqes[slot * SQE_WORDS + 8] as number;
  }

  /** The user_data by which ASYNC_CANCEL, POLL_REMOVE and TIMEOUT_REMOVE address an operation: a safe integer. */
  userDataOf(operation: number): number {
    return ((this.#slots[operation] as number) >>> 2) * HIGH_WORD + operation;
  }

  /** SQEs pushed and not yet submitted. */
  get queued(): number {
    return (this.#tail - this.#staged) | 0;
  }

  /** Operations submitted whose last completion has not been reaped. */
  get inFlight(): number {
    if (this.#retired) return this.#owed();
    return this.cqEntries - this.#freeCount - this.queued;
  }

  /** CQEs ready to be reaped. */
  get ready(): number {
    if (this.#retired) return 0;
    // Pairs with the kernel's store of the tail after it has written the CQEs before it.
    return (Atomics.load(this.#words, this.#cqTailWord) - this.#cqHead) | 0;
  }

  /** True when completions wait inside the kernel until the ring's thread enters it. */
  get mustEnter(): boolean {
    return (Atomics.load(this.#words, this.#sqFlagsWord) & (SQ_CQ_OVERFLOW | SQ_TASKRUN)) !== 0;
  }

  /** CQEs the kernel had no room for, and that answered nobody, since the ring opened. */
  get counters(): { readonly overflow: number; readonly foreign: number } {
    return { overflow: Atomics.load(this.#words, this.#cqOverflowWord) >>> 0, foreign: this.#foreign };
  }

  /** The words of the CQE being handed to a callback: with 32-byte CQEs, words 4 to 7 are its extra payload. */
  cqeWords(): Uint32Array {
    const words = 1 << this.#cqeShift;
    return new Uint32Array(this.#words.buffer, this.#currentCqe * 4, words);
  }

  /** Called when the queued SQEs have been handed to the native side. */
  markStaged(): void {
    this.#staged = this.#tail;
  }

  /** Lets the kernel reuse the CQEs reaped so far. */
  publishHead(): void {
    // Pairs with the kernel's load of the head before it writes a CQE.
    Atomics.store(this.#words, this.#cqHeadWord, this.#cqHead);
  }

  /** Sets or clears CQ flags (IORING_CQ_EVENTFD_DISABLED). The kernel looks before each eventfd signal. */
  setCqFlags(flags: number): void {
    Atomics.store(this.#words, this.#cqFlagsWord, flags);
  }

  /** Hands every ready completion, at most `max`, to `callback`. Allocates nothing. Returns how many CQEs it took. */
  reap(callback: CompletionCallback, max: number = this.cqEntries): number {
    if (this.#retired) return 0;
    const words = this.#words;
    const mask = this.cqEntries - 1;
    const tail = Atomics.load(words, this.#cqTailWord); // pairs with the kernel's store, as in `ready`
    let taken = 0;
    try {
      // The head may be past this tail: a callback may reap, or close the ring.
      while (((tail - this.#cqHead) | 0) > 0 && taken < max) {
        const at = this.#cqesWord + ((this.#cqHead & mask) << this.#cqeShift);
        this.#currentCqe = at;
        const operation = words[at] as number;
        const generation = words[at + 1] as number;
        const flags = words[at + 3] as number;
        this.#cqHead = (this.#cqHead + 1) | 0;
        taken++;
        // An out-of-range slot reads as undefined and fails the comparison like a wrong generation does. The word is
        // shifted, never the generation: that would push out the bit by which a foreign CQE is told.
        const word = this.#slots[operation] as number;
        if (word >>> 2 === generation && (word & SLOT_STATE_MASK) === SLOT_IN_FLIGHT) {
          const res = words[at + 2] as number;
          if ((flags & CQE_F_MORE) === 0) this.#settle(operation, generation);
          callback(operation, res, flags);
        } else {
          this.#reapUnusual(operation, generation, words[at + 2] as number, flags, callback);
        }
      }
    } finally {
      // Also when a callback throws: what it was given counts as reaped. Once the ring closes, the head is the addon's.
      if (!this.#retired) Atomics.store(words, this.#cqHeadWord, this.#cqHead);
    }
    return taken;
  }

  #settle(operation: number, generation: number): void {
    this.#slots[operation] = ((generation + 1) & GENERATION_MASK) << 2; // the state is SLOT_FREE
    this.#free[this.#freeCount++] = operation;
  }

  #reapUnusual(
    operation: number,
    generation: number,
    res: number,
    flags: number,
    callback: CompletionCallback,
  ): void {
    const word = this.#slots[operation] as number;
    if (word >>> 2 === generation && (word & SLOT_STATE_MASK) === SLOT_REFUSED) {
      this.#settle(operation, generation);
      // ECANCELED from a broken link is the kernel's own word; everything else was the invalid opcode standing in.
      callback(operation, res === -22 ? -EFAULT : res, flags);
      return;
    }
    this.#foreign++;
    this.onForeign?.(operation >>> 0, generation >>> 0, res, flags);
  }

  /**
   * Repairs the SQE that the native side refused because its user_data was not the one `push` wrote: gives it its
   * number back and an opcode no kernel knows, so that the rest of the batch can go on and this one completes with an
   * error.
   */
  repairForged(queuedIndex: number): void {
    const lost = new Set<number>();
    for (let operation = 0; operation < this.cqEntries; operation++) {
      if (((this.#slots[operation] as number) & SLOT_STATE_MASK) === SLOT_FREE) lost.add(operation);
    }
    for (let index = 0; index < this.#freeCount; index++) lost.delete(this.#free[index] as number);
    const slotAt = (index: number): number => ((this.#staged + index) & (this.entries - 1)) << this.#sqeShift;
    for (let index = 0; index < this.queued; index++) {
      if (index !== queuedIndex) lost.delete(this.operationOf(slotAt(index)));
    }
    const [operation] = lost;
    if (operation === undefined)
      throw new RingpoolError('ERR_RINGPOOL_INTERNAL', 'the slot table lost an operation');
    const at = slotAt(queuedIndex) * SQE_WORDS;
    this.sqes.fill(0, at, at + SQE_WORDS);
    this.sqes[at] = 0xff;
    this.sqes[at + 8] = operation;
    this.sqes[at + 9] = (this.#slots[operation] as number) >>> 2;
  }

  /** When the ring closes: nothing can be pushed or reaped any more, and the slot table alone tells what is owed. */
  retire(): void {
    this.#retired = true;
    this.#freeCount = 0;
    this.#staged = this.#tail;
    this.#sqHead = (this.#tail - this.entries) | 0;
    this.#cqHead = Atomics.load(this.#words, this.#cqTailWord); // ends a reap() that is under way; pairs as in `ready`
  }

  #owed(): number {
    let owed = 0;
    for (const word of this.#slots) if ((word & SLOT_STATE_MASK) !== SLOT_FREE) owed++;
    return owed;
  }

  /** True when the high half of a user_data marks a CQE that no operation of the ring owns. */
  static isForeign(userDataHigh: number): boolean {
    return (userDataHigh & FOREIGN_HIGH_BIT) !== 0;
  }
}
