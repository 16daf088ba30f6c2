// I/O workers that are killed at random while clients read: each read ends once, with the right bytes or a typed error, a new
// worker comes, and nothing is left. The long form is RINGPOOL_KILLS=1.
import { expect, test } from 'vitest';
import { runFor, seededRandom, temporaryFolder } from '../support.ts';

const LONG = process.env['RINGPOOL_KILLS'] === '1';
const BRIEF = process.env['RINGPOOL_BRIEF'] === '1';
const BOUND_MS = LONG ? 280_000 : 100_000;

const workers = LONG ? 120 : BRIEF ? 30 : 100;
test(
  `${workers} workers are killed under three clients`,
  async () => {
    const { seed } = seededRandom();
    const how = { threads: 0, each: 1, workers, batch: 50, bystanders: 3, pool: 4 };
    const data = JSON.stringify({ ...how, seed, folder: temporaryFolder() });
    const ended = await runFor(BOUND_MS, 'kills.mjs', data);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    console.log(ended.stdout.trim());
    expect(JSON.parse(ended.stdout)).toMatchObject({ workers });
  },
  BOUND_MS + 10_000,
);
