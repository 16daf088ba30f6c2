// A client's own rings: operations run on the client's thread, without a hop to another one. One for all that completes
// once; another one, opened when it is first needed, for what completes many times: nobody knows how often, so its
// completion queue is large, and it may overflow without harm to the others.
// Bound to that thread; the ring's environment drains it when the thread ends.

import { type Arena, type DriverRing, encode, RingpoolError, SQE_WORDS } from '@ringpool/core';

import type { ClientRing, Host, HostBell } from '../drivers/host.ts';
import { setTimeout } from './clock.ts';
import { Fifo } from './fifo.ts';
import { FileSlots } from './file-slots.ts';
import { type Lane, URGENT_OPERATIONS } from './lane.ts';
import type { LaneMeter, Meters } from './metrics.ts';
import { CQ_FACTOR, makeFileTable, Submitter } from './pool-ring.ts';
import { ReadBatching } from './read-batching.ts';
import type { Request, Wanted } from './request.ts';
import { RequestTable } from './request-table.ts';
import { RingBuffers } from './ring-buffers.ts';
import type { Seat } from './seat.ts';
import { Timing } from './timing.ts';
import type { PoolWords } from './words.ts';
import type { RingReport } from './worker-protocol.ts';

const EFAULT = 14;
/** After how long closing a ring is tried again that is lost: see {@link LocalLane.mayEnd}. */
const CLOSE_AGAIN_MS = 50;

/** How large a ring is. */
export interface LocalLaneSize {
  readonly entries: number;
  readonly cqEntries: number;
  /** Whether there may be more completions than its queue holds. */
  readonly mayOverflow: boolean;
}

/** The size of a client's own ring. */
export function localSize(depth: number): LocalLaneSize {
  return { entries: depth, cqEntries: depth * CQ_FACTOR, mayOverflow: false };
}

/** The size of a client's ring for operations that complete many times. */
export const STREAMS_SIZE: LocalLaneSize = { entries: 256, cqEntries: 4096, mayOverflow: true };

/** Whose a lane is. */
export interface LocalLaneOwner {
  readonly host: Host;
  readonly bell: HostBell;
  readonly seat: Seat;
  readonly meters: Meters;
  /** See {@link PoolOptions.slowOperationMs}. */
  readonly slowOperationMs: number;
  /** Told of memory that is registered, but not with the client's own ring. */
  readonly onRefused: (bytes: number, error: RingpoolError) => void;
  /**
   * The kernel does not let this thread in any more: all that was under way on the lane has been told. Or it is time to ask
   * whether a lane that is lost may end.
   */
  readonly onLost: () => void;
}

/** The lane of one of a client's own rings. */
export class LocalLane implements Lane {
  readonly index: number;
  /** SQEs that its queue was to hold. */
  readonly wanted: number;
  readonly sqes: Uint32Array;
  readonly bound: Fifo<Request> = new Fifo();
  readonly placed: Fifo<Request> = new Fifo();
  /** It lives as long as its client. */
  readonly epoch = 0;
  readonly generation = 0;
  readonly files: FileSlots;
  /** A call to the kernel is dear, and nobody else starts on them meanwhile. */
  readonly publishAt = 64;

  readonly #own: ClientRing;
  readonly #ring: DriverRing;
  readonly #host: Host;
  readonly #timing: Timing;
  readonly #meter: LaneMeter;
  readonly #mayOverflow: boolean;
  readonly #descriptorOwner: number;
  readonly #buffers: RingBuffers;
  readonly #requests: RequestTable;
  readonly #submitter: Submitter;
  readonly #reads: ReadBatching;
  readonly #onCompletion: (operation: number, res: number, flags: number) => void;
  /** The SQEs pushed since the last submission. */
  readonly #batch: Int32Array;
  #batched = 0;
  /** The index of the SQE pushed last. */
  #last = 0;
  readonly #onLost: () => void;
  #lost: RingpoolError | undefined;
  /** Of a ring that is lost: what the kernel had not taken, until those who wait have been told. */
  readonly #untaken: [request: Request, part: number][] = [];
  /** Those who wait have yet to be told. */
  #untold = false;
  #stranded = 0;
  /** It is to be asked again whether it may end. */
  #mayEndTimer: NodeJS.Timeout | undefined;
  /** The kernel rings the client's doorbell at completions. */
  #speaking = false;

  /** Opens the ring; its completions ring the client's bell while {@link listen} has asked for it. @throws as `Ring.open`. */
  constructor(
    index: number,
    { entries, cqEntries, mayOverflow }: LocalLaneSize,
    words: PoolWords,
    arena: Arena,
    { host, bell, seat, meters, slowOperationMs, onRefused, onLost }: LocalLaneOwner,
  ) {
    this.index = index;
    this.wanted = entries;
    this.#mayOverflow = mayOverflow;
    this.#onLost = onLost;
    this.#meter = meters.lane(seat.client, index);
    this.#host = host;
    this.#own = host.openClientRing({ entries, cqEntries }, bell);
    this.#ring = this.#own.ring;
    this.#reads = new ReadBatching(host.systemCallNs);
    this.#descriptorOwner = seat.descriptorOwner;
    this.sqes = this.#ring.sqes;
    this.#buffers = new RingBuffers(this.#own, words, arena, onRefused);
    this.#requests = new RequestTable(this.#ring.cqEntries);
    const timed = { client: seat.client, worker: undefined, slowOperationMs };
    this.#timing = new Timing(this.#meter, timed, this.#ring.cqEntries);
    this.#submitter = new Submitter(this.#ring);
    this.#batch = new Int32Array(this.#ring.entries); // view: SQE indices
    const { since } = this.#timing;
    this.#onCompletion = (operation, res, flags) => {
      if (since[operation] !== 0) {
        this.#timing.ended(operation, this.#requests.of(operation), res, flags);
      }
      this.#requests.complete(operation, res, flags);
    };
    this.files = new FileSlots(0, makeFileTable(this.#ring, entries, entries));
  }

  /** SQEs that a request may have here: its ring may have fewer entries than were wanted. */
  get sqesMax(): number {
    return this.#ring.entries - URGENT_OPERATIONS;
  }

  /** How the ring came up. */
  get report(): RingReport {
    return this.#own.report;
  }

  /** True when its ring was refused a table of buffers. */
  get buffersRefused(): boolean {
    return this.#buffers.tableRefused;
  }

  /** Why nothing runs here any more: the kernel has refused this thread for good. */
  get lost(): RingpoolError | undefined {
    return this.#lost;
  }

  /** Requests of which nobody will hear again. */
  get stranded(): number {
    return this.#ring.inFlight > 0 ? this.#stranded : 0;
  }

  roomFor(request: Wanted): number {
    if (this.#lost !== undefined) return 0;
    const ring = this.#ring;
    const { queued } = ring;
    const free = Math.min(
      ring.entries - queued - this.#submitter.owed,
      ring.cqEntries - ring.inFlight - queued,
    );
    const room = request.urgent ? free : free - URGENT_OPERATIONS;
    return room >= request.sqes && this.files.free >= request.files ? room : 0;
  }

  /** Of a ring that is lost, those that nobody has been told of yet. */
  get inFlight(): number {
    if (this.#lost !== undefined && !this.#untold) return 0;
    return this.#ring.inFlight + this.#ring.queued;
  }

  get queued(): number {
    return this.#ring.queued;
  }

  push(request: Request, part: number): number {
    const sqe = this.#ring.push();
    const operation = this.#ring.operationOf(sqe);
    this.#requests.set(operation, request, part);
    this.#batch[this.#batched++] = sqe;
    this.#last = sqe;
    return sqe;
  }

  operationOf(sqe: number): number {
    return this.#ring.operationOf(sqe);
  }

  encodeCancel(sqe: number, operation: number): void {
    encode.asyncCancel(this.sqes, sqe, { target: this.#ring.userDataOf(operation) });
  }

  cancelNow(operation: number): boolean {
    return this.#own.cancelNow(operation);
  }

  own(descriptor: number): void {
    this.#host.ledger.add(descriptor, this.#descriptorOwner, true);
  }

  /** Reads what the kernel has cached into arena memory, without the ring: bytes, or a negative errno. */
  readCached(fd: number, address: number, length: number, position: number): number {
    const cached = this.#own.cached as NonNullable<ClientRing['cached']>;
    const res = cached.read(fd, address, length, position);
    if (res !== -EFAULT) return res;
    // A segment that this ring has not heard of.
    this.#buffers.refresh();
    return cached.read(fd, address, length, position);
  }

  /** Whether a read of cached bytes costs less by a system call of its own than with others in the ring. */
  get readsAtOnce(): boolean {
    return this.#reads.atOnce;
  }

  /** A read was over without the ring. */
  readNow(): void {
    this.#meter.direct();
    this.#reads.made();
  }

  setFile(slot: number, descriptor: number): boolean {
    try {
      this.#ring.updateFiles(slot, [descriptor]);
    } catch (error) {
      // Of a ring that is lost, the slot is lost as well. It is refused, or closed.
      if (this.#lost === undefined) throw error;
    }
    return true;
  }

  /** Submits: what completes at once is ready to be reaped afterwards. */
  publish(): void {
    if (this.#lost !== undefined) return;
    const batched = this.#batched;
    if (batched > 0) this.#timing.published(this.sqes, this.#batch, batched);
    this.#reads.submitted(batched, batched >= this.publishAt);
    this.#buffers.refresh();
    this.#lower();
    this.#submit();
  }

  /** False when the kernel does not let this thread in just now, or never again. */
  #submit(): boolean {
    try {
      return this.#submitter.submit();
    } catch (error) {
      this.#lose(error);
      return false;
    }
  }

  /**
   * The kernel has refused this thread for good, as a seccomp filter does that was set later. What it had not taken has not
   * begun; of what it had, nobody can hear any more: the callers are told, and the memory stays the kernel's.
   */
  #lose(error: unknown): void {
    if (!isRefused(error)) throw error;
    this.#lost = error;
    this.#untold = true;
    const { entries, queued } = this.#ring;
    for (let left = this.#submitter.owed + queued; left > 0; left--) {
      const operation = this.#ring.operationOf((this.#last - left + 1) & (entries - 1));
      const part = this.#requests.part(operation);
      this.#untaken.push([this.#requests.take(operation), part]);
    }
    this.#onLost();
  }

  /** Tells those who wait. Not where it is found out, which may be in the midst of handing over what others have asked for. */
  #tell(): number {
    const error = this.#lost as RingpoolError;
    this.#untold = false;
    this.#reapLast();
    const begun = this.#requests.takeAll();
    const untaken = this.#untaken.splice(0);
    for (const [request, part] of untaken) request.abandon(part, error, false);
    for (const request of begun) request.strand(error);
    this.#stranded += begun.length;
    return untaken.length + begun.length;
  }

  /** What lies in the queue already. Without a look into the kernel, which would take what was not taken, too. */
  #reapLast(): void {
    if (this.#own.report.memory !== 'mapped' && this.#ring.ready > 0) this.#ring.reap(this.#onCompletion);
  }

  #lower(): void {
    const batched = this.#batched;
    this.#batched = 0;
    if (this.#buffers.whole) return;
    for (let index = 0; index < batched; index++) {
      this.#buffers.lower(this.sqes, (this.#batch[index] as number) * SQE_WORDS);
    }
  }

  reap(): number {
    if (this.#lost !== undefined) return this.#untold ? this.#tell() : 0;
    try {
      return this.#reap();
    } catch (error) {
      this.#lose(error);
      return 0;
    }
  }

  #reap(): number {
    if (this.#speaking) {
      this.#speaking = false;
      this.#own.hush();
    }
    if (this.#submitter.owed > 0) this.#submitter.submit();
    const taken = this.#ring.reap(this.#onCompletion);
    this.#timing.reaped(taken, this.#requests.takeEnded());
    return taken;
  }

  listen(): boolean {
    if (this.#lost !== undefined) return false;
    const ring = this.#ring;
    if (this.#submitter.owed > 0) return true;
    if (ring.inFlight === 0) return false;
    if (this.#speaking) return ring.ready > 0;
    this.#speaking = true;
    this.#own.listen();
    // Enters, then looks once more: what completed before the bell could speak rang nothing, and with DEFER_TASKRUN
    // it is not even in the queue before this thread has entered. Refused, it is to be asked again.
    if (!this.#submit()) return true;
    if (this.#mayOverflow) this.#meter.overflowed(this.#own.overflow);
    return this.#own.due;
  }

  /**
   * Whether the ring can be closed, now that nobody is to use it any more: one that is lost cannot while the kernel has
   * something of it in flight. Then its owner is told when it is to ask again.
   */
  mayEnd(): boolean {
    if (this.#lost === undefined) return true;
    try {
      this.#ring.close({ timeoutMs: 0 });
      return true;
    } catch (error) {
      if ((error as RingpoolError).code !== 'ERR_RINGPOOL_DRAIN_TIMEOUT') throw error;
      this.#mayEndTimer ??= setTimeout(() => {
        this.#mayEndTimer = undefined;
        this.#onLost();
      }, CLOSE_AGAIN_MS).unref();
      return false;
    }
  }

  /** Closes the ring. Nothing is in flight. */
  close(): void {
    this.#ring.close();
  }
}

function isRefused(error: unknown): error is RingpoolError {
  return error instanceof RingpoolError && error.syscall === 'io_uring_enter';
}
