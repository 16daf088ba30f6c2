// The timeouts of a ring without a kernel: TIMEOUT by time or by a count of completions, and LINK_TIMEOUT.
// Bound to the ring's thread. Few at a time, so a list will do.

/** One timeout. */
export interface Timer {
  readonly operation: number;
  /** When it is over, by the ring's clock. */
  dueMs: number;
  /** How many completions the ring has had when it is over early; Infinity for none. */
  readonly count: number;
  /** The operation that it cancels; -1 for none. */
  readonly target: number;
}

/** Timeouts that have begun, in the order in which they began. */
export class Timers {
  readonly #all: Timer[] = [];

  add(timer: Timer): void {
    this.#all.push(timer);
  }

  /** The timeout of an operation. */
  of(operation: number): Timer | undefined {
    return this.#all.find((timer) => timer.operation === operation);
  }

  /** Forgets the timeout of an operation. False when there is none. */
  remove(operation: number): boolean {
    const index = this.#all.findIndex((timer) => timer.operation === operation);
    if (index < 0) return false;
    this.#all.splice(index, 1);
    return true;
  }

  /** Takes the one that is over first, by time; undefined when none is. */
  takeDue(nowMs: number): Timer | undefined {
    let due: Timer | undefined;
    for (const timer of this.#all)
      if (timer.dueMs <= nowMs && timer.dueMs < (due?.dueMs ?? Infinity)) due = timer;
    if (due !== undefined) this.remove(due.operation);
    return due;
  }

  /** Takes one that is over after so many completions; undefined when none is. */
  takeCounted(completions: number): Timer | undefined {
    if (this.#all.length === 0) return undefined;
    const timer = this.#all.find(({ count }) => completions >= count);
    if (timer !== undefined) this.remove(timer.operation);
    return timer;
  }

  /** When the first one is over; Infinity when there is none. */
  get nextMs(): number {
    let next = Infinity;
    for (const { dueMs } of this.#all) if (dueMs < next) next = dueMs;
    return next;
  }
}
