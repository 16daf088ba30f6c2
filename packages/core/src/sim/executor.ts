// Executes the operations of a simulated ring: each some simulated time after it began, so that they complete in any order, and
// with the faults that the simulation was asked for. Bound to the thread that simulates.

import { SQE_WORDS } from '../abi/layout.ts';
import { opcodes } from '../abi/opcodes.ts';
import { type Executor, type Finish, PENDING } from '../soft/executor.ts';
import type { Interpreter } from '../soft/interpreter.ts';
import { decide } from './faults.ts';
import { Schedule, type Scheduled } from './schedule.ts';
import type { World } from './world.ts';

const ESHUTDOWN = 108;
/** How much longer a latency spike makes an operation. */
const SPIKE_FACTOR = 100;
const OPCODE_MASK = 0xff;
/** How often a cancel comes in time. */
const CANCEL_CHANCE = 0.5;

interface Event extends Scheduled {
  readonly operation: number;
}

/** The executor of one ring. */
export class SimExecutor implements Executor {
  readonly #world: World;
  readonly #interpreter: Interpreter;
  readonly #schedule = new Schedule<Event>();
  /** By operation. */
  readonly #events: (Event | undefined)[] = [];
  /** By operation: its SQE as it was when it began. */
  readonly #sqes: Uint32Array;
  readonly #scratch = new Uint32Array(SQE_WORDS);

  constructor(world: World, interpreter: Interpreter, operations: number) {
    this.#world = world;
    this.#interpreter = interpreter;
    this.#sqes = new Uint32Array(operations * SQE_WORDS);
    world.join(this);
  }

  now(): number {
    return this.#world.nowMs;
  }

  today(): number {
    return this.#world.nowMs;
  }

  /** A simulated machine never sleeps. */
  sinceBoot(): number {
    return this.#world.nowMs;
  }

  knows(opcode: number): boolean {
    return this.#interpreter.knows(opcode);
  }

  wantedBytes(sqes: Uint32Array, at: number): number {
    return this.#interpreter.wantedBytes(sqes, at);
  }

  start(operation: number, sqes: Uint32Array, at: number): number {
    const world = this.#world;
    if (world.crashed) return -ESHUTDOWN;
    const own = operation * SQE_WORDS;
    for (let word = 0; word < SQE_WORDS; word++) this.#sqes[own + word] = sqes[at + word] as number;
    const event = { dueMs: world.nowMs + this.#latencyMs(), order: world.nextOrder(), operation };
    this.#events[operation] = event;
    this.#schedule.add(event);
    return PENDING;
  }

  #latencyMs(): number {
    const { random, latencyMs, faults } = this.#world;
    const [least, most] = latencyMs;
    const ms = least + (random.bits() / 2 ** 32) * (most - least);
    return random.chance(faults.latencySpike ?? 0) ? ms * SPIKE_FACTOR : ms;
  }

  cancel(operation: number): boolean {
    const event = this.#events[operation];
    if (event === undefined || !this.#world.random.chance(CANCEL_CHANCE)) return false;
    this.#events[operation] = undefined;
    return this.#schedule.remove(event);
  }

  poll(finish: Finish): void {
    for (;;) {
      const event = this.#schedule.first;
      if (event === undefined || (event.dueMs > this.#world.nowMs && !this.#world.crashed)) return;
      this.#schedule.take();
      this.#events[event.operation] = undefined;
      finish(event.operation, this.#world.crashed ? -ESHUTDOWN : this.#execute(event.operation));
    }
  }

  #execute(operation: number): number {
    const sqe = this.#scratch;
    sqe.set(this.#sqes.subarray(operation * SQE_WORDS, (operation + 1) * SQE_WORDS));
    const fate = decide(sqe, this.#world.faults, this.#world.random);
    if (fate.losesSync) this.#world.system.loseSync(this.#interpreter.fileOf(sqe, 0));
    const res = fate.executes ? this.#interpreter.execute(sqe, 0) : 0;
    return fate.errno === 0 ? res : -fate.errno;
  }

  get nextMs(): number {
    return this.#schedule.first?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  sleep(untilMs: number): void {
    this.#world.advance(untilMs);
  }

  /** The power goes: of what is under way, some has happened on the disk. Nobody will hear of it. */
  crash(): void {
    const { random } = this.#world;
    for (const { operation } of this.#schedule.all) {
      const at = operation * SQE_WORDS;
      const opcode = (this.#sqes[at] as number) & OPCODE_MASK;
      // A close changes nothing on the disk, and its file may serve the others.
      if (opcode !== opcodes.close.value && random.chance(0.5)) this.#interpreter.execute(this.#sqes, at);
    }
  }
}
