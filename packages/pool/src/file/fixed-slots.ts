// The slots that one open file has in the tables of fixed files of its client's rings: there the kernel finds it without
// a look at the process's descriptors, which all threads share. Bound to the client's thread.
//
// plain -> (it has proven to be used there) filling -> fixed -> emptying -> plain
//
// A slot keeps the file open, so a file that closes or goes to another thread empties its slots first, and a slot is given
// back only once the kernel has emptied it. A worker that ends takes its table with it: slots are good for one epoch.

import {
  type Address,
  type Arena,
  encode,
  type Fd,
  type FixedFile,
  fixedFile,
  type Lease,
  RingpoolError,
} from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import type { Lane } from '../pool/lane.ts';
import { BoundRequest } from '../pool/request.ts';

/** Operations of a file on one lane after which a slot there is worth what filling and emptying it cost. */
const FIXED_AFTER = 256;
const DESCRIPTOR_BYTES = 4;
const EMPTY = -1;
/** No descriptor has this number: EBADF. */
const NO_FILE = 0x3fff_ffff as Fd;

/** One file on one lane. */
interface Place {
  readonly lane: Lane;
  /** Which ring of the lane. */
  readonly epoch: number;
  /** Operations encoded there, up to {@link FIXED_AFTER}. */
  uses: number;
  /** What the next operation names: the descriptor, or the slot. */
  file: Fd | FixedFile;
  /** The slot, from the time that it is filled until it is emptied; else -1. */
  slot: number;
}

/** The slots of one file. */
export class FixedSlots {
  readonly #client: Client;
  readonly #arena: Arena;
  readonly #fd: Fd;
  readonly #home: number;
  /** By lane. */
  readonly #places: Place[] = [];
  /** A place where it has proven to be used. */
  #worthy: Place | undefined;
  #ended = false;
  /** Slots being filled or emptied. */
  #underWay = 0;
  #whenEmpty: (() => void) | undefined;

  /** `home`: which thread of its worker the file is good in; 0: anywhere. */
  constructor(client: Client, arena: Arena, fd: number, home: number) {
    this.#home = home;
    this.#client = client;
    this.#arena = arena;
    this.#fd = fd as Fd;
  }

  /** What an SQE that is now encoded for this lane calls the file. The operation counts among those of the file. */
  on(lane: Lane): Fd | FixedFile {
    // Its worker has ended: the number may be another file's.
    if (this.#home !== 0 && this.#home !== lane.generation) return NO_FILE;
    const place = this.#places[lane.index];
    if (place === undefined || place.epoch !== lane.epoch) return this.#begin(lane);
    if (place.uses < FIXED_AFTER && ++place.uses === FIXED_AFTER) this.#worthy = place;
    return place.file;
  }

  #begin(lane: Lane): Fd {
    const file = this.#fd;
    this.#places[lane.index] = { lane, epoch: lane.epoch, uses: 1, file, slot: -1 };
    return file;
  }

  /** Fills the slot that has become worth it, if any. Not while an SQE is being encoded: it may push one. */
  look(): void {
    const place = this.#worthy;
    if (place === undefined) return;
    this.#worthy = undefined;
    if (!this.#ended && place.epoch === place.lane.epoch) this.#fill(place);
  }

  #fill(place: Place): void {
    const { lane } = place;
    const slot = lane.files.takeForOpenFile();
    // None is free: it asks again after as many operations.
    if (slot < 0) place.uses = 0;
    else if (!this.#tryFill(place, slot)) lane.files.giveOfOpenFile(slot);
  }

  /** False: it goes without a slot. */
  #tryFill(place: Place, slot: number): boolean {
    try {
      if (place.lane.setFile(slot, this.#fd)) this.#filled(place, slot);
      else this.#start(new FillSlot(place.lane, slot, this.#fd, this.#arena), place, slot);
      return true;
    } catch (error) {
      // The arena is full, or the kernel refuses it.
      if (error instanceof RingpoolError) return false;
      throw error;
    }
  }

  /** Fills or empties a slot of a worker's ring. */
  #start(update: SlotUpdate, place: Place, slot: number): void {
    this.#underWay++;
    update.done = (holdsFile) => {
      this.#underWay--;
      const { lane } = place;
      // A ring that is gone took the slot with it.
      if (place.epoch === lane.epoch) {
        if (holdsFile) this.#filled(place, slot);
        else lane.files.giveOfOpenFile(slot);
      }
      if (this.#underWay === 0) this.#whenEmpty?.();
    };
    this.#client.start(update);
  }

  #filled(place: Place, slot: number): void {
    place.slot = slot;
    // It may have closed meanwhile.
    if (this.#ended) this.#emptyOne(place);
    else place.file = fixedFile(slot);
  }

  /**
   * Empties all of them, for good: no operation of the file is queued or in flight. Undefined, or a promise that resolves
   * when the kernel has done so.
   */
  empty(): Promise<void> | undefined {
    this.#ended = true;
    for (const place of this.#places) if (place !== undefined) this.#emptyOne(place);
    if (this.#underWay === 0) return undefined;
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  #emptyOne(place: Place): void {
    const { lane, slot } = place;
    place.file = this.#fd;
    place.slot = -1;
    if (slot < 0 || place.epoch !== lane.epoch) return;
    if (lane.setFile(slot, EMPTY)) lane.files.giveOfOpenFile(slot);
    else this.#start(new EmptySlot(lane, slot), place, slot);
  }
}

/** Fills or empties a slot of a worker's ring, in turn with the lane's other operations. */
abstract class SlotUpdate extends BoundRequest {
  /** Called when it is over: whether the slot holds the file. */
  done!: (holdsFile: boolean) => void;

  /** A file closes although its lane is full of reads that wait for ever. */
  override get urgent(): boolean {
    return true;
  }
}

/** FILES_UPDATE of one slot. */
class FillSlot extends SlotUpdate {
  readonly #slot: number;
  /** The descriptor, where the kernel may read it. */
  readonly #lease: Lease;
  readonly #ticket: number;

  /** Throws ERR_RINGPOOL_ARENA_FULL. */
  constructor(lane: Lane, slot: number, descriptor: number, arena: Arena) {
    super(lane);
    this.#slot = slot;
    this.#lease = arena.allocUnsafe(DESCRIPTOR_BYTES);
    const { bytes } = this.#lease;
    new DataView(bytes.buffer, bytes.byteOffset, DESCRIPTOR_BYTES).setInt32(0, descriptor, true);
    this.#ticket = this.#lease.beginOperation('reads');
  }

  encode(lane: Lane): void {
    encode.filesUpdate(lane.sqes, lane.push(this, 0), {
      fds: this.#lease.address as Address,
      count: 1,
      firstSlot: fixedFile(this.#slot),
    });
  }

  complete(_part: number, res: number): void {
    this.#over(res === 1);
  }

  abandon(): void {
    this.#over(false);
  }

  #over(holdsFile: boolean): void {
    this.#lease.endOperation(this.#ticket);
    this.#lease.release();
    this.done(holdsFile);
  }
}

/** CLOSE of one slot: it needs no memory, which the arena may not have when a file closes. */
class EmptySlot extends SlotUpdate {
  readonly #slot: number;

  constructor(lane: Lane, slot: number) {
    super(lane);
    this.#slot = slot;
  }

  encode(lane: Lane): void {
    encode.close(lane.sqes, lane.push(this, 0), { fd: fixedFile(this.#slot) });
  }

  complete(): void {
    this.done(false);
  }

  abandon(): void {
    this.done(false);
  }
}
