// What does the typed encoder cost over writing the sixteen words by hand?
import type { Case, Metric, Question } from './measure.ts';
import { runSide } from './processes.ts';

const PER_ENCODE: Metric = { key: 'nsPerEncode', label: 'per SQE', better: 'lower', unit: 'ns' };
const OPERATIONS = ['nop', 'read', 'readFixed', 'writeFixed'];

export const encode: Question = {
  name: 'encode',
  title: 'Typed encoder against the same stores written by hand (tinybench)',
  cases: () =>
    Promise.resolve(
      OPERATIONS.map(
        (operation): Case => ({
          name: operation,
          metrics: [PER_ENCODE],
          ours: { name: 'encode', run: () => runSide('encode', { operation, typed: true }) },
          others: [{ name: 'by hand', run: () => runSide('encode', { operation, typed: false }) }],
        }),
      ),
    ),
};
