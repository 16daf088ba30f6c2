// Slabs: blocks divided into slots of 256 B to 2 KiB for paths, iovecs, timespecs and the like. Control memory is
// shared; every function may run on any thread. A slot is claimed by its own head; a block cannot cease to be a slab
// while anybody holds one of its slots. The scheme is at the top of layout.ts.

import { claimRun, freeRun } from './blocks.ts';
import { type ArenaCore, blockOfSlot, granuleSlot, headIndex } from './core.ts';
import {
  CLOSED,
  COUNT_SHIFT,
  GRANULES_PER_BLOCK,
  RUN_MASK,
  RUN_WORD,
  SLAB,
  SLAB_HINT_WORD,
  SLOT_CLASSES,
  SLOT_FREE,
  STATE_MASK,
  WAS_SLAB,
} from './layout.ts';
import { segmentBlocks, segmentCount, segmentStart } from './segments.ts';

/** Hints tried before searching. */
const HINTS_TRIED_MAX = 4;
/** Blocks looked at for a slab with room before a new slab is made. */
const SLAB_SEARCH_BLOCKS = 64;

/** Claims a slot of the class without growing. Returns it, its head CLAIMED by this client, or -1. */
export function claimSlot(core: ArenaCore, slotClass: number): number {
  for (let tries = 0; tries < HINTS_TRIED_MAX; tries++) {
    const slot = core.recall(slotClass);
    if (slot < 0) break;
    if (claimThisSlot(core, slot, blockOfSlot(core, slot), slotClass)) return slot;
  }
  // Stored by whoever last made or freed into a slab; only a hint.
  const hinted = Atomics.load(core.control, SLAB_HINT_WORD + slotClass) - 1;
  if (hinted >= 0) {
    const slot = claimInSlab(core, hinted, slotClass);
    if (slot >= 0) return slot;
  }
  const nearby = searchSlabs(core, slotClass, SLAB_SEARCH_BLOCKS);
  if (nearby >= 0) return nearby;
  const made = makeSlab(core, slotClass);
  if (made >= 0) return made;
  return searchSlabs(core, slotClass, core.blockCount);
}

/** Frees a slot whose head this client has CLAIMED. Holding it kept its block a slab of its class. */
export function freeSlot(core: ArenaCore, slot: number): void {
  const { control } = core;
  const block = blockOfSlot(core, slot);
  const slotClass = slabClassOf(Atomics.load(control, headIndex(block)));
  core.remember(slotClass, slot);
  const hint = SLAB_HINT_WORD + slotClass;
  if (Atomics.load(control, hint) !== block + 1) Atomics.store(control, hint, block + 1);
  // Pairs with the compare-and-swap of the next claimer.
  Atomics.store(control, headIndex(slot), SLOT_FREE);
}

/** The slot class of a slab's head. */
export function slabClassOf(head: number): number {
  return (head >>> COUNT_SHIFT) & (SLOT_CLASSES - 1);
}

/** The head of a block that is a slab of the class. */
function slabHead(slotClass: number): number {
  return SLAB | (slotClass << COUNT_SHIFT);
}

/**
 * Claims one given slot. Two steps: take the slot, then see that its block (still) is this slab; the other order would
 * let the slab be retired in between. When it is not, the slot's head is put back by compare-and-swap.
 */
function claimThisSlot(core: ArenaCore, slot: number, block: number, slotClass: number): boolean {
  const { control } = core;
  const index = headIndex(slot);
  if (Atomics.load(control, index) !== SLOT_FREE) return false;
  if (Atomics.compareExchange(control, index, SLOT_FREE, core.claimed) !== SLOT_FREE) return false;
  // Stored by makeSlab and retireSlab; while we hold a slot of a slab it cannot change.
  if (Atomics.load(control, headIndex(block)) === slabHead(slotClass)) return true;
  Atomics.compareExchange(control, index, core.claimed, SLOT_FREE);
  return false;
}

function claimInSlab(core: ArenaCore, block: number, slotClass: number): number {
  if (Atomics.load(core.control, headIndex(block)) !== slabHead(slotClass)) return -1;
  const step = 1 << slotClass;
  for (let granule = 0; granule < GRANULES_PER_BLOCK; granule += step) {
    const slot = granuleSlot(core, block, granule);
    if (claimThisSlot(core, slot, block, slotClass)) return slot;
  }
  return -1;
}

/** Makes a block a slab and claims its first slot. */
function makeSlab(core: ArenaCore, slotClass: number): number {
  const { control } = core;
  const block = claimRun(core, 1, 1);
  if (block < 0) return -1;
  const index = headIndex(block);
  Atomics.store(control, index + RUN_WORD, 1 | WAS_SLAB);
  const step = 1 << slotClass;
  for (let granule = 0; granule < GRANULES_PER_BLOCK; granule += step) {
    const slot = headIndex(granuleSlot(core, block, granule));
    Atomics.store(control, slot + RUN_WORD, step);
    // Not a plain store: a thread that still believes in an older slab here may hold the slot for an instant.
    Atomics.compareExchange(control, slot, CLOSED, SLOT_FREE);
  }
  // Publishes the slab: pairs with the loads in claimThisSlot and claimInSlab.
  Atomics.store(control, index, slabHead(slotClass));
  Atomics.store(control, SLAB_HINT_WORD + slotClass, block + 1);
  return claimInSlab(core, block, slotClass);
}

/** Looks for a slab with room, at no more than `blocks` blocks. */
function searchSlabs(core: ArenaCore, slotClass: number, blocks: number): number {
  const count = segmentCount(core);
  if (count === 0) return -1;
  const end = segmentStart(core, count - 1) + segmentBlocks(core, count - 1);
  let block = core.slabCursor < end ? core.slabCursor : 0;
  for (let looked = Math.min(blocks, end); looked > 0; looked--) {
    const slot = claimInSlab(core, block, slotClass);
    if (slot >= 0) {
      core.slabCursor = block;
      return slot;
    }
    block = block + 1 === end ? 0 : block + 1;
  }
  core.slabCursor = block;
  return -1;
}

/** Turns every slab without a held slot back into a free block. Returns how many; called when blocks run out. */
export function retireEmptySlabs(core: ArenaCore): number {
  const { control } = core;
  const count = segmentCount(core);
  let retired = 0;
  for (let segment = 0; segment < count; segment++) {
    const start = segmentStart(core, segment);
    const end = start + segmentBlocks(core, segment);
    for (let block = start; block < end; block++) {
      const head = Atomics.load(control, headIndex(block));
      if ((head & STATE_MASK) === SLAB && retireSlab(core, block, slabClassOf(head))) retired++;
    }
  }
  return retired;
}

/** Claims all slots of a slab, and with them the block; puts them back if one is held. */
function retireSlab(core: ArenaCore, block: number, slotClass: number): boolean {
  const { control } = core;
  const step = 1 << slotClass;
  for (let granule = 0; granule < GRANULES_PER_BLOCK; granule += step) {
    if (claimThisSlot(core, granuleSlot(core, block, granule), block, slotClass)) continue;
    for (let undo = granule - step; undo >= 0; undo -= step) {
      Atomics.store(control, headIndex(granuleSlot(core, block, undo)), SLOT_FREE);
    }
    return false;
  }
  // All slots are ours, so nobody else may touch the head. First CLAIMED, so that a death from here on is cleaned up.
  Atomics.store(control, headIndex(block), core.claimed);
  // Now the slots may look free again: whoever takes one sees by the block's head that it is none, and puts it back.
  for (let granule = 0; granule < GRANULES_PER_BLOCK; granule += step) {
    Atomics.store(control, headIndex(granuleSlot(core, block, granule)), SLOT_FREE);
  }
  freeRun(core, block);
  return true;
}

/** True when the block was a slab once, so that its granules may have heads of their own. */
export function wasSlab(core: ArenaCore, block: number): boolean {
  return (Atomics.load(core.control, headIndex(block) + RUN_WORD) & WAS_SLAB) !== 0;
}

/** The granules of a slot, or the granules of a run's blocks. */
export function granulesOfSlot(core: ArenaCore, slot: number): number {
  const run = Atomics.load(core.control, headIndex(slot) + RUN_WORD) & RUN_MASK;
  return slot < core.blockCount ? run * GRANULES_PER_BLOCK : run;
}
