// Runs a fixture as a process of its own and reads the JSON that it prints.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { HANG_BOUND_MS } from './rings.ts';

/** Runs `fixtures/<name>` to its end. Throws with what it said when it did not end well. */
export function runFixture<T>(name: string, words: readonly string[], nodeFlags: readonly string[] = []): T {
  const file = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const child = spawnSync(process.execPath, [...nodeFlags, file, ...words], {
    encoding: 'utf8',
    timeout: HANG_BOUND_MS,
  });
  if (child.status !== 0) {
    throw new Error(`${name} ended with ${child.status ?? child.signal}: ${child.stderr}`);
  }
  return JSON.parse(child.stdout) as T;
}
