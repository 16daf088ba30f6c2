// Loads the native addon and types what it exports. Every function answers with an integer; negative ones are errnos.
// RINGPOOL_ADDON names another build of the same addon (a sanitizer build, say).

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { RingpoolError } from '@ringpool/core';

/** One thread's hold on a doorbell, opaque to JavaScript. */
export interface DoorbellHandle {
  readonly __doorbell: unique symbol;
}

/** The addon's ring. Arguments are checked by the classes above it, not here. */
export interface NativeRing {
  open(
    memory: Uint8Array,
    ringsOffset: number,
    sqesOffset: number,
    controlOffset: number,
    entries: number,
    cqEntries: number,
    flags: number,
    mapped: boolean,
    sqIdleMs: number,
    sqCpu: number,
    attachWqFd: number,
  ): number;
  crossing(): () => void;
  cachedReading(): () => void;
  sync(): void;
  refill(): void;
  attach(view: Uint8Array): void;
  allowUnknownPointers(): void;
  useLedger(): void;
  register(op: number, argument: Uint8Array | null, count: number): number;
  registerBuffers(
    views: readonly (Uint8Array | null)[],
    tags: BigUint64Array | undefined,
    sparse: boolean,
  ): number;
  updateBuffers(
    start: number,
    views: readonly (Uint8Array | null)[],
    tags: BigUint64Array | undefined,
  ): number;
  cloneBuffers(
    sourceId: number,
    views: readonly (Uint8Array | null)[],
    sourceOffset: number,
    offset: number,
    count: number,
    replace: boolean,
  ): number;
  unregisterBuffers(timeoutMs: number): number;
  waitedMs(): number;
  close(timeoutMs: number, cancelAllAfterMs: number): number;
}

/** Everything the addon exports. */
export interface Addon {
  readonly interfaceVersion: number;
  readonly NativeRing: new () => NativeRing;
  addressOf(view: Uint8Array): number;
  doorbellCreate(): DoorbellHandle | number;
  doorbellAttach(index: number, generation: number): DoorbellHandle | number;
  doorbellIdentity(handle: DoorbellHandle): [index: number, generation: number, fd: number];
  doorbellRing(handle: DoorbellHandle): number;
  doorbellSilence(handle: DoorbellHandle): boolean;
  doorbellWatch(handle: DoorbellHandle, callback: () => void): number;
  doorbellHold(handle: DoorbellHandle, alive: boolean): void;
  doorbellClose(handle: DoorbellHandle): void;
  descriptorOwner(): number;
  descriptorAdd(fd: number, owner: number, claimed: boolean): number;
  descriptorClaim(fd: number, owner: number): number;
  descriptorGive(fd: number, from: number, to: number): number;
  descriptorRelease(fd: number, owner: number): number;
  descriptorHeld(fd: number): number;
  descriptorClose(fd: number, owner: number): number;
  descriptorCloseAll(owner: number, unclaimedOnly: boolean): number;
  descriptorList(owner: number): number[] | number;
  obituaryWrite(
    words: Int32Array,
    storeIndex: number,
    storeValue: number,
    addIndex: number,
    expectedCount: number,
    first: number,
    second: number,
  ): number;
  obituarySetBells(obituary: number, names: Uint32Array): number;
  obituarySetTable(obituary: number, index: number, stride: number, count: number): number;
  obituarySetDescriptors(obituary: number, owner: number): number;
  obituaryCancel(obituary: number): void;
  readSync(fd: number, view: Uint8Array, offset: number, length: number, position: number): number;
  readCachedSync(fd: number, view: Uint8Array, offset: number, length: number, position: number): number;
  writeSync(fd: number, view: Uint8Array, offset: number, length: number, position: number): number;
  syncSync(fd: number, dataOnly: boolean): number;
  systemCallNs(): number;
  lookUpCached(path: string, follow: boolean): number;
  registerThrough(ringId: number, index: number, view: Uint8Array): number;
}

/** The addon's `kInterfaceVersion` that this JavaScript was written for. */
const INTERFACE_VERSION = 9;

let loaded: Addon | undefined;

/** The addon, loaded at the first call. Throws ERR_RINGPOOL_UNAVAILABLE where no build of it fits this platform. */
export function addon(): Addon {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  const named = process.env['RINGPOOL_ADDON'];
  let found: Addon;
  try {
    found =
      named === undefined || named === ''
        ? (require('node-gyp-build')(fileURLToPath(new URL('..', import.meta.url))) as Addon)
        : (require(path.resolve(named)) as Addon);
  } catch (cause) {
    throw new RingpoolError(
      'ERR_RINGPOOL_UNAVAILABLE',
      `the native addon cannot be loaded on ${process.platform}-${process.arch}`,
      {
        op: 'load',
        hint: 'Ringpool ships it for Linux; on another platform use a driver without the addon.',
        cause,
      },
    );
  }
  if (found.interfaceVersion !== INTERFACE_VERSION) {
    throw new RingpoolError(
      'ERR_RINGPOOL_UNAVAILABLE',
      `the native addon is of interface ${found.interfaceVersion}, and this JavaScript of ${INTERFACE_VERSION}`,
      { op: 'load', hint: 'Install @ringpool/native anew, or build the addon again.' },
    );
  }
  loaded = found;
  return found;
}

/**
 * The address of a view's first byte, the same in every thread when the view is over shared memory.
 *
 * @example
 * ```ts
 * import { addressOf } from '@ringpool/native';
 *
 * const memory = new SharedArrayBuffer(8192, { maxByteLength: 8192 });
 * console.assert(addressOf(new Uint8Array(memory, 0, 8192)) % 4096 === 0);
 * ```
 */
export function addressOf(view: Uint8Array): number {
  return addon().addressOf(view);
}
