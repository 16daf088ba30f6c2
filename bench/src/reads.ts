// One workload of random reads as three sides: our raw ring, fio, and the C twin, all with the same flags.
import { FIO_SIDE, fioSide } from './fio.ts';
import type { Case, Metric, Target } from './measure.ts';
import { CPU_PER_OP, OPS } from './measure.ts';
import { runSide } from './processes.ts';
import { twinSide } from './twins.ts';

/** How long each side is timed, once it is warm. */
const STEADY_SECONDS = 1.5;
const BATCH_MAX = 32;

/** A workload of random reads at one depth. */
interface ReadWorkload {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly depth: number;
  /** READ_FIXED and a registered file; otherwise READ and a plain descriptor. */
  readonly fixed: boolean;
  readonly direct: boolean;
  readonly metrics?: readonly Metric[];
  readonly targets?: readonly Target[];
  readonly before?: Case['before'];
}

/** Our side, fio with the same depth and batches, and the C twin. */
export async function readCase(workload: ReadWorkload): Promise<Case> {
  const { file, bytes, depth, fixed, direct } = workload;
  const job = { file, bytes, depth, batch: Math.min(BATCH_MAX, depth), seconds: STEADY_SECONDS };
  const twin = await twinSide('read', { ...job, fixed: fixed ? 1 : 0, direct: direct ? 1 : 0 });
  return {
    name: workload.name,
    metrics: workload.metrics ?? [OPS, CPU_PER_OP],
    ours: { name: 'ringpool', run: () => runSide('ring-read', { ...job, fixed, direct }) },
    others: [...fioSide({ ...job, fixed, direct }), ...twin],
    ...(workload.targets === undefined ? {} : { targets: workload.targets }),
    ...(workload.before === undefined ? {} : { before: workload.before }),
  };
}

/** A target against fio. */
export function againstFio(metric: Metric, ratio: number): Target {
  return { metric: metric.key, against: FIO_SIDE, ratio };
}
