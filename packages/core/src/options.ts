// The check of an options object at a public edge: no option is accepted and ignored.

import { RingpoolError } from './errors.ts';

/**
 * Refuses what is no options object, and options that do not exist.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT that names the option and lists those there are.
 *
 * @example
 * ```ts
 * import { checkOptions } from '@ringpool/core';
 *
 * checkOptions('open', { mode: 0o644 }, ['mode', 'direct']);
 * ```
 */
export function checkOptions(op: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    refuse(op, `the options are ${String(options)}`, `Pass an object with ${known.join(', ')}.`);
  }
  for (const key in options as object) {
    if (!known.includes(key))
      refuse(op, `there is no option '${key}'`, `The options are ${known.join(', ')}.`);
  }
}

// Not inside of it: a closure for each check would be garbage of every operation.
function refuse(op: string, message: string, hint: string): never {
  throw new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', message, { op, hint });
}
