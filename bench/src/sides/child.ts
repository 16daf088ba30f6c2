// What our sides share: arguments as JSON, memory the kernel may touch, steady timing, one line of JSON at the end.
// Each side is a process of its own; the thread that imports this owns the ring and its memory.
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

import { addressOf } from '@ringpool/native';

/** Runs before the clock starts, unless the question says otherwise: the compiler is done and the caches are warm after it. */
const WARM_UP_MS = 500;
/** How long a side is timed, unless the question says otherwise. */
const STEADY_MS = 1500;
/** How often the event loop is looked at: the least there is. A loop that nothing holds up is seen as late by this. */
const LOOP_RESOLUTION_MS = 1;
const LATE = 99;

const MICROSECONDS_PER_SECOND = 1e6;
const NANOSECONDS_PER_MS = 1e6;
const MS_PER_SECOND = 1000;

/** What any question may say to a side that is timed. */
interface Timing {
  readonly warmUpMs?: number;
  readonly steadyMs?: number;
  /** Tell how late the event loop was meanwhile. */
  readonly loopDelay?: boolean;
}

/** The arguments the runner passed. */
export function sideArguments<Arguments>(): Arguments {
  return JSON.parse(process.argv[2] ?? '{}') as Arguments;
}

const { warmUpMs = WARM_UP_MS, steadyMs = STEADY_MS, loopDelay = false } = sideArguments<Timing>();

/** Page-aligned shared memory, touched once so that no page fault is left for the measurement. */
export function sharedMemory(bytes: number): { readonly view: Uint8Array; readonly address: number } {
  const view = new Uint8Array(new SharedArrayBuffer(bytes, { maxByteLength: bytes }), 0, bytes);
  view.fill(1);
  return { view, address: addressOf(view) };
}

/** Runs `loop` until warm, then once more under the clock, and prints what it did. */
export function measure(loop: (untilMs: number) => number, bytesPerOp: number): void {
  loop(performance.now() + warmUpMs);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const ops = loop(start + steadyMs);
  report(ops, start, cpu, bytesPerOp);
}

/** As {@link measure}, for loops of promises or callbacks; tells how late the event loop was, if asked. */
export async function measureAsync(
  loop: (untilMs: number) => Promise<number>,
  bytesPerOp: number,
): Promise<void> {
  await loop(performance.now() + warmUpMs);
  const delay = loopDelay ? monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS }) : undefined;
  delay?.enable();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const ops = await loop(start + steadyMs);
  report(ops, start, cpu, bytesPerOp, delay);
}

function report(
  ops: number,
  start: number,
  cpu: NodeJS.CpuUsage,
  bytesPerOp: number,
  delay?: IntervalHistogram,
): void {
  const seconds = (performance.now() - start) / MS_PER_SECOND;
  const used = process.cpuUsage(cpu);
  delay?.disable();
  print({
    ops,
    seconds,
    cpuSeconds: (used.user + used.system) / MICROSECONDS_PER_SECOND,
    bytes: ops * bytesPerOp,
    ...(delay === undefined ? {} : { loopDelayP99Ms: delay.percentile(LATE) / NANOSECONDS_PER_MS }),
  });
}

/** The one line the runner reads. */
export function print(value: Readonly<Record<string, number>>): void {
  console.log(JSON.stringify(value));
}

/** Ends the side when a result is not the expected one: a wrong answer must not count as speed. */
export function failed(what: string, res: number): never {
  throw new Error(`${what} completed with ${res}`);
}

/** The middle value. */
export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
