// Chains that wait because something drains: one that is to come after all that came before it, and all that come after
// that one. Bound to the ring's thread.

import { NOBODY, type Taken } from './taken.ts';

/** What waits for a drain, in the order in which it came. */
export class Drains {
  readonly #taken: Taken;
  readonly #chains: number[] = [];
  /** Operations of these chains. */
  #operations = 0;
  /** What drains has begun, and is not over. */
  #draining = false;

  constructor(taken: Taken) {
    this.#taken = taken;
  }

  /** Whether a chain that begins with this operation has to wait. */
  holds(first: number): boolean {
    return this.#draining || this.#chains.length > 0 || this.#taken.drains(first);
  }

  add(first: number): void {
    this.#chains.push(first);
    this.#operations += this.#taken.length(first);
  }

  /** Forgets a chain. False when it does not wait. */
  remove(first: number): boolean {
    const index = this.#chains.indexOf(first);
    if (index < 0) return false;
    this.#chains.splice(index, 1);
    this.#operations -= this.#taken.length(first);
    return true;
  }

  /** Takes the chain that may begin now, when so many operations are under way, those that wait among them; or NOBODY. */
  take(underWay: number): number {
    const running = underWay - this.#operations;
    if (running === 0) this.#draining = false;
    const first = this.#chains[0];
    if (first === undefined || this.#draining) return NOBODY;
    if (this.#taken.drains(first)) {
      if (running > 0) return NOBODY;
      this.#draining = true;
    }
    this.remove(first);
    return first;
  }
}
