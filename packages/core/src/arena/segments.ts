// Growth by segments. The data memory belongs to the arena's creator; any thread grows it, any thread helps.
// A growth is one compare-and-swap (EMPTY -> PENDING with its size) followed by steps that everybody may repeat, so a
// thread that dies in the middle blocks nobody: the next one who wants to grow finishes for it.

import type { ArenaCore } from './core.ts';
import {
  BLOCK_BYTES,
  SEGMENT_BLOCKS_MASK,
  SEGMENT_BLOCKS_SHIFT,
  SEGMENT_CLIENT_SHIFT,
  SEGMENT_COUNT_WORD,
  SEGMENT_EMPTY,
  SEGMENT_PENDING,
  SEGMENT_READY,
  SEGMENT_STATE_MASK,
  SEGMENT_TABLE_WORD,
  SEGMENTS_MAX,
} from './layout.ts';

/** Segments that may be used: they never shrink in number, and never move. */
export function segmentCount(core: ArenaCore): number {
  // Stored by whoever finished a growth; a reader who sees n may use segments 0 to n - 1.
  return Atomics.load(core.control, SEGMENT_COUNT_WORD);
}

/** The first block of a segment below `segmentCount`. */
export function segmentStart(core: ArenaCore, segment: number): number {
  return Atomics.load(core.control, SEGMENT_TABLE_WORD + segment * 2 + 1);
}

/** The blocks of a segment below `segmentCount`. */
export function segmentBlocks(core: ArenaCore, segment: number): number {
  const word = Atomics.load(core.control, SEGMENT_TABLE_WORD + segment * 2);
  return (word >>> SEGMENT_BLOCKS_SHIFT) & SEGMENT_BLOCKS_MASK;
}

/** The segment a block lies in. The block must lie in one. */
export function segmentOfBlock(core: ArenaCore, block: number): number {
  const count = segmentCount(core);
  let low = Math.min((block / core.segmentBlocks) | 0, count - 1);
  // Segments are at least the default size (except the last), so the guess is the right one or lies beyond it.
  if (segmentStart(core, low) <= block) return low;
  let high = low;
  low = 0;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (segmentStart(core, middle) <= block) low = middle;
    else high = middle;
  }
  return low;
}

/** Blocks up to the cap that belong to no segment yet. */
export function growableBlocks(core: ArenaCore): number {
  const count = segmentCount(core);
  return count === SEGMENTS_MAX ? 0 : core.blockCount - nextStart(core, count);
}

function nextStart(core: ArenaCore, count: number): number {
  return count === 0 ? 0 : segmentStart(core, count - 1) + segmentBlocks(core, count - 1);
}

/**
 * Adds a segment of at least `wantedBlocks`, or finishes the growth that another thread began.
 * True when there may be new room: look again. False when the cap or the system does not allow it.
 */
export function grow(core: ArenaCore, wantedBlocks: number): boolean {
  const { control } = core;
  for (;;) {
    const count = segmentCount(core);
    if (count === SEGMENTS_MAX) return false;
    const index = SEGMENT_TABLE_WORD + count * 2;
    // Stored by the winner below and by those who finish; pairs with both.
    const word = Atomics.load(control, index);
    if (word !== SEGMENT_EMPTY) return finishGrowth(core, count, word);
    const left = core.blockCount - nextStart(core, count);
    if (left < wantedBlocks) return false;
    const blocks = Math.min(Math.max(wantedBlocks, core.segmentBlocks), left);
    const pending =
      SEGMENT_PENDING | (blocks << SEGMENT_BLOCKS_SHIFT) | (core.clientId << SEGMENT_CLIENT_SHIFT);
    // One winner: the losers find its word in the next round and help.
    if (Atomics.compareExchange(control, index, SEGMENT_EMPTY, pending) === SEGMENT_EMPTY) {
      return finishGrowth(core, count, pending);
    }
  }
}

/** Finishes a growth that a dead thread may have left in the middle; no-op when there is none. */
export function helpGrowth(core: ArenaCore): void {
  const count = segmentCount(core);
  if (count === SEGMENTS_MAX) return;
  const word = Atomics.load(core.control, SEGMENT_TABLE_WORD + count * 2);
  if (word !== SEGMENT_EMPTY) finishGrowth(core, count, word);
}

/** Every step here gives the same result whoever takes it, and however often. */
function finishGrowth(core: ArenaCore, segment: number, word: number): boolean {
  const { control, data } = core;
  const index = SEGMENT_TABLE_WORD + segment * 2;
  if ((word & SEGMENT_STATE_MASK) === SEGMENT_PENDING) {
    // The start follows from the segments before, which are fixed: all helpers compute the same.
    const start = nextStart(core, segment);
    const blocks = (word >>> SEGMENT_BLOCKS_SHIFT) & SEGMENT_BLOCKS_MASK;
    const endBytes = core.originBytes + (start + blocks) * BLOCK_BYTES;
    Atomics.store(control, index + 1, start);
    if (!growData(data, endBytes)) {
      // The system refused. Undo, unless a helper was luckier.
      Atomics.compareExchange(control, index, word, SEGMENT_EMPTY);
      return false;
    }
    const ready = (word & ~SEGMENT_STATE_MASK) | SEGMENT_READY;
    const found = Atomics.compareExchange(control, index, word, ready);
    // A helper whom the system refused has undone the growth: then there is nothing to publish, but look again.
    if (found !== word && (found & SEGMENT_STATE_MASK) !== SEGMENT_READY) return true;
  }
  // Publishes the segment: pairs with the load in segmentCount.
  Atomics.compareExchange(control, SEGMENT_COUNT_WORD, segment, segment + 1);
  core.cursorSegment = segment;
  core.cursorBlock = segmentStart(core, segment);
  return true;
}

function growData(data: SharedArrayBuffer, endBytes: number): boolean {
  if (data.byteLength >= endBytes) return true;
  try {
    data.grow(endBytes);
  } catch {
    // Another thread may have grown it further since the check, which makes this call a RangeError.
  }
  return data.byteLength >= endBytes;
}
