// Threads killed at random points of everything they do: clients, I/O workers, and both. Nothing is left over (descriptors,
// threads, pinned pages, leases, seats), nothing hangs, other clients read right bytes, and no stranger's file is closed.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runFixtureFor, seededRandom, temporaryFolder } from '../support.ts';

const SLOW = process.env['RINGPOOL_SOAK'] !== undefined;
const LIMIT_MS = 300_000;

interface Kills {
  /** Threads that are killed, and of how many clients each. */
  readonly threads: number;
  readonly each: number;
  /** I/O workers that are killed. */
  readonly workers: number;
  /** Threads between two looks at what is left. */
  readonly batch: number;
  readonly bystanders: number;
}

async function kill(kills: Kills): Promise<Record<string, number>> {
  const { seed } = seededRandom();
  const folder = path.join(temporaryFolder(), 'files');
  mkdirSync(folder);
  const ended = await runFixtureFor(LIMIT_MS, 'kills.mjs', JSON.stringify({ ...kills, seed, folder }));
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  return JSON.parse(ended.stdout) as Record<string, number>;
}

describe.skipIf(SLOW)('in passing', () => {
  test('120 clients are killed in the midst of things', { timeout: LIMIT_MS }, async () => {
    const found = await kill({ threads: 60, each: 2, workers: 0, batch: 30, bystanders: 2 });
    expect(found).toMatchObject({ clients: 120, died: 0 });
    expect(found['right']).toBeGreaterThan(0);
  });

  test('clients and 40 I/O workers are killed at the same time', { timeout: LIMIT_MS }, async () => {
    const found = await kill({ threads: 40, each: 2, workers: 40, batch: 20, bystanders: 2 });
    expect(found).toMatchObject({ clients: 80, workers: 40 });
    expect(found['right']).toBeGreaterThan(0);
  });
});

describe.runIf(SLOW)('at length', () => {
  test('10,000 clients and 400 I/O workers are killed', { timeout: LIMIT_MS }, async () => {
    const found = await kill({ threads: 1250, each: 8, workers: 400, batch: 125, bystanders: 1 });
    expect(found).toMatchObject({ clients: 10_000, workers: 400 });
    expect(found['strangersClosed']).toBeGreaterThan(0);
  });
});
