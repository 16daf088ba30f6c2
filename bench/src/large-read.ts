// Where the copy dominates: is anything of the ring's cost left to see?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import type { Question } from './measure.ts';
import { CPU_PER_OP, MEGABYTES } from './measure.ts';
import { readCase } from './reads.ts';

export const largeRead: Question = {
  name: 'large-read',
  title: 'Cached 64 KiB and 1 MiB random reads, one ring, one thread',
  cases: () => {
    const file = dataFile(CACHED_BYTES);
    const shared = {
      file,
      direct: false,
      fixed: true,
      metrics: [MEGABYTES, CPU_PER_OP],
      before: () => warmUp(file),
    };
    return Promise.all([
      readCase({ ...shared, name: '64 KiB, READ_FIXED, depth 16', bytes: 64 * 1024, depth: 16 }),
      readCase({ ...shared, name: '1 MiB, READ_FIXED, depth 8', bytes: 2 ** 20, depth: 8 }),
    ]);
  },
};
