// Does the disk notice that it is driven from TypeScript, and what does each read cost in CPU time?
import { DIRECT_BYTES, dataFile } from './data.ts';
import type { Question } from './measure.ts';
import { CPU_PER_OP, OPS } from './measure.ts';
import { againstFio, readCase } from './reads.ts';

export const directRead: Question = {
  name: 'direct-read',
  title: 'O_DIRECT 4 KiB random reads, one ring, one thread',
  cases: () => {
    const shared = { file: dataFile(DIRECT_BYTES), bytes: 4096, direct: true, fixed: true };
    return Promise.all([
      readCase({
        ...shared,
        name: 'READ_FIXED, fixed file, depth 128',
        depth: 128,
        targets: [againstFio(OPS, 0.97), againstFio(CPU_PER_OP, 1.5)],
      }),
      readCase({ ...shared, name: 'READ_FIXED, fixed file, depth 1', depth: 1 }),
    ]);
  },
};
