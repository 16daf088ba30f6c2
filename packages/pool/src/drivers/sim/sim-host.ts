// The driver on a simulation: one thread, one ring at a time to look at, and time that passes while the program waits for it.
// Nothing here depends on the machine: the same seed and the same program give the same run.

import type { DriverRing, DriverRingOptions, Simulation } from '@ringpool/core';

import { setImmediate } from '../../pool/clock.ts';
import type { RegistrationMode } from '../../pool/options.ts';
import type { RingReport } from '../../pool/worker-protocol.ts';
import type {
  ClientRing,
  Host,
  HostBell,
  HostHandle,
  HostObituary,
  Ledger,
  SystemCalls,
  WorkerRing,
} from '../host.ts';
import { noRegistration, unsupported } from '../unsupported.ts';
import { SimCalls } from './sim-calls.ts';

/** A ring of the simulation, whose completions come as its clock goes on. */
class SimClientRing implements ClientRing {
  readonly ring: DriverRing;
  readonly cached = undefined;
  readonly overflow = 0;

  constructor(ring: DriverRing) {
    this.ring = ring;
  }

  get report(): RingReport {
    return { memory: 'own', rung: 'none', entries: this.ring.entries, flags: 0 };
  }

  cloneBuffer(): void {
    throw noRegistration('sim');
  }

  /** Nobody rings: the event loop comes back by itself, once whoever else has something to do has done it. */
  listen(): void {}

  get due(): boolean {
    return this.ring.inFlight > 0;
  }

  /** Simulated time passes here, up to the next completion. */
  hush(): void {
    if (this.ring.ready === 0) this.ring.submitAndWait(1, Number.POSITIVE_INFINITY);
  }

  cancelNow(): boolean {
    return false;
  }
}

/** A bell in a program of one thread: rung, it calls back in the next turn of the event loop. */
class SimBell implements HostBell {
  readonly token = { index: -1, generation: 0 };
  #callback: (() => void) | undefined;

  ring(): void {
    setImmediate(() => this.#callback?.());
  }

  watch(callback: () => void): void {
    this.#callback = callback;
  }

  /** What is in flight holds the loop by the turn that it asks for. */
  hold(): void {}

  close(): void {
    this.#callback = undefined;
  }
}

/** Descriptors of the simulation: they end with it. */
class SimLedger implements Ledger {
  readonly #owners = new Map<number, number>();
  #last = 0;

  newOwner(): number {
    return ++this.#last;
  }

  add(descriptor: number, owner: number): void {
    this.#owners.set(descriptor, owner);
  }

  give(descriptor: number, from: number, to: number): boolean {
    if (this.#owners.get(descriptor) !== from) return false;
    this.#owners.set(descriptor, to);
    return true;
  }

  release(descriptor: number, owner: number): void {
    if (this.#owners.get(descriptor) === owner) this.#owners.delete(descriptor);
  }

  isHeld(descriptor: number): boolean {
    return this.#owners.has(descriptor);
  }

  close(descriptor: number, owner: number): undefined {
    this.release(descriptor, owner);
    return undefined;
  }

  closeAllOf(): void {}
}

const nothing: HostObituary = {
  setBells: () => undefined,
  setBellTable: () => undefined,
  setDescriptors: () => undefined,
  cancel: () => undefined,
};

/** The host of a program that is simulated. */
export class SimHost implements Host {
  readonly driver = 'sim';
  readonly addressOf: undefined;
  readonly hasOwnRings = true;
  readonly hasWorkers = false;
  readonly mayBlockOnWorkers = false;
  readonly filesEndWithWorker = false;
  readonly workerShare = 0;
  readonly workersDefault = 1;
  readonly systemCallNs = 0;
  readonly calls: SystemCalls;
  readonly ledger: Ledger = new SimLedger();
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.calls = new SimCalls(simulation);
  }

  get handle(): HostHandle {
    throw unsupported('sim', 'other threads', 'port');
  }

  checkRegistration(mode: RegistrationMode): void {
    if (mode === 'required') throw noRegistration('sim');
  }

  createBell(): HostBell {
    return new SimBell();
  }

  attachBell(): HostBell {
    return new SimBell();
  }

  writeObituary(): HostObituary {
    return nothing;
  }

  forgetBell(): void {}
  buried(): void {}
  look(): void {}
  succeed(): void {}
  watchOver(): void {}
  doChores(): void {}
  close(): void {}

  openClientRing(options: DriverRingOptions): ClientRing {
    return new SimClientRing(this.#simulation.openRing(options));
  }

  openWorkerRing(): WorkerRing {
    throw unsupported('sim', 'I/O workers', 'openPool');
  }
}
