// What a pool tells through node:diagnostics_channel: the channels, the messages, and who publishes them in which context.
// Channels are a thread's own: each thread hears of what its own pools do, and the owner's of the workers besides.

import { AsyncResource } from 'node:async_hooks';
import { type Channel, channel } from 'node:diagnostics_channel';

import type { OpcodeName, RingpoolError } from '@ringpool/core';

import type { DriverInfo } from '../drivers/choose.ts';
import { nextTick } from './clock.ts';

/**
 * The names under which a pool publishes to `node:diagnostics_channel`. They do not change. Subscribers are called in the
 * asynchronous context in which the pool was opened or joined, and may use the pool; what they throw becomes an uncaught
 * exception, and the pool goes on. With nobody subscribed, they cost nothing.
 *
 * @example
 * ```ts
 * import { subscribe, unsubscribe } from 'node:diagnostics_channel';
 * import { channels, openPool, type SlowOperationMessage } from '@ringpool/pool';
 *
 * const report = (message: unknown): void => {
 *   const { operation, path, durationMs } = message as SlowOperationMessage;
 *   console.warn(`${operation} of ${path} took ${durationMs} ms`);
 * };
 * subscribe(channels.slowOperation, report);
 * await using pool = await openPool({ slowOperationMs: 50 });
 * (await pool.readFile('package.json')).release();
 * unsubscribe(channels.slowOperation, report);
 * ```
 */
export const channels = {
  /** An operation took `slowOperationMs` or more: a {@link SlowOperationMessage}, in the thread that asked for it. */
  slowOperation: 'ringpool:operation:slow',
  /** An I/O worker ended, or could not start: a {@link WorkerCrashMessage}, in the thread that opened the pool. */
  workerCrash: 'ringpool:worker:crash',
  /** Something works, but not in the best way there is: a {@link FallbackMessage}. */
  fallback: 'ringpool:fallback',
  /** A pool was opened: its {@link DriverInfo}, with the reason for it. */
  driver: 'ringpool:driver',
} as const;

/**
 * An operation that is over, and took long: from the moment when it was handed to the kernel or to a worker until the pool
 * found its completion. Waiting for room before that is not in it. A long read may be several operations.
 */
export interface SlowOperationMessage {
  /** The operation's name in the table of opcodes, as it was asked for: `'readFixed'`, `'openat'`. */
  readonly operation: OpcodeName;
  /** The seat of the thread that asked for it: 0 is the pool's owner. As in `pool.metrics().lanes`. */
  readonly client: number;
  /** The worker that it ran on; undefined: the thread's own ring. */
  readonly worker: number | undefined;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
  /** The pool's `slowOperationMs`. */
  readonly thresholdMs: number;
  /** Its result: bytes, a descriptor, or a negative errno. */
  readonly result: number;
  /** The descriptor that it was about, if it was about one. */
  readonly fd: number | undefined;
  /** The path that it was about, as far as the pool knows. */
  readonly path: string | undefined;
}

/** An I/O worker that could not start, or that ended in another way than by the pool's closing. Published once for each. */
export interface WorkerCrashMessage {
  /** Its index in the pool. */
  readonly worker: number;
  /** Which thread of that worker it was: 1 for the first. */
  readonly generation: number;
  /** True when the pool had heard that it was up. */
  readonly started: boolean;
  /** What it threw, or an error with its exit code. */
  readonly error: unknown;
}

/**
 * What was had in a lesser form:
 *
 * - `'ring-memory'`: a ring's queues are mapped and copied at each submission, not shared.
 * - `'ring-flags'`: a ring came up on a lower rung of the ladder of flags.
 * - `'ring-entries'`: a ring has fewer entries than `depth` asks for.
 * - `'registration'`: memory is not registered with the kernel, or not with this ring: READ and WRITE are used on it.
 * - `'file-table'`: a ring has no table of fixed files: whole files are read through ordinary descriptors.
 * - `'workers'`: a pool has fewer I/O workers than were asked for.
 * - `'direct'`: a file is on a file system without direct I/O: it was opened without.
 */
export type FallbackKind =
  | 'ring-memory'
  | 'ring-flags'
  | 'ring-entries'
  | 'registration'
  | 'file-table'
  | 'workers'
  | 'direct';

/** Something that works, but not in the best way there is. */
export interface FallbackMessage {
  readonly kind: FallbackKind;
  /** The worker whose ring it is about; undefined: this thread's own, or the memory of all. */
  readonly worker: number | undefined;
  /** What there is instead, for a person. */
  readonly message: string;
  /** `'registration'` of a part of the arena: how many bytes it has. */
  readonly bytes: number | undefined;
  /** What the kernel said, where it was asked in this thread. */
  readonly error: RingpoolError | undefined;
}

/** What each channel carries. */
interface Messages {
  readonly slowOperation: SlowOperationMessage;
  readonly workerCrash: WorkerCrashMessage;
  readonly fallback: FallbackMessage;
  readonly driver: DriverInfo;
}

/** Held here: a channel that only its subscribers hold could be collected between two of them. */
const held: { readonly [name in keyof Messages]: Channel } = {
  slowOperation: channel(channels.slowOperation),
  workerCrash: channel(channels.workerCrash),
  fallback: channel(channels.fallback),
  driver: channel(channels.driver),
};

/** The channel of slow operations, to be asked whether anybody listens. */
export const slowOperations: Pick<Channel, 'hasSubscribers'> = held.slowOperation;

/** Publishes in the context in which it was made: that of the pool, and not that of an operation. */
export class Publisher {
  readonly #context = new AsyncResource('ringpool.diagnostics');

  /** Tells whoever listens. A subscriber that throws does so where nobody else is concerned. */
  publish<Name extends keyof Messages>(name: Name, message: Messages[Name]): void {
    const to = held[name];
    if (to.hasSubscribers) this.#context.runInAsyncScope(to.publish, to, message);
  }

  /** As {@link publish}, once the caller is done: it stands in the midst of something, and subscribers may use the pool. */
  publishSoon<Name extends keyof Messages>(name: Name, message: Messages[Name]): void {
    const to = held[name];
    if (to.hasSubscribers) this.#context.runInAsyncScope(nextTick, undefined, () => to.publish(message));
  }
}
