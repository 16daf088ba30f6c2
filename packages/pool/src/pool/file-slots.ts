// The slots of a ring's table of fixed files, as the client hands them out. Bound to the client's thread.

/** Free slots; the lowest go first. */
export class FileSlots {
  /** The first one. */
  readonly first: number;
  /** How many there are; 0 when the ring has no table. */
  readonly count: number;
  readonly #free: number[] = [];
  /** Taken by open files, which keep them long. */
  #open = 0;

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

  /** Takes a slot for an open file: -1 when none is free, or open files have half of all. The rest is for whole-file reads. */
  takeForOpenFile(): number {
    if (this.#free.length === 0 || this.#open * 2 >= this.count) return -1;
    this.#open++;
    return this.take();
  }

  /** Gives a slot of an open file back, once it is empty. */
  giveOfOpenFile(slot: number): void {
    this.#open--;
    this.give(slot);
  }
}
