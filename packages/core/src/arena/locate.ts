// From an offset in the data memory to the lease that holds it. Reads shared control memory only; any thread.

import { type ArenaCore, granuleSlot, headIndex, offsetOfSlot } from './core.ts';
import {
  BLOCK_BYTES,
  CONTINUED,
  COUNT_SHIFT,
  GRANULE_BYTES,
  LENGTH_WORD,
  LIVE,
  SLAB,
  STATE_MASK,
} from './layout.ts';
import { segmentBlocks, segmentCount, segmentStart } from './segments.ts';
import { slabClassOf } from './slabs.ts';

/** The slot of the one live lease that holds all of the range, or -1. */
export function findSlot(core: ArenaCore, offset: number, length: number): number {
  const { control } = core;
  const count = segmentCount(core);
  if (count === 0 || offset < core.originBytes) return -1;
  const from = offset - core.originBytes;
  let block = Math.floor(from / BLOCK_BYTES);
  if (block >= segmentStart(core, count - 1) + segmentBlocks(core, count - 1)) return -1;
  let slot = block;
  let head = Atomics.load(control, headIndex(block));
  if ((head & STATE_MASK) === CONTINUED) {
    block -= head >>> COUNT_SHIFT;
    slot = block;
    head = Atomics.load(control, headIndex(block));
  } else if ((head & STATE_MASK) === SLAB) {
    const granule = Math.floor((from % BLOCK_BYTES) / GRANULE_BYTES);
    slot = granuleSlot(core, block, granule & -(1 << slabClassOf(head)));
    head = Atomics.load(control, headIndex(slot));
  }
  if ((head & STATE_MASK) !== LIVE) return -1;
  const end = offsetOfSlot(core, slot) + control[headIndex(slot) + LENGTH_WORD]!;
  return offset + length <= end ? slot : -1;
}
