// The example as people run it, and its text read line by line.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openPool, type PoolMetrics } from '@ringpool/pool';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseArguments, UsageError } from '../src/args.ts';
import { Events } from '../src/events.ts';
import { exposition } from '../src/exposition.ts';
import { counter, gauge } from '../src/text-format.ts';
import { readRound } from '../src/work.ts';

const HANG_MS = 30_000;
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

interface Family {
  readonly type: string;
  readonly help: string;
  /** By the text of name and labels. */
  readonly samples: Map<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(
  `^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\+Inf|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`,
);

/** Reads the format as strictly as its description: each line is a HELP, then a TYPE, then that family's samples. */
function parse(text: string): Map<string, Family> {
  expect(text.endsWith('\n')).toBe(true);
  const families = new Map<string, Family>();
  let help: RegExpExecArray | null = null;
  let name = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    const sample = SAMPLE.exec(line);
    if (line.startsWith('# HELP ')) help = new RegExp(`^# HELP (${NAME}) (\\S.*)$`).exec(line);
    else if (type !== null) {
      name = type[1] ?? '';
      expect([help?.[1], families.has(name)], line).toEqual([name, false]);
      families.set(name, { type: type[2] ?? '', help: help?.[2] ?? '', samples: new Map() });
    } else {
      expect(sample, line).not.toBeNull();
      const family = families.get(name);
      const suffix = family?.type === 'histogram' ? '(?:_bucket|_sum|_count)' : '';
      expect(sample?.[1], line).toMatch(new RegExp(`^${name}${suffix}$`));
      const series = `${sample?.[1]}{${sample?.[2] ?? ''}}`;
      expect(family?.samples.has(series), line).toBe(false);
      family?.samples.set(series, Number(sample?.[3]?.replace('+Inf', 'Infinity')));
    }
  }
  return families;
}

function checkNames(families: Map<string, Family>): void {
  for (const [name, { type }] of families) {
    expect(name).toMatch(/^ringpool_/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(/(?:milliseconds|microseconds|_ms)/);
  }
}

/** Buckets rise to +Inf, which is the count, and the sum lies within their bounds. */
function checkHistograms(families: Map<string, Family>): number {
  let series = 0;
  for (const [name, { type, samples }] of families) {
    if (type !== 'histogram') continue;
    const byLabels = new Map<string, { le: number; count: number }[]>();
    for (const [key, count] of samples) {
      const bucket = /^\w+_bucket\{(.*),le="([^"]+)"\}$/.exec(key);
      if (bucket === null) continue;
      const buckets = byLabels.get(bucket[1] ?? '') ?? [];
      buckets.push({ le: Number(bucket[2]?.replace('+Inf', 'Infinity')), count });
      byLabels.set(bucket[1] ?? '', buckets);
    }
    for (const [labels, buckets] of byLabels) {
      series++;
      const rising = (numbers: readonly number[]): boolean =>
        numbers.every((number, index) => index === 0 || number >= (numbers[index - 1] ?? 0));
      expect(rising(buckets.map(({ le }) => le)) && rising(buckets.map(({ count }) => count)), labels).toBe(
        true,
      );
      expect(new Set(buckets.map(({ le }) => le)).size).toBe(buckets.length);
      expect(buckets.at(-1)).toEqual({ le: Infinity, count: samples.get(`${name}_count{${labels}}`) });
      const most = buckets.reduce(
        (sum, { le, count }, index) =>
          sum + (count - (buckets[index - 1]?.count ?? 0) && le * (count - (buckets[index - 1]?.count ?? 0))),
        0,
      );
      expect(samples.get(`${name}_sum{${labels}}`)).toBeLessThanOrEqual(most);
    }
  }
  return series;
}

/** Every number of the metrics stands in the text. */
function checkNumbers(
  families: Map<string, Family>,
  { lanes, workers, arena, clients, registeredBytes }: PoolMetrics,
): void {
  const value = (name: string, labels = ''): number | undefined =>
    families.get(name)?.samples.get(`${name}{${labels}}`);
  expect(value('ringpool_clients')).toBe(clients);
  expect(value('ringpool_registered_bytes')).toBe(registeredBytes);
  expect(value('ringpool_arena_used_bytes')).toBe(arena.inUseBytes);
  for (const { client, ring, worker = ring === 'local' ? 'own' : ring, ...lane } of lanes) {
    const labels = `client="${client}",worker="${worker}"`;
    expect(value('ringpool_lane_submitted_total', labels)).toBe(lane.submitted);
    expect(value('ringpool_lane_completed_total', labels)).toBe(lane.completed);
    expect(value('ringpool_lane_in_flight', labels)).toBe(lane.inFlight);
    expect(value('ringpool_lane_batches_total', labels)).toBe(lane.batches);
    expect(value('ringpool_lane_wakeups_total', labels)).toBe(lane.wakeUpsRung);
    expect(value('ringpool_lane_direct_reads_total', labels)).toBe(lane.directReads);
    expect(value('ringpool_lane_overflows_total', labels)).toBe(lane.overflow);
    const latency = families.get('ringpool_lane_latency_seconds')?.samples;
    expect(latency?.get(`ringpool_lane_latency_seconds_count{${labels}}`)).toBe(lane.latency.count);
    const sum = latency?.get(`ringpool_lane_latency_seconds_sum{${labels}}`);
    expect(sum).toBeCloseTo(lane.latency.totalMicroseconds / 1e6, 9);
  }
  for (const { index, up, ...worker } of workers) {
    const labels = `worker="${index}"`;
    expect(value('ringpool_worker_up', labels)).toBe(up ? 1 : 0);
    expect(value('ringpool_worker_starts_total', labels)).toBe(worker.starts);
    expect(value('ringpool_worker_submissions_total', labels)).toBe(worker.submissions);
    expect(value('ringpool_worker_in_flight', labels)).toBe(worker.inFlight);
    expect(value('ringpool_worker_overflows_total', labels)).toBe(worker.overflow);
  }
}

describe('the exposition', () => {
  test('holds the numbers of pool.metrics(), in base units, with cumulative buckets', async () => {
    const events = new Events();
    onTestFinished(() => events.close());
    await using pool = await openPool({ workers: 2, slowOperationMs: 0 });
    expect(await readRound(pool, process.execPath)).toBeGreaterThan(2 ** 20);
    const metrics = pool.metrics();
    const families = parse(exposition(metrics, events));
    checkNames(families);
    expect(checkHistograms(families)).toBe(metrics.lanes.length);
    checkNumbers(families, metrics);
    const slow = families
      .get('ringpool_slow_operations_total')
      ?.samples.get('ringpool_slow_operations_total{}');
    const over = metrics.lanes.reduce((sum, { completed }) => sum + completed, 0);
    const reads = metrics.lanes.reduce((sum, { completed, directReads }) => sum + completed + directReads, 0);
    expect([slow, reads > 500]).toEqual([over, true]);
  });

  test('escapes what would break a line', () => {
    expect(counter('a', 'one\ntwo \\', [{ labels: { x: 'say "\\"\n' }, value: 1 }])).toBe(
      '# HELP a_total one\\ntwo \\\\\n# TYPE a_total counter\na_total{x="say \\"\\\\\\"\\n"} 1\n',
    );
    expect(gauge('b', 'none', [])).toBe('# HELP b none\n# TYPE b gauge\n');
  });

  test('the reader of this test refuses what is not the format', () => {
    const good = '# HELP a x\n# TYPE a gauge\na 1\n';
    expect(parse(good).get('a')?.samples.get('a{}')).toBe(1);
    for (const bad of [
      'a 1\n',
      good.replace('a 1', 'b 1'),
      good.replace('a 1', 'a{x=1} 1'),
      `${good}a 1\n`,
      good + good,
    ])
      expect(() => parse(bad), bad).toThrow();
  });
});

describe('the program', () => {
  test('prints what two threads did, in one format', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main], {
      encoding: 'utf8',
      timeout: HANG_MS,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const families = parse(stdout);
    checkNames(families);
    expect(checkHistograms(families)).toBeGreaterThan(2);
    const of = (client: number, name: string): number =>
      families.get(name)?.samples.get(`${name}{client="${client}",worker="own"}`) ?? 0;
    for (const client of [0, 1]) {
      const reads =
        of(client, 'ringpool_lane_submitted_total') + of(client, 'ringpool_lane_direct_reads_total');
      expect(reads).toBeGreaterThan(500);
    }
  });

  test('serves them on loopback until it is interrupted', async () => {
    const child = spawn(process.execPath, [main, '--port', '0'], { timeout: HANG_MS, killSignal: 'SIGKILL' });
    const [line] = (await once(child.stderr, 'data')) as [Buffer];
    const url = line.toString().trim();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    checkHistograms(parse(await response.text()));
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test.each([[['--port']], [['--port', '99999']], [['--port', 'x']], [['more']]])('refuses %j', (args) => {
    expect(() => parseArguments(args)).toThrow(UsageError);
    const { status, stdout } = spawnSync(process.execPath, [main, ...args], {
      encoding: 'utf8',
      timeout: HANG_MS,
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
