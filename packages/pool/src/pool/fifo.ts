// A queue of requests that wait for room: first in, first out, in a ring that grows and is kept, so that a queue that fills
// and empties allocates nothing.

/** Places of a queue when the first item comes; a power of two, as all sizes. */
const PLACES_MIN = 16;
/** A queue that has been emptied keeps at most so many places. */
const PLACES_KEPT = 4096;

/** A queue. */
export class Fifo<T> {
  /** The items, from `#head` on, around the end; undefined elsewhere. */
  #places: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  /** How many wait. */
  get length(): number {
    return this.#length;
  }

  /** The one whose turn it is. */
  get first(): T | undefined {
    return this.#length === 0 ? undefined : this.#places[this.#head];
  }

  push(item: T): void {
    if (this.#length === this.#places.length) this.#grow();
    this.#places[(this.#head + this.#length) & (this.#places.length - 1)] = item;
    this.#length++;
  }

  /** Puts one before all others. */
  unshift(item: T): void {
    if (this.#length === this.#places.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#places.length - 1);
    this.#places[this.#head] = item;
    this.#length++;
  }

  /** Takes the first one out. There is one. */
  shift(): T {
    const item = this.#places[this.#head] as T;
    this.#places[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#places.length - 1);
    this.#length--;
    if (this.#length === 0 && this.#places.length > PLACES_KEPT) this.#places = [];
    return item;
  }

  /** Takes one out of turn. False when it is not there. Looks through all of them. */
  remove(item: T): boolean {
    const mask = this.#places.length - 1;
    let at = 0;
    while (at < this.#length && this.#places[(this.#head + at) & mask] !== item) at++;
    if (at === this.#length) return false;
    for (; at < this.#length - 1; at++) {
      this.#places[(this.#head + at) & mask] = this.#places[(this.#head + at + 1) & mask];
    }
    this.#places[(this.#head + at) & mask] = undefined;
    this.#length--;
    return true;
  }

  /** Takes all of them out. */
  clear(): T[] {
    const left = this.#inOrder();
    this.#places = [];
    this.#head = 0;
    this.#length = 0;
    return left;
  }

  #inOrder(): T[] {
    const mask = this.#places.length - 1;
    return Array.from({ length: this.#length }, (_, at) => this.#places[(this.#head + at) & mask] as T);
  }

  #grow(): void {
    const places = new Array<T | undefined>(Math.max(PLACES_MIN, this.#places.length * 2)).fill(undefined);
    for (const [at, item] of this.#inOrder().entries()) places[at] = item;
    this.#places = places;
    this.#head = 0;
  }
}
