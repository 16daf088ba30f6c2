// What do promises over the pool cost, beside fio, and beside what Node has?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import { fioSide } from './fio.ts';
import type { Case, Question, Side, Target } from './measure.ts';
import { CPU_PER_OP, OPS } from './measure.ts';
import { runSide } from './processes.ts';
import { againstFio } from './reads.ts';

const BLOCK_BYTES = 4096;
const BATCH_MAX = 32;
const SECONDS = 1.5;
const PROMISES = 'fs.promises';
const CALLBACKS = 'fs.read';
const BLOCKING = 'fs.readSync';

/** One of Node's own ways to read. */
function nodeSide(name: string, api: string, args: Readonly<Record<string, unknown>>): Side {
  return { name, run: () => runSide('file-read', { ...args, api }) };
}

function fileCase(placement: string, depth: number, targets: readonly Target[]): Case {
  const file = dataFile(CACHED_BYTES);
  const args = { file, bytes: BLOCK_BYTES, depth, placement, workers: 1 };
  const job = { ...args, batch: Math.min(BATCH_MAX, depth), fixed: true, direct: false, seconds: SECONDS };
  return {
    name: `file.read, ${placement}, depth ${depth}`,
    metrics: [OPS, CPU_PER_OP],
    ours: { name: 'ringpool', run: () => runSide('file-read', { ...args, api: 'ringpool' }) },
    others: [...fioSide(job), nodeSide(CALLBACKS, 'callbacks', args), nodeSide(PROMISES, 'promises', args)],
    targets,
    before: () => warmUp(file),
  };
}

/** A blocking read on the calling thread, one after another. */
function syncCase(): Case {
  const file = dataFile(CACHED_BYTES);
  const args = { file, bytes: BLOCK_BYTES, depth: 1, placement: 'local', workers: 1 };
  return {
    name: 'file.readSync',
    metrics: [OPS, CPU_PER_OP],
    ours: { name: 'ringpool', run: () => runSide('file-read', { ...args, api: 'ringpoolSync' }) },
    others: [nodeSide(BLOCKING, 'nodeSync', args)],
    targets: [against(BLOCKING, 0.95)],
    before: () => warmUp(file),
  };
}

const against = (side: string, ratio: number): Target => ({ metric: OPS.key, against: side, ratio });

export const fileRead: Question = {
  name: 'file-read',
  title: 'file.read promises, cached 4 KiB random reads, one thread',
  cases: async () => [
    fileCase('local', 64, [againstFio(OPS, 0.9), against(PROMISES, 10)]),
    fileCase('local', 1, [againstFio(OPS, 0.65), against(PROMISES, 15)]),
    fileCase('workers', 32, [against(CALLBACKS, 2)]),
    syncCase(),
  ],
};
