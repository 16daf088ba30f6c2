// A ring whose operations are system calls of the thread that submits: each is over when submit() returns.

import type { DriverRing, DriverRingOptions } from '../driver.ts';
import type { Executor } from './executor.ts';
import type { FileSystem } from './file-system.ts';
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

class AtOnce implements Executor {
  readonly #interpreter: Interpreter;
  readonly #clock: SoftClock;

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

  knows(opcode: number): boolean {
    return this.#interpreter.knows(opcode);
  }

  start(_operation: number, sqes: Uint32Array, at: number): number {
    return this.#interpreter.execute(sqes, at);
  }

  wantedBytes(sqes: Uint32Array, at: number): number {
    return this.#interpreter.wantedBytes(sqes, at);
  }

  /** Nothing goes on. */
  cancel(): boolean {
    return false;
  }

  poll(): void {}

  readonly nextMs = Number.POSITIVE_INFINITY;

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
export function openRingAtOnce(options: DriverRingOptions, system: FileSystem, clock: SoftClock): DriverRing {
  const memory = new SoftMemory();
  const buffers = new SoftBuffers();
  const files = new SoftFiles((file) => system.close(file));
  const executor = new AtOnce(new Interpreter(memory, buffers, files, system), clock);
  return new SoftRing({ ...softRingSize(options), memory, buffers, files, executor });
}
