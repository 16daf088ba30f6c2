// The drivers that a test plays on: those that a pool may be asked for here. RINGPOOL_DRIVER goes before what a test asks for.
const { RINGPOOL_DRIVER: named } = process.env;

/** A driver with a system behind it. */
export type PlayedOn = 'uring' | 'threads';

/** Both, unless the suite runs on one. */
export const EACH_DRIVER: readonly PlayedOn[] =
  named === 'uring' || named === 'threads' ? [named] : ['uring', 'threads'];
