// The drivers that a test plays on: those that a pool may be asked for here. RINGPOOL_DRIVER goes before what a test asks for, and
// io_uring may be blocked.
import { driver } from '../features.ts';

const { RINGPOOL_DRIVER: named } = process.env;

/** A driver with a system behind it. */
export type PlayedOn = 'uring' | 'threads';

/** Both, unless the suite runs on one, or there is but one. */
export const EACH_DRIVER: readonly PlayedOn[] =
  driver !== 'uring' ? ['threads'] : named === 'uring' ? ['uring'] : ['uring', 'threads'];
