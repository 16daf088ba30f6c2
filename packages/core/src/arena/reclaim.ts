// Taking back what a dead client held. Runs on the supervisor's thread, after that client's thread has ended, while
// all other threads go on. Each step first takes the memory over (dead client's word -> our CLAIMED word), so that two
// supervisors, or one that dies here in turn, do no harm.

import { freeBrokenRun } from './blocks.ts';
import { type ArenaCore, granuleSlot, headIndex } from './core.ts';
import { dropRanges } from './debug.ts';
import { freeClaimed, raiseGeneration } from './heads.ts';
import {
  CLAIMED,
  clientOf,
  countOf,
  GRANULES_PER_BLOCK,
  LIVE,
  RELEASED,
  SHARED,
  SLOT_FREE,
  STATE_MASK,
} from './layout.ts';
import { helpGrowth, segmentBlocks, segmentCount, segmentStart } from './segments.ts';
import { wasSlab } from './slabs.ts';

/** What `arena.reclaimClient` found and did. */
export interface ReclaimReport {
  /** Leases (and tokens not adopted) freed at once. */
  readonly leases: number;
  /** Leases with operations in flight: the end of the last operation frees each. */
  readonly deferred: number;
  /** Operations in flight on those. */
  readonly operationsInFlight: number;
  /** Ranges the client was in the midst of allocating, freeing or handing over. */
  readonly reservations: number;
}

interface Tally {
  leases: number;
  deferred: number;
  operationsInFlight: number;
  reservations: number;
}

/** The client's thread has ended; with `drained`, no operation on its leases is in flight either. */
export function reclaim(core: ArenaCore, clientId: number, drained: boolean): ReclaimReport {
  const tally: Tally = { leases: 0, deferred: 0, operationsInFlight: 0, reservations: 0 };
  helpGrowth(core);
  const count = segmentCount(core);
  for (let segment = 0; segment < count; segment++) {
    const start = segmentStart(core, segment);
    const end = start + segmentBlocks(core, segment);
    for (let block = start; block < end; block++) {
      reclaimSlot(core, block, clientId, drained, tally);
      if (!wasSlab(core, block)) continue;
      for (let granule = 0; granule < GRANULES_PER_BLOCK; granule++) {
        reclaimSlot(core, granuleSlot(core, block, granule), clientId, drained, tally);
      }
    }
  }
  dropRanges(core, clientId, drained);
  return tally;
}

function reclaimSlot(core: ArenaCore, slot: number, clientId: number, drained: boolean, tally: Tally): void {
  const { control } = core;
  const index = headIndex(slot);
  for (;;) {
    // Stored by the dead client, or by others who adopt, begin or end: the loop takes their changes in.
    const head = Atomics.load(control, index);
    const state = head & STATE_MASK;
    const held = state === CLAIMED || state === LIVE || state === SHARED || state === RELEASED;
    if (!held || clientOf(head) !== clientId) return;
    const inFlight = state === CLAIMED || drained ? 0 : countOf(head);
    if (state === RELEASED && inFlight > 0) return; // Its last operation frees it.
    const next = inFlight > 0 ? (head & ~STATE_MASK) | RELEASED : core.claimed;
    if (Atomics.compareExchange(control, index, head, next) !== head) continue;
    if (inFlight > 0) {
      tally.deferred++;
      tally.operationsInFlight += inFlight;
    } else if (state === CLAIMED) {
      tally.reservations++;
      freeReservation(core, slot);
    } else {
      tally.leases++;
      freeClaimed(core, slot);
    }
    return;
  }
}

/** Frees memory that the dead client left in the midst of a step, whatever that step was. */
function freeReservation(core: ArenaCore, slot: number): void {
  raiseGeneration(core, slot);
  if (slot < core.blockCount) freeBrokenRun(core, slot);
  // A slot is put back by itself: its block need not be a slab (the dead may have been about to notice that).
  else Atomics.store(core.control, headIndex(slot), SLOT_FREE);
}
