// The driver on io_uring: what a pool needs of @ringpool/native. The ledger, bells and obituaries are the addon's, which
// carries them out when a thread ends, whatever ends it.

import { availableParallelism } from 'node:os';

import {
  type DriverRing,
  type DriverRingOptions,
  EPOLL,
  encode,
  fd,
  type Parking,
  type RingpoolError,
  registerOps,
} from '@ringpool/core';
import {
  addDescriptor,
  addressOf,
  type CachedReads,
  closeDescriptor,
  closeDescriptorsOf,
  Doorbell,
  type DoorbellToken,
  giveDescriptor,
  isDescriptorHeld,
  newDescriptorOwner,
  Obituary,
  type ObituaryOptions,
  PARK_TIMEOUT_MS,
  Ring,
  readCachedSync,
  readSync,
  releaseDescriptor,
  syncSync,
  systemCallNs,
  writeSync,
} from '@ringpool/native';

import type { RingReport } from '../pool/worker-protocol.ts';
import type {
  ClientRing,
  Host,
  HostBell,
  HostHandle,
  HostObituary,
  Ledger,
  SystemCalls,
  WorkerRing,
} from './host.ts';
import { isStream } from './is-stream.ts';

/** `struct io_uring_sync_cancel_reg`. */
const SYNC_CANCEL_BYTES = 64;
const NO_OPERATION = -1;
const WORKERS_DEFAULT_MAX = 4;

/** A ring of the kernel, in the hands of a client or of a worker. */
class UringRing implements ClientRing, WorkerRing {
  readonly ring: DriverRing;
  readonly cached: CachedReads;
  readonly #ring: Ring;
  /** The poll on the worker's doorbell while it is armed. */
  #poll = NO_OPERATION;
  #bell: Doorbell | undefined;

  constructor(ring: Ring) {
    this.ring = ring;
    this.#ring = ring;
    this.cached = ring.cached;
  }

  get report(): RingReport {
    const { memory, rung, entries, flags } = this.#ring;
    return { memory, rung, entries, flags };
  }

  get overflow(): number {
    return this.#ring.counters.overflow;
  }

  cloneBuffer(anchorRing: number, segment: number, view: Uint8Array): void {
    const views = new Array<Uint8Array | null>(segment + 1).fill(null);
    views[segment] = view;
    this.#ring.cloneBuffersFrom(
      { ringId: anchorRing, views },
      { sourceOffset: segment, offset: segment, count: 1, replace: true },
    );
  }

  listen(): void {
    this.#ring.setEventfdEnabled(true);
  }

  get due(): boolean {
    return this.#ring.ready > 0;
  }

  hush(): void {
    this.#ring.setEventfdEnabled(false);
  }

  /** By a system call of its own (6.0): an SQE that cancels waits its turn behind one that drains. */
  cancelNow(operation: number): boolean {
    const argument = new DataView(new ArrayBuffer(SYNC_CANCEL_BYTES)); // a timeout of zero: asks, and does not wait
    argument.setBigUint64(0, BigInt(this.#ring.userDataOf(operation)), true);
    argument.setInt32(8, -1, true);
    try {
      this.#ring.register(
        registerOps.REGISTER_SYNC_CANCEL.value,
        new Uint8Array(argument.buffer, 0, SYNC_CANCEL_BYTES),
        1,
      );
    } catch (error) {
      // ENOENT, EALREADY, ETIME: it is asked again. EINVAL: the kernel has no such call.
      return (error as RingpoolError).code !== 'EINVAL';
    }
    return true;
  }

  get ownOperations(): number {
    return this.#poll === NO_OPERATION ? 0 : 1;
  }

  takes(operation: number): boolean {
    if (operation !== this.#poll) return false;
    this.#poll = NO_OPERATION;
    this.#bell?.silence();
    return true;
  }

  park(parking: Parking, bell: HostBell): void {
    this.#bell = bell as Doorbell;
    if (this.#poll === NO_OPERATION) this.#arm(this.#bell);
    parking.park();
  }

  /** A poll, never a read: it takes nothing from the eventfd, so a lost completion loses no wake-up. */
  #arm(bell: Doorbell): void {
    const sqe = this.#ring.push();
    if (sqe < 0) return; // the SQEs that fill the ring will wake it
    encode.pollAdd(this.#ring.sqes, sqe, { fd: fd(bell.fd), events: EPOLL.IN });
    this.#poll = this.#ring.operationOf(sqe);
  }

  sleep(_parking: Parking, wait: (timeoutMs: number) => void): void {
    wait(PARK_TIMEOUT_MS);
  }
}

const ledger: Ledger = {
  newOwner: newDescriptorOwner,
  add: addDescriptor,
  give: giveDescriptor,
  release: releaseDescriptor,
  isHeld: isDescriptorHeld,
  close: closeDescriptor,
  closeAllOf: (owner) => closeDescriptorsOf(owner, false),
};

const calls: SystemCalls = {
  read: readSync,
  write: writeSync,
  sync: syncSync,
  isStream,
  readCached: readCachedSync,
};

/** The host on io_uring. It keeps nothing of its own: what it deals with belongs to the process. */
class UringHost implements Host {
  readonly driver = 'uring';
  readonly handle: HostHandle = { driver: 'uring' };
  readonly addressOf = addressOf;
  readonly hasOwnRings = true;
  readonly hasWorkers = true;
  readonly mayBlockOnWorkers = true;
  readonly filesEndWithWorker = false;
  readonly workerShare = Number.POSITIVE_INFINITY;
  /** One CPU is the program's own, whose ring does what does not block. */
  readonly workersDefault: number = Math.max(1, Math.min(WORKERS_DEFAULT_MAX, availableParallelism() - 1));
  readonly calls = calls;
  readonly ledger = ledger;

  get systemCallNs(): number {
    return systemCallNs();
  }

  checkRegistration(): void {}

  createBell(): HostBell {
    return Doorbell.create();
  }

  attachBell(token: DoorbellToken): HostBell {
    return Doorbell.attach(token);
  }

  writeObituary(options: ObituaryOptions): HostObituary {
    return Obituary.write(options);
  }

  // The addon has seen to the end of a thread before anybody can hear of it.
  forgetBell(): void {}
  buried(): void {}
  look(): void {}
  succeed(): void {}
  watchOver(): void {}
  doChores(): void {}
  close(): void {}

  openClientRing(options: DriverRingOptions, bell: HostBell): ClientRing {
    const ring = openLedgered(options);
    try {
      ring.registerDoorbell(bell as Doorbell);
      ring.setEventfdEnabled(false);
      return new UringRing(ring);
    } catch (error) {
      ring.close();
      throw error;
    }
  }

  openWorkerRing(options: DriverRingOptions): WorkerRing {
    return new UringRing(openLedgered(options));
  }
}

/** A ring whose descriptors are in the ledger from the moment that they are opened. */
function openLedgered(options: DriverRingOptions): Ring {
  const ring = Ring.open(options);
  try {
    ring.useDescriptorLedger();
    return ring;
  } catch (error) {
    ring.close();
    throw error;
  }
}

/** The host on io_uring, of any thread. */
export const uringHost: Host = new UringHost();
