// process.exit() with four workers, in each phase of their lives: the process ends at once, by its own code. The long form is
// RINGPOOL_KILLS=1, 200 rounds of each phase RINGPOOL_KILLS=all, and what other versions of Node get RINGPOOL_BRIEF=1.
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { runFixture, seededRandom, temporaryPipe } from '../support.ts';

const { RINGPOOL_KILLS, RINGPOOL_BRIEF } = process.env;
const ROUNDS = RINGPOOL_KILLS === 'all' ? 200 : RINGPOOL_KILLS === '1' ? 20 : RINGPOOL_BRIEF === '1' ? 3 : 10;
/** Processes at a time. */
const AT_ONCE = Math.min(2, availableParallelism());
const EXIT_CODE = 7;
/** A bound on waiting for sleeping workers, one after another: beyond what ending as many threads of Node's own takes. */
const PARKED_MS = 200;
/** Far beyond what ending takes on a busy machine. */
const HANG_MS = 1000;
const TEST_MS = RINGPOOL_KILLS === 'all' ? 600_000 : 180_000;

/** Runs rounds of a phase. Answers how long after the call of process.exit() each process had ended. */
async function rounds(phase: string, count: number): Promise<number[]> {
  const { random } = seededRandom();
  const pipe = temporaryPipe();
  const took: number[] = [];
  let left = count;
  const loop = async (): Promise<void> => {
    while (left-- > 0) {
      const ended = await runFixture('exits.mjs', phase, pipe, String(random(1000)));
      const now = Date.now();
      expect(ended).toMatchObject({ code: EXIT_CODE, signal: null, stderr: '' });
      took.push(now - Number(ended.stdout));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  return took;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;

describe('process.exit() with four workers', () => {
  test.each(['that start', 'that have just worked', 'that are to close'])(
    '%s keeps its code',
    async (which) => {
      const phases: Record<string, string> = {
        'that start': 'starting',
        'that have just worked': 'spinning',
        'that are to close': 'closing',
      };
      await rounds(phases[which] as string, ROUNDS);
    },
    TEST_MS,
  );

  test.each(['local', 'workers'])(
    'with reads in flight (%s) that never end keeps its code',
    async (where) => {
      await rounds(where, ROUNDS);
    },
    TEST_MS,
  );

  test(
    'that are parked does not wait for them',
    async () => {
      const plain: number[] = [];
      const parked: number[] = [];
      // In turns: what else the machine does then slows both.
      for (let part = 0; part < 5; part++) {
        plain.push(...(await rounds('plain', ROUNDS / 5)));
        parked.push(...(await rounds('parked', ROUNDS / 5)));
      }
      const [plainMs, parkedMs] = [median(plain), median(parked)];
      console.log(
        `a process with four idle threads ends after ${plainMs} ms, with four parked workers after ${parkedMs} ms`,
      );
      expect(parkedMs - plainMs).toBeLessThan(PARKED_MS);
      expect(parkedMs).toBeLessThan(HANG_MS);
    },
    TEST_MS,
  );
});
