// A thread's client of the pool: it hands requests to lanes, one batch per tick, and completes them when its doorbell
// rings or at once. Bound to its thread. The event loop is held alive exactly while operations are in flight or wait.

import { AsyncResource } from 'node:async_hooks';

import type { Parking, RingpoolError } from '@ringpool/core';

import type { Host, HostBell } from '../drivers/host.ts';
import { unsupported } from '../drivers/unsupported.ts';
import { ClientNews } from './client-news.ts';
import { nextTick, setImmediate } from './clock.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Lane } from './lane.ts';
import type { LocalLane } from './local-lane.ts';
import type { Meters } from './metrics.ts';
import type { RemoteLanes } from './remote-lanes.ts';
import { forgetCaptured, type Request } from './request.ts';
import { Rest } from './rest.ts';
import { Seat } from './seat.ts';
import type { Seating } from './seating.ts';
import { TurnBudget } from './turn-budget.ts';
import type { PoolWords } from './words.ts';

/** How long a blocked thread sleeps before it looks whether its worker has died: nothing can wake it then. */
const WAIT_SLICE_MS = 50;

/** The client of one thread. */
export class Client {
  readonly host: Host;
  /** Its place in the pool. */
  readonly seat: Seat;
  readonly bell: HostBell;
  /** How many workers users may place operations on. */
  readonly workers: number;
  /** Operations that its lane to each worker, and its own ring, take at a time. */
  readonly depth: number;
  /** What the pool counts. */
  readonly meters: Meters;
  /** How long an operation takes that is slow. */
  readonly slowOperationMs: number;
  readonly #news = new ClientNews();
  /** Memory that is registered is not with this client's own ring. */
  readonly onRefused: (bytes: number, error: RingpoolError) => void = this.#news.refused;
  /** A ring of its own is lost: whoever waits for rest is told. */
  readonly onLost = (): void => this.#turnSoon();
  readonly #words: PoolWords;
  readonly #supervisor: HostBell;
  readonly #dispatcher: Dispatcher;
  readonly #remotes: RemoteLanes;
  /** Waits for the end of all that is under way. */
  readonly rest: Rest = new Rest(() => this.#dispatcher.isAtRest);
  readonly #onChange: () => void;
  readonly #parking: Parking;
  /** Lanes with SQEs to publish: the first `#touchedCount`. To shorten the array would cost a call into the engine. */
  readonly #touched: Lane[] = [];
  #touchedCount = 0;
  /** Where what the client does later is asked for, and runs: the pool's context, not that of some operation. */
  readonly #context = new AsyncResource('ringpool.client');
  readonly #onTick = (): void => this.#flush();
  readonly #onImmediate = (): void => this.#turn();
  readonly #askTick = (): void => nextTick(this.#onTick);
  readonly #askImmediate = (): void => setImmediate(this.#onImmediate);
  #streams: LocalLane | undefined;
  #openStreams: (() => LocalLane) | undefined;
  #scheduled = false;
  #immediate = false;
  #held = false;
  /** A wake-up is due: we asked to be rung, and have not reaped since. */
  #asked = false;
  readonly #budget = new TurnBudget();
  /** Resolves when no worker holds a lane of this client any more. */
  #left: (() => void) | undefined;
  /** The seat is given up: its words are somebody else's. */
  #gone = false;

  /** Takes a seat: the first one for the pool's owner. @throws ERR_RINGPOOL_TOO_MANY_CLIENTS, EMFILE. */
  constructor({ words, host, memory, workers, owner, onChange }: Seating) {
    this.host = host;
    this.workers = workers;
    this.#words = words;
    this.bell = host.createBell();
    let supervisor: HostBell | undefined;
    try {
      supervisor = host.attachBell(words.supervisorBell);
      this.seat = Seat.take(host, words, supervisor, owner);
    } catch (error) {
      this.bell.close();
      supervisor?.close();
      throw error;
    }
    this.#supervisor = supervisor;
    const { client } = this.seat;
    this.depth = memory.handle.depth;
    this.meters = memory.meters;
    this.slowOperationMs = memory.handle.slowOperationMs;
    this.#onChange = onChange;
    this.#dispatcher = new Dispatcher(
      words,
      memory,
      this.seat,
      { host, supervisor },
      {
        issue: (lane, request) => this.#issue(lane, request),
        schedule: () => this.#schedule(),
        settled: () => this.#settleBatch(),
        waitingMax: memory.handle.waitingMax,
        depth: this.depth,
      },
    );
    this.#remotes = this.#dispatcher.remotes;
    this.#parking = words.clientParking(client);
    this.bell.watch(() => {
      this.#budget.turned();
      this.#reap();
    });
    this.bell.hold(false);
    this.#parking.unpark(); // whoever had the seat before may have died asleep
    this.seat.sit(this.bell);
  }

  /** Tells the owner that there is a client more, which may end without a word. */
  announce(): void {
    this.#words.callSupervisor(this.#supervisor);
  }

  /** Gives the client a ring of its own, and a way to open another one. Once, before the first request. */
  setLocal(local: LocalLane, openStreams: () => LocalLane): void {
    this.#dispatcher.setLocal(local);
    this.#openStreams = openStreams;
    this.#news.opened(local);
  }

  /**
   * The lane of operations that complete many times, opened when first needed. `op` is for whoever wants it.
   * @throws ERR_RINGPOOL_UNSUPPORTED, or as `Ring.open`.
   */
  streams(op: string): LocalLane {
    if (this.host.driver !== 'uring')
      throw unsupported(this.host.driver, 'operation that completes many times', op);
    if (this.#streams === undefined) {
      this.#streams = (this.#openStreams as () => LocalLane)();
      this.#dispatcher.setStreams(this.#streams);
      this.#news.opened(this.#streams);
    }
    return this.#streams;
  }

  /** Its own ring, where the driver has one. */
  get local(): LocalLane | undefined {
    return this.#dispatcher.local;
  }

  /** Workers first, then its own. */
  get lanes(): readonly Lane[] {
    return this.#dispatcher.lanes;
  }

  /** SQEs that a request may have, to run on whichever lane of this client. */
  get sqesMax(): number {
    return Math.min(this.depth - 1, this.local?.sqesMax ?? this.depth);
  }

  /** How many workers there may be. */
  get hosted(): number {
    return this.#remotes.all.length;
  }

  /** SQEs in flight. */
  get inFlight(): number {
    return this.#dispatcher.inFlight;
  }

  /** Requests that wait for room. */
  get waiting(): number {
    return this.#dispatcher.waiting;
  }

  /** Submits a request with the next batch; it waits its turn when the lanes are full. */
  start(request: Request): void {
    this.#dispatcher.start(request);
  }

  /** Takes a request back that waits for room. False when it does not wait. */
  withdraw(request: Request): boolean {
    return this.#dispatcher.withdraw(request);
  }

  /** Whether there is a lane where a request of this placement, and with so many fixed files, can ever run. */
  mayRun(request: Pick<Request, 'place' | 'files'>): boolean {
    return this.#dispatcher.mayRun(request);
  }

  /** The worker whose thread this is, while it is up: see {@link Host.filesEndWithWorker}. */
  homeOf(generation: number): Lane | undefined {
    return this.lanes.find((lane) => lane.generation === generation);
  }

  /** A worker that is up and may take an operation of this placement now; undefined: whoever waits does it himself. */
  readyWorker(place: number): Lane | undefined {
    return this.#dispatcher.readyWorker(place);
  }

  /**
   * Blocks this thread until `done` says so: of a request that runs on a worker, and so completes or is abandoned. Other
   * operations of this thread complete meanwhile; their promises' reactions run afterwards.
   */
  waitUntil(done: () => boolean): void {
    this.#publish();
    for (;;) {
      this.#sweep();
      if (done()) break;
      // Says so first, then looks: see parking.ts.
      this.#parking.prepareWait();
      this.#asked = false; // whoever wakes us now rings no bell: the event loop is to ask anew
      if (!this.#hasNews() && !this.#parking.wait(WAIT_SLICE_MS)) this.host.look();
      this.#parking.unpark();
    }
    // What others of this thread's operations need: the event loop finds it.
    this.#turnSoon();
  }

  /** Whether there is anything to reap or to look after. */
  #hasNews(): boolean {
    return this.#remotes.changed || this.#remotes.all.some((lane) => lane.listen());
  }

  /** Hands over what was asked for in this tick, now: for who goes on to compute. Never throws. */
  flush(): void {
    if (this.waiting > 0) this.#dispatcher.serve();
    this.#publish();
  }

  /** Completes what is ready, without the event loop: returns how many completions there were. */
  poll(): number {
    if (this.#gone) return 0;
    this.flush();
    // Without others to wait for, what is ready is what time brings.
    if (!this.host.hasWorkers) this.local?.listen();
    return this.#sweep();
  }

  /** One look at everything. */
  #sweep(): number {
    if (this.#remotes.changed) this.#observe();
    let taken = 0;
    for (const lane of this.lanes) taken += lane.reap();
    this.#dispatcher.serve();
    this.#publish();
    this.rest.look();
    return taken;
  }

  #issue(lane: Lane, request: Request): void {
    this.#budget.spend(request.bytes);
    if (lane.queued === 0) this.#touched[this.#touchedCount++] = lane;
    try {
      request.encode(lane);
    } finally {
      // Also when an encoder refused an argument: the SQE it leaves is a NOP, and gives its number back by completing.
      if (lane.queued >= lane.publishAt) lane.publish();
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // nextTick and not a microtask: promises settled in this tick submit more, and all of it is one batch. A chain of
    // operations that complete at once would never let the event loop turn: past the budget it does.
    if (this.#budget.lasts) this.#context.runInAsyncScope(this.#askTick);
    else this.#turnSoon();
  }

  /**
   * Whether so many bytes may be read by a system call of this thread now. If not, they go through a lane: with others,
   * where that costs less (unless memory must be `borrowed` for it), and so that a chain of reads that are over at once
   * lets the event loop turn.
   */
  mayReadNow(bytes: number, borrowed: boolean): boolean {
    if (!borrowed && !(this.local as LocalLane).readsAtOnce) return false;
    this.#budget.spend(bytes);
    if (this.#budget.lasts) return true;
    this.#turnSoon();
    return false;
  }

  #publish(): void {
    this.#scheduled = false;
    const count = this.#touchedCount;
    this.#touchedCount = 0;
    for (let index = 0; index < count; index++) (this.#touched[index] as Lane).publish();
    forgetCaptured();
  }

  #flush(): void {
    if (this.waiting > 0) this.#dispatcher.serve();
    this.#publish();
    // What waited for a place in a queue that was full has one now. Nothing else may ever wake this thread for it.
    if (this.waiting > 0) this.#dispatcher.serve();
    // What completed at once is here already.
    if (this.local !== undefined && this.local.inFlight > 0 && this.local.reap() > 0) this.#settleBatch();
    else if (!this.#scheduled) this.#listen();
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
    let ready = this.local?.listen() === true;
    if (this.#streams?.listen() === true) ready = true;
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
    this.#context.runInAsyncScope(this.#askImmediate);
  }

  #turn(): void {
    this.#immediate = false;
    this.#budget.turned();
    if (this.#scheduled) this.#publish();
    // In any case: completions that were found after we had asked to be rung are rung for by nobody.
    this.#reap();
  }

  #reap(): void {
    if (this.#gone) return;
    this.#parking.unpark();
    this.#asked = false;
    if (this.#remotes.changed || this.#remotes.wanting) this.#observe();
    this.#tryToLeave();
    for (;;) {
      let taken = 0;
      for (const lane of this.lanes) taken += lane.reap();
      this.#dispatcher.serve();
      if (taken === 0 || this.#budget.isSpent) break;
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
    this.#dispatcher.serve();
    this.rest.look();
    // With a flush to come, that one listens.
    if (!this.#scheduled) this.#listen();
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
    // A turn of the event loop may still be due, to publish what a full batch and the bell have published and reaped before.
    this.#scheduled = false;
    this.#touchedCount = 0;
    this.local?.close();
    this.#streams?.close();
    this.#remotes.close();
    this.seat.leave(this.#supervisor);
    this.bell.close();
    this.#supervisor.close();
  }
}
