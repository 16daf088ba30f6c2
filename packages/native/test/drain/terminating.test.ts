// A thread that is terminated in the midst of a call into the addon ends; it does not take the process with it.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const { RINGPOOL_SOAK, RINGPOOL_BRIEF } = process.env;
const ROUNDS = RINGPOOL_SOAK === '1' ? 1000 : RINGPOOL_BRIEF === '1' ? 40 : 100;
const HANG_MS = 240_000;

test(`${ROUNDS} threads are terminated in the midst of calls, and the process lives`, () => {
  const fixture = fileURLToPath(new URL('./terminating.mjs', import.meta.url));
  const child = spawnSync(process.execPath, [fixture, String(ROUNDS)], {
    encoding: 'utf8',
    timeout: HANG_MS,
  });
  expect({ status: child.status, signal: child.signal, stderr: child.stderr }).toEqual({
    status: 0,
    signal: null,
    stderr: '',
  });
  expect(child.stdout).toBe(String(ROUNDS));
}, 250_000);
