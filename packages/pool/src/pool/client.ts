// A thread's client of the pool: it hands requests to lanes, one batch per tick, and completes them when its doorbell
// rings or at once. Bound to its thread. The event loop is held alive exactly while operations are in flight or wait.

import type { Parking } from '@ringpool/core';
import { Doorbell } from '@ringpool/native';

import { monotonicMs, nextTick, setImmediate } from './clock.ts';
import { NO_FIXED_FILES, ringChanged } from './errors.ts';
import { Fifo } from './fifo.ts';
import type { Lane } from './lane.ts';
import type { LaneMemory } from './lane-memory.ts';
import type { LocalLane } from './local-lane.ts';
import { AUTO, LOCAL } from './placement.ts';
import type { Death, RemoteLane } from './remote-lane.ts';
import { RemoteLanes } from './remote-lanes.ts';
import { abandonUnstarted, type Request } from './request.ts';
import { Seat } from './seat.ts';
import type { PoolWords } from './words.ts';
import type { RingReport } from './worker-protocol.ts';

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
  /** Its place in the pool. */
  readonly seat: Seat;
  readonly bell: Doorbell = Doorbell.create();
  /** Operations that its lane to each worker, and its own ring, take at a time. */
  readonly depth: number;
  readonly #supervisor: Doorbell;
  readonly #remotes: RemoteLanes;
  readonly #onChange: () => void;
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
  /** Its own ring: there from the first request to the last. */
  #local: LocalLane | undefined;
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
  /** Resolves when no worker holds a lane of this client any more. */
  #left: (() => void) | undefined;
  /** The seat is given up: its words are somebody else's. */
  #gone = false;
  /** Operations of several steps under way: between two steps nothing may be in flight. */
  #compound = 0;

  /**
   * Takes a seat: the first one for the pool's owner. `onChange` is called when something beside its operations has
   * changed. @throws ERR_RINGPOOL_TOO_MANY_CLIENTS, EMFILE.
   */
  constructor(words: PoolWords, memory: LaneMemory, owner: boolean, onChange: () => void) {
    this.#supervisor = Doorbell.attach(words.supervisorBell);
    try {
      this.seat = Seat.take(words, this.#supervisor, owner);
    } catch (error) {
      this.bell.close();
      this.#supervisor.close();
      throw error;
    }
    const { client } = this.seat;
    this.depth = memory.handle.depth;
    this.#onChange = onChange;
    this.#remotes = new RemoteLanes(words, memory, this.seat, this.#supervisor, {
      died: (lane, death) => this.#laneDied(lane, death),
      failed: (lane, error) => {
        for (const request of lane.placed.clear()) abandonUnstarted(request, error);
      },
      gaveUp: () => this.#settleBatch(),
    });
    this.#lanes = this.#remotes.all;
    this.#parking = words.clientParking(client);
    this.bell.watch(() => {
      this.#turned = monotonicMs();
      this.#reap();
    });
    this.bell.hold(false);
    this.#parking.unpark(); // whoever had the seat before may have died asleep
    this.seat.sit(this.bell);
  }

  /** Gives the client a ring of its own. Once, before the first request. */
  setLocal(local: LocalLane): void {
    this.#local = local;
    this.#lanes = [...this.#remotes.all, local];
  }

  /** Workers first, then the local one. */
  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /** How its own ring came up. */
  get ring(): RingReport {
    return (this.#local as LocalLane).report;
  }

  /** How many workers the pool may have. */
  get workers(): number {
    return this.#remotes.all.length;
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
    if (lane !== undefined) this.#startBound(lane, request);
    else if (place === LOCAL) {
      const local = this.#local as LocalLane;
      this.#startOn(local, local.placed, request);
    } else if (place >= 0) {
      const remote = this.#remotes.all[place] as RemoteLane;
      this.#startOn(remote, remote.placed, request);
      this.#want(remote);
    } else this.#startAnywhere(request);
  }

  #startBound(lane: Lane, request: Request): void {
    if (request.epoch === lane.epoch) this.#startOn(lane, lane.bound, request);
    else abandonUnstarted(request, ringChanged(lane.index));
  }

  /** Issues a request on its lane, or has it wait its turn in `queue`. */
  #startOn(lane: Lane, queue: Fifo<Request>, request: Request): void {
    if (queue.length > 0 || lane.bound.length > 0 || lane.roomFor(request) === 0) this.#wait(queue, request);
    else this.#issue(lane, request);
  }

  #startAnywhere(request: Request): void {
    const lane = this.#waiting.length > 0 ? undefined : this.#choose(request);
    if (lane !== undefined) this.#issue(lane, request);
    else this.#wait(this.#waiting, request);
  }

  #wait(queue: Fifo<Request>, request: Request): void {
    queue.push(request);
    // The loop is held for it, and whether it can ever run is looked at with the batch.
    this.#schedule();
  }

  /** A lane with room for a request that may run on several. */
  #choose(request: Request): Lane | undefined {
    const local = this.#local as LocalLane;
    const here = request.place === AUTO && local.roomFor(request) > 0;
    if (here && request.bytes < LOCAL_BYTES_MAX) return local;
    this.#remotes.wantAnother();
    const remote = this.#remotes.roomiest(request);
    if (remote !== undefined || here) return remote ?? local;
    // No worker can be had: better here than not at all.
    return this.#remotes.hopeless !== undefined && local.roomFor(request) > 0 ? local : undefined;
  }

  /** Sees to it that requests placed on a worker can run. If it is up by now, the batch to come finds them. */
  #want(lane: RemoteLane): void {
    const error = lane.up ? undefined : this.#remotes.want(lane);
    if (error === undefined) return;
    for (const request of lane.placed.clear()) abandonUnstarted(request, error);
  }

  /** Whether there is a lane where a request of this placement, and with so many fixed files, can ever run. */
  mayRun({ place, files }: Pick<Request, 'place' | 'files'>): boolean {
    const local = (this.#local as LocalLane).files.count >= files;
    if (place === LOCAL) return local;
    // Whether a worker has fixed files is known once it holds the lane.
    const can = (lane: RemoteLane): boolean => !lane.held || lane.files.count >= files;
    if (place >= 0) return can(this.#remotes.all[place] as RemoteLane);
    return this.#remotes.all.some(can) || (place === AUTO && local);
  }

  /** Takes a request back that waits for room. False when it does not wait. */
  withdraw(request: Request): boolean {
    if (this.#waiting.remove(request)) return true;
    return this.#lanes.some(({ bound, placed }) => bound.remove(request) || placed.remove(request));
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

  /** A worker has ended: what it had not begun goes elsewhere, or waits for the next one. */
  #laneDied(lane: RemoteLane, { cause, again }: Death): void {
    for (const request of lane.bound.clear()) abandonUnstarted(request, cause);
    for (const request of again) this.#startAgain(request);
    if (lane.placed.length > 0) this.#want(lane);
  }

  #startAgain(request: Request): void {
    try {
      this.start(request);
    } catch {
      // An encoder refuses it as it did the first time, when its caller was told.
    }
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
    if (this.waiting > 0) this.#serveWaiting();
    this.#publish();
    // What completed at once is here already.
    if (this.#local !== undefined && this.#local.inFlight > 0 && this.#local.reap() > 0) this.#settleBatch();
    else this.#listen();
  }

  /** Holds the loop and asks to be rung, or reaps what has completed meanwhile. */
  #listen(): void {
    if (this.#gone) return;
    const working = this.inFlight > 0 || this.waiting > 0 || this.#left !== undefined;
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
      for (const lane of this.#remotes.all) if (lane.listen()) ready = true;
      if (this.#remotes.changed || this.#tryToLeave()) ready = true;
    }
    if (ready) this.#turnSoon();
  }

  #turnSoon(): void {
    if (this.#immediate) return;
    this.#immediate = true;
    setImmediate(this.#onImmediate);
  }

  #reap(): void {
    if (this.#gone) return;
    this.#parking.unpark();
    this.#asked = false;
    if (this.#remotes.changed) this.#observe();
    this.#tryToLeave();
    for (;;) {
      let taken = 0;
      for (const lane of this.lanes) taken += lane.reap();
      this.#serveWaiting();
      if (taken === 0 || monotonicMs() - this.#turned > FAIRNESS_MS) break;
    }
    this.#settleBatch();
  }

  #observe(): void {
    this.#remotes.observe();
    this.#onChange();
  }

  #tryToLeave(): boolean {
    if (this.#left === undefined || !this.#remotes.leave()) return false;
    this.#left();
    this.#left = undefined;
    return true;
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
      if (lane !== undefined) this.#issue(lane, this.#waiting.shift());
      else if (this.mayRun(request)) return;
      else abandonUnstarted(this.#waiting.shift(), NO_FIXED_FILES);
    }
  }

  #serve(lane: Lane, queue: Fifo<Request>): void {
    for (let request = queue.first; request !== undefined; request = queue.first) {
      if (lane.roomFor(request) > 0) this.#issue(lane, queue.shift());
      else if (request.lane !== undefined || this.mayRun(request)) return;
      else abandonUnstarted(queue.shift(), NO_FIXED_FILES);
    }
  }

  /** Leaves the pool: nothing is in flight. Resolves when no worker holds a lane any more and the seat is given up. */
  async leavePool(): Promise<void> {
    if (!this.#remotes.leave()) {
      await new Promise<void>((resolve) => {
        this.#left = resolve;
        this.#listen();
      });
    }
    this.close();
  }

  /** Gives the seat up. Nothing is in flight, and no live worker holds a lane. */
  close(): void {
    this.#gone = true;
    this.#local?.close();
    this.#remotes.close();
    this.seat.leave(this.#supervisor);
    this.bell.close();
    this.#supervisor.close();
  }
}
