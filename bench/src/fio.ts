// fio as the other side, when it is installed: the tool people trust, with the flags it needs to be at its best.
import { spawnSync } from 'node:child_process';

import type { Readings, Side } from './measure.ts';
import { readingsOf } from './measure.ts';
import { capture } from './processes.ts';

/** The name fio goes by in tables and targets. */
export const FIO_SIDE = 'fio';

/** fio's random reads through io_uring. */
interface FioJob {
  readonly file: string;
  readonly bytes: number;
  readonly depth: number;
  readonly batch: number;
  /** Registered buffers and a registered file. */
  readonly fixed: boolean;
  readonly direct: boolean;
  readonly seconds: number;
  /** Processes that each do this at the same time, reported as one. Default: 1. */
  readonly jobs?: number;
}

interface FioReport {
  readonly jobs: readonly {
    readonly usr_cpu: number;
    readonly sys_cpu: number;
    readonly job_runtime: number;
    readonly read: { readonly total_ios: number; readonly io_bytes: number; readonly runtime: number };
  }[];
}

/** As our sides and the twins do: a disk that grants a burst grants it to whoever is timed from the start. */
const WARM_UP_MS = 500;
const MS_PER_SECOND = 1000;
const PERCENT = 100;

let version: string | undefined | null = null;

/** What `fio --version` says, or undefined where it is not installed. */
export function fioVersion(): string | undefined {
  if (version === null) {
    const { status, stdout } = spawnSync('fio', ['--version'], { encoding: 'utf8' });
    version = status === 0 ? stdout.trim() : undefined;
  }
  return version;
}

/** The command line of a job, without the program's name. */
function fioArguments(job: FioJob): string[] {
  const fixed = job.fixed ? 1 : 0;
  return [
    '--name=bench',
    `--filename=${job.file}`,
    '--rw=randread',
    `--bs=${job.bytes}`,
    '--ioengine=io_uring',
    `--iodepth=${job.depth}`,
    `--iodepth_batch_submit=${job.batch}`,
    `--iodepth_batch_complete_max=${job.batch}`,
    `--fixedbufs=${fixed}`,
    `--registerfiles=${fixed}`,
    '--invalidate=0',
    '--norandommap',
    '--gtod_reduce=1',
    `--direct=${job.direct ? 1 : 0}`,
    '--readonly',
    '--time_based',
    `--ramp_time=${WARM_UP_MS}ms`,
    `--runtime=${Math.round(job.seconds * MS_PER_SECOND)}ms`,
    `--numjobs=${job.jobs ?? 1}`,
    '--group_reporting', // one entry: bytes of all, the time of the longest, CPU time and job_runtime added up
    '--output-format=json',
  ];
}

async function runFio(job: FioJob): Promise<Readings> {
  const text = await capture('fio', fioArguments(job));
  const report = JSON.parse(text.slice(text.indexOf('{'))) as FioReport;
  const [first] = report.jobs;
  if (first === undefined || first.read.total_ios === 0) throw new Error(`fio read nothing: ${text}`);
  const busy = (first.usr_cpu + first.sys_cpu) / PERCENT;
  return readingsOf({
    ops: first.read.total_ios,
    seconds: first.read.runtime / MS_PER_SECOND,
    cpuSeconds: (busy * first.job_runtime) / MS_PER_SECOND,
    bytes: first.read.io_bytes,
  });
}

/** fio as a side, or nothing when it is not installed. */
export function fioSide(job: FioJob): readonly Side[] {
  if (fioVersion() === undefined) return [];
  return [{ name: FIO_SIDE, run: () => runFio(job) }];
}
