// What do promises over the pool cost, beside fio, and beside what Node has?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import { fioSide } from './fio.ts';
import type { Case, Metric, Question, Side, Target } from './measure.ts';
import { CPU_PER_OP, OPS } from './measure.ts';
import { runSide } from './processes.ts';
import { againstFio } from './reads.ts';

const BLOCK_BYTES = 4096;
const BATCH_MAX = 32;
const SECONDS = 1.5;
const PROMISES = 'fs.promises';
const CALLBACKS = 'fs.read';
const URING_PROMISES = 'fs.promises, io_uring';
const URING_CALLBACKS = 'fs.read, io_uring';

/**
 * What makes Node 20 read through a ring of libuv's. Of 400,000 reads at depth 64, `perf stat` on the tracepoint
 * io_uring_submit_req saw 284,000 on the ring, with 326 io_uring_enter calls, since a kernel thread (SQPOLL, iou-sqp-*) takes
 * them; the thread pool made the others with pread64, as libuv does while the ring's 64 entries are taken. That kernel
 * thread, and io-wq's (iou-wrk-*), stand in /proc/self/task: getrusage counts their time as the process's (seen: the sum
 * over all tasks is what it says), and so does the CPU per operation of every side here. The side fails without it.
 */
const NODE_URING = { UV_USE_IO_URING: '1' };
const NODE_URING_MAJOR = 20;

/** One of Node's own ways to read. */
function nodeSide(name: string, api: string, args: Readonly<Record<string, unknown>>): Side {
  return { name, run: () => runSide('file-read', { ...args, api }) };
}

/** The same, through io_uring, where this Node is the one that the targets are about. */
function nodeUringSides(args: Readonly<Record<string, unknown>>): readonly Side[] {
  if (Number.parseInt(process.versions.node, 10) !== NODE_URING_MAJOR) return [];
  const side = (name: string, api: string): Side => ({
    name,
    run: () => runSide('file-read', { ...args, api, nodeUring: true }, { env: NODE_URING }),
  });
  return [side(URING_CALLBACKS, 'callbacks'), side(URING_PROMISES, 'promises')];
}

function fileCase(placement: string, depth: number, targets: readonly Target[], uring = false): Case {
  const file = dataFile(CACHED_BYTES);
  const args = { file, bytes: BLOCK_BYTES, depth, placement, workers: 1 };
  const job = { ...args, batch: Math.min(BATCH_MAX, depth), fixed: true, direct: false, seconds: SECONDS };
  return {
    name: `file.read, ${placement}, depth ${depth}`,
    metrics: [OPS, CPU_PER_OP],
    ours: { name: 'ringpool', run: () => runSide('file-read', { ...args, api: 'ringpool' }) },
    others: [
      ...fioSide(job),
      nodeSide(CALLBACKS, 'callbacks', args),
      nodeSide(PROMISES, 'promises', args),
      ...(uring ? nodeUringSides(args) : []),
    ],
    targets,
    before: () => warmUp(file),
  };
}

const against = (side: string, ratio: number, metric: Metric = OPS): Target => ({
  metric: metric.key,
  against: side,
  ratio,
});

const AT_DEPTH_64: readonly Target[] = [
  againstFio(OPS, 0.9),
  against(PROMISES, 10),
  against(URING_CALLBACKS, 1),
  against(URING_CALLBACKS, 0.6, CPU_PER_OP),
  against(URING_PROMISES, 3),
];

export const fileRead: Question = {
  name: 'file-read',
  title: 'file.read promises, cached 4 KiB random reads, one thread',
  cases: async () => [
    fileCase('local', 64, AT_DEPTH_64, true),
    fileCase('local', 1, [againstFio(OPS, 0.65), against(PROMISES, 15)]),
    fileCase('workers', 32, [against(CALLBACKS, 2)]),
  ],
};
