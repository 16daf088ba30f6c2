// Which driver a pool has: the one that was asked for by name, or the best one that works here. Asked of the kernel by really
// using a ring, at the moment when a pool opens.

import { release } from 'node:os';

import { type DriverName, encode, RingpoolError, Simulation } from '@ringpool/core';
import { Ring } from '@ringpool/native';

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

/** The oldest kernel on which io_uring is used without being asked for by name: the oldest one that it is tested on. */
const KERNEL_FLOOR: readonly [major: number, minor: number] = [6, 1];
/** How long the trial operation may take. */
const TRIAL_MS = 5000;
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

/** Opens a small ring, and has it do nothing once. */
function whyNotUring(): RingpoolError | undefined {
  if (isTooOld(release())) return tooOld(release());
  try {
    const ring = Ring.open({ entries: 4 });
    try {
      encode.nop(ring.sqes, ring.push(), {});
      if (ring.submitAndWait(1, TRIAL_MS) === 0) throw noAnswer();
      ring.reap(() => undefined);
      return undefined;
    } finally {
      ring.close();
    }
  } catch (error) {
    if (error instanceof RingpoolError) return error;
    throw error;
  }
}

/** Whether a Linux release is below the floor; on other platforms the addon is missing, which says more. */
export function isTooOld(kernel: string): boolean {
  if (process.platform !== 'linux') return false;
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return major < KERNEL_FLOOR[0] || (major === KERNEL_FLOOR[0] && minor < KERNEL_FLOOR[1]);
}

function tooOld(kernel: string): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_UNAVAILABLE',
    `Linux ${kernel} is older than ${KERNEL_FLOOR.join('.')}, the oldest that io_uring is tested on here`,
    { op: 'openPool', hint: "Use a newer kernel; driver 'uring' tries this one all the same." },
  );
}

function noAnswer(): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_UNAVAILABLE', `a ring did nothing in ${TRIAL_MS} ms`, {
    op: 'openPool',
    hint: 'See `npx @ringpool/pool doctor`.',
  });
}
