// How every question is asked: some sides, run in turn A B C A B C ... so that whatever else the machine is doing
// falls on all of them alike; the median of each, and the ratio of ours to every other one.

import type { Machine } from './machine.ts';

/** The numbers one run of one side brought back, by metric key. */
export type Readings = Readonly<Record<string, number>>;

/** One contender. `run` does one whole measurement, in a process of its own. */
export interface Side {
  readonly name: string;
  readonly run: () => Promise<Readings>;
}

/** One number worth comparing, and what we promise about it. */
export interface Metric {
  readonly key: string;
  readonly label: string;
  readonly better: 'higher' | 'lower';
  /** How a value is printed. */
  readonly unit: 'ops/s' | 'MB/s' | 'ns' | 'us' | 'ms' | 'B';
}

/** A promise: ours divided by `against`, taken in this very run, is at least or at most `ratio`. */
export interface Target {
  readonly metric: string;
  readonly against: string;
  readonly ratio: number;
}

/** A promise about ours alone, whatever others do: at least or at most `value`, in the metric's unit. */
export interface Bound {
  readonly metric: string;
  readonly value: number;
}

/** One line of a question: one workload, one side of ours, and those it is compared with. */
export interface Case {
  readonly name: string;
  readonly metrics: readonly Metric[];
  readonly ours: Side;
  readonly others: readonly Side[];
  readonly targets?: readonly Target[];
  readonly bounds?: readonly Bound[];
  /** Runs before each measurement, and says what it saw (the residency of a file, for one). */
  readonly before?: () => Promise<Readings>;
}

/** A question: one file in this folder. `cases` is asked late, since it may have to make files first. */
export interface Question {
  readonly name: string;
  readonly title: string;
  readonly cases: () => Promise<readonly Case[]>;
}

/** The five numbers of a set of runs, in the order they were taken. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: readonly number[];
}

interface SideResult {
  readonly side: string;
  readonly metrics: Readonly<Record<string, Spread>>;
}

export interface RatioResult {
  readonly metric: string;
  readonly against: string;
  /** Ours divided by theirs: median by median, then the smallest and largest of the paired runs. */
  readonly ratio: number;
  readonly min: number;
  readonly max: number;
  readonly target?: number | undefined;
  readonly met?: boolean | undefined;
}

export interface BoundResult extends Bound {
  readonly met: boolean;
}

export interface CaseResult {
  readonly name: string;
  readonly metrics: readonly Metric[];
  readonly sides: readonly SideResult[];
  readonly ratios: readonly RatioResult[];
  /** Results that were recorded before there were bounds have none. */
  readonly bounds?: readonly BoundResult[];
  /** What `before` saw, smallest over all runs. */
  readonly conditions: Readings;
}

/** The JSON written for one question. */
export interface QuestionResult {
  readonly name: string;
  readonly title: string;
  readonly takenAt: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly fio: string | undefined;
  readonly cases: readonly CaseResult[];
}

const NANOSECONDS_PER_SECOND = 1e9;
const BYTES_PER_MEGABYTE = 1e6;

/** The metrics of every throughput question. */
export const OPS: Metric = { key: 'opsPerSecond', label: 'throughput', better: 'higher', unit: 'ops/s' };
export const CPU_PER_OP: Metric = { key: 'cpuNsPerOp', label: 'CPU per op', better: 'lower', unit: 'ns' };
export const MEGABYTES: Metric = {
  key: 'megabytesPerSecond',
  label: 'bandwidth',
  better: 'higher',
  unit: 'MB/s',
};

/** How late the event loop is; with nothing in its way, by the millisecond between two looks at it. */
export const LOOP_DELAY: Metric = {
  key: 'loopDelayP99Ms',
  label: 'event loop delay, p99',
  better: 'lower',
  unit: 'ms',
};

/** Turns raw counts into the metrics above. `cpuSeconds` is user plus system time of the whole process. */
export function readingsOf(counts: {
  readonly ops: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly bytes: number;
}): Readings {
  return {
    opsPerSecond: counts.ops / counts.seconds,
    cpuNsPerOp: (counts.cpuSeconds * NANOSECONDS_PER_SECOND) / counts.ops,
    megabytesPerSecond: counts.bytes / counts.seconds / BYTES_PER_MEGABYTE,
  };
}

/** The median, the extremes and the runs themselves. */
function spreadOf(runs: readonly number[]): Spread {
  const sorted = runs.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? Number.NaN;
  return {
    median: (upper + lower) / 2,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    runs,
  };
}

/** Runs one case: `rounds` times every side in turn, ours first. */
export async function runCase(
  wanted: Case,
  rounds: number,
  progress: (text: string) => void,
): Promise<CaseResult> {
  const sides = [wanted.ours, ...wanted.others];
  const taken: Readings[][] = sides.map(() => []);
  const conditions: Record<string, number> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [index, side] of sides.entries()) {
      progress(`${wanted.name}: ${side.name}, run ${round + 1} of ${rounds}`);
      for (const [key, value] of Object.entries((await wanted.before?.()) ?? {})) {
        conditions[key] = Math.min(conditions[key] ?? Number.POSITIVE_INFINITY, value);
      }
      taken[index]?.push(await side.run());
    }
  }
  const results = sides.map((side, index) => summarise(side.name, wanted.metrics, taken[index] ?? []));
  return {
    name: wanted.name,
    metrics: wanted.metrics,
    sides: results,
    ratios: wanted.metrics.flatMap((metric) => ratiosOf(metric, results, wanted.targets ?? [])),
    bounds: wanted.metrics.flatMap((metric) => boundsOf(metric, results[0], wanted.bounds ?? [])),
    conditions,
  };
}

function summarise(side: string, metrics: readonly Metric[], taken: readonly Readings[]): SideResult {
  const spreads: Record<string, Spread> = {};
  for (const metric of metrics) {
    const runs = taken.map((readings) => readings[metric.key]).filter((value) => value !== undefined);
    if (runs.length > 0) spreads[metric.key] = spreadOf(runs);
  }
  return { side, metrics: spreads };
}

/** Whether a figure, or a ratio, is on the right side of what was promised. */
function keeps(metric: Metric, figure: number, promised: number): boolean {
  return metric.better === 'higher' ? figure >= promised : figure <= promised;
}

function boundsOf(metric: Metric, ours: SideResult | undefined, bounds: readonly Bound[]): BoundResult[] {
  const mine = ours?.metrics[metric.key];
  if (mine === undefined) return [];
  return bounds
    .filter((bound) => bound.metric === metric.key)
    .map((bound) => ({ ...bound, met: keeps(metric, mine.median, bound.value) }));
}

function ratiosOf(metric: Metric, results: readonly SideResult[], targets: readonly Target[]): RatioResult[] {
  const [ours, ...others] = results;
  const mine = ours?.metrics[metric.key];
  if (mine === undefined) return [];
  return others.flatMap((other) => {
    const theirs = other.metrics[metric.key];
    if (theirs === undefined) return [];
    const paired = mine.runs.map((value, run) => value / (theirs.runs[run] ?? Number.NaN));
    const ratio = mine.median / theirs.median;
    const target = targets.find((t) => t.metric === metric.key && t.against === other.side)?.ratio;
    const met = target === undefined ? undefined : keeps(metric, ratio, target);
    return [
      {
        metric: metric.key,
        against: other.side,
        ratio,
        min: Math.min(...paired),
        max: Math.max(...paired),
        target,
        met,
      },
    ];
  });
}
