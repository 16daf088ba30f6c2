// The ledger of descriptors without the addon: a word of shared memory for each number, which says whose the descriptor is
// and what is known of its file. I/O workers open and close; whoever a descriptor is given to takes it by one exchange.
//
// Node keeps track of what a worker thread opens, to close it with the thread, and of what it closes; but not of the main
// thread, nor of I/O workers that it has started. So those alone close: what belonged to somebody who is gone is doomed, and
// closed by one of them. I/O workers of a pool that was opened in another thread than the main one are kept track of all the
// same, whatever they are asked for: what they have opened ends with them (`nested`).

import { closeSync, openSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

import type { Ledger } from '../host.ts';

/** Descriptors below this number are taken: what Linux allows a process unless somebody raises it. */
export const DESCRIPTORS_MAX: number = 2 ** 20;
/** Words of the ledger: a count of owners, the end of what is used, a count of dooms, and one for each number. */
const OWNERS = 0;
const END = 1;
const DOOMS = 2;
const FIRST = 3;
export const LEDGER_BYTES: number = (FIRST + DESCRIPTORS_MAX) * 4;

const OWNER_BITS = 27;
const OWNER_MASK = (1 << OWNER_BITS) - 1;
/** Its owner is gone: a worker is to close it. No owner has this number. */
const DOOMED = OWNER_MASK;

/** What is known of an open file: bits above its owner. */
export const FILE_KIND: Readonly<Record<'waits' | 'pipe' | 'regular' | 'fed', number>> = {
  /** A call that would wait answers EAGAIN, although whoever opened it did not ask for that. */
  waits: 1 << 27,
  /** It has no offsets. */
  pipe: 1 << 28,
  /** It has offsets, and an end. */
  regular: 1 << 29,
  /** A pipe from which something has come. */
  fed: 1 << 30,
};

/** One thread's hands on the ledger. */
export class DescriptorLedger implements Ledger {
  readonly #words: Int32Array;
  readonly #nested: boolean;
  #dooms = 0;

  /** `memory` has {@link LEDGER_BYTES}. */
  constructor(memory: SharedArrayBuffer, nested: boolean) {
    this.#nested = nested;
    this.#words = new Int32Array(memory, 0, FIRST + DESCRIPTORS_MAX);
  }

  newOwner(): number {
    for (;;) {
      const owner = (Atomics.add(this.#words, OWNERS, 1) + 1) & OWNER_MASK;
      if (owner !== 0 && owner !== DOOMED) return owner;
    }
  }

  /**
   * Opens a file for an owner, with bits of {@link FILE_KIND}: its descriptor, which is in the ledger before this thread can be
   * ended; `-1` where the number is too high. Throws as `fs.openSync`.
   */
  open(path: Buffer, flags: number, mode: number, owner: number, kind: number): number {
    const descriptor = openSync(path, flags, mode);
    if (descriptor < DESCRIPTORS_MAX) {
      Atomics.store(this.#words, FIRST + descriptor, owner | kind);
      this.#extend(descriptor + 1);
      return descriptor;
    }
    closeSync(descriptor);
    return -1;
  }

  #extend(wanted: number): void {
    for (;;) {
      const end = Atomics.load(this.#words, END);
      if (end >= wanted || Atomics.compareExchange(this.#words, END, end, wanted) === end) return;
    }
  }

  /** The file is being closed. */
  closed(descriptor: number): void {
    if (descriptor < DESCRIPTORS_MAX) Atomics.store(this.#words, FIRST + descriptor, 0);
  }

  /** What is known of a file, bits of {@link FILE_KIND}; -1 when the ledger does not have it. */
  kindOf(descriptor: number): number {
    const word = this.#word(descriptor);
    return word === 0 ? -1 : word & ~OWNER_MASK;
  }

  /** Something more is known of a file that the ledger has. */
  note(descriptor: number, kind: number): void {
    for (;;) {
      const word = this.#word(descriptor);
      // Closed meanwhile: what nobody has stays nobody's.
      if (word === 0) return;
      if (Atomics.compareExchange(this.#words, FIRST + descriptor, word, word | kind) === word) return;
    }
  }

  #word(descriptor: number): number {
    return descriptor >= 0 && descriptor < DESCRIPTORS_MAX
      ? Atomics.load(this.#words, FIRST + descriptor)
      : 0;
  }

  add(descriptor: number, owner: number): void {
    if (descriptor >= DESCRIPTORS_MAX) return;
    Atomics.store(this.#words, FIRST + descriptor, owner | (this.#word(descriptor) & ~OWNER_MASK));
    this.#extend(descriptor + 1);
  }

  give(descriptor: number, from: number, to: number): boolean {
    return this.#swap(descriptor, from, to);
  }

  /** Swaps the owner if it is `from`. What is known of the file stays, unless nobody is to have it. */
  #swap(descriptor: number, from: number, to: number): boolean {
    for (;;) {
      const word = this.#word(descriptor);
      if (word === 0 || (word & OWNER_MASK) !== from) return false;
      const next = to === 0 ? 0 : to | (word & ~OWNER_MASK);
      if (Atomics.compareExchange(this.#words, FIRST + descriptor, word, next) === word) return true;
    }
  }

  release(descriptor: number, owner: number): void {
    this.#swap(descriptor, owner, 0);
  }

  isHeld(descriptor: number): boolean {
    return this.#word(descriptor) !== 0;
  }

  /** The main thread's own descriptors are not kept track of, but a close may take long: workers do it. */
  close(): undefined {
    return undefined;
  }

  closeAllOf(owner: number): void {
    const end = Atomics.load(this.#words, END);
    for (let descriptor = 0; descriptor < end; descriptor++) this.#swap(descriptor, owner, DOOMED);
    Atomics.add(this.#words, DOOMS, 1); // after the words: a worker that sees it finds them
    if (this.mayClose) this.closeDoomed();
  }

  /** Whether this thread, which is no worker, may close what is doomed: Node keeps no track of the main thread's. */
  get mayClose(): boolean {
    return isMainThread && !this.#nested;
  }

  /** A worker has ended that was this owner: what it had opened, and nobody has been given, is closed. */
  workerEnded(owner: number): void {
    if (!this.#nested) {
      this.closeAllOf(owner);
      return;
    }
    // There is no other one: Node has closed all of it, and the numbers may be other files' by now.
    const end = Atomics.load(this.#words, END);
    for (let descriptor = 0; descriptor < end; descriptor++) {
      Atomics.store(this.#words, FIRST + descriptor, 0);
    }
  }

  /** In a worker, or where {@link mayClose}: closes what is doomed. One load when nothing is. */
  closeDoomed(): void {
    const dooms = Atomics.load(this.#words, DOOMS);
    if (dooms === this.#dooms) return;
    this.#dooms = dooms;
    const end = Atomics.load(this.#words, END);
    for (let descriptor = 0; descriptor < end; descriptor++) {
      if (this.#swap(descriptor, DOOMED, 0)) closeQuietly(descriptor);
    }
  }
}

function closeQuietly(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {
    // Nobody is there to be told that its last bytes could not be written.
  }
}
