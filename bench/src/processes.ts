// Runs one contender in a process of its own and reads the JSON it prints, so that no side inherits another's warm
// compiler, open rings or heap. Nothing here runs while a measurement is timed except waiting.
import { spawn } from 'node:child_process';
import type { Readings } from './measure.ts';
import { readingsOf } from './measure.ts';
import { SIDES_DIR } from './paths.ts';

/** A run that takes longer than this is hung, not slow. */
const RUN_TIMEOUT_MS = 120_000;

/** What a side needs of its process. */
interface SideProcess {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of Node's and V8's. */
  readonly flags?: readonly string[];
}

/** Runs a program to its end and returns what it printed. Rejects with its stderr when it fails. */
export function capture(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: RUN_TIMEOUT_MS,
      env: { ...process.env, ...env },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString());
      const why = Buffer.concat(err).toString().trim();
      reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}: ${why}`));
    });
  });
}

/** Runs one of `sides/*.ts` with its arguments as JSON; it prints either counts or readings. */
export async function runSide(
  side: string,
  args: Readonly<Record<string, unknown>>,
  { env = {}, flags = [] }: SideProcess = {},
): Promise<Readings> {
  const extra = process.env['RINGPOOL_BENCH_NODE_FLAGS']?.split(' ').filter(Boolean) ?? [];
  const program = [`${SIDES_DIR}${side}.js`, JSON.stringify(args)];
  const text = await capture(process.execPath, [...extra, ...flags, ...program], env);
  return parseReadings(text);
}

/** Accepts `{ops, seconds, cpuSeconds, bytes}`, readings that are already named by metric, or both. */
export function parseReadings(text: string): Readings {
  const value = JSON.parse(text.trim().split('\n').at(-1) ?? '') as Record<string, number>;
  const { ops, seconds, cpuSeconds, bytes, ...named } = value;
  if (ops !== undefined && seconds !== undefined && cpuSeconds !== undefined && bytes !== undefined) {
    return { ...readingsOf({ ops, seconds, cpuSeconds, bytes }), ...named };
  }
  return value;
}
