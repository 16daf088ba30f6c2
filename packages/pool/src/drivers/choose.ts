// Which driver a pool has: the one that was asked for by name, or the best one that works here. Asked of the kernel by really
// using a ring, at the moment when a pool opens.

import { release } from 'node:os';

import { type DriverName, RingpoolError, Simulation } from '@ringpool/core';
import { KERNEL_FLOOR, meetsKernelFloor, tryRing } from '@ringpool/native';

import { invalidArgument } from '../pool/errors.ts';

/** What a pool may be asked to run on. */
export type DriverWish = 'auto' | 'uring' | 'threads' | Simulation;

/** What executes a pool's operations. */
export interface DriverInfo {
  /** `'uring'`: io_uring. `'threads'`: node:fs on worker threads. `'sim'`: a simulation. */
  readonly name: DriverName;
  /** What was asked for, by the option or by RINGPOOL_DRIVER. */
  readonly wanted: DriverName | 'auto';
  /** Why it is this one, for a person. */
  readonly reason: string;
  /** Why it is not io_uring, where `'auto'` had to go without. */
  readonly error: RingpoolError | undefined;
}

/** A driver that was chosen. */
export interface DriverChoice {
  readonly info: DriverInfo;
  readonly simulation: Simulation | undefined;
}

/** Why a pool cannot be opened on io_uring, where it can on another driver. */
const NO_URING: readonly string[] = ['ERR_RINGPOOL_UNAVAILABLE', 'ERR_RINGPOOL_MEMLOCK'];

/**
 * What was asked for: RINGPOOL_DRIVER goes before the option, but not before a simulation.
 * @throws ERR_RINGPOOL_INVALID_ARGUMENT.
 */
export function wishOf(option: DriverWish | undefined): DriverWish {
  if (option instanceof Simulation) return option;
  checkWish('driver', option);
  const named = process.env['RINGPOOL_DRIVER'];
  if (named === undefined || named === '') return option ?? 'auto';
  checkWish('RINGPOOL_DRIVER', named);
  return named;
}

function checkWish(what: string, wish: string | undefined): asserts wish is 'auto' | 'uring' | 'threads' {
  if (wish === undefined || wish === 'auto' || wish === 'uring' || wish === 'threads') return;
  throw invalidArgument(
    'openPool',
    `${what} is ${String(wish)}`,
    "It must be 'auto', 'uring' or 'threads'; or, as an option, a Simulation.",
  );
}

/** Whether an error of opening a pool on io_uring is one that another driver would not have. */
export function keepsFromUring(error: unknown): error is RingpoolError {
  return error instanceof RingpoolError && NO_URING.includes(error.code);
}

/** The driver for a wish; `'auto'` tries io_uring out. */
export function choose(wish: DriverWish): DriverChoice {
  if (wish instanceof Simulation) return asked('sim', wish);
  if (wish !== 'auto') return asked(wish);
  const error = whyNotUring();
  return error === undefined ? tried() : without(error);
}

function asked(name: DriverName, simulation?: Simulation): DriverChoice {
  const info = { name, wanted: name, reason: 'it was asked for by name', error: undefined };
  return { info, simulation };
}

function tried(): DriverChoice {
  const reason = 'a ring of the kernel has executed an operation';
  return { info: { name: 'uring', wanted: 'auto', reason, error: undefined }, simulation: undefined };
}

/** The choice of `'auto'` where io_uring cannot be had. */
export function without(error: RingpoolError): DriverChoice {
  const info: DriverInfo = { name: 'threads', wanted: 'auto', reason: error.message, error };
  return { info, simulation: undefined };
}

/** Why io_uring is not to be used here; undefined when it works. */
function whyNotUring(): RingpoolError | undefined {
  return refusalOf(release()) ?? tryRing();
}

/** Why `'auto'` does not try io_uring on this release of Linux; on other platforms the addon is missing, which says more. */
export function refusalOf(kernel: string): RingpoolError | undefined {
  if (process.platform !== 'linux' || meetsKernelFloor(kernel)) return undefined;
  return new RingpoolError(
    'ERR_RINGPOOL_UNAVAILABLE',
    `Linux ${kernel} is older than ${KERNEL_FLOOR}, the oldest on which io_uring is tested here`,
    { op: 'openPool', hint: "Use a newer kernel; driver 'uring' tries this one all the same." },
  );
}
