// The text format of Prometheus, version 0.0.4: families of samples, each with its help, its type and its labels. Pure.

/** What to serve it as. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Names a series within its family. */
export type Labels = Readonly<Record<string, string | number>>;

/** One number of a series. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** How often values were at most `le`, and not at most the bucket's before. */
export interface Bucket {
  readonly le: number;
  readonly count: number;
}

/** One series of a histogram: its last bucket's `le` is Infinity. */
export interface HistogramSample {
  readonly labels: Labels;
  readonly buckets: readonly Bucket[];
  /** Of all values. */
  readonly sum: number;
}

function numberText(value: number): string {
  return value === Number.POSITIVE_INFINITY ? '+Inf' : String(value);
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(String(text))}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function head(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}

/** Numbers that only rise: the name ends in `_total`. */
export function counter(name: string, help: string, samples: readonly Sample[]): string {
  const full = `${name}_total`;
  return head(full, 'counter', help) + samples.map(({ labels, value }) => line(full, labels, value)).join('');
}

/** Numbers that rise and fall. */
export function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return head(name, 'gauge', help) + samples.map(({ labels, value }) => line(name, labels, value)).join('');
}

/** Distributions: each bucket counts those below it too. */
export function histogram(name: string, help: string, samples: readonly HistogramSample[]): string {
  return head(name, 'histogram', help) + samples.map((sample) => series(name, sample)).join('');
}

function series(name: string, { labels, buckets, sum }: HistogramSample): string {
  let count = 0;
  let text = '';
  for (const bucket of buckets) {
    count += bucket.count;
    text += line(`${name}_bucket`, { ...labels, le: numberText(bucket.le) }, count);
  }
  return text + line(`${name}_sum`, labels, sum) + line(`${name}_count`, labels, count);
}
