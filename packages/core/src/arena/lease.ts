// The handle of a lease. It belongs to the thread that allocated or adopted it; the memory belongs to the arena.
// All that several threads must agree on is in the head word (heads.ts); a handle only knows whether it is spent.

import type { Address, BufferIndex } from '../sqe/values.ts';
import { type ArenaCore, blockOfSlot, headIndex, offsetOfSlot } from './core.ts';
import type { MemoryAccess } from './debug.ts';
import { invalidArgument, leaseReleased } from './failures.ts';
import { beginOperation, endOperation, inFlightOf, releaseLease, shareLease } from './heads.ts';
import { CLIENT_ID_MAX, GENERATION_WORD } from './layout.ts';
import { segmentOfBlock } from './segments.ts';

/** What `lease.share()` gives and `arena.adopt()` takes: structured-cloneable, good for one adoption. */
export interface LeaseToken {
  readonly kind: 'ringpool.lease';
  readonly arenaId: number;
  readonly slot: number;
  readonly generation: number;
}

const HELD = 0;
const SPENT_RELEASED = 1;
const SPENT_SHARED = 2;

/**
 * A range of arena memory that one client owns: allocated by `arena.alloc`, given back by `release()`, by leaving a
 * `using` block, or given to another thread by `share()`.
 *
 * While operations are in flight on it (`beginOperation`), its memory is not reused: released meanwhile, it is freed
 * by the end of the last one. After `release()` or `share()` the handle throws ERR_RINGPOOL_LEASE_RELEASED; a view
 * taken from `bytes` before outlives the lease, and must not be used any more (`debug: 'leases'` finds who does).
 *
 * @example
 * ```ts
 * import { Arena } from '@ringpool/core';
 *
 * const arena = Arena.create({ capBytes: 1 << 20 });
 * const page = arena.alloc(8192);
 * const half = page.slice(4096, 4096);
 * half.bytes.fill(7);
 * console.assert(page.bytes[4096] === 7 && page.address % 4096 === 0);
 * page.release();
 * ```
 */
export class Lease {
  /** Where it starts in the arena's data memory, in bytes. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** The number of the lease in the arena, for the forms that take (slot, generation). */
  readonly slot: number;
  /** Tells this lease from earlier and later ones of the same slot. */
  readonly generation: number;
  private readonly core: ArenaCore;
  /** The handle that owns the lease: this one, or the one this was sliced from. Undefined: this one. */
  private readonly owner: Lease | undefined;
  private readonly owning: boolean;
  private spent = HELD;
  private view: Uint8Array<SharedArrayBuffer> | undefined = undefined;
  private lyingIn: BufferIndex | undefined = undefined;

  /** @internal Made by the arena. */
  constructor(
    core: ArenaCore,
    slot: number,
    generation: number,
    offset: number,
    length: number,
    owning: boolean,
    owner: Lease | undefined,
  ) {
    this.core = core;
    this.slot = slot;
    this.generation = generation;
    this.offset = offset;
    this.length = length;
    this.owning = owning;
    this.owner = owner;
  }

  /** The memory, as a view with an explicit length; made on first use. Throws ERR_RINGPOOL_LEASE_RELEASED. */
  get bytes(): Uint8Array<SharedArrayBuffer> {
    this.check('bytes');
    if (this.view === undefined) this.view = new Uint8Array(this.core.data, this.offset, this.length);
    return this.view;
  }

  /** The virtual address, the same in every thread: what an SQE holds. */
  get address(): Address {
    return (this.core.handle.baseAddress + this.offset) as Address;
  }

  /** The segment it lies in, which is the index of its registered buffer. */
  get segment(): BufferIndex {
    // Looked up once: segments never move.
    this.lyingIn ??= segmentOfBlock(this.core, blockOfSlot(this.core, this.slot)) as BufferIndex;
    return this.lyingIn;
  }

  /** True when it lies in this data memory: a lease of another arena does not. */
  liesIn(data: SharedArrayBuffer): boolean {
    return this.core.data === data;
  }

  /** Operations in flight on the whole lease. */
  get inFlight(): number {
    return inFlightOf(this.core, this.slot);
  }

  /** True once this handle, or the one it was sliced from, was released or shared. */
  get released(): boolean {
    return this.spent !== HELD || this.owner?.released === true;
  }

  /**
   * A part of the lease, as a handle of its own: it shares the lease's memory, generation and count of operations.
   * Releasing a slice only spends that handle; releasing the lease spends all its slices.
   * Throws ERR_RINGPOOL_INVALID_ARGUMENT for a range outside, ERR_RINGPOOL_LEASE_RELEASED.
   */
  slice(offset: number, length: number = this.length - offset): Lease {
    this.check('slice');
    checkRange('slice', offset, length, this.length);
    return new Lease(
      this.core,
      this.slot,
      this.generation,
      this.offset + offset,
      length,
      false,
      this.owner ?? this,
    );
  }

  /** The bytes in memory of their own, for APIs that refuse shared memory. Throws ERR_RINGPOOL_LEASE_RELEASED. */
  copy(): Uint8Array<ArrayBuffer> {
    const copied = new Uint8Array(this.length);
    copied.set(this.bytes);
    return copied;
  }

  /**
   * Gives the lease back; with operations in flight, their last end does. Releasing a handle twice, or after `share()`,
   * does nothing, so that `using` and an early `release()` go together.
   */
  release(): void {
    if (this.spent !== HELD) return;
    this.spent = SPENT_RELEASED;
    this.view = undefined;
    // A handle from before its lease changed hands is stale by its generation, and frees nothing.
    if (this.owning) releaseLease(this.core, this.slot, this.generation);
  }

  /** `using lease = arena.alloc(n)` releases it at the end of the block. */
  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Gives the lease away: the handle is spent, and the token, posted to another thread, is good for one
   * `arena.adopt(token)` there. Until it is adopted, the lease is taken back by `arena.reclaimClient` of `toClientId`
   * (default: this client), so name the receiver when the sender may end first.
   *
   * Throws ERR_RINGPOOL_LEASE_BUSY with operations in flight, ERR_RINGPOOL_LEASE_RELEASED,
   * ERR_RINGPOOL_INVALID_ARGUMENT for a slice or a borrowed handle.
   */
  share(options?: { readonly toClientId?: number | undefined }): LeaseToken {
    this.check('share');
    if (!this.owning) {
      throw invalidArgument('share', 'a slice or a borrowed handle owns no lease', 'Share the lease itself.');
    }
    const toClientId = options?.toClientId ?? this.core.clientId;
    checkClientId('share', toClientId);
    const generation = shareLease(this.core, this.slot, this.generation, toClientId);
    this.core.debug?.forget(this.slot);
    this.spent = SPENT_SHARED;
    this.view = undefined;
    return { kind: 'ringpool.lease', arenaId: this.core.handle.id, slot: this.slot, generation };
  }

  /**
   * Counts an operation in: until its `endOperation` the memory is not reused, released or not. Any thread may, on a
   * handle of its own or by `arena.beginOperation(slot, generation)`.
   *
   * In debug mode, with `access`, the range (default: the whole handle; `offset` counts from its start) is checked
   * against all others in flight: ERR_RINGPOOL_OVERLAP when two overlap and at least one writes memory. The ticket
   * returned goes to `endOperation`; it is 0 outside debug mode.
   *
   * Throws ERR_RINGPOOL_LEASE_RELEASED, ERR_RINGPOOL_LEASE_BUSY (32,767 in flight), ERR_RINGPOOL_INVALID_ARGUMENT.
   */
  beginOperation(access?: MemoryAccess, offset = 0, length: number = this.length - offset): number {
    if (this.spent !== HELD || this.owner !== undefined) this.check('beginOperation');
    beginOperation(this.core, this.slot, this.generation);
    if (this.core.debug === undefined || access === undefined) return 0;
    return this.enterRange(access, offset, length);
  }

  /**
   * For a system call that is over before it returns: checks as {@link Lease.beginOperation} does, and counts nothing.
   * Only on a handle of the calling thread that owns its lease, or a slice of one: nobody else can release it meanwhile.
   */
  checkOperation(access: MemoryAccess, offset: number, length: number): void {
    if (this.core.debug !== undefined) this.endOperation(this.beginOperation(access, offset, length));
    else if (this.spent !== HELD || this.owner !== undefined) this.check('checkOperation');
    // An ordinary load: of a lease that this thread owns, nobody else stores the generation while it lives.
    else if (this.core.control[headIndex(this.slot) + GENERATION_WORD] !== this.generation)
      this.check('checkOperation');
  }

  /** Counts an operation out. Throws ERR_RINGPOOL_INVALID_ARGUMENT when none is in flight. */
  endOperation(ticket = 0): void {
    if (ticket !== 0) this.core.debug?.leaveRange(ticket);
    endOperation(this.core, this.slot);
  }

  private enterRange(access: MemoryAccess, offset: number, length: number): number {
    try {
      checkRange('beginOperation', offset, length, this.length);
      const start = this.offset - offsetOfSlot(this.core, this.slot) + offset;
      return this.core.debug!.enterRange(this.slot, this.generation, start, start + length, access);
    } catch (error) {
      endOperation(this.core, this.slot);
      throw error;
    }
  }

  /** Throws unless the handle, its lease's handle and the lease itself are all there. */
  private check(op: string): void {
    const owner = this.owner;
    if (this.spent !== HELD || (owner !== undefined && owner.spent !== HELD)) {
      const shared = this.spent === SPENT_SHARED || owner?.spent === SPENT_SHARED;
      throw leaseReleased(op, shared ? 'it was shared with another owner' : 'it was released');
    }
    // Stored by whoever frees or moves the lease (raiseGeneration): a supervisor may have taken it back.
    if (Atomics.load(this.core.control, headIndex(this.slot) + GENERATION_WORD) !== this.generation) {
      throw leaseReleased(op, 'it was taken back or released elsewhere');
    }
  }
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT unless 0 <= offset, 1 <= length, offset + length <= total, all integers. */
export function checkRange(op: string, offset: number, length: number, total: number): void {
  const sound = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
  if (!sound || offset + length > total) {
    throw invalidArgument(op, `offset ${offset} and length ${length} are not a range of ${total} bytes`);
  }
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT unless it is an integer from 1 to 1023. */
export function checkClientId(op: string, clientId: number): void {
  if (!Number.isInteger(clientId) || clientId < 1 || clientId > CLIENT_ID_MAX) {
    throw invalidArgument(op, `client id ${clientId} is not an integer from 1 to ${CLIENT_ID_MAX}`);
  }
}
