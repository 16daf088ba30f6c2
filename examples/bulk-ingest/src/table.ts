// The table at the end. Pure.

/** How one contender did with one group of files. */
export interface Score {
  readonly name: string;
  /** Median of the rounds. */
  readonly seconds: number;
  /** The first pass of all, with code that is not compiled yet. */
  readonly firstSeconds: number;
}

const MEGABYTE = 1e6;

/** The median. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** A table of one group: a heading, one line for each contender, and how many times as fast as the last two the first is. */
export function formatTable(heading: string, files: number, bytes: number, scores: readonly Score[]): string {
  const [first, ...others] = scores as readonly [Score, ...Score[]];
  const header = [
    '',
    'files',
    'bytes',
    'first pass s',
    'median s',
    'files/s',
    'MB/s',
    ...others.map(({ name }) => `× ${name}`),
  ];
  const rows = scores.map(({ name, seconds, firstSeconds }) => [
    name,
    String(files),
    String(bytes),
    firstSeconds.toFixed(3),
    seconds.toFixed(3),
    Math.round(files / seconds).toString(),
    (bytes / MEGABYTE / seconds).toFixed(0),
    ...others.map((other) => (other.seconds / seconds).toFixed(2)),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const verdict = others
    .map((other) => `${(other.seconds / first.seconds).toFixed(1)} × as fast as ${other.name}`)
    .join(', ');
  return [heading, line(header), rule, ...rows.map(line), `${first.name} is ${verdict}.`, ''].join('\n');
}
