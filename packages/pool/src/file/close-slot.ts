// Closing a fixed-file slot of a ring, so that it may be another file's. Bound to the client's thread.

import { encode, fixedFile } from '@ringpool/core';

import type { Lane } from '../pool/lane.ts';
import { BoundRequest } from '../pool/request.ts';

/** Closes a fixed-file slot and gives it back. A slot that holds no file is given back as well. */
export class CloseSlot extends BoundRequest {
  readonly #lane: Lane;
  readonly #slot: number;

  constructor(lane: Lane, slot: number) {
    super(lane);
    this.#lane = lane;
    this.#slot = slot;
  }

  encode(lane: Lane): void {
    encode.close(lane.sqes, lane.push(this, 0), { fd: fixedFile(this.#slot) });
  }

  complete(): void {
    this.#lane.files.give(this.#slot);
  }

  abandon(): void {
    // The slot went with the ring.
  }
}
