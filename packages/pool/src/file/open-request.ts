// Opening a file: the descriptor is the client's in the ledger before anybody is told of it.
// Bound to the client's thread.

import { type Address, AT_FDCWD, encode } from '@ringpool/core';

import type { Lane } from '../pool/lane.ts';
import type { PathRoom } from '../pool/path-room.ts';
import { SingleRequest } from '../pool/request.ts';

/** What is opened, and how. */
export interface Opening {
  /** Where the path lies. */
  readonly paths: PathRoom;
  readonly room: number;
  /** O_* bits. */
  readonly openFlags: number;
  readonly mode: number;
}

/** One OPENAT. */
export class OpenRequest extends SingleRequest {
  #on: Lane | undefined;

  /** `place` is a code of placement.ts. The promise resolves to the descriptor, or a negative errno. */
  constructor({ paths, room, openFlags, mode }: Opening, place: number) {
    super((sqes, slot) => {
      const path = paths.addressOf(room) as Address;
      encode.openat(sqes, slot, { dirfd: AT_FDCWD, path, openFlags, mode });
    }, place);
  }

  override encode(lane: Lane): void {
    this.#on = lane;
    super.encode(lane);
  }

  override complete(part: number, res: number): void {
    if (res >= 0) this.#on?.own(res);
    super.complete(part, res);
  }
}
