// What is a pool worth where there is no io_uring, beside the callbacks of fs.read, and how fast is a simulation?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import type { Case, Question } from './measure.ts';
import { CPU_PER_OP, OPS } from './measure.ts';
import { runSide } from './processes.ts';

const KIB = 1024;
const DEPTH = 32;
const CALLBACKS = 'fs.read';
const PROMISES = 'fs.promises';
const SIM_OPS = 200_000;

function threadsCase(kib: number, workers: number): Case {
  const file = dataFile(CACHED_BYTES);
  const args = { file, bytes: kib * KIB, depth: DEPTH, placement: 'auto', workers, driver: 'threads' };
  return {
    name: `threads, ${workers === 1 ? 'one worker' : `${workers} workers`}, ${kib} KiB, depth ${DEPTH}`,
    metrics: [OPS, CPU_PER_OP],
    ours: { name: 'ringpool', run: () => runSide('file-read', { ...args, api: 'ringpool' }) },
    others: [
      { name: CALLBACKS, run: () => runSide('file-read', { ...args, api: 'callbacks' }) },
      { name: PROMISES, run: () => runSide('file-read', { ...args, api: 'promises' }) },
    ],
    targets: [{ metric: OPS.key, against: CALLBACKS, ratio: 1 }],
    before: () => warmUp(file),
  };
}

function simCase(operation: 'write' | 'read'): Case {
  return {
    name: `sim, ${operation}s of 4 KiB, depth ${DEPTH}`,
    metrics: [OPS],
    ours: { name: 'ringpool', run: () => runSide('sim', { operation, depth: DEPTH }) },
    others: [],
    bounds: [{ metric: OPS.key, value: SIM_OPS }],
  };
}

export const drivers: Question = {
  name: 'drivers',
  title: 'cached random reads on the driver threads, and operations of a simulated ring',
  cases: async () => [
    threadsCase(4, 1),
    threadsCase(64, 1),
    threadsCase(4, 2),
    threadsCase(64, 2),
    simCase('write'),
    simCase('read'),
  ],
};
