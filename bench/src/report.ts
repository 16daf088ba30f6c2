// The readable half of a result: one table per question, ours first, then every other side and the ratio to it.
import type { BoundResult, CaseResult, Metric, RatioResult, Spread } from './measure.ts';

const UNITS: Readonly<Record<Metric['unit'], readonly [scale: number, suffix: string, digits: number]>> = {
  'ops/s': [1e3, 'k/s', 0],
  'MB/s': [1, 'MB/s', 0],
  ns: [1, 'ns', 0],
  us: [1, 'us', 1],
  ms: [1, 'ms', 1],
  B: [1, 'B', 0],
};
const SMALL = 100;

/** A number as a person reads it, in the metric's unit. */
export function formatValue(value: number, unit: Metric['unit']): string {
  const [scale, suffix, digits] = UNITS[unit];
  const scaled = value / scale;
  const text = scaled.toFixed(scaled < SMALL ? Math.max(digits, 1) : digits);
  return `${text.replace(/\B(?=(\d{3})+(?!\d))/g, ' ')} ${suffix}`;
}

function formatSpread(spread: Spread, metric: Metric): string {
  const [scale, , digits] = UNITS[metric.unit];
  const bound = (value: number): string => {
    const scaled = value / scale;
    return scaled.toFixed(scaled < SMALL ? Math.max(digits, 1) : digits);
  };
  return `${bound(spread.min)}-${bound(spread.max)}`;
}

/** `1.02 x (0.98-1.05)  target >= 0.95: met`. */
function formatRatio(ratio: RatioResult, metric: Metric): string {
  const figures = `${ratio.ratio.toFixed(2)} x (${ratio.min.toFixed(2)}-${ratio.max.toFixed(2)})`;
  if (ratio.target === undefined) return figures;
  const sign = metric.better === 'higher' ? '>=' : '<=';
  return `${figures}  target ${sign} ${ratio.target}: ${ratio.met ? 'met' : 'MISSED'}`;
}

/** `target <= 5 ms: met`: a promise about ours alone. */
function formatBound(bound: BoundResult, metric: Metric): string {
  const sign = metric.better === 'higher' ? '>=' : '<=';
  return `target ${sign} ${bound.value} ${metric.unit}: ${bound.met ? 'met' : 'MISSED'}`;
}

/** The rows of one case: metric, side, median, min-max, ratio. */
function rowsOf(result: CaseResult): string[][] {
  const rows: string[][] = [];
  for (const metric of result.metrics) {
    const bound = result.bounds?.find((candidate) => candidate.metric === metric.key);
    for (const [index, { side, metrics }] of result.sides.entries()) {
      const spread = metrics[metric.key];
      if (spread === undefined) continue;
      const ratio = result.ratios.find((r) => r.metric === metric.key && r.against === side);
      const alone = index === 0 && bound !== undefined ? formatBound(bound, metric) : '';
      rows.push([
        metric.label,
        side,
        formatValue(spread.median, metric.unit),
        formatSpread(spread, metric),
        ratio === undefined ? alone : formatRatio(ratio, metric),
      ]);
    }
  }
  return rows;
}

/** The whole table of a question, ready to print. */
export function formatTable(results: readonly CaseResult[]): string {
  const head = ['', 'side', 'median', 'min-max', 'ours / theirs'];
  const all = results.map(rowsOf);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...all.flat().map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => (column === 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ')}`.trimEnd();
  const blocks = results.map((result, index) => {
    const share = result.conditions['residentShare'];
    const condition =
      share === undefined ? '' : ` (file ${(share * 100).toFixed(1)} % in the page cache, at worst)`;
    return [`${result.name}${condition}`, ...(all[index] ?? []).map(line)].join('\n');
  });
  return [line(head), ...blocks].join('\n');
}
