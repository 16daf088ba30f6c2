// A thread's client of the pool: it hands requests to lanes, one batch per tick, and completes them when its doorbell
// rings or at once. Bound to its thread. The event loop is held alive exactly while operations are in flight.

import type { Parking, RingpoolError } from '@ringpool/core';
import { Doorbell } from '@ringpool/native';

import { monotonicMs, nextTick, setImmediate } from './clock.ts';
import { Fifo } from './fifo.ts';
import type { Lane } from './lane.ts';
import type { LocalLane } from './local-lane.ts';
import { AUTO, LOCAL } from './placement.ts';
import type { RemoteLane } from './remote-lane.ts';
import { abandonUnstarted, type Request } from './request.ts';
import type { PoolWords } from './words.ts';

/** SQEs of one tick after which a lane is published at once, so that the worker starts while this thread goes on. */
const PUBLISH_BATCH = 16;
/** How long completions may be served without a turn of the event loop, so that timers and sockets are not starved. */
const FAIRNESS_MS = 0.5;
/** What starting a request costs beside its bytes, as so many bytes copied. */
const WORK_PER_REQUEST = 4096;
/** Work after which the clock is looked at: well below the budget's time. */
const WORK_PER_LOOK = 256 * 1024;
/** Placement 'auto': operations that move fewer bytes run on the caller's own ring. See docs/performance.md. */
const LOCAL_BYTES_MAX = 64 * 1024;

/** The client of one thread. */
export class Client {
  readonly remotes: readonly RemoteLane[];
  readonly bell: Doorbell = Doorbell.create();
  readonly #parking: Parking;
  /** Requests for no lane in particular that wait for room. */
  readonly #waiting = new Fifo<Request>();
  readonly #touched: Lane[] = [];
  readonly #onTick = (): void => this.#flush();
  readonly #onImmediate = (): void => {
    this.#immediate = false;
    this.#turned = monotonicMs();
    if (this.#scheduled) this.#publish();
    // In any case: completions that were found after we had asked to be rung are rung for by nobody.
    this.#reap();
  };
  #lanes: readonly Lane[];
  #local: LocalLane | undefined;
  /** Why there is no local lane. */
  #localRefusal: RingpoolError | undefined;
  #scheduled = false;
  #immediate = false;
  #held = false;
  /** A wake-up is due: we asked to be rung, and have not reaped since. */
  #asked = false;
  /** When the event loop has turned for the last time, as far as we know. */
  #turned = 0;
  /** Work since the clock was looked at. */
  #unseenWork = 0;
  readonly #idle: (() => void)[] = [];
  /** Operations of several steps under way: between two steps nothing may be in flight. */
  #compound = 0;

  constructor(remotes: readonly RemoteLane[], words: PoolWords, thread: number) {
    this.remotes = remotes;
    this.#lanes = remotes;
    this.#parking = words.parking(thread);
    this.bell.watch(() => {
      this.#turned = monotonicMs();
      this.#reap();
    });
    this.bell.hold(false);
  }

  /** Gives the client a ring of its own, or says why it has none. Once, before the first request. */
  setLocal(local: LocalLane | RingpoolError): void {
    if (local instanceof Error) {
      this.#localRefusal = local;
      return;
    }
    this.#local = local;
    this.#lanes = [...this.remotes, local];
  }

  /** Workers first, then the local one, if there is one. */
  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /** SQEs in flight. */
  get inFlight(): number {
    let sum = 0;
    for (const lane of this.lanes) sum += lane.inFlight;
    return sum;
  }

  /** Requests that wait for room. */
  get waiting(): number {
    let sum = this.#waiting.length;
    for (const { bound, placed } of this.lanes) sum += bound.length + placed.length;
    return sum;
  }

  /** Submits a request with the next batch; it waits its turn when the lanes are full. */
  start(request: Request): void {
    const { place, lane } = request;
    if (lane !== undefined) this.#startOn(lane, lane.bound, request);
    else if (place >= 0 || place === LOCAL) {
      const placed = place === LOCAL ? this.#local : (this.remotes[place] as RemoteLane);
      if (placed === undefined) abandonUnstarted(request, this.#localRefusal as RingpoolError);
      else this.#startOn(placed, placed.placed, request);
    } else this.#startAnywhere(request);
  }

  /** Issues a request on its lane, or has it wait its turn in `queue`. */
  #startOn(lane: Lane, queue: Fifo<Request>, request: Request): void {
    if (lane.death !== undefined) abandonUnstarted(request, lane.death);
    else if (queue.length > 0 || lane.bound.length > 0 || lane.roomFor(request) === 0) queue.push(request);
    else this.#issue(lane, request);
  }

  #startAnywhere(request: Request): void {
    const lane = this.#waiting.length > 0 ? undefined : this.#choose(request);
    if (lane !== undefined) this.#issue(lane, request);
    else if (this.mayRun(request)) this.#waiting.push(request);
    else abandonUnstarted(request, this.#anyDeath());
  }

  /** A lane with room for a request that may run on several. */
  #choose(request: Request): Lane | undefined {
    const local = request.place === AUTO ? this.#local : undefined;
    if (local === undefined) return this.#roomiest(request);
    const here = local.roomFor(request) > 0;
    if (here && request.bytes < LOCAL_BYTES_MAX) return local;
    return this.#roomiest(request) ?? (here ? local : undefined);
  }

  /** Whether a lane is left where a request of this placement, and with so many fixed files, can ever run. */
  mayRun({ place, files }: Pick<Request, 'place' | 'files'>): boolean {
    const can = (lane: Lane | undefined): boolean =>
      lane !== undefined && lane.death === undefined && lane.files.count >= files;
    if (place === LOCAL) return can(this.#local);
    if (place >= 0) return can(this.remotes[place]);
    return this.remotes.some(can) || (place === AUTO && can(this.#local));
  }

  /** Why a request cannot run any more. */
  #anyDeath(): RingpoolError {
    return this.remotes.find(({ death }) => death !== undefined)?.death as RingpoolError;
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
  laneDied(lane: RemoteLane, cause: unknown): void {
    for (const request of lane.die(cause)) this.#startAgain(request);
    // Some of them may have nowhere to go any more.
    for (const request of this.#waiting.clear()) this.start(request);
    this.#settleBatch();
  }

  #startAgain(request: Request): void {
    try {
      this.start(request);
    } catch {
      // An encoder refuses it as it did the first time, when its caller was told.
    }
  }

  /** The worker with the fewest operations in flight, if it has room for the request. */
  #roomiest(request: Request): RemoteLane | undefined {
    let best: RemoteLane | undefined;
    let most = 0;
    for (const lane of this.remotes) {
      const room = lane.roomFor(request);
      if (room <= most) continue;
      most = room;
      best = lane;
    }
    return best;
  }

  #issue(lane: Lane, request: Request): void {
    this.#unseenWork += WORK_PER_REQUEST + request.bytes;
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
    // nextTick and not a microtask: promises settled in this tick submit more, and all of it is one batch. A chain of
    // operations that complete at once would never let the event loop turn: past the budget it does.
    if (this.#mayGoOn()) nextTick(this.#onTick);
    else this.#turnSoon();
  }

  /** Whether the budget of this turn lasts. The clock costs as much as a part of a read: it is looked at now and then. */
  #mayGoOn(): boolean {
    if (this.#unseenWork < WORK_PER_LOOK) return true;
    this.#unseenWork = 0;
    return monotonicMs() - this.#turned <= FAIRNESS_MS;
  }

  #publish(): void {
    this.#scheduled = false;
    for (const lane of this.#touched) lane.publish();
    this.#touched.length = 0;
  }

  #flush(): void {
    this.#publish();
    // What completed at once is here already.
    if (this.#local !== undefined && this.#local.inFlight > 0 && this.#local.reap() > 0) this.#settleBatch();
    else this.#listen();
  }

  /** Holds the loop and asks to be rung, or reaps what has completed meanwhile. */
  #listen(): void {
    const working = this.inFlight > 0;
    if (working !== this.#held) {
      this.#held = working;
      this.bell.hold(working);
    }
    if (!working) return;
    let ready = this.#local?.listen() === true;
    if (!this.#asked) {
      // Asks first, then looks: see parking.ts. Whatever was published before we asked is found by the look.
      this.#asked = true;
      this.#parking.park();
      for (const lane of this.remotes) if (lane.listen()) ready = true;
    }
    if (ready) this.#turnSoon();
  }

  #turnSoon(): void {
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
      this.#serve(lane, lane.bound);
      if (lane.bound.length === 0) this.#serve(lane, lane.placed);
    }
    for (let request = this.#waiting.first; request !== undefined; request = this.#waiting.first) {
      const lane = this.#choose(request);
      if (lane === undefined) return;
      this.#issue(lane, this.#waiting.shift());
    }
  }

  #serve(lane: Lane, queue: Fifo<Request>): void {
    for (let request = queue.first; request !== undefined; request = queue.first) {
      if (lane.roomFor(request) === 0) return;
      this.#issue(lane, queue.shift());
    }
  }

  /** Stops listening. Nothing may be in flight. */
  close(): void {
    this.#local?.close();
    this.bell.close();
    for (const lane of this.remotes) if (lane.death === undefined) lane.bell.close();
  }
}
