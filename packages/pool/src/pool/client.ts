// A thread's client of the pool: it hands requests to lanes, one batch per tick, and completes them when its doorbell
// rings. Bound to its thread. The event loop is held alive exactly while operations are in flight.

import type { Parking, RingpoolError } from '@ringpool/core';
import { Doorbell } from '@ringpool/native';

import type { ClientLane } from './client-lane.ts';
import { monotonicMs, nextTick, setImmediate } from './clock.ts';
import { abandonUnstarted, type Request } from './request.ts';
import type { PoolWords } from './words.ts';

/** SQEs of one tick after which a lane is published at once, so that the worker starts while this thread goes on. */
const PUBLISH_BATCH = 16;
/** How long completions may be reaped without a turn of the event loop, so that timers and sockets are not starved. */
const FAIRNESS_MS = 0.5;

/** The client of one thread. */
export class Client {
  readonly lanes: readonly ClientLane[];
  readonly bell: Doorbell;
  readonly #parking: Parking;
  readonly #waiting: Request[] = [];
  readonly #touched: ClientLane[] = [];
  readonly #onTick = (): void => this.#flush();
  readonly #onImmediate = (): void => {
    this.#immediate = false;
    this.#turned = monotonicMs();
    this.#reap();
  };
  #waitingAt = 0;
  #scheduled = false;
  #immediate = false;
  #held = false;
  /** A wake-up is due: we asked to be rung, and have not reaped since. */
  #asked = false;
  #turned = 0;
  readonly #idle: (() => void)[] = [];
  /** Operations of several steps under way: between two steps nothing may be in flight. */
  #compound = 0;

  constructor(lanes: readonly ClientLane[], words: PoolWords, thread: number) {
    this.lanes = lanes;
    this.#parking = words.parking(thread);
    this.bell = Doorbell.create();
    this.bell.watch(() => {
      this.#turned = monotonicMs();
      this.#reap();
    });
    this.bell.hold(false);
  }

  /** SQEs in flight. */
  get inFlight(): number {
    let sum = 0;
    for (const lane of this.lanes) sum += lane.inFlight;
    return sum;
  }

  /** Requests that wait for room. */
  get waiting(): number {
    let sum = this.#waiting.length - this.#waitingAt;
    for (const lane of this.lanes) sum += lane.waiting.length;
    return sum;
  }

  /** Submits a request with the next batch; it waits its turn when the lanes are full. */
  start(request: Request): void {
    const bound = request.lane;
    if (bound === undefined) {
      const lane = this.#waitingAt < this.#waiting.length ? undefined : this.#roomiest(request);
      if (lane !== undefined) this.#issue(lane, request);
      else if (this.death === undefined) this.#waiting.push(request);
      else abandonUnstarted(request, this.death);
    } else if (bound.death !== undefined) abandonUnstarted(request, bound.death);
    else if (bound.waiting.length > 0 || bound.roomFor(request) === 0) bound.waiting.push(request);
    else this.#issue(bound, request);
  }

  /** An operation of several steps begins; {@link whenIdle} waits for its end, with whatever it starts until then. */
  enter(): void {
    this.#compound++;
  }

  /** An operation of several steps has ended. */
  leave(): void {
    this.#compound--;
    this.#wakeIdle();
  }

  /** Resolves when nothing is in flight, nothing waits and no operation is between two steps. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #isIdle(): boolean {
    return this.#compound === 0 && this.inFlight === 0 && this.waiting === 0;
  }

  #wakeIdle(): void {
    if (this.#idle.length === 0 || !this.#isIdle()) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** A worker has ended: its requests are abandoned, and what it had not begun or waited for room goes elsewhere. */
  laneDied(lane: ClientLane, cause: unknown): void {
    for (const request of lane.die(cause)) this.#startAgain(request);
    const { death } = this;
    if (death !== undefined) {
      const waiting = this.#waiting.splice(0).slice(this.#waitingAt);
      this.#waitingAt = 0;
      for (const request of waiting) abandonUnstarted(request, death);
    }
    this.#settleBatch();
  }

  #startAgain(request: Request): void {
    try {
      this.start(request);
    } catch {
      // An encoder refuses it as it did the first time, when its caller was told.
    }
  }

  /** The error of everything, once no worker is left. */
  get death(): RingpoolError | undefined {
    return this.lanes.every(({ death }) => death !== undefined) ? this.lanes[0]?.death : undefined;
  }

  /** The lane with the fewest operations in flight, if it has room for the request. */
  #roomiest(request: Request): ClientLane | undefined {
    let best: ClientLane | undefined;
    let most = 0;
    for (const lane of this.lanes) {
      const room = lane.roomFor(request);
      if (room <= most) continue;
      most = room;
      best = lane;
    }
    return best;
  }

  #issue(lane: ClientLane, request: Request): void {
    if (lane.queued === 0) this.#touched.push(lane);
    try {
      request.encode(lane);
    } finally {
      // Also when an encoder refused an argument: the SQE it leaves is a NOP, and gives its number back by completing.
      if (lane.queued >= PUBLISH_BATCH) lane.publish();
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // nextTick and not a microtask: promises settled in this tick submit more, and all of it is one batch.
    nextTick(this.#onTick);
  }

  #flush(): void {
    this.#scheduled = false;
    for (const lane of this.#touched) lane.publish();
    this.#touched.length = 0;
    this.#listen();
  }

  /** Holds the loop and asks to be rung, or reaps what has completed meanwhile. */
  #listen(): void {
    const working = this.inFlight > 0;
    if (working !== this.#held) {
      this.#held = working;
      this.bell.hold(working);
    }
    if (!working || this.#asked) return;
    // Asks first, then looks: see parking.ts. Whatever was published before we asked is found by the look.
    this.#asked = true;
    this.#parking.park();
    if (this.#readyLanes()) this.#reapSoon();
  }

  #readyLanes(): boolean {
    for (const lane of this.lanes) if (lane.ready > 0) return true;
    return false;
  }

  #reapSoon(): void {
    if (this.#immediate) return;
    this.#immediate = true;
    setImmediate(this.#onImmediate);
  }

  #reap(): void {
    this.#parking.unpark();
    this.#asked = false;
    for (;;) {
      let taken = 0;
      for (const lane of this.lanes) taken += lane.reap();
      this.#serveWaiting();
      if (taken === 0 || monotonicMs() - this.#turned > FAIRNESS_MS) break;
    }
    this.#settleBatch();
  }

  /** After completions: what waited goes out, the loop is let go when nothing is left. */
  #settleBatch(): void {
    this.#serveWaiting();
    this.#wakeIdle();
    // With a flush to come, that one listens.
    if (!this.#scheduled) this.#listen();
  }

  #serveWaiting(): void {
    for (const lane of this.lanes) {
      while (lane.waiting.length > 0 && lane.roomFor(lane.waiting[0] as Request) > 0) {
        this.#issue(lane, lane.waiting.shift() as Request);
      }
    }
    while (this.#waitingAt < this.#waiting.length) {
      const request = this.#waiting[this.#waitingAt] as Request;
      const lane = this.#roomiest(request);
      if (lane === undefined) return;
      this.#waitingAt++;
      this.#issue(lane, request);
    }
    this.#waiting.length = 0;
    this.#waitingAt = 0;
  }

  /** Stops listening. Nothing may be in flight. */
  close(): void {
    this.bell.close();
    for (const lane of this.lanes) if (lane.death === undefined) lane.bell.close();
  }
}
