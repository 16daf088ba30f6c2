// A queue of requests that wait for room: first in, first out, without moving what is left.

/** Taken items are dropped from memory when they are this many and half of all. */
const DROP_MIN = 64;

/** A queue. */
export class Fifo<T> {
  #items: T[] = [];
  #at = 0;

  /** How many wait. */
  get length(): number {
    return this.#items.length - this.#at;
  }

  /** The one whose turn it is. */
  get first(): T | undefined {
    return this.#items[this.#at];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first one out. There is one. */
  shift(): T {
    const item = this.#items[this.#at++] as T;
    if (this.#at >= DROP_MIN && this.#at * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#at);
      this.#at = 0;
    } else if (this.#at === this.#items.length) {
      this.#items.length = 0;
      this.#at = 0;
    }
    return item;
  }

  /** Takes one out of turn. False when it is not there. Looks through all of them. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item, this.#at);
    if (at < 0) return false;
    this.#items.splice(at, 1);
    return true;
  }

  /** Takes all of them out. */
  clear(): T[] {
    const left = this.#items.slice(this.#at);
    this.#items = [];
    this.#at = 0;
    return left;
  }
}
