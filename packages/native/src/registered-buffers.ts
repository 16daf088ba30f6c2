// The registered buffers of one ring: what IORING_REGISTER_BUFFERS and its kin offer, in full. The native side holds a
// strong reference to every view until it is unregistered and nothing in flight uses it.

import { errnoName, errnoText, RingpoolError } from '@ringpool/core';

import type { NativeRing } from './addon.ts';
import { buffersError, REGISTERED_BUFFERS_MAX } from './kernel-errors.ts';
import { PARK_TIMEOUT_MS } from './ring-limits.ts';
import { assertShared } from './shared-view.ts';
import { monotonicMs } from './time.ts';

/** What another ring needs to clone a ring's buffers; structured-cloneable to another thread. */
export interface BufferSource {
  /** The process-wide number of the source ring. */
  readonly ringId: number;
  /** The registered views by index; null is an empty slot. */
  readonly views: readonly (Uint8Array | null)[];
}

/** Options of {@link RegisteredBuffers.update}. */
export interface UpdateBuffersOptions {
  /** One tag for each view, 1 to 2^63-1, or 0 for none: posted as a foreign CQE when the kernel lets go of the buffer. */
  readonly tags?: readonly bigint[];
}

/** Options of {@link RegisteredBuffers.cloneFrom}. */
export interface CloneOptions {
  /** First buffer of the source (Linux 6.13). Default: 0. */
  readonly sourceOffset?: number;
  /** First slot of this ring (Linux 6.13). Default: 0. */
  readonly offset?: number;
  /** How many buffers (Linux 6.13). Default: all. */
  readonly count?: number;
  /** Replace what the slots hold (Linux 6.13). Default: false, and a ring with buffers refuses. */
  readonly replace?: boolean;
  /** Where the kernel cannot clone (before 6.12, or after a change of credentials), register directly. Default: true. */
  readonly fallback?: boolean;
}

const EFAULT = 14;
const EINVAL = 22;
const EBADF = 9;
const EBUSY = 16;
/** Foreign CQEs are told apart by bit 63 of user_data, and tags are the kernel's user_data. */
const TAG_BIT = 1n << 63n;
const TAG_MAX = TAG_BIT - 1n;

/** The registered buffers of one {@link Ring}. */
export class RegisteredBuffers {
  readonly #native: NativeRing;
  readonly #ringId: number;
  readonly #assertOpen: () => void;
  #views: (Uint8Array | null)[] = [];

  constructor(native: NativeRing, ringId: number, assertOpen: () => void) {
    this.#native = native;
    this.#ringId = ringId;
    this.#assertOpen = assertOpen;
  }

  /** Slots of the table: the valid buffer indices are 0 to `length - 1`. */
  get length(): number {
    return this.#views.length;
  }

  /** Bytes registered in all slots. */
  get bytes(): number {
    return this.#views.reduce((sum, view) => sum + (view?.byteLength ?? 0), 0);
  }

  /** The view registered at an index, or null. */
  at(index: number): Uint8Array | null {
    return this.#views[index] ?? null;
  }

  /**
   * Registers buffers: pins their pages once, so that READ_FIXED and WRITE_FIXED use any range inside them by index.
   * Charged to RLIMIT_MEMLOCK unless the process has CAP_IPC_LOCK; 1 GiB each at most. Source: io_uring_register(2).
   *
   * @throws RingpoolError ERR_RINGPOOL_MEMLOCK, ERR_RINGPOOL_ALREADY_REGISTERED, ERR_RINGPOOL_BUFFER_TOO_LARGE,
   *   ERR_RINGPOOL_BUFFER_UNPINNABLE, ERR_RINGPOOL_TOO_MANY_BUFFERS, ERR_RINGPOOL_NOT_SHARED,
   *   ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED. The ring works on after any of them.
   */
  register(views: readonly Uint8Array[], options: UpdateBuffersOptions = {}): void {
    this.#assertOpen();
    this.#checkViews(views, 'registerBuffers');
    const tags = this.#tags(options.tags, views.length);
    const result = this.#native.registerBuffers(views, tags, false);
    if (result < 0) throw buffersError('registerBuffers', -result, views);
    this.#views = [...views];
  }

  /**
   * Registers a table of `count` empty slots, to be filled by {@link RegisteredBuffers.update} (Linux 5.19; 5.13 by
   * another way that is tried by itself).
   *
   * @throws RingpoolError ERR_RINGPOOL_ALREADY_REGISTERED, ERR_RINGPOOL_TOO_MANY_BUFFERS, ERR_RINGPOOL_INVALID_ARGUMENT,
   *   ERR_RINGPOOL_CLOSED.
   */
  registerSparse(count: number): void {
    this.#assertOpen();
    if (!Number.isInteger(count) || count < 1)
      throw invalid('registerBuffersSparse', `${count} is no count of slots`);
    // The list is only as long as the kernel's limit needs to be exceeded: the refusal is the kernel's.
    const views = new Array<null>(Math.min(count, REGISTERED_BUFFERS_MAX + 1)).fill(null);
    const result = this.#native.registerBuffers(views, undefined, true);
    if (result < 0) throw buffersError('registerBuffersSparse', -result, views);
    this.#views = views;
  }

  /**
   * Exchanges the buffers from slot `start` on while the ring lives; null empties a slot. What a slot held stays
   * pinned, and its memory kept, until the last operation on it has completed; then its tag is posted (Linux 5.13).
   *
   * @throws RingpoolError As {@link RegisteredBuffers.register}, and ERR_RINGPOOL_NOT_REGISTERED. Slots before the one
   *   that was refused have been exchanged.
   */
  update(start: number, views: readonly (Uint8Array | null)[], options: UpdateBuffersOptions = {}): void {
    this.#assertOpen();
    if (!Number.isInteger(start) || start < 0 || start + views.length > this.#views.length) {
      if (this.#views.length === 0) throw buffersError('updateBuffers', 6, []);
      throw invalid(
        'updateBuffers',
        `slots ${start} to ${start + views.length - 1} are not inside the table of ${this.#views.length}`,
      );
    }
    this.#checkViews(views, 'updateBuffers');
    let done = 0;
    while (done < views.length) {
      const rest = views.slice(done);
      const tags = this.#tags(options.tags?.slice(done), rest.length);
      const result = this.#native.updateBuffers(start + done, rest, tags);
      if (result < 0) throw buffersError('updateBuffers', -result, rest);
      for (let index = 0; index < result; index++) this.#views[start + done + index] = rest[index] ?? null;
      // The kernel stops at a slot it refuses and answers how far it came: the next round hears why.
      done += result;
    }
  }

  /**
   * Unregisters all buffers. Waits first for every operation on them, because the kernel's own call returns while they
   * still write; completions stay in the queue to be reaped.
   *
   * @throws RingpoolError ERR_RINGPOOL_NOT_REGISTERED, ERR_RINGPOOL_DRAIN_TIMEOUT (then they stay registered),
   *   ERR_RINGPOOL_CLOSED.
   */
  unregister(timeoutMs: number): void {
    this.#assertOpen();
    if (!(timeoutMs >= 0)) throw invalid('unregisterBuffers', `timeoutMs is ${timeoutMs}`);
    const deadline = monotonicMs() + timeoutMs;
    let result: number;
    do {
      // In slices: a thread blocked in a native call cannot be terminated.
      const left = Math.max(0, deadline - monotonicMs());
      result = this.#native.unregisterBuffers(Math.min(PARK_TIMEOUT_MS, left));
    } while (result > 0 && monotonicMs() < deadline);
    if (result > 0) {
      throw new RingpoolError(
        'ERR_RINGPOOL_DRAIN_TIMEOUT',
        `${result} operations still use the registered buffers after ${timeoutMs} ms`,
        { op: 'unregisterBuffers', hint: 'They stay registered: call it again later.' },
      );
    }
    if (result < 0) throw buffersError('unregisterBuffers', -result, []);
    this.#views = [];
  }

  /**
   * Takes over another ring's buffers without pinning or charging them again (Linux 6.12). The source must not be a
   * SINGLE_ISSUER ring of another thread (rungs `defer` and `defer-sqarray` are): open it with `rung: 'coop'`.
   * Answers `'registered'` when it had to register directly instead, which is charged.
   *
   * @throws RingpoolError ERR_RINGPOOL_SOURCE_CLOSED, ERR_RINGPOOL_SOURCE_BUSY (a SINGLE_ISSUER source of another
   *   thread), ERR_RINGPOOL_CLONE_REFUSED (no fallback wanted), and those of {@link RegisteredBuffers.register}.
   */
  cloneFrom(source: BufferSource, options: CloneOptions = {}): 'cloned' | 'registered' {
    this.#assertOpen();
    const { sourceOffset = 0, offset = 0, replace = false, fallback = true } = options;
    const count = options.count ?? source.views.length - sourceOffset;
    const views = source.views.slice(sourceOffset, sourceOffset + count);
    const whole = [sourceOffset, offset, count].every((value) => Number.isInteger(value) && value >= 0);
    if (!whole || views.length !== count || count < 1) {
      throw invalid(
        'cloneBuffersFrom',
        `${count} buffers from ${sourceOffset} are not inside the source's ${source.views.length}`,
      );
    }
    this.#checkViews(views, 'cloneBuffersFrom');
    const all = sourceOffset === 0 && offset === 0 && count === source.views.length;
    // Zero buffers means all of them, which is the only form that 6.12 knows.
    const wanted = all && !replace ? 0 : count;
    const result = this.#native.cloneBuffers(source.ringId, views, sourceOffset, offset, wanted, replace);
    if (result >= 0) {
      this.#remember(offset, views);
      return 'cloned';
    }
    if (result !== -EINVAL || !fallback) throw this.#cloneError(-result, views);
    // A kernel that cannot clone says so before it looks whether there is room.
    if (this.#views.length > 0 && !replace) throw this.#cloneError(EBUSY, views);
    if (this.#views.length > 0) this.update(offset, views);
    else if (views.includes(null) || offset > 0) {
      this.registerSparse(offset + count);
      this.update(offset, views);
    } else this.register(views as readonly Uint8Array[]);
    return 'registered';
  }

  /** See {@link Ring.bufferSource}. */
  source(): BufferSource {
    return { ringId: this.#ringId, views: [...this.#views] };
  }

  /**
   * The error of a completion of READ_FIXED, WRITE_FIXED, READV_FIXED or WRITEV_FIXED with a negative result: EFAULT is
   * told apart into a bad index and a range outside the buffer. `address` and `length` are the SQE's.
   */
  completionError(res: number, bufferIndex: number, address: number, length: number): RingpoolError {
    const details = { op: 'fixed', errno: -res };
    const view = this.at(bufferIndex);
    if (-res === EFAULT && view === null) {
      return new RingpoolError(
        'ERR_RINGPOOL_BUFFER_INDEX',
        `no buffer is registered at index ${bufferIndex} (the table has ${this.length} slots)`,
        { ...details, hint: 'Register it, or use READ/WRITE on attached memory.' },
      );
    }
    if (-res === EFAULT) {
      return new RingpoolError(
        'ERR_RINGPOOL_BUFFER_RANGE',
        `${length} bytes at address 0x${address.toString(16)} are not inside registered buffer ${bufferIndex}`,
        {
          ...details,
          hint: 'One operation uses one registered buffer: keep its range inside, or attach and use READ/WRITE.',
        },
      );
    }
    return new RingpoolError(errnoName(-res), errnoText(-res), details);
  }

  /** After the ring has closed: the kernel has let go of everything. */
  forget(): void {
    this.#views = [];
  }

  #remember(offset: number, views: readonly (Uint8Array | null)[]): void {
    while (this.#views.length < offset) this.#views.push(null);
    this.#views.splice(offset, views.length, ...views);
  }

  #checkViews(views: readonly (Uint8Array | null)[], op: string): void {
    if (!Array.isArray(views)) throw invalid(op, `the buffers are ${String(views)}, not a list of views`);
    if (views.length === 0) throw invalid(op, 'the list of buffers is empty');
    for (const view of views) if (view !== null) assertShared(view, op);
    if (views.some((view) => view?.byteLength === 0)) throw invalid(op, 'a buffer has no bytes');
  }

  #tags(tags: readonly bigint[] | undefined, count: number): BigUint64Array | undefined {
    if (tags === undefined) return undefined;
    if (tags.length !== count || tags.some((tag) => tag < 0n || tag > TAG_MAX)) {
      throw invalid('updateBuffers', `${tags.length} tags for ${count} buffers, each 0 to 2^63-1`);
    }
    return BigUint64Array.from(tags, (tag) => (tag === 0n ? 0n : tag | TAG_BIT));
  }

  #cloneError(errno: number, views: readonly (Uint8Array | null)[]): RingpoolError {
    const details = { op: 'cloneBuffersFrom', errno, syscall: 'io_uring_register(CLONE_BUFFERS)' };
    switch (errno) {
      case EBADF:
        return new RingpoolError('ERR_RINGPOOL_SOURCE_CLOSED', 'the ring to clone from is closed', {
          ...details,
          hint: 'Keep the source open until every ring has cloned.',
        });
      case 17: // EEXIST
        return new RingpoolError(
          'ERR_RINGPOOL_SOURCE_BUSY',
          'the ring to clone from admits only its own thread (SINGLE_ISSUER)',
          { ...details, hint: "Open the source with rung: 'coop'." },
        );
      case EINVAL:
        return new RingpoolError('ERR_RINGPOOL_CLONE_REFUSED', 'the kernel does not clone these buffers', {
          ...details,
          hint: 'It needs Linux 6.12 (offsets: 6.13) and unchanged credentials; leave `fallback` on to register directly.',
        });
      default:
        return buffersError('cloneBuffersFrom', errno, views);
    }
  }
}

function invalid(op: string, message: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', message, { op });
}
