// Figures, counted afresh from the heads on each call, so that no death can falsify them. Any thread.
// Under concurrent change they are a picture taken over some tens of microseconds, not of one instant.

import { type ArenaCore, granuleSlot, headIndex } from './core.ts';
import {
  BLOCK_BYTES,
  CLAIMED,
  CONTINUED,
  countOf,
  FAILURES_WORD,
  FREE,
  GRANULE_BYTES,
  GRANULES_PER_BLOCK,
  HIGH_WATER_GRANULES_WORD,
  LENGTH_WORD,
  LIVE,
  RELEASED,
  RUN_MASK,
  RUN_WORD,
  SEGMENT_BYTES_MAX,
  SHARED,
  SLAB,
  STATE_MASK,
  USED_GRANULES_WORD,
} from './layout.ts';
import { growableBlocks, segmentBlocks, segmentCount, segmentStart } from './segments.ts';
import { slabClassOf } from './slabs.ts';

/** What `arena.stats()` returns: a plain object, in bytes and counts. */
export interface ArenaStats {
  /** The most the arena may grow to. */
  readonly capBytes: number;
  /** What its segments hold together, used or not. */
  readonly committedBytes: number;
  readonly segments: number;
  /** Bytes taken by leases, rounded up to their size classes; those released with operations in flight included. */
  readonly inUseBytes: number;
  /** Bytes the leases were asked for. */
  readonly requestedBytes: number;
  /** The most `inUseBytes` ever was. */
  readonly highWaterBytes: number;
  /** Bytes in the midst of being allocated, freed or handed over, and in quarantine in debug mode. */
  readonly reservedBytes: number;
  /** Free slots in blocks that are divided for small leases; they serve only those while a slot of the block is used. */
  readonly slackBytes: number;
  /** The largest lease that fits without growing. */
  readonly largestFreeBytes: number;
  /** The largest lease that fits by growing. */
  readonly growableBytes: number;
  /** Leases with an owner. */
  readonly leasesLive: number;
  /** Leases shared and not yet adopted. */
  readonly leasesShared: number;
  /** Leases released whose operations are still in flight. */
  readonly leasesReleasedInFlight: number;
  readonly operationsInFlight: number;
  /** Allocations that failed with ERR_RINGPOOL_ARENA_FULL. */
  readonly failures: number;
}

interface Sweep {
  granules: number;
  requestedBytes: number;
  reservedBlocks: number;
  reservedGranules: number;
  slackGranules: number;
  freeRun: number;
  largestFreeRun: number;
  live: number;
  shared: number;
  released: number;
  operations: number;
}

/** Counts everything. Also sets the running count of bytes in use right, which a thread's death may have left off. */
export function collectStats(core: ArenaCore): ArenaStats {
  const { control } = core;
  const usedBefore = Atomics.load(control, USED_GRANULES_WORD);
  const sweep: Sweep = {
    granules: 0,
    requestedBytes: 0,
    reservedBlocks: 0,
    reservedGranules: 0,
    slackGranules: 0,
    freeRun: 0,
    largestFreeRun: 0,
    live: 0,
    shared: 0,
    released: 0,
    operations: 0,
  };
  const segments = segmentCount(core);
  let committedBlocks = 0;
  for (let segment = 0; segment < segments; segment++) {
    const start = segmentStart(core, segment);
    const blocks = segmentBlocks(core, segment);
    committedBlocks += blocks;
    sweepBlocks(core, start, start + blocks, sweep);
  }
  if (sweep.reservedBlocks + sweep.reservedGranules === 0) {
    // Nobody was in the midst of a step; if nothing was counted meanwhile either, the sweep is exact.
    Atomics.compareExchange(control, USED_GRANULES_WORD, usedBefore, sweep.granules);
  }
  return {
    capBytes: core.blockCount * BLOCK_BYTES,
    committedBytes: committedBlocks * BLOCK_BYTES,
    segments,
    inUseBytes: sweep.granules * GRANULE_BYTES,
    requestedBytes: sweep.requestedBytes,
    highWaterBytes: Atomics.load(control, HIGH_WATER_GRANULES_WORD) * GRANULE_BYTES,
    reservedBytes: sweep.reservedBlocks * BLOCK_BYTES + sweep.reservedGranules * GRANULE_BYTES,
    slackBytes: sweep.slackGranules * GRANULE_BYTES,
    largestFreeBytes: sweep.largestFreeRun * BLOCK_BYTES,
    growableBytes: Math.min(growableBlocks(core) * BLOCK_BYTES, SEGMENT_BYTES_MAX),
    leasesLive: sweep.live,
    leasesShared: sweep.shared,
    leasesReleasedInFlight: sweep.released,
    operationsInFlight: sweep.operations,
    failures: Atomics.load(control, FAILURES_WORD),
  };
}

function sweepBlocks(core: ArenaCore, start: number, end: number, sweep: Sweep): void {
  let block = start;
  sweep.freeRun = 0;
  while (block < end) {
    const head = Atomics.load(core.control, headIndex(block));
    const state = head & STATE_MASK;
    const free = head === FREE || (state === SLAB && sweepSlab(core, block, slabClassOf(head), sweep));
    if (free) {
      sweep.freeRun++;
      sweep.largestFreeRun = Math.max(sweep.largestFreeRun, sweep.freeRun);
      block++;
      continue;
    }
    sweep.freeRun = 0;
    if (sweepLease(core, block, head, GRANULES_PER_BLOCK, sweep)) {
      block += Math.max(1, core.control[headIndex(block) + RUN_WORD]! & RUN_MASK);
    } else {
      if (state === CLAIMED || state === CONTINUED) sweep.reservedBlocks++;
      block++;
    }
  }
}

/** Counts a slab's slots. True when none is held: then it is as good as a free block. */
function sweepSlab(core: ArenaCore, block: number, slotClass: number, sweep: Sweep): boolean {
  const step = 1 << slotClass;
  let freeSlots = 0;
  for (let granule = 0; granule < GRANULES_PER_BLOCK; granule += step) {
    const slot = granuleSlot(core, block, granule);
    const head = Atomics.load(core.control, headIndex(slot));
    if (sweepLease(core, slot, head, 1, sweep)) continue;
    if ((head & STATE_MASK) === CLAIMED) sweep.reservedGranules += step;
    else freeSlots++;
  }
  if (freeSlots * step === GRANULES_PER_BLOCK) return true;
  sweep.slackGranules += freeSlots * step;
  return false;
}

/** Counts a lease, if the head is one's. */
function sweepLease(
  core: ArenaCore,
  slot: number,
  head: number,
  granulesPerUnit: number,
  sweep: Sweep,
): boolean {
  const state = head & STATE_MASK;
  if (state === LIVE) sweep.live++;
  else if (state === SHARED) sweep.shared++;
  else if (state === RELEASED) sweep.released++;
  else return false;
  const index = headIndex(slot);
  sweep.granules += (core.control[index + RUN_WORD]! & RUN_MASK) * granulesPerUnit;
  sweep.requestedBytes += core.control[index + LENGTH_WORD]!;
  sweep.operations += countOf(head);
  return true;
}
