// The driver without io_uring and without the addon: I/O workers make system calls by node:fs, wake one another by Atomics, and
// keep their books in shared memory. Runs wherever Node does.

import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';

import { type DriverRingOptions, openRingAtOnce, type Parking, type SoftClock } from '@ringpool/core';
import { type DoorbellToken, type ObituaryOptions, PARK_TIMEOUT_MS } from '@ringpool/native';

import { clearInterval, monotonicMs, setInterval } from '../../pool/clock.ts';
import type { RegistrationMode } from '../../pool/options.ts';
import type { RingReport } from '../../pool/worker-protocol.ts';
import type { ClientRing, Host, HostBell, HostHandle, HostObituary, WorkerRing } from '../host.ts';
import { noRegistration, unsupported } from '../unsupported.ts';
import { BELL_TABLE_WORDS, BellTable } from './bell-table.ts';
import { DescriptorLedger, LEDGER_BYTES } from './descriptor-ledger.ts';
import { ownLife } from './life.ts';
import { NodeFileSystem } from './node-file-system.ts';
import { OBITUARIES_WORDS, Obituaries } from './obituaries.ts';
import { type ThreadsCalls, threadsCalls } from './system-calls.ts';

/** How often the thread that opened the pool looks whether others have ended. */
const WATCH_MS = 100;
/** SQEs of one client that a worker takes at once: the first is not to wait for the last to be told of. */
const WORKER_SHARE = 8;
const WORKERS_DEFAULT_MAX = 4;
const NOBODY = -1;

type ThreadsHandle = Extract<HostHandle, { readonly driver: 'threads' }>;

/** One ring of an I/O worker. */
class ThreadsRing implements WorkerRing {
  readonly ring;
  readonly overflow = 0;
  readonly ownOperations = 0;

  constructor(options: DriverRingOptions, system: NodeFileSystem) {
    this.ring = openRingAtOnce(options, system, clock);
  }

  get report(): RingReport {
    return { memory: 'own', rung: 'none', entries: this.ring.entries, flags: 0 };
  }

  cloneBuffer(): void {
    throw noRegistration('threads');
  }

  takes(): boolean {
    return false;
  }

  park(parking: Parking): void {
    parking.prepareWait();
  }

  sleep(parking: Parking): void {
    const ms = Math.min(PARK_TIMEOUT_MS, this.ring.nextMs - clock.now());
    if (ms > 0) parking.wait(ms);
  }
}

/** A worker sleeps by its parking word, and never in its ring: only a ring that closes waits there. */
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4), 0, 1);
/** Absolute timeouts go by the system's clock, CLOCK_MONOTONIC: performance.now() starts with the thread. */
const startedMs: number = Number(process.hrtime.bigint()) / 1e6 - monotonicMs();
const clock: SoftClock = {
  now: () => startedMs + monotonicMs(),
  today: () => Date.now(),
  sleep(untilMs) {
    const ms = Math.min(untilMs - clock.now(), PARK_TIMEOUT_MS);
    if (ms > 0) Atomics.wait(nobodyWakes, 0, 0, ms);
  },
};

/** What one thread of a pool has of this driver. */
export class ThreadsHost implements Host {
  readonly driver = 'threads';
  readonly handle: ThreadsHandle;
  readonly addressOf: undefined;
  readonly hasOwnRings = false;
  readonly hasWorkers = true;
  readonly mayBlockOnWorkers: boolean;
  readonly filesEndWithWorker: boolean;
  readonly workerShare: number = WORKER_SHARE;
  /** Every operation blocks one: there are two at least, so that one may wait for a disk while another one works. */
  readonly workersDefault: number = Math.max(2, Math.min(WORKERS_DEFAULT_MAX, availableParallelism()));
  readonly systemCallNs = 0;
  readonly calls: ThreadsCalls;
  readonly ledger: DescriptorLedger;
  readonly #bells: BellTable;
  readonly #obituaries: Obituaries;
  readonly #isOwner: boolean;
  /** What this thread wrote last. */
  #obituary: HostObituary | undefined;
  #watch: NodeJS.Timeout | undefined;

  private constructor(handle: ThreadsHandle, isOwner: boolean) {
    this.handle = handle;
    this.#isOwner = isOwner;
    this.filesEndWithWorker = handle.nested;
    this.mayBlockOnWorkers = handle.nested;
    this.ledger = new DescriptorLedger(handle.descriptors, handle.nested);
    this.calls = threadsCalls(this.ledger);
    const words = new Int32Array(handle.words, 0, BELL_TABLE_WORDS + OBITUARIES_WORDS);
    const pool = new Int32Array(handle.pool); // view: all words of the pool
    const life = ownLife();
    this.#bells = new BellTable(words.subarray(0, BELL_TABLE_WORDS), life.task);
    this.#obituaries = new Obituaries(words.subarray(BELL_TABLE_WORDS), pool, this.#bells, this.ledger, life);
  }

  /** The host of the thread that opens a pool with these words. */
  static create(pool: SharedArrayBuffer): ThreadsHost {
    const words = new SharedArrayBuffer((BELL_TABLE_WORDS + OBITUARIES_WORDS) * 4);
    // Node keeps track of what the threads of a thread other than the main one open, and closes it with them.
    const nested = !isMainThread;
    const descriptors = nested ? new SharedArrayBuffer(LEDGER_BYTES) : mainLedger();
    return new ThreadsHost({ driver: 'threads', pool, words, descriptors, nested }, true);
  }

  /** The host of another thread. */
  static attach(handle: ThreadsHandle): ThreadsHost {
    return new ThreadsHost(handle, false);
  }

  checkRegistration(mode: RegistrationMode): void {
    if (mode === 'required') throw noRegistration('threads');
  }

  createBell(): HostBell {
    return this.#bells.create(() => this.look());
  }

  attachBell(token: DoorbellToken): HostBell {
    return this.#bells.attach(token);
  }

  forgetBell(token: DoorbellToken): void {
    this.#bells.forget(token);
  }

  writeObituary(options: ObituaryOptions): HostObituary {
    this.#obituary = this.#obituaries.write(options);
    return this.#obituary;
  }

  /** Looks whether threads have ended: those of all others are the owner's affair while it lives. */
  look(): void {
    if (this.#isOwner || this.#obituaries.ownerIsOver) this.#obituaries.carryOut(NOBODY);
    // What guests have doomed once the last worker had ended, which would have closed it.
    if (this.#isOwner && this.ledger.mayClose) this.ledger.closeDoomed();
  }

  buried(threadId: number): void {
    this.#obituaries.carryOut(threadId);
  }

  succeed(storeIndex: number): void {
    this.#obituaries.drop(storeIndex);
  }

  watchOver(others: boolean): void {
    if (others === (this.#watch !== undefined)) return;
    if (others) this.#watch = setInterval(() => this.look(), WATCH_MS).unref();
    else this.#unwatch();
  }

  #unwatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  doChores(): void {
    this.ledger.closeDoomed();
  }

  openClientRing(): ClientRing {
    throw unsupported('threads', 'ring of the calling thread', 'openPool');
  }

  openWorkerRing(options: DriverRingOptions): WorkerRing {
    const owner = this.ledger.newOwner();
    // What it has opened, and nobody has been given, goes with it.
    this.#obituary?.setDescriptors(owner);
    return new ThreadsRing(options, new NodeFileSystem(this.ledger, owner));
  }

  close(): void {
    this.#unwatch();
    // What was doomed last, when no worker was there any more to close it.
    if (this.#isOwner && this.ledger.mayClose) this.ledger.closeDoomed();
  }
}

let ledgerOfMain: SharedArrayBuffer | undefined;

/** All pools of the main thread have one ledger: none of them closes, or uses, a descriptor that is another one's file. */
function mainLedger(): SharedArrayBuffer {
  ledgerOfMain ??= new SharedArrayBuffer(LEDGER_BYTES);
  return ledgerOfMain;
}
