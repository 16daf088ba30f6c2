// The operations that a ring without a kernel has taken: their SQEs, how each stands, and the chains they form.
// Bound to the ring's thread.

import { SQE_WORDS } from '../abi/layout.ts';
import { opcodes } from '../abi/opcodes.ts';

const IO_DRAIN = 2;
const IO_LINK = 4;
const IO_HARDLINK = 8;
const FLAGS_SHIFT = 8;
const BYTE = 0xff;

/** No operation. */
export const NOBODY = -1;

/** Its completion waits to be reaped, or it was never taken. */
const OVER = 0;
/** Behind others of its chain, or behind what is drained. */
const WAITING = 1;
const RUNNING = 2;

/** Operations by their numbers. */
export class Taken {
  /** SQEs, 16 words for each number. */
  readonly words: Uint32Array;
  readonly #states: Uint8Array;
  /** The next one of its chain. */
  readonly #next: Int32Array;

  /** For numbers below `count`. */
  constructor(count: number) {
    this.words = new Uint32Array(count * SQE_WORDS);
    this.#states = new Uint8Array(count); // view: a count of operations
    this.#next = new Int32Array(count); // view: a count of operations
  }

  /** Takes the SQE at word `from`, at the end of the chain that `last` is in; NOBODY begins one. */
  take(sqes: Uint32Array, from: number, operation: number, last: number): void {
    const at = operation * SQE_WORDS;
    for (let word = 0; word < SQE_WORDS; word++) this.words[at + word] = sqes[from + word] as number;
    this.#states[operation] = WAITING;
    this.#next[operation] = NOBODY;
    if (last !== NOBODY) this.#next[last] = operation;
  }

  opcode(operation: number): number {
    return (this.words[operation * SQE_WORDS] as number) & BYTE;
  }

  flags(operation: number): number {
    return ((this.words[operation * SQE_WORDS] as number) >>> FLAGS_SHIFT) & BYTE;
  }

  /** The one behind it in its chain; NOBODY for the last. */
  next(operation: number): number {
    return this.#next[operation] as number;
  }

  run(operation: number): void {
    this.#states[operation] = RUNNING;
  }

  end(operation: number): void {
    this.#states[operation] = OVER;
  }

  isRunning(operation: number): boolean {
    return this.#states[operation] === RUNNING;
  }

  /** True from being taken to its end. */
  isUnderWay(operation: number): boolean {
    return this.#states[operation] !== OVER;
  }

  /** True when another one follows in its chain. */
  isLinked(operation: number): boolean {
    return (this.flags(operation) & (IO_LINK | IO_HARDLINK)) !== 0;
  }

  /** True when its failure breaks its chain. */
  breaks(operation: number): boolean {
    return (this.flags(operation) & IO_HARDLINK) === 0;
  }

  isLinkTimeout(operation: number): boolean {
    return operation !== NOBODY && this.opcode(operation) === opcodes.linkTimeout.value;
  }

  /** How many operations a chain has, from this one on. */
  length(first: number): number {
    let length = 0;
    for (let one = first; one !== NOBODY; one = this.next(one)) length++;
    return length;
  }

  /** True when any of a chain asks to come after all that came before. */
  drains(first: number): boolean {
    for (let one = first; one !== NOBODY; one = this.next(one)) if (this.flags(one) & IO_DRAIN) return true;
    return false;
  }
}
