// Runs the fixture processes of the drain proof, with the addon as it is or with one guard taken out of it.

import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A fixture that takes longer hangs. The addon aborts a process whose clean-up takes a minute, and that is a failure. */
const HANG_BOUND_MS = 30_000;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What the process holds more than before: descriptors (rings apart), threads, kernel workers, pinned memory. */
export interface Held {
  readonly rings: number;
  readonly fds: number;
  readonly threads: number;
  readonly orphanedKernelWorkers: number;
  readonly pinnedKb: number;
}

/** Nothing left over. */
export const NOTHING: Held = { rings: 0, fds: 0, threads: 0, orphanedKernelWorkers: 0, pinnedKb: 0 };

/** How a fixture process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly milliseconds: number;
}

/** Runs a fixture to its end. `addon` names another build of the addon. */
export function runToEnd(
  fixture: string,
  words: readonly string[],
  { addon, boundMs = HANG_BOUND_MS }: { readonly addon?: string; readonly boundMs?: number } = {},
): Promise<Ending> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--expose-gc', here(fixture), ...words], {
    env: { ...process.env, ...(addon === undefined ? {} : { RINGPOOL_ADDON: addon }) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: boundMs,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, output, milliseconds: Math.round(performance.now() - started) }),
    );
  });
}

/** Runs a fixture that prints its findings as a line of JSON. */
export async function run<T>(
  fixture: string,
  words: readonly string[],
  options: { readonly addon?: string; readonly boundMs?: number } = {},
): Promise<T> {
  const ending = await runToEnd(fixture, words, options);
  const line = ending.output.split('\n').find((text) => text.startsWith('{'));
  if (ending.code !== 0 || line === undefined) {
    const how = ending.signal === null ? `code ${ending.code}` : `signal ${ending.signal}`;
    throw new Error(`${fixture} ${words.join(' ')} ended with ${how}:\n${ending.output}`);
  }
  return JSON.parse(line) as T;
}

/** Builds the addon with one guard taken out. Returns a copy's path, because a later build of the addon clears them. */
export function buildControl(control: 'without-drain' | 'without-reference'): string {
  execFileSync(process.execPath, [here('../../scripts/build-addon.mjs'), `--control=${control}`, '--quiet']);
  const copy = path.join(mkdtempSync(path.join(os.tmpdir(), 'ringpool-control-')), 'ringpool.node');
  copyFileSync(here(`../../build/${control}/ringpool.node`), copy);
  return copy;
}

/** True when this run preloads a sanitizer, whose build is the only one that can be loaded. */
export const sanitized: boolean = (process.env['LD_PRELOAD'] ?? '').includes('san.so');

/** Tests whose processes run several at a time; with a sanitizer, which makes each several times slower, one after another. */
export const SIDE_BY_SIDE: { readonly concurrent: boolean } = { concurrent: !sanitized };
