// Random reads of one open file by pool.batch: typed columns, made once and filled anew for each batch.
import { openPool, type Placement } from '@ringpool/pool';

import { failed, measureAsync, sideArguments } from './child.ts';
import { columnsOf, refill } from './columns.ts';
import { alarm, randomPositions } from './random.ts';

const { file, bytes, depth, placement } = sideArguments<{
  file: string;
  bytes: number;
  /** Entries of each batch. */
  depth: number;
  placement: Placement;
}>();

const nextPosition = randomPositions(file, bytes);
const pool = await openPool({ workers: 1, placement });
const columns = columnsOf(await pool.open(file), pool.alloc(bytes * depth), bytes);

async function loop(untilMs: number): Promise<number> {
  const time = alarm(untilMs);
  let ops = 0;
  while (!time.over) {
    refill(columns, nextPosition);
    const results = await pool.batch(columns);
    for (let entry = 0; entry < depth; entry++, ops++) {
      if (results[entry] !== bytes) failed('an entry', results[entry] as number);
    }
  }
  return ops;
}

await measureAsync(loop, bytes);
await pool.close();
