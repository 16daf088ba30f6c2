// What another thread needs to join a pool. Structured-cloneable: shared memory, and numbers.

import type { ArenaHandle } from '@ringpool/core';

import type { DriverInfo } from '../drivers/choose.ts';
import type { HostHandle } from '../drivers/host.ts';
import { invalidArgument } from './errors.ts';
import type { LaneMemoryHandle } from './lane-memory.ts';
import type { RegistrationMode } from './options.ts';

const KIND = 'ringpool.port';

/** The way into a pool for another thread: `connectPool(port)`. Travels by `postMessage` or `workerData`. Opaque. */
export interface PoolPort {
  /** @internal */
  readonly kind: 'ringpool.port';
  /** @internal */
  readonly words: SharedArrayBuffer;
  /** @internal */
  readonly host: HostHandle;
  /** @internal */
  readonly driver: DriverInfo;
  /** @internal */
  readonly lanes: LaneMemoryHandle;
  /** @internal */
  readonly arena: ArenaHandle;
  /** @internal */
  readonly registration: RegistrationMode;
  /** @internal The code of the pool's placement. */
  readonly place: number;
}

/** Makes a port. */
export function makePort(contents: Omit<PoolPort, 'kind'>): PoolPort {
  // An error does not travel as what it is.
  return { kind: KIND, ...contents, driver: { ...contents.driver, error: undefined } };
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT for what is no port. */
export function checkPort(port: unknown): asserts port is PoolPort {
  const sound =
    typeof port === 'object' &&
    port !== null &&
    (port as PoolPort).kind === KIND &&
    (port as PoolPort).words instanceof SharedArrayBuffer;
  if (!sound)
    throw invalidArgument('connectPool', 'that is no port of a pool', 'Pass what pool.port() returned.');
}
