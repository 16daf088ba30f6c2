// JavaScript's hands on one ring: the submission queue, the completion queue and the slot table, as views of shared
// memory. The ring's thread owns a RingQueues; the other side is a driver (the native ring, or one that plays it).
//
// The driver arms SQEs ahead of time: it writes their user_data and says how far it came. Pushing is then no more than
// taking the next index, and reaping no more than reading; the slots are freed in bulk at the next crossing.

import { SQE_WORDS } from '../abi/layout.ts';
import { CONTROL_WORD, CONTROL_WORDS, type RingLayout } from './layout.ts';
import { GENERATION_MASK, SLOT_FREE_BIT, SLOT_REFUSED_BIT } from './slots.ts';

const CQE_F_MORE = 2;
const CQE_F_NOTIF = 8;
/** On CQEs of operations that complete more than once. */
const CQE_F_SEVERAL = CQE_F_MORE | CQE_F_NOTIF;
const SETUP_SQE128 = 1 << 10;
const SETUP_CQE32 = 1 << 11;
const SQ_CQ_OVERFLOW = 2;
const SQ_TASKRUN = 4;
const EFAULT = 14;
const EBADF = 9;
const EINVAL = 22;
const HIGH_WORD = 0x1_0000_0000;

/**
 * Receives one completion: the operation's number as {@link RingQueues.operationOf} gave it, the result (bytes or a
 * negative errno) and the CQE's flags. The number is given out again at the earliest by the next submission.
 */
export type CompletionCallback = (operation: number, res: number, flags: number) => void;

/** Receives a CQE that answers no operation of this ring: a message from another ring, or a tag. */
export type ForeignCallback = (userDataLow: number, userDataHigh: number, res: number, flags: number) => void;

/** Counters of one ring since it opened. */
export interface RingCounters {
  /** How often an enter found completions that the kernel had kept back because the completion queue was full. */
  readonly overflow: number;
  /** Completions the kernel could not even keep back, for want of memory. */
  readonly lost: number;
  /** CQEs that answered no operation of this ring. */
  readonly foreign: number;
}

/** What the driver's side of the queues does for them between crossings. */
export interface QueueDriver {
  /** Frees the slots of reaped CQEs and arms as many SQEs as there are free slots and room. */
  refill(): void;
}

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

  readonly #driver: QueueDriver;
  readonly #words: Int32Array;
  /** The control words, two by two. */
  readonly #doubles: Float64Array;
  readonly #slots: Int32Array;
  readonly #sqMask: number;
  readonly #sqFlagsWord: number;
  readonly #cqTailWord: number;
  readonly #cqFlagsWord: number;
  readonly #cqLostWord: number;
  readonly #overflowsWord: number;
  readonly #cqesWord: number;
  readonly #reapedWord: number;
  readonly #armedWord: number;
  readonly #enterWord: number;
  readonly #readWord: number;
  readonly #seenWord: number;
  readonly #cqeShift: number;
  readonly #sqeShift: number;
  #tail: number;
  #armed: number;
  #staged: number;
  #cqHead: number;
  // Both wrap like the indices: what is in flight is their difference.
  #submitted = 0;
  #notLast: number;
  #foreign = 0;
  /** By slot: the generation of the operation that said last that more comes. */
  readonly #more: Int32Array;
  #retired = false;

  constructor(memory: SharedArrayBuffer, layout: RingLayout, driver: QueueDriver) {
    const words = new Int32Array(memory, 0, layout.totalBytes / 4);
    const control = layout.controlOffset / 4;
    const word = (index: number): number => words[control + index] as number;
    this.#driver = driver;
    this.#words = words;
    this.#doubles = new Float64Array(memory, layout.controlOffset, CONTROL_WORDS / 2);
    this.#readWord = control + CONTROL_WORD.readFd;
    this.entries = word(CONTROL_WORD.sqEntries);
    this.cqEntries = word(CONTROL_WORD.cqEntries);
    this.setupFlags = word(CONTROL_WORD.flags) >>> 0;
    this.features = word(CONTROL_WORD.features) >>> 0;
    this.#sqeShift = this.setupFlags & SETUP_SQE128 ? 1 : 0;
    this.#cqeShift = this.setupFlags & SETUP_CQE32 ? 3 : 2;
    this.#sqMask = this.entries - 1;
    this.sqes = new Uint32Array(
      memory,
      word(CONTROL_WORD.sqes),
      (this.entries * SQE_WORDS) << this.#sqeShift,
    );
    this.#slots = new Int32Array(memory, (control + CONTROL_WORDS) * 4, this.cqEntries);
    this.#more = new Int32Array(this.cqEntries).fill(SLOT_FREE_BIT); // view: one for each slot
    this.#sqFlagsWord = word(CONTROL_WORD.sqFlags) / 4;
    this.#cqTailWord = word(CONTROL_WORD.cqTail) / 4;
    this.#cqFlagsWord = word(CONTROL_WORD.cqFlags) / 4;
    this.#cqLostWord = word(CONTROL_WORD.cqOverflow) / 4;
    this.#overflowsWord = control + CONTROL_WORD.overflows;
    this.#cqesWord = word(CONTROL_WORD.cqes) / 4;
    this.#reapedWord = control + CONTROL_WORD.reaped;
    this.#armedWord = control + CONTROL_WORD.armed;
    this.#enterWord = control + CONTROL_WORD.enterCount;
    this.#seenWord = control + CONTROL_WORD.seen;
    this.#tail = Atomics.load(words, word(CONTROL_WORD.sqHead) / 4);
    this.#staged = this.#tail;
    this.#armed = words[this.#armedWord] as number;
    this.#cqHead = words[this.#reapedWord] as number;
    this.#notLast = this.#cqHead;
  }

  /**
   * Takes the next SQE, whose user_data is written already. Returns the index to give to an encoder, or -1 when the
   * submission queue is full or as many operations are in flight as the completion queue holds.
   */
  push(): number {
    const tail = this.#tail;
    if (tail === this.#armed && !this.#refill()) return -1;
    this.#tail = (tail + 1) | 0;
    return (tail & this.#sqMask) << this.#sqeShift;
  }

  #refill(): boolean {
    if (this.#retired) return false;
    this.markReaped();
    this.#driver.refill();
    this.#armed = this.#words[this.#armedWord] as number;
    return this.#tail !== this.#armed;
  }

  /** The number of the operation that the SQE at this index starts; its completion carries it. */
  operationOf(slot: number): number {
    return this.sqes[((slot << 4) | 8) >>> 0] as number;
  }

  /** The user_data by which ASYNC_CANCEL, POLL_REMOVE and TIMEOUT_REMOVE address an operation: a safe integer. */
  userDataOf(operation: number): number {
    return ((this.#slots[operation] as number) & GENERATION_MASK) * HIGH_WORD + operation;
  }

  /** SQEs pushed and not yet submitted. */
  get queued(): number {
    return (this.#tail - this.#staged) | 0;
  }

  /** Operations submitted whose last completion has not been reaped. */
  get inFlight(): number {
    if (this.#retired) return this.#owed();
    return (this.#submitted - (this.#cqHead - this.#notLast)) | 0;
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

  /** What went on beside the ordinary since the ring opened. */
  get counters(): RingCounters {
    const words = this.#words;
    return {
      overflow: (words[this.#overflowsWord] as number) >>> 0,
      lost: Atomics.load(words, this.#cqLostWord) >>> 0,
      foreign: this.#foreign,
    };
  }

  /** In a completion callback: the words of its CQE. With 32-byte CQEs, words 4 to 7 are its extra payload. */
  cqeWords(): Uint32Array {
    const index = (this.#cqHead - 1) & (this.cqEntries - 1);
    return new Uint32Array(
      this.#words.buffer,
      (this.#cqesWord + (index << this.#cqeShift)) * 4,
      1 << this.#cqeShift,
    );
  }

  /** Called when the queued SQEs have been handed to the driver, which has armed further ones. */
  markStaged(): void {
    this.#submitted = (this.#submitted + this.#tail - this.#staged) | 0;
    this.#staged = this.#tail;
    this.#armed = this.#words[this.#armedWord] as number;
  }

  /** Tells the driver how far completions have been reaped. Called before each crossing. */
  markReaped(): void {
    this.#words[this.#reapedWord] = this.#cqHead;
  }

  /**
   * Writes the arguments of a crossing where the driver finds them: the queued SQEs, or none. The answer, until the
   * driver writes its own, is EBADF.
   */
  prepareEnter(sqes: number, minComplete: number, timeoutMs: number): void {
    const words = this.#words;
    const at = this.#enterWord;
    words[this.#reapedWord] = this.#cqHead;
    words[at] = sqes;
    words[at + 1] = minComplete;
    words[at + 2] = timeoutMs;
    words[at + 3] = -EBADF;
  }

  /** What the driver answered to the last crossing: SQEs taken, or a negative errno or code. */
  get enterResult(): number {
    return this.#words[this.#enterWord + 3] as number;
  }

  /** Writes the arguments of a read without the ring where the driver finds them. The answer is EBADF until it has one. */
  prepareRead(fd: number, address: number, length: number, position: number): void {
    const words = this.#words;
    const at = this.#readWord;
    words[at] = fd;
    words[at + 1] = length;
    words[at + 2] = -EBADF;
    this.#doubles[CONTROL_WORD.readAddress / 2] = address;
    this.#doubles[CONTROL_WORD.readPosition / 2] = position;
  }

  /** What the driver answered to the last read without the ring: bytes, or a negative errno. */
  get readResult(): number {
    return this.#words[this.#readWord + 2] as number;
  }

  /** Sets or clears CQ flags (IORING_CQ_EVENTFD_DISABLED). The kernel looks before each eventfd signal. */
  setCqFlags(flags: number): void {
    Atomics.store(this.#words, this.#cqFlagsWord, flags);
  }

  /** Hands every ready completion, at most `max`, to `callback`. Allocates nothing. Returns how many CQEs it took. */
  reap(callback: CompletionCallback, max: number = this.cqEntries): number {
    if (this.#retired) return 0;
    const words = this.#words;
    const slots = this.#slots;
    const mask = this.cqEntries - 1;
    const base = this.#cqesWord;
    const shift = this.#cqeShift;
    const first = this.#cqHead;
    const ready = (Atomics.load(words, this.#cqTailWord) - first) | 0; // pairs with the kernel's store, as in `ready`
    const stop = (first + Math.min(max, ready)) | 0;
    let head = first;
    let taken = 0;
    // From here on a callback may hold what a CQE up to there brought, such as a descriptor that was opened.
    // It never goes back: a reap inside a callback may stop sooner.
    if (((stop - (words[this.#seenWord] as number)) | 0) > 0) words[this.#seenWord] = stop;
    try {
      while (((stop - head) | 0) > 0) {
        const at = base + ((head & mask) << shift);
        const operation = words[at] as number;
        const generation = words[at + 1] as number;
        const res = words[at + 2] as number;
        const flags = words[at + 3] as number;
        this.#cqHead = (head + 1) | 0;
        taken++;
        // A word in flight is its generation. A foreign CQE's high half is negative, and an out-of-range slot reads as
        // undefined: both fail the comparison like a wrong generation does.
        if (
          slots[operation] === generation &&
          ((flags & CQE_F_SEVERAL) === 0 || this.#isNext(operation, generation, flags))
        ) {
          callback(operation, res, flags);
        } else {
          this.#reapUnusual(operation, generation, res, flags, callback);
        }
        // A callback may have reaped as well, or closed the ring.
        head = this.#cqHead === ((head + 1) | 0) ? (head + 1) | 0 : this.#cqHead;
      }
    } finally {
      if (!this.#retired) this.markReaped(); // also when a callback throws: what it was given counts as reaped
    }
    return taken;
  }

  /**
   * Whether a CQE with these flags belongs to what the operation has still to come. A zero-copy send that never began,
   * behind a link that broke, ends with its first CQE, and its notification follows all the same: it answers nothing.
   */
  #isNext(operation: number, generation: number, flags: number): boolean {
    if ((flags & CQE_F_MORE) !== 0) {
      this.#more[operation] = generation;
      this.#notLast = (this.#notLast + 1) | 0;
      return true;
    }
    return this.#more[operation] === generation;
  }

  #reapUnusual(
    operation: number,
    generation: number,
    res: number,
    flags: number,
    callback: CompletionCallback,
  ): void {
    if (this.#slots[operation] === (generation | SLOT_REFUSED_BIT)) {
      // ECANCELED from a broken link is the kernel's own word; EINVAL was the invalid opcode standing in.
      callback(operation, res === -EINVAL ? -EFAULT : res, flags);
      return;
    }
    this.#foreign++;
    this.#notLast = (this.#notLast + 1) | 0;
    this.onForeign?.(operation >>> 0, generation >>> 0, res, flags);
  }

  /** When the ring closes: nothing can be pushed or reaped any more, and the slot table alone tells what is owed. */
  retire(): void {
    this.#retired = true;
    this.#armed = this.#tail;
    this.#staged = this.#tail;
    this.#cqHead = Atomics.load(this.#words, this.#cqTailWord); // ends a reap() that is under way; pairs as in `ready`
  }

  #owed(): number {
    let owed = 0;
    for (const word of this.#slots) if ((word & SLOT_FREE_BIT) === 0) owed++;
    return owed;
  }
}
