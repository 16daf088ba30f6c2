// When a client has nothing to do: nothing in flight, nothing waiting, no operation between two steps.
// Bound to the client's thread.

/** Waits for a client to come to rest. */
export class Rest {
  readonly #isQuiet: () => boolean;
  readonly #waiting: (() => void)[] = [];
  /** Operations of several steps under way: between two steps nothing may be in flight. */
  #compound = 0;

  /** `isQuiet`: nothing is in flight and nothing waits. */
  constructor(isQuiet: () => boolean) {
    this.#isQuiet = isQuiet;
  }

  /** An operation of several steps begins; {@link whenIdle} waits for its end, with whatever it starts until then. */
  enter(): void {
    this.#compound++;
  }

  /** An operation of several steps has ended. */
  leave(): void {
    this.#compound--;
    this.look();
  }

  /** Resolves when nothing is in flight, nothing waits and no operation is between two steps. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #isIdle(): boolean {
    return this.#compound === 0 && this.#isQuiet();
  }

  /** Something has come to an end. */
  look(): void {
    if (this.#waiting.length === 0 || !this.#isIdle()) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
