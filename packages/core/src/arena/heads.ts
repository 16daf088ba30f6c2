// A lease's life, one compare-and-swap per step, on its head word in shared control memory; any thread.
//
//   (claimed) -> LIVE -> (claimed) -> free            released with nothing in flight
//                LIVE -> RELEASED -> (claimed)        released in flight: the last operation's end frees it
//                LIVE -> (claimed) -> SHARED          given away
//                SHARED -> (claimed) -> LIVE          adopted, once: each of the two steps raises the generation
//
// The functions take (slot, generation), allocate nothing, and are what worker threads use without a Lease object.

import { freeRun } from './blocks.ts';
import { type ArenaCore, headIndex } from './core.ts';
import { invalidArgument, leaseBusy, leaseReleased } from './failures.ts';
import {
  COUNT_MASK,
  COUNT_ONE,
  clientOf,
  countOf,
  GENERATION_LOW_MASK,
  GENERATION_SHIFT,
  GENERATION_WORD,
  HIGH_WATER_GRANULES_WORD,
  headOf,
  LENGTH_WORD,
  LIVE,
  OPERATIONS_IN_FLIGHT_MAX,
  RELEASED,
  SHARED,
  STATE_MASK,
  USED_GRANULES_WORD,
} from './layout.ts';
import { freeSlot, granulesOfSlot } from './slabs.ts';

/** What a release did. */
const RELEASE_FREED = 0;
/** Operations are in flight: the end of the last one frees the memory. */
const RELEASE_DEFERRED = 1;
/** The lease was gone already. */
export const RELEASE_STALE = 2;

/** Makes a claimed slot a lease of this client. Returns its generation. */
export function publish(core: ArenaCore, slot: number, bytes: number): number {
  const { control } = core;
  const index = headIndex(slot);
  // The slot is claimed: nobody else reads or writes these two words until the head says LIVE.
  control[index + LENGTH_WORD] = bytes;
  const generation = control[index + GENERATION_WORD]!;
  count(core, granulesOfSlot(core, slot));
  // Publishes the lease and its words: pairs with every load of a head below.
  Atomics.store(control, index, headOf(LIVE, core.clientId, generation));
  return generation;
}

/** Adds to the granules in use and raises the high-water mark. */
function count(core: ArenaCore, granules: number): void {
  const { control } = core;
  const used = Atomics.add(control, USED_GRANULES_WORD, granules) + granules;
  let high = Atomics.load(control, HIGH_WATER_GRANULES_WORD);
  while (used > high) {
    const found = Atomics.compareExchange(control, HIGH_WATER_GRANULES_WORD, high, used);
    if (found === high) return;
    high = found;
  }
}

/** True while (slot, generation) names a lease that is owned and not released. */
export function isLive(core: ArenaCore, slot: number, generation: number): boolean {
  const index = headIndex(slot);
  const head = Atomics.load(core.control, index);
  return (head & STATE_MASK) === LIVE && Atomics.load(core.control, index + GENERATION_WORD) === generation;
}

/** Operations in flight on a slot. */
export function inFlightOf(core: ArenaCore, slot: number): number {
  return countOf(Atomics.load(core.control, headIndex(slot)));
}

/** Counts an operation in. Throws ERR_RINGPOOL_LEASE_RELEASED or ERR_RINGPOOL_LEASE_BUSY (too many). */
export function beginOperation(core: ArenaCore, slot: number, generation: number): void {
  const { control } = core;
  const index = headIndex(slot);
  for (;;) {
    // Heads are stored by the owner and by everybody who begins or ends an operation.
    const head = Atomics.load(control, index);
    if ((head & STATE_MASK) !== LIVE || head >>> GENERATION_SHIFT !== (generation & GENERATION_LOW_MASK)) {
      throw leaseReleased('beginOperation', whyGone(head));
    }
    if ((head & COUNT_MASK) === COUNT_MASK) throw tooManyOperations();
    if (Atomics.compareExchange(control, index, head, head + COUNT_ONE) !== head) continue;
    // Counted in, the lease cannot be freed: now its generation holds still and can be compared in full.
    if (Atomics.load(control, index + GENERATION_WORD) === generation) return;
    endOperation(core, slot);
    throw leaseReleased('beginOperation', 'it was released');
  }
}

/** Counts an operation out; the last one of a released lease frees it. Throws ERR_RINGPOOL_INVALID_ARGUMENT at zero. */
export function endOperation(core: ArenaCore, slot: number): void {
  const { control } = core;
  const index = headIndex(slot);
  for (;;) {
    const head = Atomics.load(control, index);
    const state = head & STATE_MASK;
    if ((head & COUNT_MASK) === 0 || (state !== LIVE && state !== RELEASED)) {
      throw invalidArgument(
        'endOperation',
        `lease ${slot} has no operation in flight`,
        'Begin each operation once, end it once.',
      );
    }
    if (state === RELEASED && (head & COUNT_MASK) === COUNT_ONE) {
      // The last one out: "count to zero" and "ours to free" in one step, so exactly one thread frees.
      if (Atomics.compareExchange(control, index, head, core.claimed) !== head) continue;
      freeClaimed(core, slot);
      return;
    }
    if (Atomics.compareExchange(control, index, head, head - COUNT_ONE) === head) return;
  }
}

/** Releases a lease. Whether it is freed now or by its last operation is decided in one compare-and-swap. */
export function releaseLease(core: ArenaCore, slot: number, generation: number): number {
  const { control } = core;
  const index = headIndex(slot);
  for (;;) {
    const head = Atomics.load(control, index);
    if ((head & STATE_MASK) !== LIVE || Atomics.load(control, index + GENERATION_WORD) !== generation)
      return RELEASE_STALE;
    if ((head & COUNT_MASK) !== 0) {
      if (Atomics.compareExchange(control, index, head, (head & ~STATE_MASK) | RELEASED) === head)
        return RELEASE_DEFERRED;
      continue;
    }
    if (Atomics.compareExchange(control, index, head, core.claimed) !== head) continue;
    if (Atomics.load(control, index + GENERATION_WORD) !== generation) {
      // Between the look and the swap the lease went round a multiple of 16 generations to the same head: not ours.
      Atomics.store(control, index, head);
      return RELEASE_STALE;
    }
    freeClaimed(core, slot);
    return RELEASE_FREED;
  }
}

/** Frees memory that was a lease and whose head this client has CLAIMED. */
export function freeClaimed(core: ArenaCore, slot: number): void {
  Atomics.sub(core.control, USED_GRANULES_WORD, granulesOfSlot(core, slot));
  raiseGeneration(core, slot);
  if (core.debug?.quarantine(slot) === true) return;
  recycle(core, slot);
}

/** Gives claimed memory back to the free blocks or slots. */
export function recycle(core: ArenaCore, slot: number): void {
  if (slot < core.blockCount) freeRun(core, slot);
  else freeSlot(core, slot);
}

/** Makes all handles of a claimed slot stale. Returns the new generation. */
export function raiseGeneration(core: ArenaCore, slot: number): number {
  const index = headIndex(slot) + GENERATION_WORD;
  const generation = (core.control[index]! + 1) | 0;
  // Only the claimer writes it; pairs with the loads that compare generations.
  Atomics.store(core.control, index, generation);
  return generation;
}

/** Gives a lease away: from LIVE to SHARED, under a new generation, which is returned. */
export function shareLease(core: ArenaCore, slot: number, generation: number, toClientId: number): number {
  const { control } = core;
  const index = headIndex(slot);
  for (;;) {
    const head = Atomics.load(control, index);
    if ((head & STATE_MASK) !== LIVE || Atomics.load(control, index + GENERATION_WORD) !== generation) {
      throw leaseReleased('share', whyGone(head));
    }
    if ((head & COUNT_MASK) !== 0) {
      throw leaseBusy(
        'share',
        `the lease has ${countOf(head)} operation(s) in flight`,
        'Await them first: a lease has one owner at a time, and its operations belong to it.',
      );
    }
    if (Atomics.compareExchange(control, index, head, core.claimed) !== head) continue;
    if (Atomics.load(control, index + GENERATION_WORD) !== generation) {
      Atomics.store(control, index, head); // As in releaseLease.
      continue;
    }
    const next = raiseGeneration(core, slot);
    // Publishes the lease to its next owner: pairs with the compare-and-swap in adoptLease.
    Atomics.store(control, index, headOf(SHARED, toClientId, next));
    return next;
  }
}

/** Takes a shared lease: one adopter wins. Returns its new generation. */
export function adoptLease(core: ArenaCore, slot: number, generation: number): number {
  const { control } = core;
  const index = headIndex(slot);
  for (;;) {
    const head = Atomics.load(control, index);
    if ((head & STATE_MASK) !== SHARED || Atomics.load(control, index + GENERATION_WORD) !== generation) {
      throw leaseReleased('adopt', 'it was adopted already, or taken back from a client that ended');
    }
    if (Atomics.compareExchange(control, index, head, core.claimed) !== head) continue;
    if (Atomics.load(control, index + GENERATION_WORD) !== generation) {
      Atomics.store(control, index, head); // Another incarnation, 16 or more generations on: put it back.
      continue;
    }
    const next = raiseGeneration(core, slot);
    Atomics.store(control, index, headOf(LIVE, core.clientId, next));
    return next;
  }
}

function whyGone(head: number): string {
  const state = head & STATE_MASK;
  if (state === SHARED) return `it was shared, and awaits adoption (client ${clientOf(head)})`;
  return 'it was released';
}

function tooManyOperations(): Error {
  return leaseBusy(
    'beginOperation',
    `the lease has ${OPERATIONS_IN_FLIGHT_MAX} operations in flight, which is the most there may be`,
    'Await some of them, or use several leases.',
  );
}
