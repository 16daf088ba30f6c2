// Runs of blocks: finding, claiming and freeing them. Control memory is shared; every function here may run on any
// thread at any time. The scheme (heads, continuations, claims) is at the top of layout.ts.

import { type ArenaCore, headIndex } from './core.ts';
import {
  BLOCK_BYTES,
  CONTINUED,
  COUNT_SHIFT,
  ENTRY_SHIFT,
  FREE,
  LIVE,
  RUN_MASK,
  RUN_WORD,
  runClassOf,
  SLOT_CLASSES,
  STATE_MASK,
  WAS_SLAB,
} from './layout.ts';
import { segmentBlocks, segmentCount, segmentOfBlock, segmentStart } from './segments.ts';

const ONE_BLOCK_CLASS = SLOT_CLASSES;
/** Hints tried before searching. */
const HINTS_TRIED_MAX = 4;

/**
 * Claims a run of `blocks` blocks whose address is a multiple of `alignBlocks` blocks, without growing.
 * Returns its first block, its head CLAIMED by this client, or -1.
 */
export function claimRun(core: ArenaCore, blocks: number, alignBlocks: number): number {
  const sizeClass = blocks === 1 ? ONE_BLOCK_CLASS : runClassOf(blocks);
  for (let tries = 0; tries < HINTS_TRIED_MAX; tries++) {
    const block = core.recall(sizeClass);
    if (block < 0) break;
    if (blocks > 1 && !fitsItsSegment(core, block, blocks)) continue;
    if (alignBlocks > 1 && misalignment(core, block, alignBlocks) !== 0) continue;
    if (claimBlocksAt(core, block, blocks) === blocks) return block;
  }
  return searchRun(core, blocks, alignBlocks);
}

/** Frees a run whose head this client has CLAIMED. */
export function freeRun(core: ArenaCore, block: number): void {
  const { control } = core;
  const index = headIndex(block);
  const blocks = control[index + RUN_WORD]! & RUN_MASK;
  for (let k = blocks - 1; k > 0; k--) {
    // Only the head's holder writes continuations; pairs with the compare-and-swap of the next claimer.
    Atomics.store(control, index + (k << ENTRY_SHIFT), FREE);
  }
  core.remember(blocks === 1 ? ONE_BLOCK_CLASS : runClassOf(blocks), block);
  // Last, because the head holds the run together: pairs with the next claimer's compare-and-swap.
  Atomics.store(control, index, FREE);
}

/** Frees what a dead thread may have claimed of a run, when this client has taken its CLAIMED head over. */
export function freeBrokenRun(core: ArenaCore, block: number): void {
  const { control } = core;
  const index = headIndex(block);
  const blocks = control[index + RUN_WORD]! & RUN_MASK;
  const last = Math.min(blocks, core.blockCount - block);
  for (let k = 1; k < last; k++) {
    // CONTINUED + k at block + k belongs to this head and to no other, so no one but its holder (now this thread)
    // changes it; anything else there is somebody else's.
    const continuation = CONTINUED | (k << COUNT_SHIFT);
    Atomics.compareExchange(control, index + (k << ENTRY_SHIFT), continuation, FREE);
  }
  Atomics.store(control, index, FREE);
}

/**
 * Claims the blocks one after the other. Returns `blocks` when all are claimed; else the index of the first that was
 * not free, with everything before it put back.
 */
function claimBlocksAt(core: ArenaCore, block: number, blocks: number): number {
  const { control } = core;
  const index = headIndex(block);
  // From here on a death leaves a CLAIMED head with our client id; pairs with the stores in freeRun.
  if (Atomics.compareExchange(control, index, FREE, core.claimed) !== FREE) return 0;
  // The intended length is stored before the first continuation is claimed, so that whoever cleans up after us
  // knows how far to look. A shorter, older value only ever stands there while no continuation is ours.
  Atomics.store(control, index + RUN_WORD, blocks | (control[index + RUN_WORD]! & WAS_SLAB));
  for (let k = 1; k < blocks; k++) {
    const at = index + (k << ENTRY_SHIFT);
    if (Atomics.compareExchange(control, at, FREE, CONTINUED | (k << COUNT_SHIFT)) !== FREE) {
      for (let undo = k - 1; undo > 0; undo--) Atomics.store(control, index + (undo << ENTRY_SHIFT), FREE);
      Atomics.store(control, index, FREE);
      return k;
    }
  }
  return blocks;
}

function fitsItsSegment(core: ArenaCore, block: number, blocks: number): boolean {
  const segment = segmentOfBlock(core, block);
  return block + blocks <= segmentStart(core, segment) + segmentBlocks(core, segment);
}

/** Blocks to skip until the address of `block` is a multiple of `alignBlocks` blocks. */
function misalignment(core: ArenaCore, block: number, alignBlocks: number): number {
  const address = core.handle.baseAddress + core.originBytes;
  const rest = (address / BLOCK_BYTES + block) % alignBlocks;
  return rest === 0 ? 0 : alignBlocks - rest;
}

/** Next-fit over all segments, starting where the last search ended. Every block is looked at. */
function searchRun(core: ArenaCore, blocks: number, alignBlocks: number): number {
  const count = segmentCount(core);
  if (count === 0) return -1;
  const first = core.cursorSegment < count ? core.cursorSegment : 0;
  for (let step = 0; step <= count; step++) {
    const segment = (first + step) % count;
    const start = segmentStart(core, segment);
    const end = start + segmentBlocks(core, segment);
    // The first segment is searched in two parts: from the cursor on, and (as the last step) from its start.
    const from = step === 0 ? Math.max(core.cursorBlock, start) : start;
    const to = step === count ? Math.min(core.cursorBlock + blocks, end) : end;
    const single = blocks === 1 && alignBlocks === 1;
    const block = single ? searchBlock(core, from, to) : searchSegment(core, from, to, blocks, alignBlocks);
    if (block >= 0) {
      core.cursorSegment = segment;
      core.cursorBlock = block + blocks;
      return block;
    }
  }
  return -1;
}

/** The search for one block, which is most of them: about 1 ns for each block looked at. */
function searchBlock(core: ArenaCore, from: number, to: number): number {
  const { control } = core;
  let index = headIndex(from);
  for (let block = from; block < to; block++, index += 1 << ENTRY_SHIFT) {
    // A look only; the claim decides.
    if (Atomics.load(control, index) === FREE && claimBlocksAt(core, block, 1) === 1) return block;
  }
  return -1;
}

function searchSegment(
  core: ArenaCore,
  from: number,
  to: number,
  blocks: number,
  alignBlocks: number,
): number {
  const { control } = core;
  let block = from;
  if (alignBlocks > 1) block += misalignment(core, block, alignBlocks);
  while (block + blocks <= to) {
    const free = freeBlocksAt(core, block, blocks);
    if (free === blocks) {
      const claimed = claimBlocksAt(core, block, blocks);
      if (claimed === blocks) return block;
      block += claimed + 1;
    } else {
      // Jump over the obstacle. Its length is only a hint, but a live lease has the right one.
      const index = headIndex(block + free);
      const live = (Atomics.load(control, index) & STATE_MASK) === LIVE;
      block += free + (live ? Math.max(1, control[index + RUN_WORD]! & RUN_MASK) : 1);
    }
    if (alignBlocks > 1) block += misalignment(core, block, alignBlocks);
  }
  return -1;
}

/** How many of `blocks` blocks from `block` on are free, up to the first that is not. */
function freeBlocksAt(core: ArenaCore, block: number, blocks: number): number {
  const { control } = core;
  let index = headIndex(block);
  for (let k = 0; k < blocks; k++) {
    // A look only; the claim decides.
    if (Atomics.load(control, index) !== FREE) return k;
    index += 1 << ENTRY_SHIFT;
  }
  return blocks;
}
