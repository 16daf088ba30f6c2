// What does an operation cost in JavaScript heap, beyond what its caller allocates?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import type { Case, Metric, Question, Side } from './measure.ts';
import { runSide } from './processes.ts';

const BLOCK_BYTES = 4096;
const DEPTH = 64;
const PER_PROMISE_BYTES_MAX = 320;
/**
 * None for each entry: the smallest object has 16 bytes. What a turn of the event loop allocates is shared by the entries
 * that completed in it, some 4 bytes each.
 */
const PER_ENTRY_BYTES_MAX = 8;
/** No collection while a round of operations is measured: what it leaves behind fits the young generation. */
const HEAP_FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];

const PER_OPERATION: Metric = {
  key: 'heapBytesPerOp',
  label: 'heap per operation',
  better: 'lower',
  unit: 'B',
};
const PER_BATCH: Metric = { key: 'heapBytesPerBatch', label: 'heap per batch', better: 'lower', unit: 'B' };

function heapSide(name: string, api: string, placement = 'local'): Side {
  const args = { api, file: dataFile(CACHED_BYTES), bytes: BLOCK_BYTES, depth: DEPTH, placement };
  return { name, run: () => runSide('heap', args, { flags: HEAP_FLAGS }) };
}

interface HeapTarget {
  readonly most: number;
  readonly placement?: string;
  readonly more?: Metric;
}

function heapCase(name: string, api: string, other: Side, { most, placement, more }: HeapTarget): Case {
  return {
    name,
    metrics: more === undefined ? [PER_OPERATION] : [PER_OPERATION, more],
    ours: heapSide('ringpool', api, placement),
    others: [other],
    bounds: [{ metric: PER_OPERATION.key, value: most }],
    before: () => warmUp(dataFile(CACHED_BYTES)),
  };
}

export const heap: Question = {
  name: 'heap',
  title: 'JavaScript heap of a cached 4 KiB read, without what its caller allocates',
  cases: async () => [
    heapCase('file.read', 'ringpool', heapSide('fs.promises', 'promises'), { most: PER_PROMISE_BYTES_MAX }),
    heapCase('file.read, through a worker', 'ringpool', heapSide('fs.promises', 'promises'), {
      most: PER_PROMISE_BYTES_MAX,
      placement: 'workers',
    }),
    heapCase('pool.batch, an entry', 'batch', heapSide('file.read', 'ringpool'), {
      most: PER_ENTRY_BYTES_MAX,
      more: PER_BATCH,
    }),
  ],
};
