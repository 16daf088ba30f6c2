// How a ring without a kernel has operations executed: at once, by the thread that submits, or some time later.

/** The answer of {@link Executor.start} for an operation that goes on: no result, no errno. */
export const PENDING = -0x8000_0000;

/** Receives the result of an operation that went on. */
export type Finish = (operation: number, res: number) => void;

/** Executes the operations of one ring. Bound to the ring's thread. */
export interface Executor {
  /** Milliseconds by the clock that timeouts go by. */
  now(): number;
  /** Milliseconds of the wall clock, for timeouts that name a time of day. */
  today(): number;
  /** Milliseconds since the machine was started, those included in which it slept; undefined where nobody tells. */
  sinceBoot(): number | undefined;
  /** Whether it can execute this opcode. */
  knows(opcode: number): boolean;
  /** Begins the operation whose SQE stands at a word: its result, or {@link PENDING}. */
  start(operation: number, sqes: Uint32Array, at: number): number;
  /** How many bytes the operation is to move, fewer of which break a link; -1 for one that moves none. */
  wantedBytes(sqes: Uint32Array, at: number): number;
  /** Asks an operation that goes on to stop. True when it has, and will not finish. */
  cancel(operation: number): boolean;
  /** Lets what goes on move on, and hands over what has finished. */
  poll(finish: Finish): void;
  /** When {@link Executor.poll} will have something to do, by the clock; Infinity when nothing goes on. */
  readonly nextMs: number;
  /** Sleeps until a time by the clock: the thread, or the simulation. */
  sleep(untilMs: number): void;
}
