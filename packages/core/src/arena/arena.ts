// The arena: one growable SharedArrayBuffer that the kernel sees, one of control memory that it never sees.
// Both belong to the thread that created the arena and live as long as any thread holds them; each thread has an
// `Arena` object of its own over them. How memory is claimed and freed is explained at the top of layout.ts.

import { claimRun } from './blocks.ts';
import { type ArenaCore, type ArenaHandle, headIndex, offsetOfSlot } from './core.ts';
import { type ArenaOptions, type AttachOptions, attachCore, createCore } from './create.ts';
import type { LeaseLeak, MemoryAccess } from './debug.ts';
import { arenaFull, invalidArgument, leaseReleased } from './failures.ts';
import {
  adoptLease,
  beginOperation,
  endOperation,
  isLive,
  publish,
  RELEASE_STALE,
  releaseLease,
} from './heads.ts';
import {
  ALIGN_BYTES_MAX,
  BLOCK_BYTES,
  FAILURES_WORD,
  GENERATION_WORD,
  LENGTH_WORD,
  SEGMENT_BYTES_MAX,
  SLOT_BYTES_MAX,
  slotClassOf,
} from './layout.ts';
import { checkClientId, checkRange, Lease, type LeaseToken } from './lease.ts';
import { findSlot } from './locate.ts';
import { type ReclaimReport, reclaim } from './reclaim.ts';
import { grow, segmentBlocks, segmentCount, segmentOfBlock, segmentStart } from './segments.ts';
import { claimSlot, retireEmptySlabs } from './slabs.ts';
import { type ArenaStats, collectStats } from './stats.ts';

/** A part of the arena that is registered with the kernel as one buffer. A lease never crosses its border. */
export interface ArenaSegment {
  /** The registered buffer's index. */
  readonly index: number;
  /** Where it starts in the data memory, in bytes. */
  readonly offset: number;
  readonly bytes: number;
}

/** How to allocate. */
export interface AllocOptions {
  /** The address is a multiple of this: a power of two up to 2 MiB. Leases above 2 KiB start on a page anyway. */
  readonly align?: number | undefined;
}

/**
 * Shared memory for I/O, leased from any thread without locks.
 *
 * @example
 * ```ts
 * import { Arena } from '@ringpool/core';
 *
 * const arena = Arena.create({ capBytes: 64 * 1024 * 1024 });
 * const lease = arena.alloc(4096);
 * lease.bytes.set([1, 2, 3]);
 * console.assert(arena.stats().leasesLive === 1);
 * lease.release();
 * ```
 */
export class Arena {
  /**
   * Called on this thread for each segment it learns of, in order, before an allocation, adoption or look-up here
   * returns memory of it. Other threads' growth is noticed there, or by `pollSegments()`.
   */
  onSegment: ((segment: ArenaSegment) => void) | undefined = undefined;
  private readonly core: ArenaCore;
  private readonly addressOf: ((view: Uint8Array) => number) | undefined;
  private readonly views: Uint8Array<SharedArrayBuffer>[] = [];
  private segmentsSeen = 0;

  private constructor(core: ArenaCore, addressOf: ((view: Uint8Array) => number) | undefined) {
    this.core = core;
    this.addressOf = addressOf;
  }

  /**
   * Creates an arena: it reserves `capBytes` of address space and uses memory only as it grows.
   * Throws ERR_RINGPOOL_INVALID_ARGUMENT, and ERR_RINGPOOL_ARENA_CAP when the runtime refuses a cap that large
   * (Node 20: over 4 GiB).
   */
  static create(options: ArenaOptions): Arena {
    return new Arena(createCore(options), options.addressOf);
  }

  /** Attaches to an arena of another thread by its `handle`. Throws ERR_RINGPOOL_INVALID_ARGUMENT. */
  static attach(handle: ArenaHandle, options: AttachOptions): Arena {
    return new Arena(attachCore(handle, options), options.addressOf);
  }

  /** For `Arena.attach` in another thread: structured-cloneable. */
  get handle(): ArenaHandle {
    return this.core.handle;
  }

  /** The data memory. Views of it need an explicit length: a length-tracking one is 2.5 to 45 times slower. */
  get data(): SharedArrayBuffer {
    return this.core.data;
  }

  /** The address of the data memory's first byte: page aligned, or off a page with the first segment rounded up. */
  get baseAddress(): number {
    return this.core.handle.baseAddress;
  }

  /** Bytes the arena may grow to. */
  get capBytes(): number {
    return this.core.blockCount * BLOCK_BYTES;
  }

  /** Bytes by which it grows; a larger lease gets a segment of its own size. */
  get segmentBytes(): number {
    return this.core.segmentBlocks * BLOCK_BYTES;
  }

  /** The number under which this thread's leases and reservations are marked, 1 to 1023. */
  get clientId(): number {
    return this.core.clientId;
  }

  /** Segments grown so far, by any thread. */
  get segmentCount(): number {
    return segmentCount(this.core);
  }

  /** A segment by its index. Throws ERR_RINGPOOL_INVALID_ARGUMENT when there is none. */
  segment(index: number): ArenaSegment {
    const { core } = this;
    if (!Number.isInteger(index) || index < 0 || index >= segmentCount(core)) {
      throw invalidArgument('segment', `there is no segment ${index}; the arena has ${segmentCount(core)}`);
    }
    const offset = core.originBytes + segmentStart(core, index) * BLOCK_BYTES;
    return { index, offset, bytes: segmentBlocks(core, index) * BLOCK_BYTES };
  }

  /** A view of a whole segment, to register with the kernel; made once per thread. */
  segmentView(index: number): Uint8Array<SharedArrayBuffer> {
    const made = this.views[index];
    if (made !== undefined) return made;
    const { offset, bytes } = this.segment(index);
    const view = new Uint8Array(this.core.data, offset, bytes);
    this.views[index] = view;
    return view;
  }

  /** The segment in which an offset of the data memory lies. */
  segmentAt(offset: number): number {
    checkRange('segmentAt', offset, 1, this.core.data.byteLength);
    return segmentOfBlock(this.core, Math.floor((offset - this.core.originBytes) / BLOCK_BYTES));
  }

  /** Calls `onSegment` for the segments that this thread has not seen yet. Returns the number of segments. */
  pollSegments(): number {
    const count = segmentCount(this.core);
    while (this.segmentsSeen < count) {
      const segment = this.segment(this.segmentsSeen++);
      this.onSegment?.(segment);
    }
    return count;
  }

  /** A lease of zeroed memory. Throws ERR_RINGPOOL_ARENA_FULL, ERR_RINGPOOL_INVALID_ARGUMENT. */
  alloc(bytes: number, options?: AllocOptions): Lease {
    const lease = this.allocUnsafe(bytes, options);
    lease.bytes.fill(0);
    return lease;
  }

  /** A lease of memory as the last user left it. Throws ERR_RINGPOOL_ARENA_FULL, ERR_RINGPOOL_INVALID_ARGUMENT. */
  allocUnsafe(bytes: number, options?: AllocOptions): Lease {
    const { core } = this;
    if (!((bytes | 0) === bytes && bytes > 0 && bytes <= SEGMENT_BYTES_MAX)) throw badSize(bytes);
    const align = options?.align;
    if (align !== undefined) checkAlign(align);
    core.debug?.throwViolation(false);
    let slot = this.reserve(bytes, align ?? 1);
    if (slot < 0 && core.debug !== undefined && core.debug.flush() > 0)
      slot = this.reserve(bytes, align ?? 1);
    if (slot < 0) throw this.full(bytes);
    return this.hold(slot, publish(core, slot, bytes), bytes);
  }

  /**
   * The lease that a view of this arena's memory lies in, as a borrowed handle: its `release()` frees nothing.
   * Undefined when the memory is not this arena's, or not inside one lease.
   */
  leaseAt(view: Uint8Array): Lease | undefined {
    const offset = this.offsetOf(view);
    if (offset < 0) return undefined;
    const { core } = this;
    const slot = findSlot(core, offset, view.byteLength);
    if (slot < 0) return undefined;
    const index = headIndex(slot);
    const generation = Atomics.load(core.control, index + GENERATION_WORD);
    const length = core.control[index + LENGTH_WORD]!;
    const start = offsetOfSlot(core, slot);
    // The generation was read after the head: if the lease is the same still, its words belong together.
    if (!isLive(core, slot, generation)) return undefined;
    if (this.segmentsSeen < segmentCount(core)) this.pollSegments();
    return new Lease(core, slot, generation, start, length, false, undefined);
  }

  /** The slot of the lease that holds a range of the data memory, or -1. Allocates nothing. */
  slotAt(offset: number, length: number): number {
    return findSlot(this.core, offset, length);
  }

  /** The present generation of a slot. */
  generationOf(slot: number): number {
    return Atomics.load(this.core.control, headIndex(slot) + GENERATION_WORD);
  }

  /**
   * Takes a lease that another thread shared: once. Throws ERR_RINGPOOL_LEASE_RELEASED when it was adopted already or
   * taken back, ERR_RINGPOOL_INVALID_ARGUMENT for what is no token of this arena.
   */
  adopt(token: LeaseToken): Lease {
    const { core } = this;
    if (token?.kind !== 'ringpool.lease' || token.arenaId !== core.handle.id) {
      throw invalidArgument('adopt', 'not a lease token of this arena', 'Pass what lease.share() returned.');
    }
    checkRange('adopt', token.slot, 1, core.blockCount * 17);
    const generation = adoptLease(core, token.slot, token.generation);
    return this.hold(token.slot, generation, core.control[headIndex(token.slot) + LENGTH_WORD]!);
  }

  /**
   * `lease.beginOperation` without a Lease, from any thread; `offset` counts from the lease's start. Allocates nothing.
   * Outside debug mode it returns 0. Throws as that one does.
   */
  beginOperation(slot: number, generation: number, access?: MemoryAccess, offset = 0, length = 0): number {
    const { core } = this;
    beginOperation(core, slot, generation);
    if (core.debug === undefined || access === undefined) return 0;
    try {
      return core.debug.enterRange(slot, generation, offset, offset + length, access);
    } catch (error) {
      endOperation(core, slot);
      throw error;
    }
  }

  /** `lease.endOperation` without a Lease. Throws ERR_RINGPOOL_INVALID_ARGUMENT when none is in flight. */
  endOperation(slot: number, ticket = 0): void {
    if (ticket !== 0) this.core.debug?.leaveRange(ticket);
    endOperation(this.core, slot);
  }

  /** `lease.release` without a Lease. Throws ERR_RINGPOOL_LEASE_RELEASED when (slot, generation) is gone. */
  release(slot: number, generation: number): void {
    if (releaseLease(this.core, slot, generation) === RELEASE_STALE) {
      throw leaseReleased('release', 'it was released or shared before');
    }
  }

  /**
   * Takes back everything that a client held, once its thread has ended: leases, tokens nobody adopted, and ranges it
   * was in the midst of allocating or freeing. Leases with operations in flight are freed by the end of the last one;
   * with `drained`, the caller vouches that there are none any more, and the counts the client left are dropped.
   * Throws ERR_RINGPOOL_INVALID_ARGUMENT for this thread's own id.
   */
  reclaimClient(clientId: number, options?: { readonly drained?: boolean | undefined }): ReclaimReport {
    checkClientId('reclaimClient', clientId);
    if (clientId === this.core.clientId) {
      throw invalidArgument('reclaimClient', `client ${clientId} is the one that asks, and so not dead`);
    }
    const report = reclaim(this.core, clientId, options?.drained === true);
    collectStats(this.core); // Sets the running count right: the dead client may have left it off.
    return report;
  }

  /** The arena's figures, counted afresh. Costs about 2 ns per 4 KiB of arena. */
  stats(): ArenaStats {
    return collectStats(this.core);
  }

  /** Debug mode: leases of this thread that are not released, each with the stack that allocated it. Else empty. */
  leaks(): LeaseLeak[] {
    return this.core.debug?.leaks() ?? [];
  }

  /** Debug mode: throws ERR_RINGPOOL_WRITE_AFTER_RELEASE if memory in this thread's quarantine was written to. */
  checkQuarantine(): void {
    this.core.debug?.throwViolation(true);
  }

  /** Debug mode: frees this thread's quarantine after checking it. Returns the number of leases it held. */
  flushQuarantine(): number {
    return this.core.debug?.flush() ?? 0;
  }

  private hold(slot: number, generation: number, length: number): Lease {
    const { core } = this;
    if (this.segmentsSeen < segmentCount(core)) this.pollSegments();
    const lease = new Lease(core, slot, generation, offsetOfSlot(core, slot), length, true, undefined);
    core.debug?.allocated(lease, slot, generation);
    return lease;
  }

  /** Claims memory: free blocks, else blocks of retired slabs, else a new segment. -1 when there is no room. */
  private reserve(bytes: number, align: number): number {
    const { core } = this;
    const size = Math.max(bytes, align);
    if (size <= SLOT_BYTES_MAX) {
      const slotClass = slotClassOf(size);
      const slot = claimSlot(core, slotClass);
      if (slot >= 0) return slot;
      while (makeRoom(core, 1, 1)) {
        const again = claimSlot(core, slotClass);
        if (again >= 0) return again;
      }
      return -1;
    }
    const blocks = ((bytes - 1) >>> 12) + 1;
    const alignBlocks = align <= BLOCK_BYTES ? 1 : align / BLOCK_BYTES;
    const block = claimRun(core, blocks, alignBlocks);
    if (block >= 0) return block;
    // A new segment need not start on the alignment: ask for as much more.
    while (makeRoom(core, blocks, blocks + alignBlocks - 1)) {
      const again = claimRun(core, blocks, alignBlocks);
      if (again >= 0) return again;
    }
    return -1;
  }

  private full(wantedBytes: number): Error {
    Atomics.add(this.core.control, FAILURES_WORD, 1);
    const stats = this.stats();
    return arenaFull({
      wantedBytes,
      inUseBytes: stats.inUseBytes,
      capBytes: stats.capBytes,
      largestFreeBytes: Math.max(stats.largestFreeBytes, stats.growableBytes),
    });
  }

  /** Where a view of this arena's memory starts in it, or -1. */
  private offsetOf(view: Uint8Array): number {
    const { data, handle } = this.core;
    if (view.buffer === data) return view.byteOffset;
    // The same memory that came by postMessage has a SharedArrayBuffer object of its own: compare addresses then.
    if (this.addressOf === undefined || !(view.buffer instanceof SharedArrayBuffer)) return -1;
    const offset = this.addressOf(view) - handle.baseAddress;
    return offset >= 0 && offset < data.byteLength ? offset : -1;
  }
}

/** Retires slabs or grows. False when neither is possible; true: look again (another thread may have been quicker). */
function makeRoom(core: ArenaCore, blocks: number, wanted: number): boolean {
  if (retireEmptySlabs(core) > 0) return true;
  if (grow(core, Math.min(wanted, SEGMENT_BYTES_MAX / BLOCK_BYTES))) return true;
  return wanted > blocks && grow(core, blocks);
}

function badSize(bytes: number): Error {
  return invalidArgument(
    'alloc',
    `${bytes} bytes is not an integer from 1 to ${SEGMENT_BYTES_MAX}`,
    'A lease is one registered buffer at most, and the kernel allows 1 GiB for each.',
  );
}

function checkAlign(align: number): void {
  if (!Number.isInteger(align) || align < 1 || align > ALIGN_BYTES_MAX || (align & (align - 1)) !== 0) {
    throw invalidArgument('alloc', `align ${align} is not a power of two from 1 to ${ALIGN_BYTES_MAX}`);
  }
}
