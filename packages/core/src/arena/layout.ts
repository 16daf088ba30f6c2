// The control memory's layout: every word the arena keeps about its leases, and how a state is packed into one
// word. Control memory belongs to the arena's creator, is shared by all its threads, and is never given to the kernel.
//
// The scheme, in one place:
//
// - Data is divided into blocks of 4 KiB; a block may be divided into slots of 256 B to 2 KiB (a slab).
// - Each block and each granule of 256 B has an ENTRY of four words: head, generation, length, run. An entry's number
//   is the lease's `slot`: blocks come first, granules after them. The granule entries of a block are only ever
//   touched when it is a slab, so that the memory behind them stays untouched otherwise.
// - The HEAD word is the whole truth about its memory: state, count of operations in flight, the client that holds it
//   and the low bits of the generation, so each change of state names its client in the same compare-and-swap:
//
//       31      28 27           18 17             3 2     0
//       generation  client (10)     in flight (15)   state
//
// - A state with a client that is exclusive to it (CLAIMED) covers everything that takes more than one step: being
//   allocated, being freed, changing hands. A client that dies leaves CLAIMED words with its id; `reclaimClient` takes
//   each over (CLAIMED by the dead one -> CLAIMED by the reclaimer) and frees it. No step needs anyone else to finish.
// - A run of n blocks is a head followed by n - 1 continuation words, each `CONTINUED + distance to the head`. Only the
//   holder of the head writes them, and a continuation says in the same compare-and-swap whose it is: the client named
//   by the head it points at. So a run half claimed by a dead thread is found from its head alone.
// - A slab's slots are claimed one by one, each by its own head; after claiming, the claimer looks whether the block
//   still is that slab (it cannot cease to be one while a slot is held). Retiring a slab is claiming all its slots.
// - ABA: heads carry four bits of the generation, and whoever won a compare-and-swap compares the full generation
//   afterwards, when the memory can no longer change hands under it, and undoes its step on a mismatch.
// - Hints (recently freed slots, cursors) are only that: wrong ones cost time, never correctness.

/** Bytes in the smallest unit of the arena; a lease is never smaller. */
export const GRANULE_BYTES = 256;
/** Bytes in a block: the page. Leases above half of it start on a page. */
export const BLOCK_BYTES = 4096;
export const GRANULES_PER_BLOCK = 16;
/** Bytes by which the arena grows unless told otherwise: 4 MiB costs about 5 ms to register. */
export const SEGMENT_BYTES_DEFAULT: number = 4 * 1024 * 1024;
/** The kernel's limit for one registered buffer, and so for one segment and one lease. */
export const SEGMENT_BYTES_MAX: number = 2 ** 30;
/** Most segments an arena may have; a sparse buffer table of this size fits every kernel since 5.13 (16,384). */
export const SEGMENTS_MAX = 1024;
/** Largest cap of one arena. */
export const CAP_BYTES_MAX: number = 32 * 2 ** 30;
/** Largest `align` of one lease. */
export const ALIGN_BYTES_MAX: number = 2 * 1024 * 1024;
/** Client ids are 1 to this. */
export const CLIENT_ID_MAX = 1023;
/** Most operations in flight on one lease. */
export const OPERATIONS_IN_FLIGHT_MAX = 32767;
/** The base address of an arena made without `addressOf` (no addon, no kernel): page aligned and not 0. */
export const NOMINAL_BASE_ADDRESS: number = 2 ** 44;

// States: the low three bits of a head.
/** A block nobody holds. */
export const FREE = 0;
/** A granule that was never a slot. */
export const CLOSED = 0;
/** Held by one client in the midst of a step. */
export const CLAIMED = 1;
/** A lease with an owner. */
export const LIVE = 2;
/** A lease between two owners: shared, not yet adopted. Its client is the one whose death takes it back. */
export const SHARED = 3;
/** A lease released with operations in flight. */
export const RELEASED = 4;
/** A block that continues a run: `distance << 3`. */
export const CONTINUED = 5;
/** A block divided into slots: `class << 3`. */
export const SLAB = 6;
/** A slot nobody holds. */
export const SLOT_FREE = 7;
export const STATE_MASK = 7;

export const COUNT_SHIFT = 3;
export const COUNT_ONE: number = 1 << COUNT_SHIFT;
export const COUNT_MASK: number = OPERATIONS_IN_FLIGHT_MAX << COUNT_SHIFT;
export const CLIENT_SHIFT = 18;
export const GENERATION_SHIFT = 28;
export const GENERATION_LOW_MASK = 15;

/** The client named by a head. */
export function clientOf(head: number): number {
  return (head >>> CLIENT_SHIFT) & CLIENT_ID_MAX;
}

/** The operations in flight counted by a head. */
export function countOf(head: number): number {
  return (head & COUNT_MASK) >>> COUNT_SHIFT;
}

/** A head in the given state, without operations in flight. */
export function headOf(state: number, clientId: number, generation: number): number {
  return state | (clientId << CLIENT_SHIFT) | (generation << GENERATION_SHIFT);
}

// An entry's words.
export const ENTRY_SHIFT = 2;
export const GENERATION_WORD = 1;
export const LENGTH_WORD = 2;
/** Blocks of a run, or granules of a slot; for blocks also the sticky mark that its granules were once slots. */
export const RUN_WORD = 3;
export const RUN_MASK: number = 2 ** 20 - 1;
export const WAS_SLAB: number = 1 << 30;

// Header words, each group on a cache line of its own.
export const SEGMENT_COUNT_WORD = 0;
export const USED_GRANULES_WORD = 16;
export const HIGH_WATER_GRANULES_WORD = 32;
export const FAILURES_WORD = 33;
/** One word for each slab class: a block that lately had a free slot, plus one. */
export const SLAB_HINT_WORD = 48;
const HEADER_WORDS = 64;

// The table of segments: two words each, `state | blocks << 2 | client << 21`, and the first block.
export const SEGMENT_TABLE_WORD: number = HEADER_WORDS;
export const SEGMENT_EMPTY = 0;
export const SEGMENT_PENDING = 1;
export const SEGMENT_READY = 2;
export const SEGMENT_STATE_MASK = 3;
export const SEGMENT_BLOCKS_SHIFT = 2;
export const SEGMENT_BLOCKS_MASK: number = 2 ** 19 - 1;
export const SEGMENT_CLIENT_SHIFT = 21;

// The table of ranges with an operation in flight, kept in debug mode only: head, slot, start, end.
/** Operations whose ranges are checked against each other at once in debug mode; those beyond are not checked. */
export const DEBUG_RANGES_MAX = 1024;
export const RANGE_TABLE_WORD: number = SEGMENT_TABLE_WORD + SEGMENTS_MAX * 2;

export const ENTRY_TABLE_WORD: number = RANGE_TABLE_WORD + DEBUG_RANGES_MAX * 4;

/** Bytes of control memory for an arena of that many blocks; untouched parts never become resident. */
export function controlBytes(blockCount: number): number {
  return (ENTRY_TABLE_WORD + ((blockCount * (1 + GRANULES_PER_BLOCK)) << ENTRY_SHIFT)) * 4;
}

// Size classes: four of slots, then runs by the power of two.
export const SLOT_CLASSES = 4;
/** Largest lease that lives in a slot. */
export const SLOT_BYTES_MAX: number = BLOCK_BYTES / 2;
/** Classes in all: slots, and runs of 1 to 2^18 blocks. */
export const SIZE_CLASSES: number = SLOT_CLASSES + 19;

/** The slot class (0: 256 B, 1: 512 B, 2: 1 KiB, 3: 2 KiB) that holds so many bytes, at most SLOT_BYTES_MAX. */
export function slotClassOf(bytes: number): number {
  return bytes <= 256 ? 0 : bytes <= 512 ? 1 : bytes <= 1024 ? 2 : 3;
}

/** The class of a run of so many blocks. */
export function runClassOf(blocks: number): number {
  return SLOT_CLASSES + 31 - Math.clz32(blocks);
}
