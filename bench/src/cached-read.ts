// How close does a ring driven from TypeScript come to fio when the page cache answers?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import type { Question } from './measure.ts';
import { OPS } from './measure.ts';
import { againstFio, readCase } from './reads.ts';

const BLOCK_BYTES = 4096;

export const cachedRead: Question = {
  name: 'cached-read',
  title: 'Cached 4 KiB random reads, one ring, one thread',
  cases: () => {
    const file = dataFile(CACHED_BYTES);
    const shared = { file, bytes: BLOCK_BYTES, direct: false, before: () => warmUp(file) };
    return Promise.all([
      readCase({
        ...shared,
        name: 'READ_FIXED, fixed file, depth 64',
        depth: 64,
        fixed: true,
        targets: [againstFio(OPS, 0.95)],
      }),
      readCase({ ...shared, name: 'READ, depth 64', depth: 64, fixed: false }),
      readCase({ ...shared, name: 'READ_FIXED, fixed file, depth 1', depth: 1, fixed: true }),
    ]);
  },
};
