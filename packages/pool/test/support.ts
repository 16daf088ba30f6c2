// What the pool's tests share: folders of files, child processes that run a program, a wait with a bound.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** A bound on anything that must not hang, far above what it takes. */
export const HANG_MS = 20_000;

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringpool-pool-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Bytes that differ from place to place. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed * 0x9e3779b1;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

/** A named pipe that is gone after the test. */
export function temporaryPipe(): string {
  const name = path.join(temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [name]);
  return name;
}

/** Random integers below a bound, from RINGPOOL_SEED or a seed of its own, which it prints. */
export function seededRandom(): { readonly seed: number; readonly random: (below: number) => number } {
  const seed = Number(process.env['RINGPOOL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % below;
  };
  return { seed, random };
}

/** What the descriptors of this process lead to. */
export function openTargets(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Waits until it is so; fails after a time that is far above what it takes. */
export async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + HANG_MS;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`it did not come to that: ${condition}`);
    await sleep(1);
  }
}

/** How a child process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of test/fixtures; a hang is killed and shows as a signal. */
export function runFixture(name: string, ...args: readonly string[]): Promise<Ended> {
  return runFor(HANG_MS, name, ...args);
}

/** As {@link runFixture}, for a program that takes longer. */
export function runFor(boundMs: number, name: string, ...args: readonly string[]): Promise<Ended> {
  const file = fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { timeout: boundMs, killSignal: 'SIGKILL' });
  return endOf(child);
}

/** How a child process ends, and all that it says till then. */
export function endOf(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
