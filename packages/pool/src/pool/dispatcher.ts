// Which lane takes a request, and what waits for room: the requests of one client on their way to its lanes.
// Bound to the client's thread.

import type { Host, HostBell } from '../drivers/host.ts';
import { NO_FIXED_FILES, queueFull, workerDied } from './errors.ts';
import { Fifo } from './fifo.ts';
import { type Lane, URGENT_OPERATIONS } from './lane.ts';
import type { LaneMemory } from './lane-memory.ts';
import type { LocalLane } from './local-lane.ts';
import { AUTO, DIRECT_BYTES_MAX, LOCAL, LOCAL_BYTES_MAX, LONE_BYTES_MAX } from './placement.ts';
import type { Death, RemoteLane } from './remote-lane.ts';
import { RemoteLanes } from './remote-lanes.ts';
import { abandonUnstarted, type Request } from './request.ts';
import type { Seat } from './seat.ts';
import type { PoolWords } from './words.ts';

/** What a lane is asked for room for, where any operation will do. */
const ANY_REQUEST = { sqes: 1, files: 0, urgent: false };

/** What becomes of requests that a lane was found for. */
export interface Outlet {
  /** Encodes it on the lane, which has room. */
  issue(lane: Lane, request: Request): void;
  /** Something waits: it is served with the next batch. */
  schedule(): void;
  /** Requests that may wait for room. */
  readonly waitingMax: number;
  /** Operations that one lane takes. */
  readonly depth: number;
  /** What waited may have been settled without an operation. */
  settled(): void;
}

/** The lanes of one client. */
export class Dispatcher {
  readonly remotes: RemoteLanes;
  readonly #outlet: Outlet;
  /** Requests for no lane in particular that wait for room. */
  readonly #waiting = new Fifo<Request>();
  #lanes: readonly Lane[];
  /** What is being started was in a lane whose worker has died. */
  #again = false;
  /** The client's own ring, where the driver has one: there from the first request to the last. */
  #local: LocalLane | undefined;
  /** Those of what drains, where the client's operations are on several rings: see {@link Request.drains}. */
  #draining: Request | undefined;
  /** One that drains may be among those that wait. */
  #drainWaits = false;

  constructor(
    words: PoolWords,
    memory: LaneMemory,
    seat: Seat,
    wiring: { readonly host: Host; readonly supervisor: HostBell },
    outlet: Outlet,
  ) {
    this.#outlet = outlet;
    this.remotes = new RemoteLanes(words, memory, seat, wiring, {
      died: (lane, death) => this.#laneDied(lane, death),
      failed: (lane, error) => {
        for (const request of lane.placed.clear()) abandonUnstarted(request, error);
        this.#giveUp();
      },
      gaveUp: () => outlet.settled(),
    });
    this.#lanes = this.remotes.all;
  }

  /** Gives the client a ring of its own. Once, before the first request. */
  setLocal(local: LocalLane): void {
    this.#local = local;
    this.#lanes = [...this.remotes.all, local];
  }

  /** Gives the client a ring for operations that complete many times. Only what is bound to it runs there. */
  setStreams(streams: LocalLane): void {
    this.#lanes = [...this.#lanes, streams];
  }

  /** Workers first, then the client's own ring, then the one for multishot operations if there is one. */
  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  /** The client's own ring, once it has one. */
  get local(): LocalLane | undefined {
    return this.#local;
  }

  /** The client's own ring, unless it is lost. */
  get #here(): LocalLane | undefined {
    return this.#local?.lost === undefined ? this.#local : undefined;
  }

  /** SQEs in flight. */
  get inFlight(): number {
    let sum = 0;
    for (const lane of this.#lanes) sum += lane.inFlight;
    return sum;
  }

  /** Requests that wait for room. */
  get waiting(): number {
    let sum = this.#waiting.length;
    for (const { bound, placed } of this.#lanes) sum += bound.length + placed.length;
    return sum;
  }

  /** Whether nothing is in flight, nothing waits, and every lane may end. */
  get isAtRest(): boolean {
    return this.inFlight === 0 && this.waiting === 0 && this.#lanes.every((lane) => lane.mayEnd?.() ?? true);
  }

  /** Submits a request with the next batch; it waits its turn when the lanes are full. */
  start(request: Request): void {
    const { place, lane } = request;
    const local = this.#local;
    if (lane !== undefined) this.#startBound(lane, request);
    else if (local !== undefined && (place === LOCAL || this.remotes.all.length === 0)) {
      this.#startOn(local, local.placed, request);
    } else if (place >= 0) this.#startPlaced(request);
    else this.#startAnywhere(request);
  }

  /** What comes after one that drains waits with it, and is no worker's yet. What drains is never placed on one. */
  #startPlaced(request: Request): void {
    const waits = this.#local === undefined && (this.#isHeldBack(request) || this.#isBehind(request));
    if (waits) this.#wait(this.#waiting, request);
    else this.#place(request, false);
  }

  #isBehind({ urgent }: Request): boolean {
    return !urgent && !this.#again && this.#drainWaits && this.#waiting.length > 0;
  }

  #place(request: Request, admitted: boolean): void {
    const remote = this.#remote(request.place);
    this.#startOn(remote, remote.placed, request, admitted);
    this.#want(remote);
  }

  /** The worker of this placement: there may be fewer than users may name. */
  #remote(place: number): RemoteLane {
    const { all } = this.remotes;
    return all[Math.min(place, all.length - 1)] as RemoteLane;
  }

  #startBound(lane: Lane, request: Request): void {
    // What has not begun lets go first what has.
    if (request.epoch === lane.epoch) this.#startOn(lane, request.begun ? lane.bound : lane.placed, request);
    else abandonUnstarted(request, workerDied(lane.index));
  }

  /** Issues a request on its lane, or has it wait its turn in `queue`. */
  #startOn(lane: Lane, queue: Fifo<Request>, request: Request, admitted = false): void {
    if (lane.lost !== undefined) {
      abandonUnstarted(request, lane.lost);
      return;
    }
    // What makes room for others waits behind none of them: they may wait for just that.
    const first = request.urgent || (queue.length === 0 && lane.bound.length === 0);
    if (!first || lane.roomFor(request) === 0) this.#wait(queue, request, admitted);
    else this.#outlet.issue(lane, request);
  }

  /**
   * How many may wait for room. Where workers do everything, those wait as well that one would have taken, as long as none is
   * up: a client may ask for as much at once as it can of a ring of its own.
   */
  get #waitingMax(): number {
    const { waitingMax, depth } = this.#outlet;
    const ready = this.#local !== undefined || this.remotes.all.some(({ up }) => up);
    return ready ? waitingMax : waitingMax + depth - URGENT_OPERATIONS;
  }

  #startAnywhere(request: Request): void {
    const isNext = this.#waiting.length === 0 || request.urgent || this.#again;
    const lane = isNext ? this.#choose(request) : undefined;
    if (lane !== undefined) this.#issueAnywhere(lane, request);
    else this.#wait(this.#waiting, request);
  }

  /** `admitted`: it has waited already, for something else. */
  #wait(queue: Fifo<Request>, request: Request, admitted = false): void {
    // What goes on with something that has begun is let in: it makes no more of it, and would be lost half done.
    if (!request.begun && !this.#again && !admitted && this.waiting >= this.#waitingMax) {
      abandonUnstarted(request, queueFull(this.#outlet.waitingMax));
      return;
    }
    // What a dead worker had not taken came before all that waits.
    if (request.urgent || this.#again) queue.unshift(request);
    else queue.push(request);
    if (request.drains) this.#drainWaits = true;
    // The loop is held for it, and whether it can ever run is looked at with the batch.
    this.#outlet.schedule();
  }

  #issueAnywhere(lane: Lane, request: Request): void {
    if (request.drains) this.#draining = request;
    this.#outlet.issue(lane, request);
  }

  /**
   * Whether a request has to wait for one that drains: it for all that came before it, all that come after it for it. What
   * makes room for others waits for neither: nothing may ever end what drains, and files are to close meanwhile.
   */
  #isHeldBack({ drains, urgent }: Request): boolean {
    if (this.#draining?.over === true) this.#draining = undefined;
    if (urgent) return false;
    return this.#draining !== undefined || (drains && this.#isBusy);
  }

  /** Whether anything is in flight, or waits for room on a certain worker: one that is not up yet, say. */
  get #isBusy(): boolean {
    return this.#lanes.some((lane) => lane.inFlight + lane.bound.length + lane.placed.length > 0);
  }

  /** A lane with room for a request that may run on several. */
  #choose(request: Request): Lane | undefined {
    const local = this.#local;
    if (local === undefined) {
      if (this.#isHeldBack(request)) return undefined;
      this.remotes.wantAnother();
      return this.remotes.roomiest(request);
    }
    const here = request.place === AUTO && local.roomFor(request) > 0;
    if (here && this.#belongsHere(request, local)) return local;
    this.remotes.wantAnother();
    const remote = this.remotes.roomiest(request);
    if (remote !== undefined || here) return remote ?? local;
    return this.remotes.hopeless === undefined ? undefined : this.#instead(request);
  }

  /** No worker can be had: better here than not at all. */
  #instead(request: Request): LocalLane | undefined {
    const local = this.#local;
    return local !== undefined && local.roomFor(request) > 0 ? local : undefined;
  }

  /** A worker could not start. If nobody else is on his way, what waits has nothing to wait for: the next one asks anew. */
  #giveUp(): void {
    const { hopeless } = this.remotes;
    if (hopeless === undefined) return;
    const filesHere = this.#here?.files.count ?? -1;
    for (const request of this.#waiting.clear()) {
      const lane = this.#instead(request);
      if (lane !== undefined) this.#issueAnywhere(lane, request);
      else if (request.files > filesHere) abandonUnstarted(request, hopeless);
      else this.#waiting.push(request);
    }
  }

  /** The rule of placement 'auto'. */
  #belongsHere({ bytes, direct }: Request, local: LocalLane): boolean {
    if (bytes < LOCAL_BYTES_MAX) return true;
    // As if those in flight were of its size.
    if (direct) return bytes * (local.inFlight + 1) <= DIRECT_BYTES_MAX;
    return bytes < LONE_BYTES_MAX && this.#isAlone;
  }

  /** True while nothing is in flight that completes but once. */
  get #isAlone(): boolean {
    if (this.#local !== undefined && this.#local.inFlight > 0) return false;
    for (const lane of this.remotes.all) if (lane.inFlight > 0) return false;
    return true;
  }

  /** Sees to it that requests placed on a worker can run. If it is up by now, the batch to come finds them. */
  #want(lane: RemoteLane): void {
    const error = lane.up ? undefined : this.remotes.want(lane);
    if (error === undefined) return;
    for (const request of lane.placed.clear()) abandonUnstarted(request, error);
  }

  /** Whether there is a lane where a request of this placement, and with so many fixed files, can ever run. */
  mayRun({ place, files }: Pick<Request, 'place' | 'files'>): boolean {
    const local = this.#local !== undefined && this.#local.files.count >= files;
    if (this.#local !== undefined && (place === LOCAL || this.remotes.all.length === 0)) return local;
    // Whether a worker has fixed files is known once it holds the lane.
    const can = (lane: RemoteLane): boolean => !lane.held || lane.files.count >= files;
    if (place >= 0) return can(this.#remote(place));
    return this.remotes.all.some(can) || (place === AUTO && local && this.#here !== undefined);
  }

  /** A worker that is up and may take an operation of this placement now; undefined: whoever waits does it himself. */
  readyWorker(place: number): Lane | undefined {
    if (place < 0) return this.remotes.roomiest(ANY_REQUEST);
    const lane = this.#remote(place);
    this.#want(lane);
    // A full lane may be full of what this thread alone can end: a blocked thread never waits for room.
    const free = lane.bound.length === 0 && lane.placed.length === 0 && lane.roomFor(ANY_REQUEST) > 0;
    return free ? lane : undefined;
  }

  /** Takes a request back that waits for room. False when it does not wait. */
  withdraw(request: Request): boolean {
    const waited =
      this.#waiting.remove(request) ||
      this.#lanes.some(({ bound, placed }) => bound.remove(request) || placed.remove(request));
    // What waited behind it may go, and nothing else may ever come to tell.
    if (waited) this.#outlet.schedule();
    return waited;
  }

  /** A worker has ended: what it had not begun goes elsewhere, or waits for the next one. */
  #laneDied(lane: RemoteLane, { cause, again }: Death): void {
    for (const request of lane.bound.clear()) abandonUnstarted(request, cause);
    // The last one first: each goes before what waits.
    for (const request of [...again].reverse()) this.#startAgain(request);
    for (const request of lane.placed.clear()) {
      if (request.movable) lane.placed.push(request);
      else abandonUnstarted(request, cause);
    }
    if (lane.placed.length > 0) this.#want(lane);
  }

  /** It was let in once, and is not refused now. */
  #startAgain(request: Request): void {
    this.#again = true;
    try {
      if (request === this.#draining) this.#drainAgain(request);
      else this.start(request);
    } catch {
      // An encoder refuses it as it did the first time, when its caller was told.
    } finally {
      this.#again = false;
    }
  }

  /** It drains, and has not begun: what came after it waits behind it still. */
  #drainAgain(request: Request): void {
    this.#draining = undefined;
    this.#drainWaits = true;
    this.#waiting.unshift(request);
    this.#outlet.schedule();
  }

  /** Issues what waited and now has room, or can never have it. */
  serve(): void {
    for (const lane of this.#lanes) {
      this.#serve(lane, lane.bound);
      if (lane.bound.length === 0) this.#serve(lane, lane.placed);
    }
    for (let request = this.#waiting.first; request !== undefined; request = this.#waiting.first) {
      if (request.place >= 0) {
        if (this.#isHeldBack(request)) return;
        this.#place(this.#waiting.shift(), true);
        continue;
      }
      const lane = this.#choose(request);
      const hopeless = this.#here === undefined ? this.remotes.hopeless : undefined;
      if (lane !== undefined) this.#issueAnywhere(lane, this.#waiting.shift());
      else if (hopeless !== undefined) abandonUnstarted(this.#waiting.shift(), hopeless);
      else if (this.mayRun(request)) return;
      else abandonUnstarted(this.#waiting.shift(), NO_FIXED_FILES);
    }
    this.#drainWaits = false;
  }

  #serve(lane: Lane, queue: Fifo<Request>): void {
    const { lost } = lane;
    if (lost !== undefined) for (const request of queue.clear()) abandonUnstarted(request, lost);
    for (let request = queue.first; request !== undefined; request = queue.first) {
      if (lane.roomFor(request) > 0) this.#outlet.issue(lane, queue.shift());
      else if (request.lane !== undefined || this.mayRun(request)) return;
      else abandonUnstarted(queue.shift(), NO_FIXED_FILES);
    }
  }
}
