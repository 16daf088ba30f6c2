// Runs the contenders over one group of files, alternately, and checks every result of every round.

import { performance } from 'node:perf_hooks';

import { Digests } from './digest.ts';
import type { Job } from './job.ts';
import type { Progress } from './progress.ts';
import { median, type Score } from './table.ts';
import type { FoundFile } from './walk.ts';

/** One way to ingest a group of files. */
export interface Contender {
  readonly name: string;
  ingest(job: Job): Promise<void> | void;
}

/** Results that differ from the reference. */
export class MismatchError extends Error {}

const LISTED_MAX = 10;
const MILLISECONDS = 1000;

/** How often each contender runs. */
export interface Passes {
  /** Before the timed ones, at least one: they fill the page cache and let the engine compile, for every contender alike. */
  readonly warmUps: number;
  /** Timed. */
  readonly rounds: number;
}

/** The scores of the contenders, in their order. */
export async function race(
  group: string,
  files: readonly FoundFile[],
  reference: Contender,
  contenders: readonly Contender[],
  { warmUps, rounds }: Passes,
  progress: Progress,
): Promise<readonly Score[]> {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const pass = async (contender: Contender, label: string): Promise<{ digests: Digests; ms: number }> => {
    const digests = new Digests(files.length);
    progress.begin(`${group}, ${contender.name}, ${label}`, totalBytes);
    const started = performance.now();
    await contender.ingest({ files, digests, advance: progress.advance });
    return { digests, ms: performance.now() - started };
  };
  const { digests: expected } = await pass(reference, 'reference');
  const times = contenders.map((): number[] => []);
  const first = contenders.map(() => 0);
  for (let round = 1 - warmUps; round <= rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      // Another one begins in each round.
      const index = (turn + round + warmUps) % contenders.length;
      const contender = contenders[index] as Contender;
      const { digests, ms } = await pass(contender, round <= 0 ? 'warm-up' : `round ${round} of ${rounds}`);
      check(contender.name, files, digests.differences(expected));
      if (round > 0) times[index]?.push(ms);
      else if (round === 1 - warmUps) first[index] = ms;
    }
  }
  return contenders.map(({ name }, index) => ({
    name,
    seconds: median(times[index] as number[]) / MILLISECONDS,
    firstSeconds: (first[index] as number) / MILLISECONDS,
  }));
}

function check(name: string, files: readonly FoundFile[], different: readonly number[]): void {
  if (different.length === 0) return;
  const listed = different.slice(0, LISTED_MAX).map((index) => `  ${(files[index] as FoundFile).path}`);
  const more = different.length > LISTED_MAX ? [`  and ${different.length - LISTED_MAX} more`] : [];
  throw new MismatchError(
    [
      `${name} and node:fs differ in ${different.length} of ${files.length} files:`,
      ...listed,
      ...more,
      'A file that something wrote to meanwhile differs too.',
    ].join('\n'),
  );
}
