// What does a blocking read cost on any thread of the pool, beside fs.readSync on a thread of the same kind?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import type { Case, Question } from './measure.ts';
import { CPU_PER_OP, OPS } from './measure.ts';
import { runSide } from './processes.ts';

const BLOCK_BYTES = 4096;
const BLOCKING = 'fs.readSync';
const TARGET = 0.95;

function syncCase(name: string, thread: 'main' | 'other', placement: 'auto' | 'workers'): Case {
  const file = dataFile(CACHED_BYTES);
  const args = { file, bytes: BLOCK_BYTES, thread, placement };
  return {
    name: `file.readSync, ${name}`,
    metrics: [OPS, CPU_PER_OP],
    ours: { name: 'ringpool', run: () => runSide('sync-read', { ...args, api: 'ringpool' }) },
    others: [{ name: BLOCKING, run: () => runSide('sync-read', { ...args, api: 'node' }) }],
    // Through a worker it is a hop there and back: for the table, not for speed.
    targets: placement === 'workers' ? [] : [{ metric: OPS.key, against: BLOCKING, ratio: TARGET }],
    before: () => warmUp(file),
  };
}

export const sync: Question = {
  name: 'sync',
  title: 'file.readSync, cached 4 KiB random reads, one after another',
  cases: async () => [
    syncCase('main thread', 'main', 'auto'),
    syncCase('a thread that joined', 'other', 'auto'),
    syncCase('main thread, through a worker', 'main', 'workers'),
  ],
};
