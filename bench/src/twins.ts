// Compiles and runs the C twins: the same hot loops, written by us with raw system calls, as the yardstick that is
// always there when a C compiler is.
import { mkdirSync, readdirSync, statSync } from 'node:fs';

import type { Readings, Side } from './measure.ts';
import { BUILD_DIR, TWINS_DIR } from './paths.ts';
import { capture, parseReadings } from './processes.ts';

/** The programs in `bench/twins`. */
type Twin = 'nop' | 'read' | 'registration' | 'resident' | 'workers';

const built = new Map<Twin, Promise<string | undefined>>();

/** The path of the compiled twin, or undefined on a machine without a C compiler. */
export function twinPath(twin: Twin): Promise<string | undefined> {
  let path = built.get(twin);
  if (path === undefined) {
    path = compile(twin);
    built.set(twin, path);
  }
  return path;
}

async function compile(twin: Twin): Promise<string | undefined> {
  const source = `${TWINS_DIR}${twin}.c`;
  const binary = `${BUILD_DIR}${twin}`;
  const headers = readdirSync(TWINS_DIR).filter((name) => name.endsWith('.h'));
  if ([`${twin}.c`, ...headers].every((name) => newer(binary, `${TWINS_DIR}${name}`))) return binary;
  mkdirSync(BUILD_DIR, { recursive: true });
  try {
    await capture('cc', ['-O2', '-pthread', '-o', binary, source]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return binary;
}

function newer(product: string, source: string): boolean {
  const made = statSync(product, { throwIfNoEntry: false });
  return made !== undefined && made.mtimeMs >= statSync(source).mtimeMs;
}

/** Runs a twin with `name=value` arguments; undefined when there is no compiler. */
export async function runTwin(
  twin: Twin,
  args: Readonly<Record<string, string | number>>,
): Promise<Readings | undefined> {
  const path = await twinPath(twin);
  if (path === undefined) return undefined;
  return parseReadings(
    await capture(
      path,
      Object.entries(args).map(([name, value]) => `${name}=${value}`),
    ),
  );
}

/** The twin as a side, or nothing when it cannot be compiled here. */
export async function twinSide(
  twin: Twin,
  args: Readonly<Record<string, string | number>>,
  name: string = TWIN_SIDE,
): Promise<readonly Side[]> {
  const path = await twinPath(twin);
  if (path === undefined) return [];
  return [{ name, run: async () => (await runTwin(twin, args)) ?? {} }];
}

/** The name the twins go by in tables and targets. */
export const TWIN_SIDE = 'C twin';
