// Which segments of the arena are registered with the kernel, and the anchor ring that holds their registration.
// The pool's owner has the anchor; the thread that grows the arena registers through it, and every other ring clones from
// it, so memlock is charged once (Linux 6.12).

import { release } from 'node:os';

import type { Arena, ArenaSegment } from '@ringpool/core';
import { RingpoolError } from '@ringpool/core';
import { type Memlock, Ring, registerThrough } from '@ringpool/native';

import { monotonicMs } from './clock.ts';
import { Publisher } from './diagnostics.ts';
import type { RegistrationMode } from './options.ts';
import {
  type PoolWords,
  SEGMENT_DECIDING,
  SEGMENT_REGISTERED,
  SEGMENT_UNREGISTERED,
  SEGMENTS_MAX,
} from './words.ts';

/** The anchor executes nothing: it is opened as small as rings are. */
const ANCHOR_ENTRIES = 4;
const SEGMENT_BYTES_DEFAULT = 4 * 1024 * 1024;
const SEGMENT_BYTES_MIN = 64 * 1024;
/** Under a memlock limit, segments are this small a part of it, so that half of the limit is several segments. */
const SEGMENTS_PER_LIMIT = 16;
const KIB = 1024;
const UNLIMITED = -1;
/** What a ring is charged with besides its queues. */
const RING_EXTRA_BYTES = 8 * KIB;
/** Bytes of the queues for each submission queue entry. */
const RING_ENTRY_BYTES = 128;
/** How long a thread waits for another one that is registering the segment that both need. It takes microseconds. */
const DECISION_MS_MAX = 1000;
/** The first kernel that clones single buffers out of a table; before, each ring registers and is charged. */
const CLONE_KERNEL: readonly [major: number, minor: number] = [6, 13];

/** The size of a segment: smaller under a memlock limit, so that a part of the arena can be registered. */
export function segmentBytesFor(arenaBytes: number, mode: RegistrationMode, memlock: Memlock): number {
  const least = Math.ceil(arenaBytes / SEGMENTS_MAX);
  const limited = mode === 'auto' && !memlock.exempt && memlock.limitBytes !== Infinity;
  const share = limited ? 2 ** Math.floor(Math.log2(memlock.limitBytes / SEGMENTS_PER_LIMIT)) : Infinity;
  const wanted = Math.max(SEGMENT_BYTES_MIN, Math.min(SEGMENT_BYTES_DEFAULT, share));
  return Math.min(arenaBytes, Math.max(least, wanted));
}

/** True when the kernel clones: then a segment is charged once, however many rings use it. */
function kernelClones(): boolean {
  const [major = 0, minor = 0] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return major > CLONE_KERNEL[0] || (major === CLONE_KERNEL[0] && minor >= CLONE_KERNEL[1]);
}

/** The anchor ring: it executes nothing and holds the registrations. The pool's owner has it. */
export class Anchor {
  readonly #ring: Ring;

  private constructor(ring: Ring) {
    this.#ring = ring;
  }

  /**
   * Opens the anchor and tells the other threads. Undefined where memlock is too short for it, or the kernel refuses it a
   * table, and registration is not required. @throws as `Ring.open`.
   */
  static open(mode: RegistrationMode, words: PoolWords): Anchor | undefined {
    if (mode === 'off') return undefined;
    let ring: Ring | undefined;
    try {
      // Not SINGLE_ISSUER: other threads register and clone through it.
      ring = Ring.open({ entries: ANCHOR_ENTRIES, rung: 'coop' });
      ring.registerBuffersSparse(SEGMENTS_MAX);
      words.anchorRing = ring.id;
      return new Anchor(ring);
    } catch (error) {
      ring?.close();
      if (mode === 'required' || !(error instanceof RingpoolError)) throw error;
      // Without io_uring there is no pool at all. With memlock too short for the anchor, or without a table (Linux < 5.13
      // knows none that can be filled later), there is an unregistered one.
      if (ring === undefined && error.code !== 'ERR_RINGPOOL_MEMLOCK') throw error;
      return undefined;
    }
  }

  /** From now on segments of this arena are registered with it: the ring keeps the arena's memory. */
  keep(arena: Arena): void {
    this.#ring.attachMemory(new Uint8Array(arena.data, 0, arena.data.byteLength));
  }

  /** Gives the registration up. The clones live as long as their rings. */
  close(): void {
    this.#ring.close();
  }
}

/** Rings of a pool that are yet to be opened: the workers'. */
export interface RingsToCome {
  readonly count: number;
  /** Submission queue entries of each. */
  readonly entries: number;
}

/** Decides how much may be registered, beside the rings that are yet to be opened: they are charged to memlock too. */
export function setBudget(
  words: PoolWords,
  mode: RegistrationMode,
  memlock: Memlock,
  { count, entries }: RingsToCome,
): void {
  const unlimited = mode === 'required' || memlock.exempt || memlock.limitBytes === Infinity;
  const rings = count * (entries * RING_ENTRY_BYTES + RING_EXTRA_BYTES);
  // At most half of what is left: the limit is shared with all processes of the user.
  const left = Math.max(0, (memlock.limitBytes - memlock.pinnedBytes) / 2 - rings);
  const bytes = left / (kernelClones() ? 1 : 1 + count);
  words.swapBudgetKib(words.budgetKib, unlimited ? UNLIMITED : Math.floor(bytes / KIB));
}

/** Registers segments as the arena grows, within the budget. One for each thread that allocates. */
export class Registration {
  readonly #mode: RegistrationMode;
  readonly #words: PoolWords;
  readonly #publisher = new Publisher();
  #refusal: RingpoolError | undefined;

  constructor(mode: RegistrationMode, words: PoolWords) {
    this.#mode = mode;
    this.#words = words;
  }

  /** Bytes of the arena registered with the kernel. */
  get bytes(): number {
    return this.#words.registeredKib * KIB;
  }

  /** Registers a segment if it may be, unless another thread has seen to it. Never throws: see {@link refusalOf}. */
  add(arena: Arena, segment: ArenaSegment): void {
    if (this.#words.claimSegment(segment.index, arena.clientId)) this.#decide(arena, segment);
  }

  /** Decides about the segment that the thread of this arena number died deciding about, if it did. Never throws. */
  inherit(arena: Arena, dead: number): void {
    for (let index = 0; index < arena.segmentCount; index++) {
      if (this.#words.inheritSegment(index, dead, arena.clientId)) this.#decide(arena, arena.segment(index));
    }
  }

  #decide(arena: Arena, { index, bytes }: ArenaSegment): void {
    const before = this.#refusal;
    const registered = this.#register(arena, index, bytes);
    if (!registered && this.#mode === 'auto')
      this.#tell(bytes, before === this.#refusal ? undefined : this.#refusal);
    this.#words.setSegmentState(index, registered ? SEGMENT_REGISTERED : SEGMENT_UNREGISTERED);
    if (registered) this.#words.addRegisteredKib(bytes / KIB);
  }

  #tell(bytes: number, error: RingpoolError | undefined): void {
    const spent =
      this.#words.anchorRing === 0 ? 'there is no table for it' : 'what RLIMIT_MEMLOCK leaves is used up';
    const why = error === undefined ? spent : 'the kernel refused it';
    const message = `${bytes} bytes of the arena are not registered: ${why}; READ and WRITE are used on them`;
    this.#publisher.publishSoon('fallback', {
      kind: 'registration',
      worker: undefined,
      message,
      bytes,
      error,
    });
  }

  /** With registration `'required'`: why this segment is not registered. */
  refusalOf(segment: number): RingpoolError | undefined {
    if (this.#mode !== 'required' || this.#decided(segment) === SEGMENT_REGISTERED) return undefined;
    return (
      this.#refusal ??
      new RingpoolError('ERR_RINGPOOL_MEMLOCK', 'another thread could not register this part of the arena', {
        op: 'alloc',
        hint: "Raise `ulimit -l`, or use registration 'auto'.",
      })
    );
  }

  #decided(segment: number): number {
    const until = monotonicMs() + DECISION_MS_MAX;
    for (;;) {
      const state = this.#words.segmentState(segment);
      if (state !== SEGMENT_DECIDING || monotonicMs() > until) return state;
    }
  }

  #register(arena: Arena, index: number, bytes: number): boolean {
    const { anchorRing } = this.#words;
    if (anchorRing === 0 || !this.#spend(bytes / KIB)) return false;
    try {
      registerThrough(anchorRing, index, arena.segmentView(index));
    } catch (error) {
      if (!(error instanceof RingpoolError)) throw error;
      // The thread that died had come that far, and had spent it.
      if (error.code === 'ERR_RINGPOOL_ALREADY_REGISTERED') return this.#spend(-bytes / KIB);
      this.#refusal = error;
      this.#shrink(bytes / KIB);
      return false;
    }
    return true;
  }

  #spend(kib: number): boolean {
    for (;;) {
      const budget = this.#words.budgetKib;
      if (budget === UNLIMITED) return true;
      if (budget < kib) return false;
      if (this.#words.swapBudgetKib(budget, budget - kib)) return true;
    }
  }

  /** Other processes of the user took what seemed left: asks for half as much from now on, down to nothing. */
  #shrink(kib: number): void {
    for (;;) {
      const budget = this.#words.budgetKib;
      const next = Math.floor((budget === UNLIMITED ? kib : Math.min(budget, kib)) / 2);
      if (this.#words.swapBudgetKib(budget, next)) return;
    }
  }
}
