// The life of an I/O worker: take SQEs from the lanes, enter the kernel, hand CQEs back, sleep when there is nothing.
// Bound to the worker's thread, which owns the ring. Blocks that thread's event loop while there is work.

import { Arena, type DriverRing, type Parking, RingpoolError } from '@ringpool/core';
import type { Host, HostBell, WorkerRing } from '../drivers/host.ts';
import { attachHost } from '../drivers/hosts.ts';
import { monotonicMs } from './clock.ts';
import { fallbacksOf, type RingFallback } from './fallbacks.ts';
import { LaneMemory } from './lane-memory.ts';
import type { WorkerMeter } from './metrics.ts';
import { Submitter } from './pool-ring.ts';
import { RingBuffers } from './ring-buffers.ts';
import { wakeClients } from './seat.ts';
import { Spinning } from './spinning.ts';
import { PoolWords, WORKER_STATE } from './words.ts';
import { NOBODY, type Routes, type WorkerLane } from './worker-lane.ts';
import { WorkerLanes } from './worker-lanes.ts';
import { type RingReport, reportToWords, type WorkerSpec } from './worker-protocol.ts';

/** Looks at the queues between two looks at the clock. */
const SPIN_LOOKS = 32;
/** After this long without work the worker returns to its event loop: an idle pool wakes nobody. */
const IDLE_MS = 100;
/** SQEs submitted at once: completions of the first are on their way while the kernel works on the next. */
const SUBMIT_BATCH = 32;
/** At most so many completions are kept from clients that sleep. */
const ANNOUNCE_BATCH = 32;
/** The ring keeps room for the poll on the doorbell. */
const RESERVED_OPERATIONS = 1;
/** Lanes that may all be full of operations that wait, for ever perhaps, while others still have room in the ring. */
const LANES_IN_FULL = 8;

/** One I/O worker. */
export class WorkerLoop {
  readonly #index: number;
  readonly #depth: number;
  readonly #words: PoolWords;
  readonly #parking: Parking;
  readonly #host: Host;
  readonly #bell: HostBell;
  readonly #supervisor: HostBell;
  readonly #own: WorkerRing;
  readonly #ring: DriverRing;
  readonly #submitter: Submitter;
  readonly #buffers: RingBuffers;
  readonly #lanes: WorkerLanes;
  readonly #meter: WorkerMeter;
  readonly #routes: Routes;
  readonly #onCompletion: (operation: number, res: number, flags: number) => void;
  /** Completions for which clients are woken while more SQEs wait. */
  readonly #announceAfter: number;
  readonly #wait = (timeoutMs: number): void => void this.#submitter.wait(timeoutMs);
  /** Completions published since clients were last woken. */
  #unannounced = 0;
  /** The lane that is served first in the next round. */
  #first = 0;
  readonly #spinning: Spinning;
  #running = false;

  /** Opens the ring, and lets clients see that the worker is up. @throws as `Ring.open`. */
  static start(spec: WorkerSpec): WorkerLoop {
    const words = new PoolWords(spec.words);
    const host = attachHost(spec.host);
    // Whatever becomes of this thread from here on: once its ring is drained, clients see that it has ended.
    const obituary = host.writeObituary({
      ...words.workerObituary(spec.index),
      expected: [WORKER_STATE.STARTING, WORKER_STATE.UP],
      storeValue: WORKER_STATE.DEAD,
    });
    // Every client, attached or not: one that this thread was about to wake takes itself to be woken.
    obituary.setBells([words.supervisorBell]);
    obituary.setBellTable(words.clientBells);
    try {
      return WorkerLoop.#open(spec, words, host);
    } catch (error) {
      // The thread lives on, and another one may be this worker some day.
      obituary.cancel();
      throw error;
    }
  }

  static #open(spec: WorkerSpec, words: PoolWords, host: Host): WorkerLoop {
    const { depth } = spec.lanes;
    const own = host.openWorkerRing({ entries: depth, cqEntries: depth * LANES_IN_FULL });
    let loop: WorkerLoop;
    try {
      loop = new WorkerLoop(spec, words, host, own);
    } catch (error) {
      own.ring.close();
      throw error;
    }
    if (loop.#announceUp(spec.generation)) return loop;
    loop.#stop();
    throw superseded(spec.index);
  }

  private constructor(spec: WorkerSpec, words: PoolWords, host: Host, own: WorkerRing) {
    const { index, lanes } = spec;
    this.#index = index;
    this.#depth = lanes.depth;
    this.#words = words;
    this.#parking = words.workerParking(index);
    this.#host = host;
    this.#announceAfter = Math.min(ANNOUNCE_BATCH, host.workerShare);
    this.#own = own;
    const { ring } = own;
    this.#ring = ring;
    this.#submitter = new Submitter(ring);
    const arena = Arena.attach(spec.arena, { clientId: spec.arenaClientId });
    this.#supervisor = host.attachBell(words.supervisorBell);
    const memory = new LaneMemory(lanes);
    this.#spinning = new Spinning(lanes.workers);
    this.#meter = memory.meters.worker(index);
    this.#buffers = new RingBuffers(own, words, arena, () => this.#meter.refused());
    this.#lanes = new WorkerLanes(spec, words, memory, ring, { host, supervisor: this.#supervisor });
    this.#routes = {
      client: new Int32Array(ring.cqEntries), // view: a count of operations
      operation: new Int32Array(ring.cqEntries), // view: a count of operations
    };
    this.#onCompletion = (operation, res, flags) => this.#complete(operation, res, flags);
    this.#bell = host.attachBell(words.workerBell(index));
    this.#bell.watch(() => {
      if (!this.#running) this.run();
    });
  }

  get #report(): RingReport {
    return this.#own.report;
  }

  /** What its ring has in a lesser form than was asked for. */
  get fallbacks(): readonly RingFallback[] {
    return fallbacksOf({
      ...this.#report,
      wanted: this.#depth,
      fileSlots: this.#lanes.fileSlots,
      buffersRefused: this.#buffers.tableRefused,
    });
  }

  /** False when this thread is not to be the worker any more: a second one would take the first one's wake-ups. */
  #announceUp(generation: number): boolean {
    const { STARTING, UP } = WORKER_STATE;
    if (this.#words.workerGeneration(this.#index) !== generation) return false;
    this.#words.setWorkerRing(this.#index, reportToWords(this.#report));
    if (!this.#words.swapWorkerState(this.#index, STARTING, UP)) return false;
    wakeClients(this.#host, this.#words);
    return true;
  }

  /** Works until there is nothing to do for a while, then returns; the doorbell starts it again. */
  run(): void {
    this.#running = true;
    this.#parking.unpark();
    let lastWork = monotonicMs();
    for (;;) {
      if (this.#words.stopping(this.#index)) {
        this.#stop();
        return;
      }
      this.#host.doChores();
      if (this.#lanes.changed || this.#lanes.leaving) this.#lanes.refresh(this.#routes);
      if (this.#turn()) {
        lastWork = monotonicMs();
        continue;
      }
      if (this.#spin(lastWork)) continue;
      if (!this.#sleep(lastWork)) break;
    }
    this.#running = false;
  }

  /** One round: lanes to ring, ring to kernel, completions to lanes. True when there was anything to do. */
  #turn(): boolean {
    const taken = this.#submitter.owed > 0 ? 0 : this.#take();
    if (this.#ring.queued > 0 || this.#submitter.owed > 0) {
      this.#meter.submitted();
      this.#submitter.submit();
    }
    const reaped = this.#reap();
    // Waking a thread costs as much as several small reads: with more SQEs waiting, it waits for a batch.
    if (this.#unannounced >= this.#announceAfter || taken === 0) this.#announce();
    return taken > 0 || reaped || this.#submitter.owed > 0;
  }

  #reap(): boolean {
    const reaped = this.#ring.reap(this.#onCompletion);
    if (reaped === 0) return false;
    this.#unannounced += reaped;
    for (const lane of this.#lanes.all) lane.publish();
    return true;
  }

  #announce(): void {
    if (this.#unannounced === 0) return;
    this.#unannounced = 0;
    for (const lane of this.#lanes.all) lane.announce();
  }

  #take(): number {
    const lanes = this.#lanes.all;
    let waiting = 0;
    for (const lane of lanes) if (lane.look() > 0) waiting++;
    if (waiting === 0) return 0;
    // After the look: a client announces a new segment before it publishes the first SQE on it.
    this.#buffers.refresh();
    const ring = this.#ring;
    const free = ring.cqEntries - ring.inFlight - RESERVED_OPERATIONS;
    let room = Math.min(ring.entries, free, SUBMIT_BATCH) - ring.queued;
    let taken = 0;
    // Each client that has something gets its share of the room, and another one goes first in each round.
    this.#first = this.#first + 1 < lanes.length ? this.#first + 1 : 0;
    for (let index = 0; index < lanes.length; index++) {
      const lane = lanes[(this.#first + index) % lanes.length] as WorkerLane;
      if (lane.seen === 0) continue;
      const share = Math.min(this.#host.workerShare, Math.ceil(room / waiting--));
      const count = lane.take(ring, this.#buffers, this.#routes, room, share);
      room -= count;
      taken += count;
    }
    return taken;
  }

  #complete(operation: number, res: number, flags: number): void {
    if (this.#own.takes(operation)) return;
    const client = this.#routes.client[operation] as number;
    if (client === NOBODY) return;
    const lane = this.#lanes.of(client);
    lane.complete(this.#routes.operation[operation] as number, res, flags);
  }

  /** Looks for work for a short while. True when there is some. */
  #spin(lastWork: number): boolean {
    const forMs = this.#spinning.next();
    if (forMs === 0) return false;
    this.#meter.spun();
    const found = this.#look(lastWork + forMs);
    this.#spinning.looked(found);
    return found;
  }

  #look(until: number): boolean {
    do {
      for (let look = 0; look < SPIN_LOOKS; look++) {
        for (const lane of this.#lanes.all) if (lane.ready) return true;
        if (this.#lanes.changed) return true;
      }
      if (this.#reap()) {
        this.#announce();
        return true;
      }
    } while (monotonicMs() < until);
    return false;
  }

  /** Sleeps in the kernel until a completion or the doorbell. False when it is time to return to the event loop. */
  #sleep(lastWork: number): boolean {
    const idle = this.#ring.inFlight === this.#own.ownOperations && monotonicMs() - lastWork > IDLE_MS;
    // From here on clients wake it. What they published before they could see this is found by the look below.
    if (idle) this.#parking.park();
    else this.#own.park(this.#parking, this.#bell);
    if (this.#hasWork()) {
      this.#parking.unpark();
      return true;
    }
    // Still parked: the event loop watches the doorbell.
    if (idle) return false;
    this.#meter.parked(this.#own.overflow);
    const slept = monotonicMs();
    this.#own.sleep(this.#parking, this.#wait);
    this.#parking.unpark();
    this.#spinning.slept(monotonicMs() - slept);
    return true;
  }

  #hasWork(): boolean {
    for (const lane of this.#lanes.all) if (lane.ready) return true;
    return this.#lanes.changed || this.#words.stopping(this.#index);
  }

  #stop(): void {
    this.#host.doChores();
    this.#ring.close();
    this.#lanes.close();
    this.#supervisor.close();
    this.#bell.close();
  }
}

function superseded(worker: number): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_WORKER_DIED',
    `I/O worker ${worker} came up when nobody waited for it`,
    {
      op: 'worker',
      hint: 'Another thread is to be this worker. Nothing was lost: the next operation finds it.',
    },
  );
}
