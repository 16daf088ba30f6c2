// Everything at once: threads, workers, placements, blocking and not, aborts, releases at random. Every byte is checked, every
// promise settles, every lease comes back.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Arena } from '@ringpool/core';
import { openPool } from '@ringpool/pool';
import { expect, onTestFinished, test } from 'vitest';
import { guests } from '../../src/pool/seat.ts';
import { PoolWords } from '../../src/pool/words.ts';
import { openTargets, pattern, seededRandom, temporaryFolder, until } from '../support.ts';

const THREADS = 4;
/** Versions of Node beside the one at hand get fewer. */
const OPERATIONS = process.env['RINGPOOL_BRIEF'] === '1' ? 200_000 : 1_000_000;
const WAIT_MS = 360_000;
/** No thread of the pool has this number. */
const ARENA_OBSERVER = 1023;

test(
  `${OPERATIONS} operations of ${THREADS} threads on 2 workers`,
  async () => {
    const { seed } = seededRandom();
    const folder = temporaryFolder();
    const name = path.join(folder, 'file');
    writeFileSync(name, pattern(1024 * 1024, seed));
    const pool = await openPool({ workers: 2, depth: 32, arenaBytes: 256 * 1024 * 1024 });
    const port = pool.port();
    const threads = Array.from({ length: THREADS }, (_, index) => {
      const thread = new Worker(new URL('../fixtures/mixed.mjs', import.meta.url), {
        workerData: {
          port,
          name,
          mine: path.join(folder, `mine ${index}`),
          seed: seed + index,
          operations: OPERATIONS / THREADS,
        },
      });
      onTestFinished(async () => {
        await thread.terminate();
      });
      return new Promise<{ done?: number; error?: string }>((resolve) => {
        thread.once('message', resolve);
        thread.once('error', (error) => resolve({ error: String(error) }));
        thread.once('exit', (code) => resolve({ error: `exit ${code}` }));
      });
    });
    for (const said of await Promise.all(threads)) {
      expect(said.error).toBeUndefined();
      expect(said.done).toBeGreaterThanOrEqual(OPERATIONS / THREADS);
    }
    await until(() => guests(new PoolWords(port.words)) === 0);
    const { leasesLive, inUseBytes } = Arena.attach(port.arena, { clientId: ARENA_OBSERVER }).stats();
    expect({ leasesLive, inUseBytes }).toEqual({ leasesLive: 0, inUseBytes: 0 });
    await pool.close();
    expect(openTargets().filter((target) => target.startsWith(folder))).toEqual([]);
  },
  WAIT_MS,
);
