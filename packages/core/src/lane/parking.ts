// The word by which a thread says that it is about to sleep, so that others wake it only then.
// It lies in shared memory; the sleeper stores how it sleeps, one of those who have news for it swaps that for AWAKE.
//
// Sleeper:  P1. store PARKED or WAITING   P2. look at every queue once more   P3. sleep, unless 2 found something
// Waker:    K1. store the queue's tail, load the word   K2. swap what was seen for AWAKE   K3. wake, if the swap succeeded
//
// Steps 1 and 2 of both sides are sequentially consistent, so at least one of them sees the other: the waker sees the
// sleeper and wakes it, or the sleeper's second look sees the tail. A waker that only loaded the word and then rang could
// ring for a sleep that is over already and leave the next one unrung; the swap makes one waker responsible for each sleep.
// The labels are those of models/parking.pml, which proves it.

const AWAKE = 0;
const PARKED = 1;
const WAITING = 2;

/** What wakes a parked thread: its doorbell. */
export interface Bell {
  ring(): void;
}

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
    // P1. Pairs with the swap in wake(): see the top of this file.
    Atomics.store(this.#words, this.#index, PARKED);
  }

  /** The sleeper: as {@link park}, for a sleep in {@link wait}. */
  prepareWait(): void {
    // P1. Pairs with the swap in wake().
    Atomics.store(this.#words, this.#index, WAITING);
  }

  /**
   * The sleeper, after {@link prepareWait} and its second look: sleeps until woken, at most `timeoutMs`. False when
   * nobody woke it.
   */
  wait(timeoutMs: number): boolean {
    // P3. Returns at once when a waker has swapped the word since P1; that comparison and falling asleep are one step.
    return Atomics.wait(this.#words, this.#index, WAITING, timeoutMs) !== 'timed-out';
  }

  /** The sleeper: awake by its own doing. Whoever swapped first may still ring, which is one idle wake-up. */
  unpark(): void {
    Atomics.store(this.#words, this.#index, AWAKE);
  }

  /** True while the sleeper wants to be woken. */
  get parked(): boolean {
    return Atomics.load(this.#words, this.#index) !== AWAKE;
  }

  /**
   * A waker, after it has stored a queue's tail: wakes the thread if it sleeps or is about to, by its bell or with
   * Atomics.notify. True when it was this call that did.
   */
  wake(bell: Bell): boolean {
    // K1. An awake sleeper has yet to store P1, and its look comes after that: it sees what we stored before.
    const seen = Atomics.load(this.#words, this.#index);
    if (seen === AWAKE) return false;
    // K2. Pairs with P1. Where it fails another waker was first, or the thread is awake and will look again.
    if (Atomics.compareExchange(this.#words, this.#index, seen, AWAKE) !== seen) return false;
    if (seen === WAITING)
      Atomics.notify(this.#words, this.#index); // K3
    else bell.ring();
    return true;
  }
}
