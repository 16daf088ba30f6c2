// An operation that completes many times, as an async iterable: it is armed when the first completion is asked for, armed
// again when the kernel ends it early, and asked to stop while too many completions wait to be read.
// Bound to the client's thread, on the ring that it keeps for such operations.
//
// idle -> armed <-> paused (stopped; goes on when some were read)
// armed -> ended (nothing more comes; what is left is read) -> over
// any -> ending (nobody reads any more; the kernel is asked to stop) -> over

import { EPOLL, IORING_CQE_F, type OpcodeName, type RingpoolError } from '@ringpool/core';

import { dropDescriptor } from '../file/close-descriptor.ts';
import { Cancel, type CancelTarget } from '../pool/cancellation.ts';
import type { Client } from '../pool/client.ts';
import { setTimeout } from '../pool/clock.ts';
import { opensDescriptor } from '../pool/descriptors.ts';
import { abortError, operationError } from '../pool/errors.ts';
import { Fifo } from '../pool/fifo.ts';
import type { Lane } from '../pool/lane.ts';
import { BoundRequest } from '../pool/request.ts';
import { Completion } from './completion.ts';
import { type Holds, type Prepared, write } from './prepare.ts';
import type { ProvidedBuffers } from './provided-buffers.ts';

/** Completions that may wait to be read before the operation is asked to stop. */
const UNREAD_MAX = 1024;
/** A cancel finds nothing while the operation is about to complete: it is repeated after so long. */
const CANCEL_AGAIN_MS = 5;
const ECANCELED = -125;
const ENOBUFS = -105;
const ETIME = -62;
const OPCODE_MASK = 0xff;
/** Operations for which 0 says that the other side has closed, or the file ended. */
const RECEIVERS: readonly OpcodeName[] = ['recv', 'recvmsg', 'readMultishot'];

/** What a multishot operation is made of. */
export interface MultishotPlan {
  readonly prepared: Prepared;
  readonly holds: Holds;
  readonly buffers: ProvidedBuffers | undefined;
  readonly signal: AbortSignal | undefined;
  /** It is over, and holds nothing any more. */
  readonly onOver: (multishot: Multishot) => void;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<Completion, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** One multishot operation. */
export class Multishot implements AsyncIterableIterator<Completion, undefined>, CancelTarget {
  readonly #client: Client;
  readonly #lane: Lane;
  readonly #plan: MultishotPlan;
  readonly #opens: boolean;
  readonly #unread = new Fifo<Completion>();
  readonly #waiters = new Fifo<Waiter>();
  readonly #onAbort = (): void => this.#fail(abortError('multishot', this.#plan.signal as AbortSignal));
  /** The flags of completions whose bytes the caller looks at. */
  #lent: number[] = [];
  #state: 'idle' | 'armed' | 'paused' | 'ended' | 'ending' | 'over' = 'idle';
  /** The operation in flight. */
  #operation = -1;
  #cancelling = false;
  #failure: RingpoolError | undefined;
  readonly #over: Promise<void>;
  #resolveOver!: () => void;

  constructor(client: Client, lane: Lane, plan: MultishotPlan) {
    this.#client = client;
    this.#lane = lane;
    this.#plan = plan;
    const { sqe } = plan.prepared;
    this.#opens = opensDescriptor(sqe, 0, (sqe[0] as number) & OPCODE_MASK);
    this.#over = new Promise((resolve) => {
      this.#resolveOver = resolve;
    });
    plan.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next completion. Bytes of the one before are the kernel's again. */
  async next(): Promise<IteratorResult<Completion, undefined>> {
    this.#giveBack();
    // Without a wait: whoever asks first is answered first.
    if (this.#state === 'idle') this.#begin();
    if (this.#unread.length > 0) {
      const value = this.#deliver(this.#unread.shift());
      this.#resume();
      return { done: false, value };
    }
    if (this.#state === 'ended') this.#end();
    if (this.#state === 'ending' || this.#state === 'over') {
      // An error is told at once; the end, when nothing is left of it.
      if (this.#failure === undefined) await this.#over;
      return this.#last();
    }
    const waiter = new Promise<IteratorResult<Completion, undefined>>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
    this.#resume();
    return waiter;
  }

  /** What whoever asks for more is told: once the error, if there was one. */
  #last(): IteratorReturnResult<undefined> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return DONE;
  }

  /** Ends it: resolves when the kernel is done with it. `break` in a `for await` calls it. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    await this.#over;
    return DONE;
  }

  /** Ends it, as {@link return}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Ends it with an error for whoever asks for more. Resolves when the kernel is done with it. */
  stop(error: RingpoolError): Promise<void> {
    this.#fail(error);
    return this.#over;
  }

  /** For its cancel: below 0 when it is not in flight. */
  operationOf(): number {
    return this.#operation;
  }

  /** The buffers go to the kernel first, in the same queue. */
  #begin(): void {
    this.#state = 'paused';
    this.#plan.buffers?.provide((error) => this.#fail(error));
  }

  /** Arms it when it is not, and there is room for what it may bring. */
  #resume(): void {
    if (this.#state !== 'paused' || this.#unread.length > UNREAD_MAX / 2) return;
    if (this.#plan.buffers?.available === 0) return;
    this.#state = 'armed';
    this.#client.start(new Shot(this, this.#lane, this.#plan.prepared));
  }

  /** @internal It was encoded. */
  armed(operation: number): void {
    this.#operation = operation;
    this.#cancelling = false;
    // Ended before it had begun.
    if (this.#state === 'ending') this.#cancel();
  }

  /** @internal A completion. */
  completed(res: number, flags: number): void {
    const { op } = this.#plan.prepared;
    const last = (flags & IORING_CQE_F.MORE) === 0;
    if (last) this.#operation = -1;
    const end = last && this.#isEnd(op, res);
    if (res > 0 || (res === 0 && !(end && RECEIVERS.includes(op)))) this.#receive(res, flags);
    else if (op === 'timeout' && res === ETIME) this.#receive(res, flags);
    else if (res < 0 && res !== ECANCELED && res !== ENOBUFS) {
      this.#failure ??= operationError(res, { op, syscall: op, driver: 'uring' });
    }
    if (last) this.#stopped(end);
    // A clock that is stopped has ended.
    else if (op !== 'timeout' && this.#unread.length >= UNREAD_MAX) this.#cancel();
  }

  /** @internal It was never begun: its ring is closed. */
  abandoned(error: RingpoolError): void {
    this.#operation = -1;
    this.#failure ??= error;
    this.#stopped(true);
  }

  /** @internal Its ring is lost with it in flight: what it holds stays the kernel's. */
  stranded(error: RingpoolError): void {
    this.#operation = -1;
    this.#failure ??= error;
    this.#state = 'over';
    for (const completion of this.#unread.clear()) this.#drop(completion);
    this.#plan.signal?.removeEventListener('abort', this.#onAbort);
    this.#plan.holds.strand(error);
    this.#plan.onOver(this);
    this.#settleWaiters();
    this.#resolveOver();
  }

  #receive(res: number, flags: number): void {
    if (this.#opens) this.#lane.own(res);
    const { buffers, prepared } = this.#plan;
    const bytes = (flags & IORING_CQE_F.BUFFER) === 0 ? undefined : buffers?.take(flags, res);
    const completion = new Completion(prepared.op, res, flags, false, 'uring', bytes);
    if (this.#state === 'ending') this.#drop(completion);
    else if (this.#waiters.length > 0)
      this.#waiters.shift().resolve({ done: false, value: this.#deliver(completion) });
    // Whoever does not keep up with a clock misses ticks; anything else is kept.
    else if (prepared.op !== 'timeout' || this.#unread.length < UNREAD_MAX) this.#unread.push(completion);
  }

  /** From here on what it brought is the caller's. */
  #deliver(completion: Completion): Completion {
    if (completion.bytes !== undefined) {
      // Others wait, who have asked already, and there is no buffer left for what they wait for.
      if (this.#waiters.length > 0 && this.#plan.buffers?.available === 0) return this.#copied(completion);
      this.#lent.push(completion.flags);
    }
    if (this.#opens) {
      this.#client.host.ledger.release(completion.result, this.#client.seat.descriptorOwner);
    }
    return completion;
  }

  /** The completion with its bytes in memory of their own: its buffer is the kernel's again. */
  #copied({ op, result, flags, bytes }: Completion): Completion {
    const copy = new Completion(op, result, flags, false, 'uring', bytes?.slice());
    this.#provideAgain(flags);
    return copy;
  }

  /** Nobody will read it. Its buffer goes with all of them. */
  #drop({ result }: Completion): void {
    if (this.#opens) dropDescriptor(this.#client, result, this.#lane.generation);
  }

  #giveBack(): void {
    const lent = this.#lent;
    this.#lent = [];
    for (const flags of lent) this.#provideAgain(flags);
  }

  #provideAgain(flags: number): void {
    if (this.#state !== 'armed' && this.#state !== 'paused') return;
    this.#plan.buffers?.giveBack(flags, (error) => this.#fail(error));
  }

  /** The kernel has ended this arming of it. */
  #stopped(end: boolean): void {
    this.#cancelling = false;
    if (this.#state === 'ending') this.#finish(true);
    else if (!end && this.#failure === undefined) {
      this.#state = 'paused';
      if (this.#unread.length === 0) this.#resume();
    } else {
      this.#state = 'ended';
      // Somebody waits: so there is nothing left to read, and no bytes are being looked at.
      if (this.#waiters.length > 0) this.#end();
    }
  }

  /** Whether there is nothing more to come after its last completion: the time is over, the other side has closed. */
  #isEnd(op: OpcodeName, res: number): boolean {
    if (op === 'timeout') return true;
    if (op === 'pollAdd') return res > 0 && (res & (EPOLL.HUP | EPOLL.ERR)) !== 0;
    return res === 0 && RECEIVERS.includes(op);
  }

  #fail(error: RingpoolError): void {
    if (this.#state === 'ending' || this.#state === 'over') return;
    this.#failure = error;
    this.#end();
  }

  /** Nobody reads any more. */
  #end(): void {
    for (const completion of this.#unread.clear()) this.#drop(completion);
    const was = this.#state;
    if (was === 'ending' || was === 'over') return;
    this.#state = 'ending';
    if (this.#failure !== undefined) this.#settleWaiters();
    if (was === 'armed') this.#cancel();
    else this.#finish(was !== 'idle');
  }

  #settleWaiters(): void {
    for (const { resolve, reject } of this.#waiters.clear()) {
      try {
        resolve(this.#last());
      } catch (error) {
        reject(error);
      }
    }
  }

  #cancel(): void {
    if (this.#cancelling || this.#operation < 0) return;
    this.#cancelling = true;
    this.#client.start(new Cancel(this, this.#lane, 0));
  }

  /** Its cancel is over. While an event is being looked after, the kernel does not find what waits for it. */
  cancelled(): void {
    if (this.#operation < 0) return;
    setTimeout(() => {
      this.#cancelling = false;
      if (this.#state === 'ending' || this.#unread.length >= UNREAD_MAX) this.#cancel();
    }, CANCEL_AGAIN_MS).unref();
  }

  /** Nothing of it is in flight. */
  #finish(begun: boolean): void {
    const { holds, buffers, signal, onOver } = this.#plan;
    signal?.removeEventListener('abort', this.#onAbort);
    const over = (): void => {
      holds.release();
      this.#state = 'over';
      onOver(this);
      this.#settleWaiters();
      this.#resolveOver();
    };
    if (buffers === undefined) over();
    else if (begun) void buffers.remove().then(over, over);
    else {
      buffers.forget();
      over();
    }
  }
}

/** One arming of it. */
class Shot extends BoundRequest {
  readonly #multishot: Multishot;
  readonly #prepared: Prepared;

  constructor(multishot: Multishot, lane: Lane, prepared: Prepared) {
    super(lane);
    this.#multishot = multishot;
    this.#prepared = prepared;
  }

  encode(lane: Lane): void {
    const sqe = lane.push(this, 0);
    write(this.#prepared, lane.sqes, sqe, []);
    this.#multishot.armed(lane.operationOf(sqe));
  }

  complete(_part: number, res: number, flags: number): void {
    this.#multishot.completed(res, flags);
  }

  abandon(_part: number, error: RingpoolError): void {
    this.#multishot.abandoned(error);
  }

  override strand(error: RingpoolError): void {
    this.#multishot.stranded(error);
  }
}
