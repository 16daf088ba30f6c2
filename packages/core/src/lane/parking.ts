// The word by which a thread says that it is about to sleep, so that others ring its doorbell only then.
// It lies in shared memory; the sleeper stores PARKED, one of those who have news for it swaps PARKED for AWAKE.
//
// Sleeper:  1. store PARKED   2. look at every queue once more   3. sleep, unless 2 found something
// Waker:    1. store the queue's tail   2. swap PARKED for AWAKE   3. ring, if the swap succeeded
//
// Both sides' steps 1 and 2 are sequentially consistent, so at least one of them sees the other: the waker sees PARKED
// and rings, or the sleeper's second look sees the tail. A waker that only loaded the word and then rang could ring for
// a sleep that is over already and leave the next one unrung; the swap makes one waker responsible for each sleep.

const AWAKE = 0;
const PARKED = 1;

/** One thread's parking word. Every thread that wakes it holds a Parking of its own over the same word. */
export class Parking {
  readonly #words: Int32Array;
  readonly #index: number;

  /** `words` is shared memory; `index` the word. It starts as 0, awake. */
  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
  }

  /** The sleeper: from now on it wants to be rung for. It must look at its queues once more before it sleeps. */
  park(): void {
    // Pairs with the swap in claim(): see the top of this file.
    Atomics.store(this.#words, this.#index, PARKED);
  }

  /** The sleeper: awake by its own doing. Whoever swapped first may still ring, which is one idle wake-up. */
  unpark(): void {
    Atomics.store(this.#words, this.#index, AWAKE);
  }

  /** True while the sleeper wants to be rung for. */
  get parked(): boolean {
    return Atomics.load(this.#words, this.#index) === PARKED;
  }

  /** A waker, after it has stored a queue's tail: true when it must ring, and nobody else will for this sleep. */
  claim(): boolean {
    // Pairs with the store in park().
    return Atomics.compareExchange(this.#words, this.#index, PARKED, AWAKE) === PARKED;
  }
}
