// Draws recorded results as SVG bars, one chart per question: for each case, ours as a share of each other side, with a
// line at 1 (as good as theirs) and a tick at the target. Colours follow the reader's light or dark preference.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { machineLine } from './machine.ts';
import type { CaseResult, Metric, QuestionResult, RatioResult } from './measure.ts';
import { CHARTS_DIR, RECORDED_DIR } from './paths.ts';
import { formatValue } from './report.ts';

const WIDTH = 760;
const LABEL_WIDTH = 270;
const VALUE_WIDTH = 170;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 26;
const CASE_GAP = 12;
const HEAD_HEIGHT = 64;
const FOOT_HEIGHT = 34;
/** Bars end here; a ratio beyond it is cut off and its number still says what it is. */
const RATIO_MAX = 1.6;
const SCALE = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / RATIO_MAX;

const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .quiet { fill: #6e7781; font-size: 11px }
  .case { font-weight: 600 }
  .bar { fill: #2f81c7 } .missed { fill: #bc4c00 }
  .track { fill: #eaeef2 } .one { stroke: #57606a; stroke-dasharray: 3 3 } .target { stroke: #1a7f37; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #8b949e } .bar { fill: #58a6ff } .missed { fill: #f0883e }
    .track { fill: #21262d } .one { stroke: #8b949e } .target { stroke: #3fb950 }
  }`;

interface Row {
  readonly label: string;
  readonly value: string;
  readonly ratio: RatioResult;
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function rowsOf(result: CaseResult): Row[] {
  const [ours] = result.sides;
  return result.metrics.flatMap((metric: Metric) =>
    result.ratios
      .filter((ratio) => ratio.metric === metric.key)
      .map((ratio) => {
        const mine = ours?.metrics[metric.key]?.median ?? Number.NaN;
        const value = `${ratio.ratio.toFixed(2)} x  (${formatValue(mine, metric.unit)})`;
        return { label: `${metric.label} / ${ratio.against}`, value, ratio };
      }),
  );
}

function drawRow(row: Row, y: number): string {
  const length = Math.min(row.ratio.ratio, RATIO_MAX) * SCALE;
  const middle = y + BAR_HEIGHT - 4;
  const target =
    row.ratio.target === undefined
      ? ''
      : `<line class="target" x1="${LABEL_WIDTH + row.ratio.target * SCALE}" x2="${LABEL_WIDTH + row.ratio.target * SCALE}" y1="${y - 3}" y2="${y + BAR_HEIGHT + 3}"/>`;
  return [
    `<text x="${LABEL_WIDTH - 10}" y="${middle}" text-anchor="end">${escapeText(row.label)}</text>`,
    `<rect class="track" x="${LABEL_WIDTH}" y="${y}" width="${RATIO_MAX * SCALE}" height="${BAR_HEIGHT}" rx="3"/>`,
    `<rect class="bar${row.ratio.met === false ? ' missed' : ''}" x="${LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="3"/>`,
    target,
    `<text x="${WIDTH - VALUE_WIDTH + 12}" y="${middle}">${escapeText(row.value)}</text>`,
  ].join('');
}

/** The chart of one question. */
function chartOf(result: QuestionResult): string {
  const parts: string[] = [];
  let y = HEAD_HEIGHT;
  for (const one of result.cases) {
    const rows = rowsOf(one);
    if (rows.length === 0) continue;
    parts.push(`<text class="case" x="16" y="${y + 10}">${escapeText(one.name)}</text>`);
    y += ROW_HEIGHT - 6;
    for (const row of rows) {
      parts.push(drawRow(row, y));
      y += ROW_HEIGHT;
    }
    y += CASE_GAP;
  }
  const one = LABEL_WIDTH + SCALE;
  const height = y + FOOT_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeText(result.title)}">
<style>${STYLE}</style>
<text class="title" x="16" y="26">${escapeText(result.title)}</text>
<text class="quiet" x="16" y="44">Ringpool divided by the other side, medians of ${result.rounds} alternating runs. Dashed: equal. Green: target.</text>
${parts.join('\n')}
<line class="one" x1="${one}" x2="${one}" y1="${HEAD_HEIGHT}" y2="${y - CASE_GAP}"/>
<text class="quiet" x="16" y="${height - 12}">${escapeText(machineLine({ ...result.machine, loadAverage: undefined }))}${result.fio === undefined ? '' : `, ${escapeText(result.fio)}`}</text>
</svg>
`;
}

/** Redraws `docs/bench-<name>.svg` from every recorded result. */
export function drawCharts(): void {
  if (!existsSync(RECORDED_DIR)) return;
  mkdirSync(CHARTS_DIR, { recursive: true });
  for (const file of readdirSync(RECORDED_DIR).filter((name) => name.endsWith('.json'))) {
    const result = JSON.parse(readFileSync(`${RECORDED_DIR}${file}`, 'utf8')) as QuestionResult;
    writeFileSync(`${CHARTS_DIR}bench-${result.name}.svg`, chartOf(result));
  }
}
