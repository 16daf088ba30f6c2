// What does it cost to register a buffer, to clone the registration into a second ring, and to undo it, by size?
import { freemem } from 'node:os';

import type { Case, Metric, Question } from './measure.ts';
import { runSide } from './processes.ts';
import { twinSide } from './twins.ts';

const SIZES: readonly (readonly [label: string, bytes: number, rounds: number])[] = [
  ['4 KiB', 4096, 400],
  ['64 KiB', 64 * 1024, 400],
  ['1 MiB', 2 ** 20, 200],
  ['16 MiB', 16 * 2 ** 20, 40],
  ['64 MiB', 64 * 2 ** 20, 15],
  ['256 MiB', 256 * 2 ** 20, 7],
  ['1 GiB', 2 ** 30, 3],
];
/** A size is asked only where three times as much memory is free: the machine is shared. */
const FREE_FACTOR = 3;

const METRICS: readonly Metric[] = [
  { key: 'registerUs', label: 'register', better: 'lower', unit: 'us' },
  { key: 'cloneUs', label: 'clone', better: 'lower', unit: 'us' },
  { key: 'unregisterUs', label: 'unregister', better: 'lower', unit: 'us' },
];

export const registration: Question = {
  name: 'registration',
  title: 'One registered buffer: register, clone into a second ring, unregister',
  cases: () =>
    Promise.all(
      SIZES.filter(([, bytes]) => freemem() > bytes * FREE_FACTOR).map(
        async ([label, bytes, rounds]): Promise<Case> => ({
          name: label,
          metrics: METRICS,
          ours: { name: 'ringpool', run: () => runSide('ring-registration', { bytes, rounds }) },
          others: await twinSide('registration', { bytes, rounds }),
        }),
      ),
    ),
};
