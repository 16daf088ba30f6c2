// A client's lanes to all workers: which one takes a request, which worker is to be started, what has become of those
// that ended. Bound to the client's thread.

import { AsyncResource } from 'node:async_hooks';

import { RingpoolError } from '@ringpool/core';

import type { Host, HostBell } from '../drivers/host.ts';
import { clearTimeout, setTimeout } from './clock.ts';
import type { LaneMemory } from './lane-memory.ts';
import { type Death, RemoteLane } from './remote-lane.ts';
import type { Wanted } from './request.ts';
import type { Seat } from './seat.ts';
import { POOL_STATE, type PoolWords, WORKER_STATE } from './words.ts';
import { failureFromWords } from './worker-protocol.ts';

/** How long requests wait for a worker to start: it takes tens of milliseconds, unless the owner's loop is blocked. */
const START_TIMEOUT_MS = 10_000;

/** What a client is told of its workers. */
export interface WorkerEvents {
  /** It has ended. */
  died(lane: RemoteLane, death: Death): void;
  /** It could not start. */
  failed(lane: RemoteLane, error: RingpoolError): void;
  /** Workers that were asked for have not come, and nothing else will tell: look after what waits. */
  gaveUp(): void;
}

/** The lanes of one client to the workers. */
export class RemoteLanes {
  readonly all: readonly RemoteLane[];
  readonly #words: PoolWords;
  readonly #supervisor: HostBell;
  readonly #events: WorkerEvents;
  /** Where the timer runs: in the context of the pool, not of the operation for which it was started. */
  readonly #context = new AsyncResource('ringpool.timer');
  /** Workers that were asked for and are not up yet. */
  readonly #wanted = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #failure: RingpoolError | undefined;
  #version = 0;
  /** Lanes whose worker does not hold them yet. */
  #unheld = 0;

  constructor(
    words: PoolWords,
    memory: LaneMemory,
    { client, descriptorOwner }: Seat,
    { host, supervisor }: { readonly host: Host; readonly supervisor: HostBell },
    events: WorkerEvents,
  ) {
    this.#words = words;
    this.#supervisor = supervisor;
    this.#events = events;
    memory.make(client);
    this.all = Array.from(
      { length: memory.handle.workers },
      (_, worker) =>
        new RemoteLane(worker, memory.lane(client, worker), words, {
          descriptorOwner,
          host,
          client,
          meter: memory.meters.lane(client, worker),
          slowOperationMs: memory.handle.slowOperationMs,
        }),
    );
  }

  /** The worker with the fewest operations in flight, if it has room for the request. */
  roomiest(request: Wanted): RemoteLane | undefined {
    let best: RemoteLane | undefined;
    let most = 0;
    for (const lane of this.all) {
      const room = lane.roomFor(request);
      if (room <= most) continue;
      most = room;
      best = lane;
    }
    return best;
  }

  /** Why no worker is up or on its way; undefined while requests for any of them have something to wait for. */
  get hopeless(): RingpoolError | undefined {
    return this.#wanted.size > 0 || this.all.some(({ up }) => up) ? undefined : this.#failure;
  }

  /** Asks for a worker, unless it is up or was asked for. Returns why it will not come, if that is known. */
  want(lane: RemoteLane): RingpoolError | undefined {
    const { index } = lane;
    if (lane.up || this.#wanted.has(index)) return undefined;
    if (this.#words.state === POOL_STATE.ORPHANED) {
      this.#failure = orphaned(index);
      return this.#failure;
    }
    this.#wanted.add(index);
    this.#look(lane);
    if (lane.up) return undefined;
    this.#timer ??= this.#context.runInAsyncScope(startTimer, undefined, () => this.#giveUp());
    const state = this.#words.workerState(index);
    if (state === WORKER_STATE.IDLE || state === WORKER_STATE.FAILED || state === WORKER_STATE.DEAD) {
      this.#ask(index, state);
    }
    return undefined;
  }

  #ask(worker: number, state: number): void {
    if (this.#words.swapWorkerState(worker, state, WORKER_STATE.WANTED)) {
      this.#words.callSupervisor(this.#supervisor);
    }
  }

  /** Asks for one more worker if all that are up have something to do. */
  wantAnother(): void {
    let next: RemoteLane | undefined;
    for (const lane of this.all) {
      if (lane.up ? lane.inFlight === 0 : this.#wanted.has(lane.index)) return;
      if (!lane.up) next ??= lane;
    }
    if (next !== undefined) this.want(next);
  }

  /** True when {@link observe} has something to find out. Mostly two loads. */
  get changed(): boolean {
    if (this.#words.workersVersion !== this.#version) return true;
    return this.#unheld > 0 && this.all.some(({ heldNow }) => heldNow);
  }

  /** True while workers that were asked for are not up. */
  get wanting(): boolean {
    return this.#wanted.size > 0;
  }

  /** Finds out which workers have come up, ended or failed, and says so. */
  observe(): void {
    // First the version: what changes while we look raises it again.
    this.#version = this.#words.workersVersion;
    for (const lane of this.all) {
      if (lane.orphaned) {
        this.#count(lane, () => this.#events.died(lane, lane.die()));
      }
      this.#look(lane);
      this.#fail(lane);
    }
    this.#disarm();
  }

  #look(lane: RemoteLane): void {
    const wanted = this.#wanted.has(lane.index);
    if (!wanted && (!lane.up || lane.held)) return;
    this.#count(lane, () => lane.look());
    if (!lane.up) return;
    this.#wanted.delete(lane.index);
    // There are workers again: should this one die, its successor is waited for.
    this.#failure = undefined;
  }

  /** Keeps count of the lanes that are up and not held, across a change. */
  #count(lane: RemoteLane, change: () => void): void {
    const before = lane.up && !lane.held ? 1 : 0;
    change();
    this.#unheld += (lane.up && !lane.held ? 1 : 0) - before;
  }

  #fail(lane: RemoteLane): void {
    const { index } = lane;
    if (!this.#wanted.has(index)) return;
    const state = this.#words.workerState(index);
    // It came up and ended before we could attach to it.
    if (state === WORKER_STATE.DEAD) this.#ask(index, state);
    if (state !== WORKER_STATE.FAILED) return;
    this.#abandon(index, failureFromWords(index, this.#words.workerRing(index)));
  }

  #abandon(worker: number, error: RingpoolError): void {
    this.#wanted.delete(worker);
    this.#failure = error;
    this.#events.failed(this.all[worker] as RemoteLane, error);
  }

  /** The owner has not started what was asked for: its event loop does not turn, or its thread has ended. */
  #giveUp(): void {
    this.#timer = undefined;
    for (const index of [...this.#wanted]) this.#abandon(index, notStarted(index));
    this.#events.gaveUp();
  }

  #disarm(): void {
    if (this.#wanted.size > 0 || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The client leaves, with nothing in flight. True once no live worker holds any of its lanes. Call it until it does. */
  leave(): boolean {
    this.#wanted.clear();
    this.#disarm();
    let left = true;
    for (const lane of this.all) if (!lane.leave()) left = false;
    return left;
  }

  /** Lets go of the workers' doorbells. */
  close(): void {
    this.#disarm();
    for (const lane of this.all) lane.detach();
  }
}

function startTimer(giveUp: () => void): NodeJS.Timeout {
  return setTimeout(giveUp, START_TIMEOUT_MS).unref();
}

function orphaned(worker: number): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_WORKER_DIED', `I/O worker ${worker} has ended with its pool`, {
    op: 'worker',
    hint: 'The thread that opened the pool has ended: open one in a thread that lives longer.',
  });
}

function notStarted(worker: number): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_WORKER_DIED',
    `I/O worker ${worker} was not started within ${START_TIMEOUT_MS} ms`,
    {
      op: 'worker',
      hint: 'Workers are started by the thread that opened the pool: its event loop must turn.',
    },
  );
}
