// A ring whose operations are system calls of the thread that submits: each is over when submit() returns, but for those that
// would have to wait for somebody else. They are made again, so that the thread never blocks in one.

import type { DriverRing, DriverRingOptions } from '../driver.ts';
import { type Executor, type Finish, PENDING } from './executor.ts';
import { type FileSystem, WOULD_WAIT } from './file-system.ts';
import { Interpreter } from './interpreter.ts';
import { SoftMemory } from './memory.ts';
import { SoftRing } from './ring.ts';
import { softRingSize } from './size.ts';
import { SoftBuffers, SoftFiles } from './tables.ts';

/** The clock that timeouts go by, in milliseconds. */
export interface SoftClock {
  /** Since some time: it never goes back. */
  now(): number;
  /** Since 1970. */
  today(): number;
  /** Blocks the thread until {@link SoftClock.now} says so; `Infinity`: as long as it likes. It may return early. */
  sleep(untilMs: number): void;
}

/** A ring that can say when it next has something to do. */
export interface AtOnceRing extends DriverRing {
  /** By the clock, when a timeout is over or a call that would have had to wait is made again; Infinity when none is. */
  readonly nextMs: number;
}

/** How long a call that would have to wait is left alone before it is made again: at first, and at most. */
const AGAIN_MS = 0.1;
const AGAIN_MS_MAX = 20;

/** An operation whose call would have to wait. */
interface Waiting {
  readonly operation: number;
  /** Its SQE. */
  readonly sqes: Uint32Array;
  readonly at: number;
}

class AtOnce implements Executor {
  readonly #interpreter: Interpreter;
  readonly #clock: SoftClock;
  #waiting: Waiting[] = [];
  #delayMs = AGAIN_MS;
  nextMs: number = Number.POSITIVE_INFINITY;

  constructor(interpreter: Interpreter, clock: SoftClock) {
    this.#interpreter = interpreter;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  today(): number {
    return this.#clock.today();
  }

  /** Node's clocks stand still while the machine sleeps. */
  sinceBoot(): undefined {
    return undefined;
  }

  knows(opcode: number): boolean {
    return this.#interpreter.knows(opcode);
  }

  start(operation: number, sqes: Uint32Array, at: number): number {
    const res = this.#interpreter.execute(sqes, at);
    if (res !== WOULD_WAIT) return res;
    // The ring keeps the SQE where it is until the operation is over.
    this.#waiting.push({ operation, sqes, at });
    this.#againSoon();
    return PENDING;
  }

  #againSoon(): void {
    this.#delayMs = AGAIN_MS;
    this.nextMs = this.#clock.now() + AGAIN_MS;
  }

  wantedBytes(sqes: Uint32Array, at: number): number {
    return this.#interpreter.wantedBytes(sqes, at);
  }

  cancel(operation: number): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((one) => one.operation !== operation);
    if (this.#waiting.length === 0) this.nextMs = Number.POSITIVE_INFINITY;
    return this.#waiting.length < before;
  }

  poll(finish: Finish): void {
    if (this.#clock.now() < this.nextMs) return;
    // What finishes may begin what waits in turn.
    const tried = this.#waiting;
    this.#waiting = [];
    const finished: [operation: number, res: number][] = [];
    for (const one of tried) {
      const res = this.#interpreter.execute(one.sqes, one.at);
      if (res === WOULD_WAIT) this.#waiting.push(one);
      else finished.push([one.operation, res]);
    }
    this.#delayMs = finished.length > 0 ? AGAIN_MS : Math.min(this.#delayMs * 2, AGAIN_MS_MAX);
    this.nextMs = this.#waiting.length > 0 ? this.#clock.now() + this.#delayMs : Number.POSITIVE_INFINITY;
    for (const [operation, res] of finished) finish(operation, res);
  }

  sleep(untilMs: number): void {
    this.#clock.sleep(untilMs);
  }
}

/**
 * Opens a ring that needs no kernel but the system calls of `system`, which the thread makes that submits. Addresses are
 * the nominal ones of an arena that was created without `addressOf`.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT.
 */
export function openRingAtOnce(options: DriverRingOptions, system: FileSystem, clock: SoftClock): AtOnceRing {
  const memory = new SoftMemory();
  const buffers = new SoftBuffers();
  const files = new SoftFiles((file) => system.close(file));
  const executor = new AtOnce(new Interpreter(memory, buffers, files, system), clock);
  return new SoftRing({ ...softRingSize(options), memory, buffers, files, executor });
}
