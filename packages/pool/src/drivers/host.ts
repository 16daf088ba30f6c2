// What the threads of a pool run on: rings, and beside them bells that wake, obituaries that tell of a thread's end, a ledger
// of descriptors, and system calls of the calling thread. Each driver brings a host of its own; every thread of a pool has
// one. Types only.

import type { Bell, DriverName, DriverRing, DriverRingOptions, Parking } from '@ringpool/core';
import type { BellTable, DoorbellToken, ObituaryOptions } from '@ringpool/native';

import type { RegistrationMode } from '../pool/options.ts';
import type { RingReport } from '../pool/worker-protocol.ts';

/** What another thread of the process attaches to a host by. Structured-cloneable. */
export type HostHandle =
  | { readonly driver: 'uring' }
  | {
      readonly driver: 'threads';
      /** The pool's words. */
      readonly pool: SharedArrayBuffer;
      /** The host's own. */
      readonly words: SharedArrayBuffer;
      readonly descriptors: SharedArrayBuffer;
      /** Node closes what a worker has opened when it ends: see {@link Host.filesEndWithWorker}. */
      readonly nested: boolean;
    };

/** A bell of one thread, which others ring. */
export interface HostBell extends Bell {
  /** What another thread attaches by. */
  readonly token: DoorbellToken;
  /** Calls back from the event loop when it rings, and holds the loop: see {@link HostBell.hold}. */
  watch(callback: () => void): void;
  /** Whether the watched bell keeps the event loop alive. */
  hold(alive: boolean): void;
  /** Lets go of it. May be called twice. */
  close(): void;
}

/** What a thread leaves behind when it ends: see `Obituary` of @ringpool/native. */
export interface HostObituary {
  setBells(tokens: readonly DoorbellToken[]): void;
  setBellTable(table: BellTable): void;
  /** Whose descriptors are closed then. */
  setDescriptors(owner: number): void;
  cancel(): void;
}

/** Which descriptors were opened for whom. A descriptor that it has is closed by it alone. */
export interface Ledger {
  /** A number that no owner has had before. */
  newOwner(): number;
  /** Enters an open descriptor, or makes one that was entered this owner's. */
  add(descriptor: number, owner: number, claimed: boolean): void;
  /** Makes it another owner's. False when it was not `from`'s. */
  give(descriptor: number, from: number, to: number): boolean;
  /** Takes it out and leaves it open. */
  release(descriptor: number, owner: number): void;
  /** Whether it has it, as anybody's. */
  isHeld(descriptor: number): boolean;
  /** Closes it by a call of this thread: 0 or a negative errno. Undefined where only an operation of the pool can. */
  close(descriptor: number, owner: number): number | undefined;
  /** Closes all of an owner that is gone. */
  closeAllOf(owner: number): void;
}

/** System calls that this thread makes and waits for: results, or negative errnos. */
export interface SystemCalls {
  read(file: number, view: Uint8Array, offset: number, length: number, position: number): number;
  write(file: number, view: Uint8Array, offset: number, length: number, position: number): number;
  sync(file: number, dataOnly: boolean): number;
  /** Whether the file has no positions, and one read gives what is there: a pipe, a terminal, a socket. */
  isStream(file: number): boolean;
  /** Reads without ever waiting; undefined where the platform cannot say so. */
  readonly readCached:
    | ((file: number, view: Uint8Array, offset: number, length: number, position: number) => number)
    | undefined;
}

/** A ring, and what only some drivers have. */
export interface HostRing {
  readonly ring: DriverRing;
  /** How it came up. */
  readonly report: RingReport;
  /** Completions that found no room in the queue, so far. */
  readonly overflow: number;
  /** Registers one segment of the arena, as the anchor ring has it. @throws what the kernel refuses. */
  cloneBuffer(anchorRing: number, segment: number, view: Uint8Array): void;
}

/** A ring that a client's thread drives by itself. */
export interface ClientRing extends HostRing {
  /** Reads of what the kernel has cached, into attached memory, without the ring. */
  readonly cached:
    | { read(file: number, address: number, length: number, position: number): number }
    | undefined;
  /** Has completions ring the client's bell. The client then submits, and looks whether any is {@link due}. */
  listen(): void;
  /** Whether there is something to reap, or will be by the time that the event loop has turned. */
  readonly due: boolean;
  /** Before it reaps, having listened. */
  hush(): void;
  /** Cancels an operation past the queue: false when it cannot. */
  cancelNow(operation: number): boolean;
}

/** A ring that an I/O worker drives. */
export interface WorkerRing extends HostRing {
  /** Operations of its own in flight, which are no client's. */
  readonly ownOperations: number;
  /** Whether a completion is its own affair. */
  takes(operation: number): boolean;
  /** Says in the parking word that the thread is about to {@link sleep}. The thread then looks for work once more. */
  park(parking: Parking, bell: HostBell): void;
  /** Sleeps until a completion, or until it is woken, or for a while; `wait` submits and waits in the ring. */
  sleep(parking: Parking, wait: (timeoutMs: number) => void): void;
}

/** What one thread of a pool runs on. */
export interface Host {
  readonly driver: DriverName;
  readonly handle: HostHandle;
  /** The virtual address of memory; undefined where addresses are nominal. */
  readonly addressOf: ((view: Uint8Array) => number) | undefined;
  /** Whether a client has a ring of its own. */
  readonly hasOwnRings: boolean;
  /** Whether there are I/O workers. */
  readonly hasWorkers: boolean;
  /** Whether a thread may block until a worker has done something: it must hear of the worker's end then. */
  readonly mayBlockOnWorkers: boolean;
  /**
   * Whether a descriptor is good only as long as the worker thread lives that has opened it. Then there is one worker, and what
   * is done with a file is done there.
   */
  readonly filesEndWithWorker: boolean;
  /**
   * SQEs of one client that a worker takes at once, unless one chain is longer; and completions after which it wakes clients,
   * though there is more to do.
   */
  readonly workerShare: number;
  /** How many workers a pool has unless it is told. */
  readonly workersDefault: number;
  /** What a system call costs, in nanoseconds. */
  readonly systemCallNs: number;
  readonly calls: SystemCalls;
  readonly ledger: Ledger;
  /** Throws ERR_RINGPOOL_UNSUPPORTED where memory is required to be registered, and never is. */
  checkRegistration(mode: RegistrationMode): void;
  createBell(): HostBell;
  /** @throws EBADF when it is gone. */
  attachBell(token: DoorbellToken): HostBell;
  /** The thread that made it has ended. */
  forgetBell(token: DoorbellToken): void;
  writeObituary(options: ObituaryOptions): HostObituary;
  /** A thread of the pool has ended: its obituary is carried out now, at the latest. */
  buried(threadId: number): void;
  /** A thread that waits for a worker: looks whether that one has ended, where nobody else would tell. */
  look(): void;
  /** The thread whose obituary stores there is to have a successor: whatever is left of it is dropped. */
  succeed(storeIndex: number): void;
  /** In the thread that opened the pool: there are others that may end, or none. */
  watchOver(others: boolean): void;
  /** A worker between two rounds: does what only its thread can. */
  doChores(): void;
  openClientRing(options: DriverRingOptions, bell: HostBell): ClientRing;
  openWorkerRing(options: DriverRingOptions): WorkerRing;
  /** Nothing of it is needed any more. */
  close(): void;
}
