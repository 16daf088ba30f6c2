// The words of shared memory by which a pool's threads steer one another, off the hot path of the lanes.
// The pool's owner creates them; every thread of the pool holds a PoolWords of its own over the same memory.

import { type Bell, Parking } from '@ringpool/core';
import type { BellTable, DoorbellToken } from '@ringpool/native';

/** I/O workers one pool may have. */
export const WORKERS_MAX = 64;
/** Threads that may use one pool at a time, its owner included. */
export const CLIENTS_MAX = 64;
/** Files of one pool that may be on their way from one thread to another. */
const TRANSIT_MAX = 256;
/** Words of each: its owner in the ledger of descriptors, and the client that gave it away. */
const TRANSIT_WORDS = 2;
/** As many as an arena has at most. */
export const SEGMENTS_MAX = 1024;

/** Words of one block: a cache line, so that threads do not disturb one another. */
const BLOCK_WORDS = 16;
/** The pool's own block. */
const POOL = {
  /** Rises with each segment whose state was set. */
  registrationVersion: 0,
  /** The ring that registered segments can be cloned from; 0 for none. */
  anchorRing: 1,
  /** Rises when a worker comes up, ends or fails to start. */
  workersVersion: 2,
  state: 3,
  /** Two words: what to ring when the owner is to look after workers and clients. */
  supervisorBell: 4,
  /** Rises when the owner is to look. */
  supervision: 6,
  /** KiB of the arena that may still be registered, and that are. */
  budgetKib: 7,
  registeredKib: 8,
} as const;
/** A worker's block; `parking` and `bell` lie as in a client's. */
const WORKER = { parking: 0, bell: 1, state: 3, generation: 4, lanes: 5, command: 6, ring: 7 } as const;
/** A client's block. */
const CLIENT = { parking: 0, bell: 1, seat: 3 } as const;
/** A worker's ring as it came up: so many words from `WORKER.ring`. */
const RING_WORDS = 4;

const WORKERS_AT = BLOCK_WORDS;
const CLIENTS_AT = WORKERS_AT + WORKERS_MAX * BLOCK_WORDS;
const SEGMENTS_AT = CLIENTS_AT + CLIENTS_MAX * BLOCK_WORDS;
const TRANSIT_AT = SEGMENTS_AT + SEGMENTS_MAX;
const WORDS = TRANSIT_AT + TRANSIT_MAX * TRANSIT_WORDS;

const COMMAND_STOP = 1;
/** The index of a doorbell's token where there is none. */
const NO_BELL = -1;

/** How a segment stands with the kernel: 0 until it was decided. Here: the anchor has it, to be cloned. */
export const SEGMENT_REGISTERED = 1;
/** It is used unregistered: memlock was short, or nobody wanted it registered. */
export const SEGMENT_UNREGISTERED = 2;
/** A thread is registering it; until that is done it is used unregistered. Its arena number stands above these bits. */
export const SEGMENT_DECIDING = 3;
const SEGMENT_STATE_BITS = 2;
const SEGMENT_STATE_MASK = 3;

/** The life of a worker, as every client sees it. */
export const WORKER_STATE = {
  /** It was never needed. */
  IDLE: 0,
  /** A client needs it: the owner is to start it. */
  WANTED: 1,
  STARTING: 2,
  UP: 3,
  /** It has ended, its ring is drained. */
  DEAD: 4,
  /** It could not start. Whoever needs it may want it again. */
  FAILED: 5,
} as const;

/** The life of a pool. */
export const POOL_STATE = {
  OPEN: 0,
  /** The owner closes it: clients finish what is in flight and leave. */
  CLOSING: 1,
  /** The owner's thread has ended without closing it. */
  ORPHANED: 2,
} as const;

/** Where an obituary writes: see {@link PoolWords.workerObituary}. */
export interface ObituaryWords {
  readonly words: Int32Array;
  readonly storeIndex: number;
  readonly addIndex: number;
}

/** One thread's hands on the pool's words. */
export class PoolWords {
  /** What another thread makes its PoolWords of. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, WORDS);
  }

  /** The words of a new pool. */
  static create(): PoolWords {
    const words = new PoolWords(new SharedArrayBuffer(WORDS * 4));
    const none = { index: NO_BELL, generation: 0 };
    for (let worker = 0; worker < WORKERS_MAX; worker++) words.setWorkerBell(worker, none);
    for (let client = 0; client < CLIENTS_MAX; client++) words.setClientBell(client, none);
    return words;
  }

  /** Where the bells of all workers stand: for obituaries. */
  get workerBells(): BellTable {
    return { index: WORKERS_AT + WORKER.bell, stride: BLOCK_WORDS, count: WORKERS_MAX };
  }

  /** Where the bells of all clients stand. */
  get clientBells(): BellTable {
    return { index: CLIENTS_AT + CLIENT.bell, stride: BLOCK_WORDS, count: CLIENTS_MAX };
  }

  /** The parking word of a worker. */
  workerParking(worker: number): Parking {
    return new Parking(this.#words, workerAt(worker) + WORKER.parking);
  }

  /** The parking word of a client. */
  clientParking(client: number): Parking {
    return new Parking(this.#words, clientAt(client) + CLIENT.parking);
  }

  /** What to ring when a worker sleeps. It is the same for all threads that are this worker, one after another. */
  workerBell(worker: number): DoorbellToken {
    return this.#bell(workerAt(worker) + WORKER.bell);
  }

  setWorkerBell(worker: number, token: DoorbellToken): void {
    this.#setBell(workerAt(worker) + WORKER.bell, token);
  }

  /** What to ring when a client sleeps. */
  clientBell(client: number): DoorbellToken {
    return this.#bell(clientAt(client) + CLIENT.bell);
  }

  setClientBell(client: number, token: DoorbellToken): void {
    this.#setBell(clientAt(client) + CLIENT.bell, token);
  }

  /** What to ring when the owner is to look after workers and clients. */
  get supervisorBell(): DoorbellToken {
    return this.#bell(POOL.supervisorBell);
  }

  set supervisorBell(token: DoorbellToken) {
    this.#setBell(POOL.supervisorBell, token);
  }

  #bell(at: number): DoorbellToken {
    return {
      index: Atomics.load(this.#words, at),
      generation: Atomics.load(this.#words, at + 1),
    };
  }

  #setBell(at: number, { index, generation }: DoorbellToken): void {
    Atomics.store(this.#words, at, index);
    Atomics.store(this.#words, at + 1, generation);
  }

  /** One of {@link POOL_STATE}. */
  get state(): number {
    return Atomics.load(this.#words, POOL.state);
  }

  /** Sets the state of the pool, then raises the version by which clients see that something has changed. */
  setState(state: number): void {
    Atomics.store(this.#words, POOL.state, state);
    Atomics.add(this.#words, POOL.workersVersion, 1);
  }

  /** Where an obituary says that the owner's thread has ended. */
  get ownerObituary(): ObituaryWords {
    return { words: this.#words, storeIndex: POOL.state, addIndex: POOL.workersVersion };
  }

  /** One of {@link WORKER_STATE}. */
  workerState(worker: number): number {
    return Atomics.load(this.#words, workerAt(worker) + WORKER.state);
  }

  /** Sets the state of a worker, then raises the version by which clients see that something has changed. */
  setWorkerState(worker: number, state: number): void {
    Atomics.store(this.#words, workerAt(worker) + WORKER.state, state);
    Atomics.add(this.#words, POOL.workersVersion, 1);
  }

  /** Swaps the state of a worker, as {@link setWorkerState}, if it is `from`. */
  swapWorkerState(worker: number, from: number, to: number): boolean {
    const at = workerAt(worker) + WORKER.state;
    if (Atomics.compareExchange(this.#words, at, from, to) !== from) return false;
    Atomics.add(this.#words, POOL.workersVersion, 1);
    return true;
  }

  /** Where an obituary says that a worker has ended: its state, and the version of all workers. */
  workerObituary(worker: number): ObituaryWords {
    return {
      words: this.#words,
      storeIndex: workerAt(worker) + WORKER.state,
      addIndex: POOL.workersVersion,
    };
  }

  /** Rises with each change of a worker's state. */
  get workersVersion(): number {
    return Atomics.load(this.#words, POOL.workersVersion);
  }

  /** Which thread of a worker it is: 1 for the first, 0 before that. */
  workerGeneration(worker: number): number {
    return Atomics.load(this.#words, workerAt(worker) + WORKER.generation);
  }

  setWorkerGeneration(worker: number, generation: number): void {
    Atomics.store(this.#words, workerAt(worker) + WORKER.generation, generation);
  }

  /** True while this generation of a worker lives: it may have taken hold of lanes, or may yet. */
  workerLives(worker: number, generation: number): boolean {
    // First the state: a generation begins after the one before has ended, so if it is ours still, the state was ours.
    // WANTED is no life: another client asks for the successor of a worker as soon as it has seen it dead.
    const state = this.workerState(worker);
    return (
      this.workerGeneration(worker) === generation &&
      (state === WORKER_STATE.STARTING || state === WORKER_STATE.UP)
    );
  }

  /** Four numbers that say how a worker's ring came up: see worker-report.ts. */
  workerRing(worker: number): readonly number[] {
    const at = workerAt(worker) + WORKER.ring;
    return Array.from({ length: RING_WORDS }, (_, index) => Atomics.load(this.#words, at + index));
  }

  setWorkerRing(worker: number, words: readonly number[]): void {
    const at = workerAt(worker) + WORKER.ring;
    for (let index = 0; index < RING_WORDS; index++) {
      Atomics.store(this.#words, at + index, words[index] as number);
    }
  }

  /** Rises when a client wants or leaves its lane to a worker: the worker then looks through all of them. */
  lanesVersion(worker: number): number {
    return Atomics.load(this.#words, workerAt(worker) + WORKER.lanes);
  }

  /** A client, after a change to who is to hold its lane. Wake the worker afterwards. */
  raiseLanesVersion(worker: number): void {
    Atomics.add(this.#words, workerAt(worker) + WORKER.lanes, 1); // A4, D2 of models/lanes.pml
  }

  /** Asks a worker to close its ring. It looks at each turn of its loop, and whenever its doorbell rings. */
  stop(worker: number): void {
    // Pairs with the load in `stopping`.
    Atomics.store(this.#words, workerAt(worker) + WORKER.command, COMMAND_STOP);
  }

  /** True once a worker was asked to stop. */
  stopping(worker: number): boolean {
    return Atomics.load(this.#words, workerAt(worker) + WORKER.command) === COMMAND_STOP;
  }

  /** Who has a client's seat, and how it stands: see seat.ts. */
  seat(client: number): number {
    return Atomics.load(this.#words, clientAt(client) + CLIENT.seat);
  }

  /** Swaps the word of a seat if it is `from`. */
  swapSeat(client: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, clientAt(client) + CLIENT.seat, from, to) === from;
  }

  /** Where an obituary says that a client's thread has ended. */
  clientObituary(client: number): ObituaryWords {
    return { words: this.#words, storeIndex: clientAt(client) + CLIENT.seat, addIndex: POOL.supervision };
  }

  /** Tells the owner to look after workers and clients. */
  callSupervisor(bell: Bell): void {
    Atomics.add(this.#words, POOL.supervision, 1);
    bell.ring();
  }

  /** Rises whenever the owner is to look after workers and clients. */
  get supervision(): number {
    return Atomics.load(this.#words, POOL.supervision);
  }

  /** The ring that registered segments can be cloned from; 0 for none. Stored once, before any segment is registered. */
  get anchorRing(): number {
    return Atomics.load(this.#words, POOL.anchorRing);
  }

  set anchorRing(ringId: number) {
    Atomics.store(this.#words, POOL.anchorRing, ringId);
  }

  /** Rises with each segment whose state was set: rings that see it rise look through the states. */
  get registrationVersion(): number {
    return Atomics.load(this.#words, POOL.registrationVersion);
  }

  segmentState(segment: number): number {
    return Atomics.load(this.#words, SEGMENTS_AT + segment) & SEGMENT_STATE_MASK;
  }

  /** Takes it upon the thread of this arena number to decide about a segment. False when another one has. */
  claimSegment(segment: number, arenaId: number): boolean {
    return Atomics.compareExchange(this.#words, SEGMENTS_AT + segment, 0, deciding(arenaId)) === 0;
  }

  /** Takes the decision over from a thread that has died. False when that one was not at it. */
  inheritSegment(segment: number, from: number, to: number): boolean {
    const word = deciding(from);
    return Atomics.compareExchange(this.#words, SEGMENTS_AT + segment, word, deciding(to)) === word;
  }

  /** Sets the state of a segment, then raises the version: a ring that sees the version sees the state. */
  setSegmentState(segment: number, state: number): void {
    Atomics.store(this.#words, SEGMENTS_AT + segment, state);
    Atomics.add(this.#words, POOL.registrationVersion, 1);
  }

  /** Notes that a client gives a file away, under an owner of its own. Returns where, or -1 when there is no place left. */
  takeTransit(client: number, owner: number): number {
    for (let slot = 0; slot < TRANSIT_MAX; slot++) {
      const at = TRANSIT_AT + slot * TRANSIT_WORDS;
      if (Atomics.compareExchange(this.#words, at, 0, owner) !== 0) continue;
      Atomics.store(this.#words, at + 1, client);
      return slot;
    }
    return -1;
  }

  /** The file has arrived, or was taken back. */
  endTransit(slot: number, owner: number): void {
    if (!(slot >= 0 && slot < TRANSIT_MAX)) return;
    Atomics.compareExchange(this.#words, TRANSIT_AT + slot * TRANSIT_WORDS, owner, 0);
  }

  /** The files that a client gave away and nobody took; those of all clients with 0. */
  transitOf(client: number): { readonly slot: number; readonly owner: number }[] {
    const found: { slot: number; owner: number }[] = [];
    for (let slot = 0; slot < TRANSIT_MAX; slot++) {
      const at = TRANSIT_AT + slot * TRANSIT_WORDS;
      const owner = Atomics.load(this.#words, at);
      if (owner === 0 || (client !== 0 && Atomics.load(this.#words, at + 1) !== client)) continue;
      found.push({ slot, owner });
    }
    return found;
  }

  /** KiB of the arena that may still be registered. Below 0 it is not limited. */
  get budgetKib(): number {
    return Atomics.load(this.#words, POOL.budgetKib);
  }

  /** Swaps the budget if it is `from`. */
  swapBudgetKib(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, POOL.budgetKib, from, to) === from;
  }

  /** KiB of the arena that are registered. */
  get registeredKib(): number {
    return Atomics.load(this.#words, POOL.registeredKib);
  }

  addRegisteredKib(kib: number): void {
    Atomics.add(this.#words, POOL.registeredKib, kib);
  }
}

function deciding(arenaId: number): number {
  return (arenaId << SEGMENT_STATE_BITS) | SEGMENT_DECIDING;
}

function workerAt(worker: number): number {
  return WORKERS_AT + worker * BLOCK_WORDS;
}

function clientAt(client: number): number {
  return CLIENTS_AT + client * BLOCK_WORDS;
}
