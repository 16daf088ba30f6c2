// Doorbells: eventfds by which threads of one process wake one another. A thread holds a Doorbell of its own for each
// bell it rings or hears; the descriptor closes when the last one has let go, so no number can come to mean a file.

import { errnoName, errnoText, RingpoolError } from '@ringpool/core';

import { addon, type DoorbellHandle } from './addon.ts';

const EBADF = 9;

/** Names a doorbell to another thread; structured-cloneable. */
export interface DoorbellToken {
  readonly index: number;
  readonly generation: number;
}

/**
 * One thread's hold on a doorbell.
 *
 * @example
 * ```ts
 * import { Doorbell } from '@ringpool/native';
 *
 * const bell = Doorbell.create();
 * bell.ring();
 * console.assert(bell.silence() === true && bell.silence() === false);
 * bell.close();
 * ```
 */
export class Doorbell {
  /** The eventfd's descriptor, to poll from a ring. Never write to it: {@link Doorbell.ring} knows whether it is open. */
  readonly fd: number;
  /** What another thread attaches by. */
  readonly token: DoorbellToken;
  readonly #handle: DoorbellHandle;
  #closed = false;

  private constructor(handle: DoorbellHandle) {
    this.#handle = handle;
    const [index, generation, fd] = addon().doorbellIdentity(handle);
    this.fd = fd;
    this.token = { index, generation };
  }

  /** Makes a new doorbell. @throws RingpoolError ENFILE, EMFILE. */
  static create(): Doorbell {
    const handle = addon().doorbellCreate();
    if (typeof handle === 'number') throw doorbellError('create', -handle);
    return new Doorbell(handle);
  }

  /** Attaches this thread to a doorbell of another. @throws RingpoolError EBADF when every thread has let go of it. */
  static attach(token: DoorbellToken): Doorbell {
    const handle = addon().doorbellAttach(token.index, token.generation);
    if (typeof handle === 'number') throw doorbellError('attach', -handle);
    return new Doorbell(handle);
  }

  /** True once this thread has let go of it. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Rings: whoever polls or watches the bell wakes up. @throws RingpoolError EBADF after close. */
  ring(): void {
    const result = addon().doorbellRing(this.#handle);
    if (result < 0) throw doorbellError('ring', -result);
  }

  /** Takes back what was rung; true when it had been. */
  silence(): boolean {
    return addon().doorbellSilence(this.#handle);
  }

  /** Calls `callback` from this thread's event loop when the bell rings. Keeps the loop alive (see {@link hold}). */
  watch(callback: () => void): void {
    const result = addon().doorbellWatch(this.#handle, callback);
    if (result < 0) throw doorbellError('watch', -result);
  }

  /** Whether the watched bell keeps the event loop alive. */
  hold(alive: boolean): void {
    if (!this.#closed) addon().doorbellHold(this.#handle, alive);
  }

  /** Stops watching and lets go. May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    addon().doorbellClose(this.#handle);
  }
}

/** The argument of IORING_REGISTER_EVENTFD: an open bell's descriptor. */
export function eventfdArgument(bell: Doorbell): Uint8Array {
  if (bell.closed) throw doorbellError('register', EBADF);
  return new Uint8Array(Int32Array.of(bell.fd).buffer, 0, 4);
}

function doorbellError(op: string, errno: number): RingpoolError {
  return new RingpoolError(errnoName(errno), `doorbell ${op} failed: ${errnoText(errno)}`, {
    op: `doorbell.${op}`,
    errno,
    syscall: 'eventfd',
    hint: errno === 9 ? 'It is closed: make a new one.' : 'Raise `ulimit -n`, or close doorbells.',
  });
}
