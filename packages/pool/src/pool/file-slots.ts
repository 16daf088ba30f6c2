// The slots of a ring's table of fixed files, as the client hands them out. Bound to the client's thread.

/** Free slots; the lowest go first. */
export class FileSlots {
  /** The first one. */
  readonly first: number;
  /** How many there are; 0 when the ring has no table. */
  readonly count: number;
  readonly #free: number[] = [];

  constructor(first: number, count: number) {
    this.first = first;
    this.count = count;
    for (let slot = first + count - 1; slot >= first; slot--) this.#free.push(slot);
  }

  /** How many are free. */
  get free(): number {
    return this.#free.length;
  }

  /** Takes a free slot. There is one. */
  take(): number {
    return this.#free.pop() as number;
  }

  /** Gives a slot back, once its file is closed. */
  give(slot: number): void {
    this.#free.push(slot);
  }
}
