// One life of a log on a simulated machine: it appends, the power goes at some moment, and another one reads what is left.
import { openPool, type Pool } from '@ringpool/pool';
import { Simulation } from '@ringpool/pool/sim';
import { Log, recover } from './log.ts';

/** Appends in one life, at most. */
const APPENDS_MAX = 12;
const SIZE = { workers: 1, arenaBytes: 1024 * 1024, depth: 16 };

/** What became of the records of one life. */
export interface Trial {
  readonly seed: number;
  /** How many appends had resolved when the power went. */
  readonly acknowledged: number;
  /** How many records were there afterwards. */
  readonly recovered: number;
  /** When the power went, in simulated milliseconds. */
  readonly crashedMs: number;
}

async function lives<T>(sim: Simulation, life: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = await openPool({ driver: sim, ...SIZE });
  try {
    return await life(pool);
  } finally {
    // Without power, files do not close.
    await pool.close().catch(() => undefined);
  }
}

/** Runs one life and what comes after it. The same seed gives the same trial. */
export async function run(seed: number, syncsDirectory: boolean): Promise<Trial> {
  const sim = new Simulation({ seed, faults: { latencySpike: 0.05 } });
  const until = 1 + (seed % APPENDS_MAX);
  const acknowledged = await lives(sim, async (pool) => {
    const log = new Log(pool, syncsDirectory);
    let done = 0;
    while (done < until) {
      await log.append(BigInt(done));
      done++;
    }
    // The power goes in the midst of one more append, which is never acknowledged.
    const last = log.append(BigInt(done)).catch(() => undefined);
    const images = sim.crash();
    await last;
    return { done, image: images.sample(seed) };
  });
  const after = sim.reopen(acknowledged.image, { faults: {} });
  const values = await lives(after, recover);
  if (values.some((value, index) => value !== BigInt(index))) throw new Error(`seed ${seed}: wrong records`);
  return { seed, acknowledged: acknowledged.done, recovered: values.length, crashedMs: sim.nowMs };
}

/** Whether a record was lost that somebody had been told is safe. */
export function hasLost({ acknowledged, recovered }: Trial): boolean {
  return recovered < acknowledged;
}

/** The first trial of seeds from 1 to `seeds` that has lost something; undefined when none has. */
export async function search(seeds: number, syncsDirectory: boolean): Promise<Trial | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const trial = await run(seed, syncsDirectory);
    if (hasLost(trial)) return trial;
  }
  return undefined;
}
