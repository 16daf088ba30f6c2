// A ring without a kernel: it takes SQEs, keeps the order that links and drains ask for, counts down timeouts, cancels, and
// hands single operations to an Executor. Bound to the thread that opened it. Source: io_uring_enter(2), and the kernel's
// own ring as the conformance suite sees it.
//
// FREE -> PUSHED -> WAITING (behind a link or a drain) -> RUNNING -> DONE (its completion waits to be reaped) -> FREE

import { SQE_WORDS } from '../abi/layout.ts';
import { opcodes } from '../abi/opcodes.ts';
import type { DriverRing } from '../driver.ts';
import type { CompletionCallback } from '../ring/queues.ts';
import { cancelsAll, isMeant } from './cancel.ts';
import { Drains } from './drains.ts';
import { type Executor, PENDING } from './executor.ts';
import { closed, drainTimeout, outsideFiles, wrongWait } from './failures.ts';
import type { SoftMemory } from './memory.ts';
import { SoftQueues } from './queues.ts';
import type { SoftBuffers, SoftFiles } from './tables.ts';
import { NOBODY, Taken } from './taken.ts';
import { Timers } from './timers.ts';
import { countOf, dueMsOf, endsWell, updatedMsOf } from './times.ts';

const CQE_SKIP_SUCCESS = 64;
const ENOENT = 2;
const EINVAL = 22;
const ETIME = 62;
const EOPNOTSUPP = 95;
const EALREADY = 114;
const ECANCELED = 125;
const CLOSE_TIMEOUT_MS = 5000;
const TIMEOUT = opcodes.timeout.value;
const TIMEOUT_REMOVE = opcodes.timeoutRemove.value;
const ASYNC_CANCEL = opcodes.asyncCancel.value;

/** What a ring without a kernel is made of. */
export interface SoftRingParts {
  /** Powers of two. */
  readonly entries: number;
  readonly cqEntries: number;
  readonly memory: SoftMemory;
  readonly buffers: SoftBuffers;
  readonly files: SoftFiles;
  readonly executor: Executor;
}

/** A ring that is driven by the thread that submits to it. */
export class SoftRing implements DriverRing {
  readonly sqes: Uint32Array;
  readonly entries: number;
  readonly cqEntries: number;
  readonly #queues: SoftQueues;
  readonly #executor: Executor;
  readonly #memory: SoftMemory;
  readonly #buffers: SoftBuffers;
  readonly #files: SoftFiles;
  readonly #timers = new Timers();
  readonly #taken: Taken;
  readonly #drains: Drains;
  readonly #onFinish = (operation: number, res: number): void => this.#finishAndGoOn(operation, res);
  /** Operations taken, and not over. */
  #active = 0;
  /** Completions so far, those of timeouts apart. */
  #completions = 0;
  #closed = false;

  constructor({ entries, cqEntries, memory, buffers, files, executor }: SoftRingParts) {
    this.#queues = new SoftQueues(entries, cqEntries);
    this.sqes = this.#queues.sqes;
    this.entries = entries;
    this.cqEntries = cqEntries;
    this.#memory = memory;
    this.#buffers = buffers;
    this.#files = files;
    this.#executor = executor;
    this.#taken = new Taken(cqEntries);
    this.#drains = new Drains(this.#taken);
  }

  get inFlight(): number {
    return this.#queues.numbered - this.#queues.queued;
  }

  get queued(): number {
    return this.#queues.queued;
  }

  get ready(): number {
    return this.#queues.ready;
  }

  /** When something happens by itself, by the executor's clock: a timeout, an operation that goes on. */
  get nextMs(): number {
    return Math.min(this.#timers.nextMs, this.#executor.nextMs);
  }

  push(): number {
    return this.#closed ? -1 : this.#queues.push();
  }

  operationOf(sqe: number): number {
    return this.#queues.operationOf(sqe);
  }

  userDataOf(operation: number): number {
    return this.#queues.userDataOf(operation);
  }

  submit(): number {
    this.#assertOpen('submit');
    const count = this.#queues.queued;
    let first = NOBODY;
    let last = NOBODY;
    for (let index = 1; index <= count; index++) {
      const from = this.#queues.take();
      const operation = this.sqes[from + 8] as number;
      this.#taken.take(this.sqes, from, operation, last);
      this.#active++;
      if (last === NOBODY) first = operation;
      last = operation;
      // A chain ends at the latest where the submission ends.
      if (this.#taken.isLinked(operation) && index < count) continue;
      this.#dispatch(first);
      last = NOBODY;
    }
    this.#move();
    return count;
  }

  submitAndWait(count: number, timeoutMs: number): number {
    if (!(count >= 0 && timeoutMs >= 0)) throw wrongWait('submitAndWait', timeoutMs);
    this.submit();
    const wanted = Math.min(count, this.cqEntries);
    const end = this.#executor.now() + timeoutMs;
    while (this.ready < wanted) {
      const until = Math.min(end, this.nextMs);
      // Nothing will ever come, and nobody has said how long to wait for it.
      if (this.#executor.now() >= end || until === Number.POSITIVE_INFINITY) break;
      this.#executor.sleep(until);
      this.#move();
    }
    return this.ready;
  }

  reap(callback: CompletionCallback, max: number = this.cqEntries): number {
    if (!this.#closed) this.#move();
    return this.#queues.reap(callback, max);
  }

  attachMemory(view: Uint8Array): void {
    this.#assertOpen('attachMemory');
    this.#memory.attach(view);
  }

  registerBuffersSparse(count: number): void {
    this.#buffers.registerSparse(count);
  }

  updateBuffers(start: number, views: readonly (Uint8Array | null)[]): void {
    this.#buffers.update(start, views);
  }

  registerFilesSparse(count: number): void {
    this.#files.registerSparse(count);
  }

  updateFiles(start: number, fds: readonly number[]): void {
    if (this.#files.update(start, fds) < 0) throw outsideFiles(start);
  }

  close({ timeoutMs = CLOSE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): void {
    if (this.#closed) return;
    if (!(timeoutMs >= 0)) throw wrongWait('close', timeoutMs);
    this.#queues.drop();
    const end = this.#executor.now() + timeoutMs;
    while (this.#active > 0) {
      if (this.#cancelAll()) continue;
      if (this.#executor.now() >= end) throw drainTimeout(this.#active, timeoutMs);
      this.#executor.sleep(Math.min(end, this.nextMs));
      this.#move();
    }
    this.#files.close();
    this.#closed = true;
  }

  /** False when none could be cancelled. What begins because others have been is yet to be. */
  #cancelAll(): boolean {
    const before = this.#active;
    for (let one = 0; one < this.cqEntries; one++) if (this.#taken.isUnderWay(one)) this.#cancel(one);
    return this.#active < before;
  }

  #assertOpen(op: string): void {
    if (this.#closed) throw closed(op);
  }

  /** A whole chain: it begins, waits for what is drained, or is refused. */
  #dispatch(first: number): void {
    if (this.#isRefused(first)) this.#refuse(first);
    else if (this.#drains.holds(first)) this.#drains.add(first);
    else this.#run(first);
  }

  #isRefused(first: number): boolean {
    let before = NOBODY;
    for (let one = first; one !== NOBODY; one = this.#taken.next(one)) {
      if (this.#refusal(one, before) < 0) return true;
      before = one;
    }
    return false;
  }

  /** Why an operation cannot even begin, behind `before` of its chain; 0 when it can. */
  #refusal(operation: number, before: number): number {
    const taken = this.#taken;
    const opcode = taken.opcode(operation);
    if (taken.flags(operation) & CQE_SKIP_SUCCESS) return -EOPNOTSUPP;
    if (taken.isLinkTimeout(operation)) {
      const bare = before === NOBODY || taken.isLinkTimeout(before);
      return bare ? -EINVAL : Math.min(this.#dueMs(operation), 0);
    }
    if (opcode === TIMEOUT) return Math.min(this.#dueMs(operation), 0);
    if (opcode === TIMEOUT_REMOVE || opcode === ASYNC_CANCEL) return 0;
    return this.#executor.knows(opcode) ? 0 : -EOPNOTSUPP;
  }

  #refuse(first: number): void {
    let before = NOBODY;
    for (let one = first; one !== NOBODY; ) {
      const next = this.#taken.next(one);
      const refusal = this.#refusal(one, before);
      before = one;
      this.#complete(one, refusal < 0 ? refusal : -ECANCELED);
      one = next;
    }
  }

  /** Begins what waits for a drain, as far as that may begin now. */
  #undrain(): void {
    for (;;) {
      const first = this.#drains.take(this.#active);
      if (first === NOBODY) return;
      this.#run(first);
    }
  }

  /** Runs a chain from here on, until one of its operations goes on by itself. */
  #run(first: number): void {
    for (let operation = first; operation !== NOBODY; ) {
      this.#taken.run(operation);
      this.#armLinkTimeout(operation);
      const res = this.#start(operation);
      if (res === PENDING) return;
      operation = this.#finish(operation, res);
    }
  }

  #armLinkTimeout(target: number): void {
    const operation = this.#taken.next(target);
    if (!this.#taken.isLinkTimeout(operation)) return;
    this.#taken.run(operation);
    this.#timers.add({ operation, dueMs: this.#dueMs(operation), count: Infinity, target });
  }

  #dueMs(operation: number): number {
    return dueMsOf(this.#taken.words, operation * SQE_WORDS, this.#memory, this.#executor);
  }

  #start(operation: number): number {
    const { words } = this.#taken;
    const at = operation * SQE_WORDS;
    switch (this.#taken.opcode(operation)) {
      case TIMEOUT: {
        const count = this.#completions + countOf(words, at);
        this.#timers.add({ operation, dueMs: this.#dueMs(operation), count, target: NOBODY });
        return PENDING;
      }
      case TIMEOUT_REMOVE:
        return this.#removeTimeout(at);
      case ASYNC_CANCEL:
        return this.#cancelMatching(operation);
      default:
        return this.#executor.start(operation, words, at);
    }
  }

  #removeTimeout(at: number): number {
    const { words } = this.#taken;
    const target = this.#queues.operationWith(words[at + 4] as number, words[at + 5] as number);
    const timer = this.#timers.of(target);
    if (timer === undefined) return -ENOENT;
    const dueMs = updatedMsOf(words, at, this.#memory, this.#executor);
    if (dueMs !== undefined) {
      if (dueMs < 0) return dueMs;
      timer.dueMs = dueMs;
      return 0;
    }
    this.#timers.remove(target);
    this.#finishAndGoOn(target, -ECANCELED);
    return 0;
  }

  #cancelMatching(operation: number): number {
    const at = operation * SQE_WORDS;
    const all = cancelsAll(this.#taken.words, at);
    let found = all ? 0 : -ENOENT;
    for (let one = 0; one < this.cqEntries; one++) {
      if (one === operation || !this.#taken.isUnderWay(one)) continue;
      if (!isMeant(this.#taken, this.#queues, one, at)) continue;
      const cancelled = this.#cancel(one);
      if (!all) return cancelled ? 0 : -EALREADY;
      if (cancelled) found++;
    }
    return found;
  }

  /** Asks an operation to stop. True when it has. */
  #cancel(operation: number): boolean {
    if (!this.#drains.remove(operation)) {
      // Behind others of its chain, which go first.
      if (!this.#taken.isRunning(operation)) return false;
      if (!this.#timers.remove(operation) && !this.#executor.cancel(operation)) return false;
    }
    this.#finishAndGoOn(operation, -ECANCELED);
    return true;
  }

  #finishAndGoOn(operation: number, res: number): void {
    if (this.#taken.isLinkTimeout(operation)) this.#complete(operation, res);
    else this.#run(this.#finish(operation, res));
  }

  /** An operation is over: the one of its chain that may begin now, or NOBODY. */
  #finish(operation: number, res: number): number {
    const taken = this.#taken;
    const severs = this.#hasFailed(operation, res) && taken.breaks(operation);
    this.#complete(operation, res);
    let next = taken.next(operation);
    if (taken.isLinkTimeout(next)) {
      const after = taken.next(next);
      if (this.#timers.remove(next)) this.#complete(next, -ECANCELED);
      next = after;
    }
    while (severs && next !== NOBODY) {
      const after = taken.next(next);
      this.#complete(next, -ECANCELED);
      next = after;
    }
    return next;
  }

  /** Whether a soft link breaks here: by an error, a timeout that was not to be one, or a short transfer. */
  #hasFailed(operation: number, res: number): boolean {
    const { words } = this.#taken;
    const at = operation * SQE_WORDS;
    if (this.#taken.next(operation) === NOBODY) return false;
    if (res < 0) return !(res === -ETIME && this.#taken.opcode(operation) === TIMEOUT && endsWell(words, at));
    const wanted = this.#executor.wantedBytes(words, at);
    return wanted >= 0 && res !== wanted;
  }

  #complete(operation: number, res: number): void {
    this.#taken.end(operation);
    this.#active--;
    if (this.#taken.opcode(operation) !== TIMEOUT) this.#completions++;
    this.#queues.complete(operation, res);
  }

  /** Lets go on what goes on by itself: operations, timeouts, what waited for a drain. */
  #move(): void {
    if (this.#active === 0) return;
    this.#executor.poll(this.#onFinish);
    for (let before = NOBODY; this.#active !== before; ) {
      before = this.#active;
      this.#expireTimers();
      this.#undrain();
    }
  }

  #expireTimers(): void {
    const now = this.#executor.now();
    for (let due = this.#timers.takeDue(now); due !== undefined; due = this.#timers.takeDue(now)) {
      this.#expire(due.operation, due.target);
    }
    for (;;) {
      const counted = this.#timers.takeCounted(this.#completions);
      if (counted === undefined) return;
      this.#finishAndGoOn(counted.operation, 0);
    }
  }

  #expire(operation: number, target: number): void {
    if (target === NOBODY) {
      this.#finishAndGoOn(operation, -ETIME);
      return;
    }
    // First the timeout is over, so that the end of its operation does not end it once more.
    const cancels = this.#timers.remove(target) || this.#executor.cancel(target);
    this.#complete(operation, cancels ? -ETIME : -EALREADY);
    if (cancels) this.#finishAndGoOn(target, -ECANCELED);
  }
}
