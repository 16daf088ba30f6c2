// How long the operations of one lane take: a few are timed for the metrics, and all of them while somebody listens for
// slow ones. One number for each operation in flight; nothing is allocated for what is not slow.
// Bound to the client's thread.

import { opcodeEntry, opcodeNames, SQE_WORDS } from '@ringpool/core';

import { monotonicMs } from './clock.ts';
import { Publisher, type SlowOperationMessage, slowOperations } from './diagnostics.ts';
import type { LaneMeter } from './metrics.ts';
import type { Request } from './request.ts';

const USER_DATA_WORD = 8;
const OPCODE_MASK = 0xff;
const FIXED_FILE = 1 << 8; // IOSQE_FIXED_FILE, in the SQE's first word
const CQE_F_MORE = 2;
const NO_FD = -1;
/** What an operation is timed for. */
const SAMPLED = 1;
const WATCHED = 2;

/** Which lane it is. */
export interface TimedLane {
  /** The client's seat. */
  readonly client: number;
  /** The worker at the other end; undefined: the client's own ring. */
  readonly worker: number | undefined;
  /** Operations that take as long are slow. */
  readonly slowOperationMs: number;
}

/** Whether the SQE's `fd` is a descriptor, by opcode: not that of a directory, or of nothing. */
const namesFile: readonly boolean[] = opcodeNames.map((name) =>
  opcodeEntry(name).fields.some(
    ({ sqe, kind }) => sqe === 'fd' && (kind === 'file' || kind === 'plain-file'),
  ),
);

/** The times of one lane. */
export class Timing {
  /** By operation: when it was handed over, in monotonic milliseconds; 0: it is not timed. */
  readonly since: Float64Array;
  readonly #meter: LaneMeter;
  readonly #lane: TimedLane;
  readonly #publisher = new Publisher();
  readonly #kinds: Uint8Array;
  readonly #opcodes: Uint8Array;
  readonly #fds: Int32Array;
  /** The time of this reap, once it was asked for: what a callback takes is not the next operation's. */
  #nowMs = 0;
  #slow: SlowOperationMessage[] | undefined;

  /** `operations`: how many numbers of operations there are. */
  constructor(meter: LaneMeter, lane: TimedLane, operations: number) {
    this.#meter = meter;
    this.#lane = lane;
    this.since = new Float64Array(operations); // view: a count of operations
    this.#kinds = new Uint8Array(operations); // view: a count of operations
    this.#opcodes = new Uint8Array(operations); // view: a count of operations
    this.#fds = new Int32Array(operations); // view: a count of operations
  }

  /** The SQEs at these indices, `count` of them and at least one, are about to be handed over. */
  published(sqes: Uint32Array, indices: Int32Array, count: number): void {
    const sampled = this.#meter.published(count);
    const watched = slowOperations.hasSubscribers;
    if (watched) this.#stamp(sqes, indices, 0, count, WATCHED);
    if (sampled) this.#stamp(sqes, indices, count - 1, count, watched ? SAMPLED | WATCHED : SAMPLED);
  }

  #stamp(sqes: Uint32Array, indices: Int32Array, first: number, end: number, kinds: number): void {
    const nowMs = monotonicMs();
    for (let index = first; index < end; index++) {
      const at = (indices[index] as number) * SQE_WORDS;
      const operation = sqes[at + USER_DATA_WORD] as number;
      const word = sqes[at] as number;
      this.since[operation] = nowMs;
      this.#kinds[operation] = kinds;
      this.#opcodes[operation] = word & OPCODE_MASK;
      this.#fds[operation] = (word & FIXED_FILE) === 0 ? (sqes[at + 1] as number) : NO_FD;
    }
  }

  /** An operation that is timed has completed; its request has not been told yet, and so is still that of the operation. */
  ended(operation: number, request: Request, result: number, flags: number): void {
    if (this.#nowMs === 0) this.#nowMs = monotonicMs();
    const tookMs = this.#nowMs - (this.since[operation] as number);
    this.since[operation] = 0;
    // How long one that goes on by itself has been there says nothing.
    if ((flags & CQE_F_MORE) !== 0) return;
    const kinds = this.#kinds[operation] as number;
    if ((kinds & SAMPLED) !== 0) this.#meter.took(tookMs);
    if ((kinds & WATCHED) !== 0 && tookMs >= this.#lane.slowOperationMs) {
      this.#note(operation, request, result, tookMs);
    }
  }

  #note(operation: number, { path }: Request, result: number, durationMs: number): void {
    const opcode = this.#opcodes[operation] as number;
    const fd = this.#fds[operation] as number;
    const { client, worker, slowOperationMs } = this.#lane;
    this.#slow ??= [];
    this.#slow.push({
      operation: opcodeNames[opcode] as SlowOperationMessage['operation'],
      client,
      worker,
      durationMs,
      thresholdMs: slowOperationMs,
      result,
      fd: namesFile[opcode] === true && fd >= 0 ? fd : undefined,
      path,
    });
  }

  /**
   * All `count` completions that were ready were handed over; `ended` operations are over. Subscribers are told of what was
   * slow now, and not in the midst of it.
   */
  reaped(count: number, ended: number): void {
    if (count === 0) return;
    this.#nowMs = 0;
    this.#meter.completed(ended);
    const slow = this.#slow;
    if (slow === undefined) return;
    this.#slow = undefined;
    for (const message of slow) this.#publisher.publish('slowOperation', message);
  }

  /** The lane's ring is another one: nothing that is in flight completes any more. */
  reset(): void {
    this.since.fill(0);
  }
}
