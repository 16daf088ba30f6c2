// The example: a planted bug is found, its seed finds it again, and the log without it loses nothing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { hasLost, run, search } from '../src/trial.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SEEDS = 1000;

test('a log that does not sync its directory loses records within 1,000 seeds, and the seed says how', async () => {
  const found = await search(SEEDS, false);
  expect(found).toBeDefined();
  if (found === undefined) return;
  expect(hasLost(found)).toBe(true);
  expect(await run(found.seed, false)).toEqual(found);
});

test('a log that does loses nothing', async () => {
  expect(await search(process.env['RINGPOOL_BRIEF'] === '1' ? 200 : SEEDS, true)).toBeUndefined();
});

test('it tells a person the seed, and repeats it', () => {
  const first = spawnSync(process.execPath, [main], { encoding: 'utf8' });
  expect(first).toMatchObject({ status: 0, stderr: '' });
  const [line = ''] = first.stdout.split('\n');
  const seed = /seed (\d+)/.exec(line)?.[1];
  const again = spawnSync(process.execPath, [main, String(seed)], { encoding: 'utf8' });
  expect(again).toMatchObject({ status: 0, stderr: '', stdout: `${line}\n` });
});
