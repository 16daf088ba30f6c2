// Writes the tables of docs/performance.md from what `pnpm bench --record` kept in docs/results: a figure on that page was
// measured, never typed. With --check it writes nothing and fails when the page is not what it would write.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
const page = `${docs}performance.md`;
const BEGIN = '<!-- results: written by scripts/performance.mjs -->';
const END = '<!-- /results -->';

/** Value and suffix as a person reads them. */
const UNITS = {
  'ops/s': (value) => `${grouped(value / 1e3)} k/s`,
  'MB/s': (value) => `${grouped(value)} MB/s`,
  ns: (value) => `${grouped(value)} ns`,
  us: (value) => `${value.toFixed(1)} µs`,
  ms: (value) => `${value.toFixed(1)} ms`,
  B: (value) => `${grouped(value)} B`,
};

function grouped(value) {
  return value.toFixed(value < 100 ? 1 : 0).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** A table whose columns are padded, as the formatter wants them. */
function table(rows) {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [first, ...rest] = rows.map(line);
  return [first, line(widths.map((width) => '-'.repeat(width))), ...rest].join('\n');
}

/** One row for each comparison of a case. */
function comparisons({ name, metrics, sides, ratios }) {
  const [ours] = sides;
  return ratios.flatMap(({ metric: key, against, ratio, min, max, target, met }) => {
    const metric = metrics.find((candidate) => candidate.key === key);
    const theirs = sides.find(({ side }) => side === against);
    if (metric === undefined || ours === undefined || theirs === undefined) return [];
    const show = UNITS[metric.unit];
    const sign = metric.better === 'higher' ? '≥' : '≤';
    return [
      [
        `${name}: ${metric.label}`,
        against,
        show(ours.metrics[key].median),
        show(theirs.metrics[key].median),
        `${ratio.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`,
        target === undefined ? '' : `${sign} ${target}: ${met ? 'met' : 'missed'}`,
      ],
    ];
  });
}

/** One row for each figure that stands alone: what we promise whatever others do, and what others do not have. */
function figures({ metrics, name, sides, ratios, bounds = [] }) {
  const [ours] = sides;
  return metrics.flatMap(({ key, label, better, unit }) => {
    const spread = ours?.metrics[key];
    const bound = bounds.find(({ metric }) => metric === key);
    if (spread === undefined || (bound === undefined && ratios.some(({ metric }) => metric === key)))
      return [];
    const sign = better === 'higher' ? '≥' : '≤';
    const target =
      bound === undefined ? '' : `${sign} ${bound.value} ${unit}: ${bound.met ? 'met' : 'missed'}`;
    return [[`${name}: ${label}`, '', UNITS[unit](spread.median), '', '', target]];
  });
}

function section({ name, title, takenAt, machine, rounds, fio, cases }) {
  const chart = existsSync(`${docs}bench-${name}.svg`) ? `\n![${title}](bench-${name}.svg)\n` : '';
  const rows = [
    ['work', 'against', 'ours', 'theirs', 'ours / theirs', 'target'],
    ...cases.flatMap((one) => [...figures(one), ...comparisons(one)]),
  ];
  const { cores, cpu, memoryGiB, kernel, node } = machine;
  return `## ${title}
${chart}
${table(rows)}

Medians of ${rounds} alternating runs, ${takenAt.slice(0, 10)}: ${cores} cores (${cpu}), ${memoryGiB} GiB, Linux ${kernel.split('-')[0]}, Node ${node}${fio ? `, ${fio}` : ''}.
`;
}

const files = existsSync(`${docs}results`)
  ? readdirSync(`${docs}results`)
      .filter((name) => name.endsWith('.json'))
      .sort()
  : [];
const sections = files.map((name) => section(JSON.parse(readFileSync(`${docs}results/${name}`, 'utf8'))));
const present = readFileSync(page, 'utf8');
const [head] = present.split(BEGIN);
const [, tail] = present.split(END);
if (head === undefined || tail === undefined)
  throw new Error(`docs/performance.md lacks '${BEGIN}' or '${END}'`);
const wanted = `${head}${BEGIN}\n\n${sections.map((text) => `${text}\n`).join('')}${END}${tail}`;
if (!process.argv.includes('--check')) writeFileSync(page, wanted);
else if (wanted !== present) {
  console.error('docs/performance.md is not what docs/results says. Run `node scripts/performance.mjs`.');
  process.exit(1);
}
