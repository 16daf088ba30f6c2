// Where should an operation run: on the caller's own ring, or on a worker's? The rule of placement 'auto' comes from here:
// by size, cached or past the cache, alone or with others, beside one worker or two.
import { CACHED_BYTES, DIRECT_BYTES, dataFile, warmUp } from './data.ts';
import type { Case, Question, Side } from './measure.ts';
import { LOOP_DELAY, OPS } from './measure.ts';
import { runSide } from './processes.ts';

const KIB = 1024;
const CACHED_KIB: readonly number[] = [4, 16, 64, 256, 1024];
const DIRECT_KIB: readonly number[] = [4, 64, 1024];
const DEPTH_MANY = 16;
/** Shorter than elsewhere: there are many cases, and what matters is which side is ahead by how much. */
const TIMING = { warmUpMs: 300, steadyMs: 800 };

function placementCase(kib: number, depth: number, direct: boolean): Case {
  const file = dataFile(direct ? DIRECT_BYTES : CACHED_BYTES);
  const many = depth > 1;
  const args = { ...TIMING, api: 'ringpool', file, bytes: kib * KIB, depth, direct, loopDelay: many };
  const side = (name: string, placement: string, workers: number): Side => ({
    name,
    run: () => runSide('file-read', { ...args, placement, workers }),
  });
  const one = side('one worker', 'workers', 1);
  return {
    name: `${kib} KiB, ${direct ? 'O_DIRECT' : 'cached'}, depth ${depth}`,
    metrics: many ? [OPS, LOOP_DELAY] : [OPS],
    ours: side('local', 'local', 1),
    // One read at a time keeps one worker busy at most.
    others: many ? [one, side('two workers', 'workers', 2)] : [one],
    ...(direct ? {} : { before: () => warmUp(file) }),
  };
}

export const placement: Question = {
  name: 'placement',
  title: "file.read on the caller's own ring, and on one worker or two",
  cases: async () =>
    [1, DEPTH_MANY].flatMap((depth) => [
      ...CACHED_KIB.map((kib) => placementCase(kib, depth, false)),
      ...DIRECT_KIB.map((kib) => placementCase(kib, depth, true)),
    ]),
};
