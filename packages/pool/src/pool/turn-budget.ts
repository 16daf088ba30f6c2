// How long completions may be served without a turn of the event loop, so that a chain of operations that complete at once
// does not starve timers and sockets. Bound to the client's thread.

import { monotonicMs } from './clock.ts';

/** How long completions may be served without a turn. */
const FAIRNESS_MS = 0.5;
/** What starting an operation costs beside its bytes, as so many bytes copied. */
const WORK_PER_OPERATION = 4096;
/** Work after which the clock is looked at: well below the budget's time. */
const WORK_PER_LOOK = 256 * 1024;

/** The budget of one turn after another. */
export class TurnBudget {
  /** When the event loop has turned for the last time, as far as we know. */
  #turned = 0;
  /** The budget of this turn is spent. */
  #overdue = false;
  /** Work since the clock was looked at. */
  #unseenWork = 0;

  /** The event loop has turned. */
  turned(): void {
    this.#turned = monotonicMs();
    this.#overdue = false;
  }

  /** An operation on so many bytes is started. */
  spend(bytes: number): void {
    this.#unseenWork += WORK_PER_OPERATION + bytes;
  }

  /** Whether the budget lasts. The clock costs as much as a part of a read: it is looked at now and then. */
  get lasts(): boolean {
    if (this.#unseenWork >= WORK_PER_LOOK) {
      this.#unseenWork = 0;
      this.#overdue = this.isSpent;
    }
    return !this.#overdue;
  }

  /** Whether it is spent by the clock. */
  get isSpent(): boolean {
    return monotonicMs() - this.#turned > FAIRNESS_MS;
  }
}
