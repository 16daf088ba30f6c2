// Opening a file: the descriptor is the client's in the ledger before anybody is told of it.
// Bound to the client's thread.

import { type Address, AT_FDCWD, encode } from '@ringpool/core';

import type { Lane } from '../pool/lane.ts';
import type { PathRoom } from '../pool/path-room.ts';
import { SingleRequest } from '../pool/request.ts';

/** What is opened, and how. */
export interface Opening {
  readonly path: string;
  /** Where the path lies. */
  readonly paths: PathRoom;
  readonly room: number;
  /** O_* bits. */
  readonly openFlags: number;
  readonly mode: number;
}

/** One OPENAT. */
export class OpenRequest extends SingleRequest {
  readonly #path: string;
  #on: Lane | undefined;
  #generation = 0;

  /** `place` is a code of placement.ts. The promise resolves to the descriptor, or a negative errno. */
  constructor({ path, paths, room, openFlags, mode }: Opening, place: number) {
    super((sqes, slot) => {
      const at = paths.addressOf(room) as Address;
      encode.openat(sqes, slot, { dirfd: AT_FDCWD, path: at, openFlags, mode });
    }, place);
    this.#path = path;
  }

  /** Which thread of its worker opens the file: not the one that the lane has when that is heard of. */
  get generation(): number {
    return this.#generation;
  }

  override get path(): string {
    return this.#path;
  }

  override encode(lane: Lane): void {
    this.#on = lane;
    this.#generation = lane.generation;
    super.encode(lane);
  }

  override complete(part: number, res: number): void {
    if (res >= 0) this.#on?.own(res);
    super.complete(part, res);
  }
}
