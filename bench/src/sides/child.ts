// What our sides share: arguments as JSON, memory the kernel may touch, steady timing, one line of JSON at the end.
// Each side is a process of its own; the thread that imports this owns the ring and its memory.
import { addressOf } from '@ringpool/native';

/** Runs before the clock starts: the compiler is done and the caches are warm after it. */
const WARM_UP_MS = 500;
/** How long a side is timed. */
const STEADY_MS = 1500;

const MICROSECONDS_PER_SECOND = 1e6;
const MS_PER_SECOND = 1000;

/** The arguments the runner passed. */
export function sideArguments<Arguments>(): Arguments {
  return JSON.parse(process.argv[2] ?? '{}') as Arguments;
}

/** Page-aligned shared memory, touched once so that no page fault is left for the measurement. */
export function sharedMemory(bytes: number): { readonly view: Uint8Array; readonly address: number } {
  const view = new Uint8Array(new SharedArrayBuffer(bytes, { maxByteLength: bytes }), 0, bytes);
  view.fill(1);
  return { view, address: addressOf(view) };
}

/** Runs `loop` until warm, then once more under the clock, and prints what it did. */
export function measure(loop: (untilMs: number) => number, bytesPerOp: number): void {
  loop(performance.now() + WARM_UP_MS);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const ops = loop(start + STEADY_MS);
  report(ops, start, cpu, bytesPerOp);
}

/** As {@link measure}, for loops of promises or callbacks. */
export async function measureAsync(
  loop: (untilMs: number) => Promise<number>,
  bytesPerOp: number,
): Promise<void> {
  await loop(performance.now() + WARM_UP_MS);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const ops = await loop(start + STEADY_MS);
  report(ops, start, cpu, bytesPerOp);
}

function report(ops: number, start: number, cpu: NodeJS.CpuUsage, bytesPerOp: number): void {
  const seconds = (performance.now() - start) / MS_PER_SECOND;
  const used = process.cpuUsage(cpu);
  print({
    ops,
    seconds,
    cpuSeconds: (used.user + used.system) / MICROSECONDS_PER_SECOND,
    bytes: ops * bytesPerOp,
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
