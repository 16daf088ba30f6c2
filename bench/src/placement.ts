// Where should an operation run: on the caller's own ring, or on a worker's? The rule of placement 'auto' comes from here.
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import type { Case, Question } from './measure.ts';
import { OPS } from './measure.ts';
import { runSide } from './processes.ts';

const KIB = 1024;
const SIZES: readonly number[] = [4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1024 * KIB];
const DEPTHS: readonly number[] = [1, 16];

function placementCase(bytes: number, depth: number): Case {
  const file = dataFile(CACHED_BYTES);
  const args = { api: 'ringpool', file, bytes, depth, workers: 1 };
  return {
    name: `${bytes / KIB} KiB, depth ${depth}`,
    metrics: [OPS],
    ours: { name: 'local', run: () => runSide('file-read', { ...args, placement: 'local' }) },
    others: [{ name: 'one worker', run: () => runSide('file-read', { ...args, placement: 'workers' }) }],
    before: () => warmUp(file),
  };
}

export const placement: Question = {
  name: 'placement',
  title: "file.read of cached files: on the caller's own ring, and on one worker",
  cases: async () => DEPTHS.flatMap((depth) => SIZES.map((bytes) => placementCase(bytes, depth))),
};
