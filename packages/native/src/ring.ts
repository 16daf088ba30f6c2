// One io_uring, as JavaScript uses it. It belongs to the thread that opened it. Its queues are shared memory that the
// native side keeps alive until the last CQE, whatever the collector does to this object.

import {
  type CompletionCallback,
  type ForeignCallback,
  type RingCounters,
  RingQueues,
  registerOps,
} from '@ringpool/core';

import type { NativeRing } from './addon.ts';
import { CachedReads } from './cached-reads.ts';
import { type Doorbell, eventfdArgument } from './doorbell.ts';
import { closedError, enterError, forgedError, unlessPassing, waitError } from './kernel-errors.ts';
import { registerRaw } from './raw-register.ts';
import {
  type BufferSource,
  type CloneOptions,
  RegisteredBuffers,
  type UpdateBuffersOptions,
} from './registered-buffers.ts';
import { RegisteredFiles } from './registered-files.ts';
import { drainAndClose } from './ring-close.ts';
import { type CloseOptions, closeTimeoutMs, PARK_TIMEOUT_MS, UNREGISTER_TIMEOUT_MS } from './ring-limits.ts';
import { openRing, type RingMemoryMode, type RingOptions, type RingRung } from './ring-setup.ts';
import { assertShared } from './shared-view.ts';
import { monotonicMs } from './time.ts';

/** The addon's answer when an SQE's user_data is not the one push() wrote: `-10000 - index`. */
const ENTER_FORGED = -10_000;
const EBADF = 9;
const CQ_EVENTFD_DISABLED = 1;

/**
 * One io_uring.
 *
 * `push()` takes an SQE, an encoder fills it, `submit()` or `submitAndWait()` hands the batch to the kernel in one
 * system call, and `reap()` takes the completions, which carry the operation's number.
 *
 * @example
 * ```ts
 * import { encode } from '@ringpool/core';
 * import { Ring } from '@ringpool/native';
 *
 * const ring = Ring.open({ entries: 8 });
 * const sqe = ring.push();
 * encode.nop(ring.sqes, sqe, {});
 * const operation = ring.operationOf(sqe);
 * ring.submitAndWait(1, 1000);
 * ring.reap((done, res) => console.assert(done === operation && res === 0));
 * ring.close();
 * ```
 */
export class Ring {
  /** Where the queues lie. */
  readonly memory: RingMemoryMode;
  /** The rung of the ladder that won. */
  readonly rung: RingRung;
  /** The ring's descriptor, for `attachTo`, MSG_RING and polling. Closes with the ring. */
  readonly fd: number;
  /** Registered buffers: register, update, clone, unregister. */
  readonly buffers: RegisteredBuffers;
  /** Registered files. */
  readonly files: RegisteredFiles;
  /** Reads that need no ring: what the kernel has cached. */
  readonly cached: CachedReads;
  /** The process-wide number of this ring. */
  readonly id: number;

  readonly #native: NativeRing;
  readonly #cross: () => void;
  readonly #queues: RingQueues;
  readonly #mapped: boolean;
  readonly #allowUnknown: boolean;
  #closed = false;

  private constructor(options: RingOptions) {
    const opened = openRing(options);
    this.#native = opened.native;
    this.#cross = opened.native.crossing();
    this.id = opened.id;
    this.#queues = new RingQueues(opened.memory, opened.layout, opened.native);
    this.#mapped = opened.mode === 'mapped';
    this.memory = opened.mode;
    this.rung = opened.rung;
    this.fd = new Int32Array(opened.memory, opened.layout.controlOffset + 14 * 4, 1)[0] as number;
    this.buffers = new RegisteredBuffers(opened.native, opened.id, () => this.#assertOpen('registerBuffers'));
    this.files = new RegisteredFiles(opened.native, () => this.#assertOpen('registerFiles'));
    this.cached = new CachedReads(opened.native, this.#queues);
    this.#allowUnknown = options.allowUnknownPointers === true;
    if (this.#allowUnknown) this.#native.allowUnknownPointers();
  }

  /**
   * Opens a ring: the best flags and memory mode the kernel grants, with as many entries as memlock allows (see
   * `rung`, `memory` and `entries`).
   *
   * @throws RingpoolError ERR_RINGPOOL_UNAVAILABLE (no io_uring here; says why), ERR_RINGPOOL_MEMLOCK,
   *   ERR_RINGPOOL_TOO_MANY_FILES, ERR_RINGPOOL_INVALID_ARGUMENT. Source: io_uring_setup(2).
   */
  static open(options: RingOptions): Ring {
    return new Ring(options);
  }

  /** The SQEs, 16 words each: what the encoders write to. */
  get sqes(): Uint32Array {
    return this.#queues.sqes;
  }

  /** Submission queue entries granted. */
  get entries(): number {
    return this.#queues.entries;
  }

  /** Completion queue entries granted: the most operations in flight. */
  get cqEntries(): number {
    return this.#queues.cqEntries;
  }

  /** The IORING_SETUP_* flags granted. */
  get flags(): number {
    return this.#queues.setupFlags;
  }

  /** The IORING_FEAT_* bits the kernel announced. */
  get features(): number {
    return this.#queues.features;
  }

  /** Operations submitted whose last completion has not been reaped. */
  get inFlight(): number {
    return this.#queues.inFlight;
  }

  /** SQEs pushed and not yet submitted. */
  get queued(): number {
    return this.#queues.queued;
  }

  /** Completions ready to be reaped without entering the kernel. */
  get ready(): number {
    return this.#queues.ready;
  }

  /** Bytes of memory registered with this ring. */
  get registeredBytes(): number {
    return this.buffers.bytes;
  }

  /** Counters since the ring opened. */
  get counters(): RingCounters {
    return this.#queues.counters;
  }

  /** True once the ring has closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Receives CQEs that answer no operation of this ring: messages from other rings, and tags of replaced buffers. */
  set onForeignCompletion(callback: ForeignCallback | undefined) {
    this.#queues.onForeign = callback;
  }

  /**
   * Takes the next SQE; its user_data is written already. Returns the index to give to an encoder and to
   * {@link Ring.operationOf}, or -1 when the queue is full or `cqEntries` operations are in flight: submit or reap.
   */
  push(): number {
    return this.#queues.push();
  }

  /** The number, 0 to `cqEntries - 1`, that the completion of the SQE at this index will carry. */
  operationOf(sqe: number): number {
    return this.#queues.operationOf(sqe);
  }

  /** The user_data by which ASYNC_CANCEL, POLL_REMOVE and TIMEOUT_REMOVE address an operation in flight. */
  userDataOf(operation: number): number {
    return this.#queues.userDataOf(operation);
  }

  /**
   * Submits what was pushed, without waiting. Returns how many SQEs the kernel took.
   *
   * An SQE that points outside attached memory is not executed: it completes with -EFAULT.
   *
   * @throws RingpoolError ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_INVALID_ARGUMENT (an SQE's user_data was overwritten),
   *   EAGAIN, ENOMEM, EBUSY (reap, then submit again: nothing is lost), EEXIST (not the ring's thread).
   */
  submit(): number {
    return this.#enter(0, 0);
  }

  /**
   * Submits what was pushed and waits until `count` completions are ready, at most `timeoutMs` milliseconds.
   * Returns how many are ready. The wait is sliced, so that the thread can be terminated in the middle of it.
   *
   * @throws As {@link Ring.submit}.
   */
  submitAndWait(count: number, timeoutMs: number): number {
    if (!(count >= 0 && timeoutMs >= 0)) throw waitError(count, timeoutMs);
    const queues = this.#queues;
    if (count > queues.cqEntries) count = queues.cqEntries;
    // The kernel counts what lies in its own queue; in mapped mode what was copied over has left it.
    const wanted = this.#mapped ? count - queues.ready : count;
    this.#enter(Math.max(wanted, 0), timeoutMs > PARK_TIMEOUT_MS ? PARK_TIMEOUT_MS : Math.ceil(timeoutMs));
    const ready = queues.ready;
    return ready >= count ? ready : this.#waitOn(count, timeoutMs);
  }

  #waitOn(count: number, timeoutMs: number): number {
    const queues = this.#queues;
    // The first slice has passed already; JavaScript looks at the clock only here, where one slice was not enough.
    const deadline = monotonicMs() + timeoutMs - this.#native.waitedMs();
    for (;;) {
      const ready = queues.ready;
      const left = deadline - monotonicMs();
      if (ready >= count || left <= 0) return ready;
      const wanted = this.#mapped ? count - ready : count;
      this.#enter(wanted, Math.min(PARK_TIMEOUT_MS, Math.ceil(left)));
    }
  }

  /**
   * Hands every ready completion, at most `max`, to `callback(operation, res, flags)`. Allocates nothing.
   * Returns how many CQEs it took. An operation's number may be given out again by the next push() after its last
   * completion (no IORING_CQE_F_MORE in `flags`) was handed over.
   */
  reap(callback: CompletionCallback, max?: number): number {
    if (this.#mapped || this.#queues.ready === 0) this.#bringOver();
    return this.#queues.reap(callback, max);
  }

  /** Completions that are done but not in the queue yet: copied (mapped mode), flushed or run (overflow, task work). */
  #bringOver(): void {
    if (this.#closed) return;
    if (this.#mapped) this.#native.sync();
    // Where that is refused just now, what is done stays inside, and the next look brings it over.
    if (this.#queues.mustEnter) this.#check(unlessPassing(this.#crossInto(0, 0, 0)));
  }

  #enter(minComplete: number, timeoutMs: number): number {
    const result = this.#crossInto(this.#queues.queued, minComplete, timeoutMs);
    if (result > ENTER_FORGED) this.#queues.markStaged();
    return result >= 0 ? result : this.#check(result);
  }

  #crossInto(sqes: number, minComplete: number, timeoutMs: number): number {
    this.#queues.prepareEnter(sqes, minComplete, timeoutMs);
    this.#cross();
    return this.#queues.enterResult;
  }

  #check(result: number): number {
    if (result >= 0) return result;
    if (result <= ENTER_FORGED) throw forgedError(ENTER_FORGED - result);
    if (this.#closed || result === -EBADF) this.#assertOpen('submit');
    throw enterError(-result);
  }

  #assertOpen(op: string): void {
    if (this.#closed) throw closedError(op);
  }

  /**
   * Attaches memory that SQEs may point into. The ring keeps it alive until its last completion. Attaching a longer
   * view from the same address (an arena that grew) extends it.
   *
   * @throws RingpoolError ERR_RINGPOOL_NOT_SHARED, ERR_RINGPOOL_CLOSED.
   */
  attachMemory(view: Uint8Array): void {
    this.#assertOpen('attachMemory');
    assertShared(view, 'attachMemory');
    this.#native.attach(view);
  }

  /**
   * Leaves descriptors that operations open (OPENAT, ACCEPT, SOCKET, ...) to the ledger: a reap's callback then calls
   * `addDescriptor()` first of all, and when the ring closes, or its thread is terminated anywhere, it closes exactly those
   * that never came into the ledger. Without this, what a reap has begun to hand over is lost with the callback.
   *
   * @throws RingpoolError ERR_RINGPOOL_CLOSED.
   */
  useDescriptorLedger(): void {
    this.#assertOpen('useDescriptorLedger');
    this.#native.useLedger();
  }

  /** See {@link RegisteredBuffers.register}. */
  registerBuffers(views: readonly Uint8Array[], options?: { readonly tags?: readonly bigint[] }): void {
    this.buffers.register(views, options);
  }

  /** See {@link RegisteredBuffers.registerSparse}. */
  registerBuffersSparse(count: number): void {
    this.buffers.registerSparse(count);
  }

  /** See {@link RegisteredBuffers.update}. */
  updateBuffers(start: number, views: readonly (Uint8Array | null)[], options?: UpdateBuffersOptions): void {
    this.buffers.update(start, views, options);
  }

  /** See {@link RegisteredBuffers.unregister}. */
  unregisterBuffers(options?: { readonly timeoutMs?: number }): void {
    this.buffers.unregister(options?.timeoutMs ?? UNREGISTER_TIMEOUT_MS);
  }

  /** See {@link RegisteredBuffers.cloneFrom}. */
  cloneBuffersFrom(source: Ring | BufferSource, options?: CloneOptions): 'cloned' | 'registered' {
    return this.buffers.cloneFrom(source instanceof Ring ? source.bufferSource() : source, options);
  }

  /** What another ring, in this or another thread, needs to clone this ring's buffers. Structured-cloneable. */
  bufferSource(): BufferSource {
    this.#assertOpen('bufferSource');
    return this.buffers.source();
  }

  /** See {@link RegisteredFiles.register}. */
  registerFiles(fds: readonly number[]): void {
    this.files.register(fds);
  }

  /** See {@link RegisteredFiles.registerSparse}. */
  registerFilesSparse(count: number): void {
    this.files.registerSparse(count);
  }

  /** See {@link RegisteredFiles.update}. */
  updateFiles(start: number, fds: readonly number[]): void {
    this.files.update(start, fds);
  }

  /** See {@link RegisteredFiles.unregister}. */
  unregisterFiles(): void {
    this.files.unregister();
  }

  /**
   * Any register operation of io_uring_register(2) that has no method of its own. `argument` must hold the kernel's
   * structure; it may be written. Returns the kernel's answer.
   *
   * @throws RingpoolError ERR_RINGPOOL_CLOSED, ERR_RINGPOOL_INVALID_ARGUMENT (use the method that the hint names).
   */
  register(op: number, argument: Uint8Array | null, count: number): number {
    this.#assertOpen('register');
    return registerRaw(this.#native, this.#allowUnknown, op, argument, count);
  }

  /**
   * Has the kernel ring this doorbell at each completion (IORING_REGISTER_EVENTFD). With DEFER_TASKRUN the completion
   * queue stays empty until this thread enters the kernel, even when the bell has rung.
   *
   * @throws RingpoolError EBUSY (there is one already), EBADF (it is closed), ERR_RINGPOOL_CLOSED.
   */
  registerDoorbell(bell: Doorbell): void {
    this.register(registerOps.REGISTER_EVENTFD.value, eventfdArgument(bell), 1);
  }

  /** Takes the doorbell back. @throws RingpoolError ENXIO (there is none), ERR_RINGPOOL_CLOSED. */
  unregisterDoorbell(): void {
    this.register(registerOps.UNREGISTER_EVENTFD.value, null, 0);
  }

  /** Silences or lets speak the registered doorbell (IORING_CQ_EVENTFD_DISABLED, Linux 5.8), without a system call. */
  setEventfdEnabled(enabled: boolean): void {
    this.#assertOpen('setEventfdEnabled');
    this.#queues.setCqFlags(enabled ? 0 : CQ_EVENTFD_DISABLED);
    if (this.#mapped) this.#native.sync();
  }

  /** In the callback of {@link Ring.reap}: the words of the CQE itself, for the extra payload of 32-byte CQEs. */
  cqeWords(): Uint32Array {
    return this.#queues.cqeWords();
  }

  /**
   * Closes the ring: drops what was not submitted, cancels what waits for events, waits for every operation in flight
   * to complete, unregisters, and closes. Completions not reaped before are dropped. A closed ring stays closed.
   *
   * @throws RingpoolError ERR_RINGPOOL_DRAIN_TIMEOUT when operations are still in flight after `timeoutMs`. The ring
   *   and its memory then stay as they are, on purpose, and close() may be called again; the thread's end waits too.
   */
  close(options: CloseOptions = {}): void {
    if (this.#closed) return;
    const timeoutMs = closeTimeoutMs(options);
    this.#queues.retire();
    drainAndClose(this.#native, timeoutMs);
    this.#closed = true;
    this.buffers.forget();
  }

  /** `using ring = Ring.open(...)`. */
  [Symbol.dispose](): void {
    this.close();
  }
}
