// Do two workers move large reads as fast as two processes of fio do, and does the event loop stay free meanwhile?
import { CACHED_BYTES, dataFile, warmUp } from './data.ts';
import { fioSide } from './fio.ts';
import type { Case, Question } from './measure.ts';
import { CPU_PER_OP, LOOP_DELAY, MEGABYTES } from './measure.ts';
import { runSide } from './processes.ts';
import { againstFio } from './reads.ts';
import { twinSide } from './twins.ts';

const WORKERS = 2;
const SECONDS = 1.5;
const LOOP_DELAY_MS_MAX = 5;

/** `depth` reads at once for each worker, and for each process of fio. */
async function largeCase(name: string, bytes: number, depth: number): Promise<Case> {
  const file = dataFile(CACHED_BYTES);
  const args = {
    file,
    bytes,
    depth: depth * WORKERS,
    placement: 'workers',
    workers: WORKERS,
    loopDelay: true,
  };
  const job = {
    file,
    bytes,
    depth,
    batch: depth,
    fixed: true,
    direct: false,
    seconds: SECONDS,
    jobs: WORKERS,
  };
  return {
    name: `${name}, ${WORKERS} workers, depth ${depth} each`,
    metrics: [MEGABYTES, CPU_PER_OP, LOOP_DELAY],
    ours: { name: 'ringpool', run: () => runSide('file-read', { ...args, api: 'ringpool' }) },
    others: [
      ...fioSide(job),
      // A thread that asks and two that read, as ours, in C: what the third thread costs whatever the language.
      ...(await twinSide('workers', {
        file,
        bytes,
        depth: depth * WORKERS,
        workers: WORKERS,
        seconds: SECONDS,
      })),
      { name: 'fs.promises', run: () => runSide('file-read', { ...args, api: 'promises' }) },
    ],
    targets: [againstFio(MEGABYTES, 0.9)],
    bounds: [{ metric: LOOP_DELAY.key, value: LOOP_DELAY_MS_MAX }],
    before: () => warmUp(file),
  };
}

export const largePool: Question = {
  name: 'large-pool',
  title: 'Cached 64 KiB and 1 MiB random reads, file.read promises over two workers',
  cases: () => Promise.all([largeCase('64 KiB', 64 * 1024, 16), largeCase('1 MiB', 2 ** 20, 4)]),
};
