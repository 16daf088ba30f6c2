// One thread's view of an arena: the shared memories, this thread's client id, and its private hints.
// The memories are shared and owned by the arena's creator; a core belongs to the thread that made it.

import type { LeaseDebugger } from './debug.ts';
import {
  BLOCK_BYTES,
  CLAIMED,
  ENTRY_SHIFT,
  ENTRY_TABLE_WORD,
  GRANULE_BYTES,
  GRANULES_PER_BLOCK,
  headOf,
  SIZE_CLASSES,
} from './layout.ts';

/** Recently freed slots remembered for each size class, by each thread. */
const FREED_HINTS_PER_CLASS = 64;

/**
 * What another thread needs to attach to an arena; structured-cloneable, so it travels by `postMessage` or `workerData`.
 * Treat it as opaque.
 */
export interface ArenaHandle {
  readonly data: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** Tells arenas apart, so that a token of one is refused by another. */
  readonly id: number;
  /** Where the first block starts in `data`, in bytes; 0 when the memory itself is page aligned. */
  readonly originBytes: number;
  readonly baseAddress: number;
  readonly blockCount: number;
  readonly segmentBlocks: number;
  readonly debug: 'leases' | undefined;
}

export class ArenaCore {
  readonly handle: ArenaHandle;
  readonly data: SharedArrayBuffer;
  /** Control memory; every shared word is read and written with Atomics. */
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly originBytes: number;
  readonly blockCount: number;
  readonly segmentBlocks: number;
  readonly clientId: number;
  /** The head of memory that this client holds in the midst of a step. */
  readonly claimed: number;
  debug: LeaseDebugger | undefined = undefined;
  /** Where the next search for blocks starts. */
  cursorSegment = 0;
  cursorBlock = 0;
  /** Where the next bounded search for slabs starts. */
  slabCursor = 0;
  private readonly freed: Int32Array = new Int32Array(SIZE_CLASSES * FREED_HINTS_PER_CLASS);
  private readonly freedTop: Int32Array = new Int32Array(SIZE_CLASSES);

  constructor(handle: ArenaHandle, clientId: number) {
    this.handle = handle;
    this.data = handle.data;
    this.control = new Int32Array(handle.control, 0, handle.control.byteLength >>> 2);
    this.originBytes = handle.originBytes;
    this.blockCount = handle.blockCount;
    this.segmentBlocks = handle.segmentBlocks;
    this.clientId = clientId;
    this.claimed = headOf(CLAIMED, clientId, 0);
  }

  /** Remembers a slot as lately freed. The oldest hint is overwritten. */
  remember(sizeClass: number, slot: number): void {
    const top = (this.freedTop[sizeClass]! + 1) & (FREED_HINTS_PER_CLASS - 1);
    this.freedTop[sizeClass] = top;
    this.freed[sizeClass * FREED_HINTS_PER_CLASS + top] = slot + 1;
  }

  /** Takes the slot freed last, or -1. */
  recall(sizeClass: number): number {
    const top = this.freedTop[sizeClass]!;
    const index = sizeClass * FREED_HINTS_PER_CLASS + top;
    const slot = this.freed[index]! - 1;
    if (slot >= 0) {
      this.freed[index] = 0;
      this.freedTop[sizeClass] = (top - 1) & (FREED_HINTS_PER_CLASS - 1);
    }
    return slot;
  }
}

/** The index of a slot's head in control memory. */
export function headIndex(slot: number): number {
  return ENTRY_TABLE_WORD + (slot << ENTRY_SHIFT);
}

/** The slot of the granule `granule` (0 to 15) in a block. */
export function granuleSlot(core: ArenaCore, block: number, granule: number): number {
  return core.blockCount + block * GRANULES_PER_BLOCK + granule;
}

/** Where a slot's memory starts in the data memory, in bytes. */
export function offsetOfSlot(core: ArenaCore, slot: number): number {
  return slot < core.blockCount
    ? core.originBytes + slot * BLOCK_BYTES
    : core.originBytes + (slot - core.blockCount) * GRANULE_BYTES;
}

/** The block a slot lies in (or starts at). */
export function blockOfSlot(core: ArenaCore, slot: number): number {
  return slot < core.blockCount ? slot : ((slot - core.blockCount) / GRANULES_PER_BLOCK) | 0;
}
