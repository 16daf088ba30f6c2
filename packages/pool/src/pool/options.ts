// What openPool takes, checked: an option that is unknown or out of range is refused, never ignored.

import { totalmem } from 'node:os';

import { type Arena, checkOptions, Lease } from '@ringpool/core';

import { type DriverWish, wishOf } from '../drivers/choose.ts';
import { invalidArgument } from './errors.ts';
import type { Placement } from './placement.ts';
import { WORKERS_MAX } from './words.ts';

/** Whether the arena's segments are registered with the kernel. */
export type RegistrationMode = 'auto' | 'required' | 'off';

/** Options of {@link openPool}. */
export interface PoolOptions {
  /**
   * What executes the operations. `'uring'`: io_uring. `'threads'`: node:fs on the I/O workers, wherever Node runs. `'auto'`:
   * io_uring where it works and Linux is 6.1 or newer, else threads; see {@link Pool.driver}. A `Simulation` of
   * `@ringpool/pool/sim`: its disk and its clock. The environment variable RINGPOOL_DRIVER goes before a name given here.
   * Default: `'auto'`.
   */
  readonly driver?: DriverWish | undefined;
  /** I/O worker threads, 1 to 64. Default: min(4, CPUs - 1), at least 1; on driver `'threads'` min(4, CPUs), at least 2. */
  readonly workers?: number | undefined;
  /** The most memory the arena may grow to, in bytes. Default: min(64 MiB, 1/16 of the memory this process may use). */
  readonly arenaBytes?: number | undefined;
  /** Operations in flight per worker, 4 to 4096; rounded up to a power of two. More wait their turn. Default: 256. */
  readonly depth?: number | undefined;
  /**
   * Operations of one thread that may wait for room on its lanes, 0 to 2^30; more are refused with
   * ERR_RINGPOOL_QUEUE_FULL, so that a producer without a limit of its own cannot fill the memory. Default: 1048576.
   */
  readonly waitingMax?: number | undefined;
  /**
   * `'auto'` registers what RLIMIT_MEMLOCK allows and uses the rest unregistered; `'required'` fails where memory
   * cannot be registered; `'off'` registers nothing. Default: `'auto'`.
   */
  readonly registration?: RegistrationMode | undefined;
  /** Where operations run unless a file or an operation says otherwise. Default: `'auto'`. */
  readonly placement?: Placement | undefined;
  /**
   * An operation that takes as many milliseconds, or more, is published to `ringpool:operation:slow` (see
   * {@link channels}), in every thread of the pool. 0: each of them; Infinity: none. Default: 100.
   */
  readonly slowOperationMs?: number | undefined;
}

/** {@link PoolOptions} with every default filled in. */
export interface ResolvedOptions {
  readonly driver: DriverWish;
  /** Undefined: as many as the driver likes. */
  readonly workers: number | undefined;
  readonly arenaBytes: number;
  readonly depth: number;
  readonly waitingMax: number;
  readonly registration: RegistrationMode;
  readonly placement: Placement;
  readonly slowOperationMs: number;
}

const ARENA_BYTES_MIN = 1024 * 1024;
/** The arena's own: its table of segments ends there. */
const ARENA_BYTES_MAX = 32 * 2 ** 30;
const ARENA_BYTES_DEFAULT_MAX = 64 * 1024 * 1024;
const ARENA_MEMORY_SHARE = 16;
const DEPTH_MIN = 4;
const DEPTH_MAX = 4096;
const DEPTH_DEFAULT = 256;
const WAITING_MAX = 2 ** 30;
const WAITING_DEFAULT = 2 ** 20;
/** Far above what a disk takes, below what a person takes for a fault. */
const SLOW_OPERATION_MS_DEFAULT = 100;
const KNOWN: readonly string[] = [
  'driver',
  'workers',
  'arenaBytes',
  'depth',
  'waitingMax',
  'registration',
  'placement',
  'slowOperationMs',
];

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT unless it is a lease of this arena: the kernel sees no other memory. */
export function checkLease(op: string, lease: unknown, arena: Arena): void {
  if (lease instanceof Lease && lease.liesIn(arena.data)) return;
  throw invalidArgument(
    op,
    'the target is no lease of this pool',
    'Take one from pool.alloc() of the same pool.',
  );
}

/** Throws ERR_RINGPOOL_INVALID_ARGUMENT unless it is an AbortSignal. */
export function checkSignal(op: string, signal: unknown): asserts signal is AbortSignal {
  if (signal instanceof AbortSignal) return;
  throw invalidArgument(op, 'the signal is no AbortSignal', 'Pass the `signal` of an AbortController.');
}

function integer(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw invalidArgument(
    'openPool',
    `${name} is ${String(value)}`,
    `It must be an integer from ${min} to ${max}.`,
  );
}

function slowOperationMsOf({ slowOperationMs = SLOW_OPERATION_MS_DEFAULT }: PoolOptions): number {
  if (typeof slowOperationMs === 'number' && slowOperationMs >= 0) return slowOperationMs;
  throw invalidArgument(
    'openPool',
    `slowOperationMs is ${String(slowOperationMs)}`,
    'It must be a number of milliseconds from 0.',
  );
}

/** The memory this process may use: what the cgroup allows, or what the machine has. */
function memoryLimitBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}

/** Checks the options of openPool and fills in the defaults. Throws ERR_RINGPOOL_INVALID_ARGUMENT. */
export function resolveOptions(options: PoolOptions): ResolvedOptions {
  checkOptions('openPool', options, KNOWN);
  const registration = options.registration ?? 'auto';
  if (registration !== 'auto' && registration !== 'required' && registration !== 'off') {
    throw invalidArgument(
      'openPool',
      `registration is ${String(registration)}`,
      "It must be 'auto', 'required' or 'off'.",
    );
  }
  const arenaDefault = Math.max(
    ARENA_BYTES_MIN,
    Math.min(ARENA_BYTES_DEFAULT_MAX, Math.floor(memoryLimitBytes() / ARENA_MEMORY_SHARE)),
  );
  const depth = integer('depth', options.depth ?? DEPTH_DEFAULT, DEPTH_MIN, DEPTH_MAX);
  const workers =
    options.workers === undefined ? undefined : integer('workers', options.workers, 1, WORKERS_MAX);
  return {
    driver: wishOf(options.driver),
    workers,
    arenaBytes: integer('arenaBytes', options.arenaBytes ?? arenaDefault, ARENA_BYTES_MIN, ARENA_BYTES_MAX),
    depth: 2 ** Math.ceil(Math.log2(depth)),
    waitingMax: integer('waitingMax', options.waitingMax ?? WAITING_DEFAULT, 0, WAITING_MAX),
    registration,
    placement: options.placement ?? 'auto',
    slowOperationMs: slowOperationMsOf(options),
  };
}
