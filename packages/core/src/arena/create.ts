// Creating an arena's memories, and attaching to them. Runs once per arena and once per thread.

import { RingpoolError } from '../errors.ts';
import { checkOptions } from '../options.ts';
import { ArenaCore, type ArenaHandle } from './core.ts';
import { LeaseDebugger } from './debug.ts';
import { invalidArgument } from './failures.ts';
import {
  BLOCK_BYTES,
  CAP_BYTES_MAX,
  controlBytes,
  NOMINAL_BASE_ADDRESS,
  SEGMENT_BYTES_DEFAULT,
  SEGMENT_BYTES_MAX,
  SEGMENTS_MAX,
} from './layout.ts';
import { checkClientId } from './lease.ts';

/** How to attach to an arena. */
export interface AttachOptions {
  /** This thread's id, 1 to 1023: unique among the living threads that use the arena. */
  readonly clientId: number;
  /** Recognises views of the arena that reached this thread by postMessage (`addressOf` of @ringpool/native). */
  readonly addressOf?: ((view: Uint8Array) => number) | undefined;
  /** Debug mode of this thread. Default: the creator's. */
  readonly debug?: 'leases' | 'off' | undefined;
}

/** How to create an arena. */
export interface ArenaOptions {
  /** The most bytes it may grow to, rounded down to pages: 4 KiB to 32 GiB (Node 20: 4 GiB). */
  readonly capBytes: number;
  /** Bytes by which it grows, rounded up to pages. Default: 4 MiB, or a 1,024th of a cap over 4 GiB. */
  readonly segmentBytes?: number | undefined;
  /** The virtual address of a view (`addressOf` of @ringpool/native). Without it addresses are nominal. */
  readonly addressOf?: ((view: Uint8Array) => number) | undefined;
  /** This thread's id, 1 to 1023. Default 1. */
  readonly clientId?: number | undefined;
  /** `'leases'` poisons and quarantines released memory, refuses overlapping operations and reports leaks. */
  readonly debug?: 'leases' | 'off' | undefined;
}

const ATTACH_OPTIONS: readonly string[] = ['clientId', 'addressOf', 'debug'];
const ARENA_OPTIONS: readonly string[] = ['capBytes', 'segmentBytes', ...ATTACH_OPTIONS];

/** Makes the memories of a new arena. */
export function createCore(options: ArenaOptions): ArenaCore {
  checkOptions('Arena.create', options, ARENA_OPTIONS);
  const { capBytes, addressOf } = options;
  if (!Number.isSafeInteger(capBytes) || capBytes < BLOCK_BYTES || capBytes > CAP_BYTES_MAX) {
    throw invalidArgument(
      'Arena.create',
      `capBytes ${capBytes} is not from ${BLOCK_BYTES} to ${CAP_BYTES_MAX}`,
    );
  }
  const blockCount = Math.floor(capBytes / BLOCK_BYTES);
  const segmentBlocks = segmentBlocksFor(options.segmentBytes, blockCount);
  const clientId = options.clientId ?? 1;
  checkClientId('Arena.create', clientId);
  const { data, baseAddress, originBytes } = reserveData(blockCount * BLOCK_BYTES, addressOf);
  const handle: ArenaHandle = {
    data,
    control: reserveControl(controlBytes(blockCount)),
    id: Math.floor(Math.random() * 2 ** 48),
    originBytes,
    baseAddress,
    blockCount,
    segmentBlocks,
    debug: debugMode('Arena.create', options.debug, undefined),
  };
  return coreOf(handle, clientId, handle.debug);
}

/** Makes this thread's view of an arena. */
export function attachCore(handle: ArenaHandle, options: AttachOptions): ArenaCore {
  const sound = handle?.data instanceof SharedArrayBuffer && handle.control instanceof SharedArrayBuffer;
  if (!sound || handle.control.byteLength !== controlBytes(handle.blockCount)) {
    throw invalidArgument(
      'Arena.attach',
      'not the handle of an arena',
      'Pass `arena.handle` of another thread.',
    );
  }
  checkOptions('Arena.attach', options, ATTACH_OPTIONS);
  checkClientId('Arena.attach', options.clientId);
  return coreOf(handle, options.clientId, debugMode('Arena.attach', options.debug, handle.debug));
}

function coreOf(handle: ArenaHandle, clientId: number, debug: 'leases' | undefined): ArenaCore {
  const core = new ArenaCore(handle, clientId);
  if (debug === 'leases') core.debug = new LeaseDebugger(core);
  return core;
}

function debugMode(op: string, given: unknown, inherited: 'leases' | undefined): 'leases' | undefined {
  if (given === undefined) return inherited;
  if (given === 'off') return undefined;
  if (given === 'leases') return 'leases';
  throw invalidArgument(op, `debug is 'leases' or 'off', not ${String(given)}`);
}

function segmentBlocksFor(segmentBytes: number | undefined, blockCount: number): number {
  if (segmentBytes === undefined) {
    const least = Math.ceil(blockCount / SEGMENTS_MAX);
    return Math.min(Math.max(SEGMENT_BYTES_DEFAULT / BLOCK_BYTES, least), blockCount);
  }
  if (!Number.isSafeInteger(segmentBytes) || segmentBytes < 1 || segmentBytes > SEGMENT_BYTES_MAX) {
    throw invalidArgument(
      'Arena.create',
      `segmentBytes ${segmentBytes} is not from 1 to ${SEGMENT_BYTES_MAX}`,
    );
  }
  const blocks = Math.min(Math.ceil(segmentBytes / BLOCK_BYTES), blockCount);
  if (Math.ceil(blockCount / blocks) > SEGMENTS_MAX) {
    throw invalidArgument(
      'Arena.create',
      `segments of ${segmentBytes} bytes are more than ${SEGMENTS_MAX} for this cap`,
      'Take larger segments, or leave segmentBytes out.',
    );
  }
  return blocks;
}

interface DataMemory {
  readonly data: SharedArrayBuffer;
  readonly baseAddress: number;
  /** Bytes to skip so that the first segment starts on a page. */
  readonly originBytes: number;
}

/** A growable SharedArrayBuffer is page aligned on every Node measured; if it ever is not, a page more is taken. */
function reserveData(bytes: number, addressOf: ((view: Uint8Array) => number) | undefined): DataMemory {
  const data = reserveGrowable(bytes);
  if (addressOf === undefined) return { data, baseAddress: NOMINAL_BASE_ADDRESS, originBytes: 0 };
  const baseAddress = addressOf(new Uint8Array(data, 0, BLOCK_BYTES));
  if (baseAddress % BLOCK_BYTES === 0) return { data, baseAddress, originBytes: 0 };
  const larger = reserveGrowable(bytes + BLOCK_BYTES);
  const address = addressOf(new Uint8Array(larger, 0, BLOCK_BYTES));
  return {
    data: larger,
    baseAddress: address,
    originBytes: (BLOCK_BYTES - (address % BLOCK_BYTES)) % BLOCK_BYTES,
  };
}

function reserveGrowable(maxByteLength: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(BLOCK_BYTES, { maxByteLength });
  } catch (cause) {
    throw capRefused(maxByteLength, cause);
  }
}

function reserveControl(bytes: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes);
  } catch (cause) {
    throw capRefused(bytes, cause);
  }
}

function capRefused(bytes: number, cause: unknown): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_ARENA_CAP', `the runtime refuses ${bytes} bytes of shared memory`, {
    op: 'Arena.create',
    cause,
    hint: 'Ask for less; Node 20 allows 4 GiB at most, later ones more.',
  });
}
