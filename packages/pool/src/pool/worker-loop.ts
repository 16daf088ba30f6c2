// The life of an I/O worker: take SQEs from the lanes, enter the kernel, hand CQEs back, sleep when there is nothing.
// Bound to the worker's thread, which owns the ring. Blocks that thread's event loop while there is work.

import { threadId } from 'node:worker_threads';

import { Arena, EPOLL, encode, fd, type Parking } from '@ringpool/core';
import { Doorbell, PARK_TIMEOUT_MS, Ring } from '@ringpool/native';
import { monotonicMs } from './clock.ts';
import { makeFileTable, Submitter } from './pool-ring.ts';
import { RingBuffers } from './ring-buffers.ts';
import { PoolWords } from './words.ts';
import { type Routes, WorkerLane } from './worker-lane.ts';
import type { WorkerReport, WorkerSpec } from './worker-protocol.ts';

/** How long a worker looks for work before it sleeps in the kernel: at least, and at most. */
const SPIN_MIN_MS = 0.025;
const SPIN_MAX_MS = 0.4;
/** Looks at the queues between two looks at the clock. */
const SPIN_LOOKS = 32;
/** After this long without work the worker returns to its event loop: an idle pool wakes nobody. */
const IDLE_MS = 100;
/** SQEs submitted at once: completions of the first are on their way while the kernel works on the next. */
const SUBMIT_BATCH = 32;
/** Completions for which clients are woken while more SQEs wait. */
const ANNOUNCE_BATCH = 32;
/** The ring keeps room for the poll on the doorbell. */
const RESERVED_OPERATIONS = 1;
const NO_OPERATION = -1;

/** One I/O worker. */
export class WorkerLoop {
  /** How the ring came up. */
  readonly report: WorkerReport;
  readonly #spec: WorkerSpec;
  readonly #words: PoolWords;
  readonly #parking: Parking;
  readonly #bell: Doorbell;
  readonly #ring: Ring;
  readonly #submitter: Submitter;
  readonly #buffers: RingBuffers;
  readonly #lanes: readonly WorkerLane[];
  readonly #routes: Routes;
  readonly #onCompletion: (operation: number, res: number, flags: number) => void;
  /** The poll on the doorbell while it is armed. */
  #poll = NO_OPERATION;
  /** Completions published since clients were last woken. */
  #unannounced = 0;
  #spinMs = SPIN_MIN_MS;
  #running = false;

  /** Opens the ring. @throws as `Ring.open`. */
  constructor(spec: WorkerSpec) {
    this.#spec = spec;
    this.#words = new PoolWords(spec.words);
    this.#parking = this.#words.parking(spec.index);
    this.#ring = Ring.open({ entries: spec.ringEntries, cqEntries: spec.ringCqEntries });
    this.#submitter = new Submitter(this.#ring);
    this.#bell = Doorbell.attach(spec.bell);
    const arena = Arena.attach(spec.arena, { clientId: spec.arenaClientId });
    this.#buffers = new RingBuffers(this.#ring, this.#words, arena);
    this.#lanes = spec.lanes.map((lane, index) => new WorkerLane(lane, index, this.#words));
    const { cqEntries } = this.#ring;
    this.#routes = {
      lane: new Int32Array(cqEntries), // view: a count of operations
      operation: new Int32Array(cqEntries), // view: a count of operations
    };
    this.#onCompletion = (operation, res, flags) => this.#complete(operation, res, flags);
    this.report = {
      threadId,
      memory: this.#ring.memory,
      rung: this.#ring.rung,
      entries: this.#ring.entries,
      cqEntries,
      flags: this.#ring.flags,
      fixedFiles: makeFileTable(this.#ring, sumOfFiles(spec)) > 0,
    };
    this.#bell.watch(() => {
      if (!this.#running) this.run();
    });
  }

  /** Works until there is nothing to do for a while, then returns; the doorbell starts it again. */
  run(): void {
    this.#running = true;
    this.#parking.unpark();
    let lastWork = monotonicMs();
    for (;;) {
      if (this.#words.stopping(this.#spec.index)) {
        this.#stop();
        return;
      }
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
    if (this.#ring.queued > 0 || this.#submitter.owed > 0) this.#submitter.submit();
    const reaped = this.#reap();
    // Waking a thread costs as much as several small reads: with more SQEs waiting, it waits for a batch.
    if (this.#unannounced >= ANNOUNCE_BATCH || taken === 0) this.#announce();
    return taken > 0 || reaped || this.#submitter.owed > 0;
  }

  #reap(): boolean {
    const reaped = this.#ring.reap(this.#onCompletion);
    if (reaped === 0) return false;
    this.#unannounced += reaped;
    for (const lane of this.#lanes) lane.publish();
    return true;
  }

  #announce(): void {
    if (this.#unannounced === 0) return;
    this.#unannounced = 0;
    for (const lane of this.#lanes) lane.announce();
  }

  #take(): number {
    let waiting = 0;
    for (const lane of this.#lanes) waiting += lane.look();
    if (waiting === 0) return 0;
    // After the look: a client announces a new segment before it publishes the first SQE on it.
    this.#buffers.refresh();
    const ring = this.#ring;
    const free = ring.cqEntries - ring.inFlight - RESERVED_OPERATIONS;
    let room = Math.min(ring.entries, free, SUBMIT_BATCH) - ring.queued;
    let taken = 0;
    for (const lane of this.#lanes) {
      const count = lane.take(ring, ring.sqes, this.#buffers, this.#routes, room);
      room -= count;
      taken += count;
    }
    return taken;
  }

  #complete(operation: number, res: number, flags: number): void {
    if (operation === this.#poll) {
      this.#poll = NO_OPERATION;
      this.#bell.silence();
      return;
    }
    const lane = this.#lanes[this.#routes.lane[operation] as number] as WorkerLane;
    lane.queue.complete(this.#routes.operation[operation] as number, res, flags);
  }

  /** Looks for work for a short while. True when there is some. */
  #spin(lastWork: number): boolean {
    const until = lastWork + this.#spinMs;
    do {
      for (let look = 0; look < SPIN_LOOKS; look++) {
        for (const lane of this.#lanes) if (lane.queue.ready() > 0) return true;
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
    const armed = this.#poll === NO_OPERATION ? 0 : 1;
    const idle = this.#ring.inFlight === armed && monotonicMs() - lastWork > IDLE_MS;
    if (!idle && armed === 0) this.#arm();
    // From here on clients ring. What they published before they could see this is found by the look below.
    this.#parking.park();
    if (this.#hasWork()) {
      this.#parking.unpark();
      return true;
    }
    // Still parked: the event loop watches the doorbell.
    if (idle) return false;
    const slept = monotonicMs();
    this.#ring.submitAndWait(1, PARK_TIMEOUT_MS);
    this.#parking.unpark();
    this.#adapt(monotonicMs() - slept);
    return true;
  }

  /** Being woken costs the client more than a short look costs us: after short sleeps it looks longer, after long ones less. */
  #adapt(sleptMs: number): void {
    const wanted = sleptMs < SPIN_MAX_MS ? this.#spinMs * 2 : this.#spinMs / 2;
    this.#spinMs = Math.max(SPIN_MIN_MS, Math.min(SPIN_MAX_MS, wanted));
  }

  #hasWork(): boolean {
    for (const lane of this.#lanes) if (lane.queue.ready() > 0) return true;
    return this.#words.stopping(this.#spec.index);
  }

  /** A poll, never a read: it takes nothing from the eventfd, so a lost completion loses no wake-up. */
  #arm(): void {
    const sqe = this.#ring.push();
    if (sqe < 0) return; // the SQEs that fill the ring will wake it
    encode.pollAdd(this.#ring.sqes, sqe, { fd: fd(this.#bell.fd), events: EPOLL.IN });
    this.#poll = this.#ring.operationOf(sqe);
  }

  #stop(): void {
    this.#ring.close();
    for (const lane of this.#lanes) lane.close();
    this.#bell.close();
  }
}

function sumOfFiles({ lanes }: WorkerSpec): number {
  return lanes.reduce((sum, lane) => sum + lane.fixedFiles, 0);
}
