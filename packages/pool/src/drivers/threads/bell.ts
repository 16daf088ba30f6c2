// Bells without eventfds: a word of shared memory that counts how often it was rung, and Atomics.waitAsync() on it. Ringers
// need no descriptor; whoever watches hears of it from the event loop. waitAsync() does not hold the loop: a timer does.
//
// Ringer: R1. add 1 to the count  R2. notify      Watcher: W1. load the count  W2. wait while it is that (one step)
//
// Both are sequentially consistent: a ring between W1 and W2 makes W2 return at once.

import { AsyncResource } from 'node:async_hooks';

import { RingpoolError } from '@ringpool/core';
import type { DoorbellToken } from '@ringpool/native';

import { clearInterval, setImmediate, setInterval } from '../../pool/clock.ts';
import type { HostBell } from '../host.ts';

/**
 * Words of one bell: whose it is (a number that comes once; 0: nobody's), how often it was rung, and the task that made it (see
 * life.ts; 0: unknown).
 */
export const BELL_WORDS = 3;
/** Where a bell is rung by a thread whose end nobody tells: this often the watcher looks by itself, while it waits. */
const LOOK_MS = 100;
/** A timer that only holds the event loop: it is never to wake the thread. */
const HOLD_MS: number = 2 ** 31 - 1;

/** What somebody wants to know of a bell. */
export interface BellEvents {
  /** Called every now and then while it holds the event loop. */
  readonly look?: () => void;
  /** Called once it is closed. */
  readonly closed?: () => void;
}

/** One thread's hold on a bell. */
export class ThreadsBell implements HostBell {
  readonly token: DoorbellToken;
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #events: BellEvents;
  /** Where its callbacks run: in the context in which it was watched first. */
  #context: AsyncResource | undefined;
  #heard = 0;
  #callback: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #alive = false;
  #closed = false;

  /** The bell at a word. */
  constructor(words: Int32Array, at: number, token: DoorbellToken, events: BellEvents) {
    this.#words = words;
    this.#at = at;
    this.token = token;
    this.#events = events;
  }

  get closed(): boolean {
    return this.#closed;
  }

  ring(): void {
    if (this.#closed) throw bellGone('ring');
    Atomics.add(this.#words, this.#at + 1, 1); // R1. Pairs with W2.
    Atomics.notify(this.#words, this.#at + 1); // R2
  }

  watch(callback: () => void): void {
    this.#callback = callback;
    this.#context ??= new AsyncResource('ringpool.bell');
    this.#heard = Atomics.load(this.#words, this.#at + 1); // W1
    this.#wait();
    this.hold(true);
  }

  #wait(): void {
    const answer = Atomics.waitAsync(this.#words, this.#at + 1, this.#heard); // W2. Pairs with R1.
    this.#inContext(() => {
      if (answer.async) void answer.value.then(() => this.#rang());
      else setImmediate(() => this.#rang());
    });
  }

  #inContext<Result>(call: () => Result): Result {
    return (this.#context as AsyncResource).runInAsyncScope(call);
  }

  #rang(): void {
    if (this.#closed) return;
    this.#heard = Atomics.load(this.#words, this.#at + 1); // W1. Before the callback looks for what was rung for.
    this.#wait();
    this.#callback?.();
  }

  hold(alive: boolean): void {
    if (this.#context === undefined || this.#closed || alive === this.#alive) return;
    this.#alive = alive;
    if (!alive) this.#timer?.unref();
    else if (this.#timer === undefined) this.#timer = this.#inContext(() => this.#tick());
    else this.#timer.ref();
  }

  /** It goes on for one turn after the bell has let go of the loop: work mostly comes again. */
  #tick(): NodeJS.Timeout {
    const { look } = this.#events;
    if (look === undefined) return setInterval(() => undefined, HOLD_MS);
    return setInterval(() => {
      if (this.#alive) look();
      else this.#stop();
    }, LOOK_MS);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Stops watching, and lets go. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop();
    // What waits is let go of by the engine once it is woken.
    if (this.#callback !== undefined) Atomics.notify(this.#words, this.#at + 1);
    this.#events.closed?.();
  }
}

/** The error of a bell that nobody watches any more. */
export function bellGone(op: string): RingpoolError {
  return new RingpoolError('EBADF', `bell ${op} failed: whoever watched it has gone`, {
    op: `bell.${op}`,
    errno: 9,
    hint: 'The thread has left the pool, or has ended.',
  });
}
