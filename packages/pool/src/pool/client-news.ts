// What one client's own rings have in a lesser form, as those who listen are told. Bound to the client's thread.

import type { RingpoolError } from '@ringpool/core';

import { Publisher } from './diagnostics.ts';
import { fallbacksOf, ringFallback } from './fallbacks.ts';
import type { LocalLane } from './local-lane.ts';

/** Tells of a client's rings, in the context in which the client was made. */
export class ClientNews {
  readonly #publisher = new Publisher();

  /** A ring has come up. */
  opened({ report, wanted, files, buffersRefused }: LocalLane): void {
    const ring = { ...report, wanted, fileSlots: files.count, buffersRefused };
    for (const fallback of fallbacksOf(ring)) {
      this.#publisher.publishSoon('fallback', ringFallback(fallback, undefined));
    }
  }

  /** Memory that is registered is not with this client's own ring. */
  readonly refused = (bytes: number, error: RingpoolError): void => {
    const message = `${bytes} bytes are not registered with the ring: it uses READ and WRITE on them`;
    this.#publisher.publishSoon('fallback', {
      kind: 'registration',
      worker: undefined,
      message,
      bytes,
      error,
    });
  };
}
