// Threads of a pool that are killed at random, over and over: every seat, descriptor, lease and pinned page comes back, other
// clients read the right bytes all the time, and nobody's file is closed. The long form is RINGPOOL_KILLS=1, and that of
// 10,000 clients RINGPOOL_KILLS=all. RINGPOOL_BRIEF=1 is what other versions of Node get.
import { expect, test } from 'vitest';
import { runFor, seededRandom, temporaryFolder } from '../support.ts';

const ALL = process.env['RINGPOOL_KILLS'] === 'all';
const LONG = ALL || process.env['RINGPOOL_KILLS'] === '1';
const BRIEF = process.env['RINGPOOL_BRIEF'] === '1';
const BOUND_MS = ALL ? 900_000 : LONG ? 280_000 : 100_000;

interface Kills {
  readonly threads: number;
  /** Clients of each thread. */
  readonly each: number;
  readonly workers: number;
  readonly batch: number;
  readonly bystanders: number;
  readonly pool: number;
}

async function kill(fixture: string, how: object): Promise<Record<string, number>> {
  const { seed } = seededRandom();
  const data = JSON.stringify({ ...how, seed, folder: temporaryFolder() });
  const ended = await runFor(BOUND_MS, fixture, data);
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  console.log(ended.stdout.trim());
  return JSON.parse(ended.stdout);
}

const threads = ALL ? 1000 : LONG ? 250 : BRIEF ? 15 : 100;
const each = LONG ? 10 : 3;
test(
  `${threads * each} clients are killed, and leave nothing`,
  async () => {
    const how: Kills = { threads, each, workers: 0, batch: 50, bystanders: 1, pool: 2 };
    const found = await kill('kills.mjs', how);
    expect(found).toMatchObject({ threads, clients: threads * each, died: 0 });
  },
  BOUND_MS + 10_000,
);

const both = LONG ? 40 : BRIEF ? 5 : 30;
test(
  `${both * 3} clients and ${both} workers are killed at the same time, and leave nothing`,
  async () => {
    const how: Kills = { threads: both, each: 3, workers: both, batch: 30, bystanders: 2, pool: 2 };
    expect(await kill('kills.mjs', how)).toMatchObject({ threads: both, workers: both });
  },
  BOUND_MS + 10_000,
);

const rounds = LONG ? 40 : BRIEF ? 5 : 15;
test(
  `${rounds} pools are closed while clients connect, work and are killed`,
  async () => {
    expect(await kill('kill-closing.mjs', { rounds })).toMatchObject({ rounds });
  },
  BOUND_MS + 10_000,
);
