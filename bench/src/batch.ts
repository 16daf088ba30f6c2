// What does one promise for many reads save over one for each?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import type { Case, Question } from './measure.ts';
import { CPU_PER_OP, OPS } from './measure.ts';
import { runSide } from './processes.ts';

const BLOCK_BYTES = 4096;
/** Entries of a batch, and promises at once. */
const SIZES = [64, 512];

function batchCase(depth: number): Case {
  const file = dataFile(CACHED_BYTES);
  const args = { file, bytes: BLOCK_BYTES, depth, placement: 'local', workers: 1 };
  const reads = (api: string) => runSide('file-read', { ...args, api });
  return {
    name: `pool.batch of typed columns, ${depth} entries`,
    metrics: [OPS, CPU_PER_OP],
    ours: { name: 'ringpool', run: () => runSide('batch', args) },
    others: [
      { name: 'file.read', run: () => reads('ringpool') },
      { name: 'fs.promises', run: () => reads('promises') },
    ],
    before: () => warmUp(file),
  };
}

export const batch: Question = {
  name: 'batch',
  title: 'pool.batch, cached 4 KiB random reads, and as many promises at once',
  cases: async () => SIZES.map(batchCase),
};
