// Which segments of the arena are registered with the kernel, and the anchor ring that holds their registration.
// The pool's owner thread has it; workers clone from the anchor, so memlock is charged once (Linux 6.12).

import { release } from 'node:os';

import type { Arena, ArenaSegment } from '@ringpool/core';
import { RingpoolError } from '@ringpool/core';
import { type Memlock, Ring } from '@ringpool/native';

import type { RegistrationMode } from './options.ts';
import { type PoolWords, SEGMENT_REGISTERED, SEGMENT_UNREGISTERED, SEGMENTS_MAX } from './words.ts';

/** The anchor executes nothing: it is opened as small as rings are. */
const ANCHOR_ENTRIES = 4;
const SEGMENT_BYTES_DEFAULT = 4 * 1024 * 1024;
const SEGMENT_BYTES_MIN = 64 * 1024;
/** Under a memlock limit, segments are this small a part of it, so that half of the limit is several segments. */
const SEGMENTS_PER_LIMIT = 16;
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

/** Registers segments as the arena grows, within what memlock leaves. */
export class Registration {
  readonly #mode: RegistrationMode;
  readonly #words: PoolWords;
  readonly #rings: number;
  #anchor: Ring | undefined;
  #budgetBytes = 0;
  #refusal: RingpoolError | undefined;

  /** Opens the anchor. `rings` are those of the workers. @throws as `Ring.open`, when registration is required. */
  constructor(mode: RegistrationMode, words: PoolWords, rings: number) {
    this.#mode = mode;
    this.#words = words;
    this.#rings = rings;
    if (mode === 'off') return;
    try {
      // Not SINGLE_ISSUER: the workers' threads register through it when they clone.
      this.#anchor = Ring.open({ entries: ANCHOR_ENTRIES, rung: 'coop' });
      this.#anchor.registerBuffersSparse(SEGMENTS_MAX);
      words.anchorRing = this.#anchor.id;
    } catch (error) {
      this.close();
      this.#refusal = asRingpoolError(error);
      // Without io_uring there is no pool at all; with memlock too short for the anchor, there is an unregistered one.
      if (mode === 'required' || this.#refusal.code !== 'ERR_RINGPOOL_MEMLOCK') throw error;
    }
  }

  /** After every ring of the pool is open (they are charged too): decides how much may be registered. */
  begin(memlock: Memlock): void {
    const unlimited = this.#mode === 'required' || memlock.exempt || memlock.limitBytes === Infinity;
    // At most half of what is left: the limit is shared with all processes of the user.
    const left = Math.max(0, memlock.limitBytes - memlock.pinnedBytes) / 2;
    this.#budgetBytes = unlimited ? Infinity : left / (kernelClones() ? 1 : 1 + this.#rings);
  }

  /** Bytes of the arena registered with the kernel. */
  get bytes(): number {
    return this.#anchor?.registeredBytes ?? 0;
  }

  /** Registers a new segment if it may, and tells the workers how it stands. Never throws: see {@link refusal}. */
  add(arena: Arena, { index, bytes }: ArenaSegment): void {
    this.#words.setSegmentState(
      index,
      this.#register(arena, index, bytes) ? SEGMENT_REGISTERED : SEGMENT_UNREGISTERED,
    );
  }

  /** With registration `'required'`: why memory could not be registered, once that has happened. */
  get refusal(): RingpoolError | undefined {
    return this.#mode === 'required' ? this.#refusal : undefined;
  }

  #register(arena: Arena, index: number, bytes: number): boolean {
    if (this.#anchor === undefined || bytes > this.#budgetBytes) return false;
    try {
      this.#anchor.updateBuffers(index, [arena.segmentView(index)]);
    } catch (error) {
      this.#refusal = asRingpoolError(error);
      // Other processes of the user took what seemed left: ask for half as much from now on, down to nothing.
      this.#budgetBytes = Math.floor(Math.min(this.#budgetBytes, bytes) / 2);
      return false;
    }
    this.#budgetBytes -= bytes;
    return true;
  }

  /** Gives the registration up. The workers' clones live as long as their rings. */
  close(): void {
    this.#anchor?.close();
    this.#anchor = undefined;
  }
}

function asRingpoolError(error: unknown): RingpoolError {
  if (error instanceof RingpoolError) return error;
  throw error;
}
