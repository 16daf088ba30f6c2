// Counts what the pools of this thread publish to node:diagnostics_channel, from now on.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { channels, type FallbackKind, type FallbackMessage } from '@ringpool/pool';

/** How often each channel spoke. */
export interface EventCounts {
  readonly slowOperations: number;
  readonly workerCrashes: number;
  readonly fallbacks: Readonly<Record<FallbackKind, number>>;
}

/** A listener on all channels. */
export class Events implements EventCounts {
  slowOperations = 0;
  workerCrashes = 0;
  readonly fallbacks: Record<FallbackKind, number> = {
    'ring-memory': 0,
    'ring-flags': 0,
    'ring-entries': 0,
    registration: 0,
    'file-table': 0,
    workers: 0,
    direct: 0,
  };
  readonly #onSlow = (): void => {
    this.slowOperations++;
  };
  readonly #onCrash = (): void => {
    this.workerCrashes++;
  };
  readonly #onFallback = (message: unknown): void => {
    this.fallbacks[(message as FallbackMessage).kind]++;
  };

  constructor() {
    subscribe(channels.slowOperation, this.#onSlow);
    subscribe(channels.workerCrash, this.#onCrash);
    subscribe(channels.fallback, this.#onFallback);
  }

  /** Listens no longer. */
  close(): void {
    unsubscribe(channels.slowOperation, this.#onSlow);
    unsubscribe(channels.workerCrash, this.#onCrash);
    unsubscribe(channels.fallback, this.#onFallback);
  }
}
