// Whether a thread of a pool has ended is looked up by its number. Whoever is taken to have ended while it goes on has its
// memory given to others, and its files closed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isOver, mayLive, ownLife } from '../../src/drivers/threads/life.ts';
import { HANG_MS } from '../support.ts';

const fixture = fileURLToPath(new URL('../fixtures/out-of-descriptors.mjs', import.meta.url));

test('without a descriptor to look with, threads that live go on, and those that have ended are still told', () => {
  const child = spawnSync('sh', ['-c', 'ulimit -n 256 && exec "$@"', 'sh', process.execPath, fixture], {
    encoding: 'utf8',
    timeout: HANG_MS,
    env: { ...process.env, RINGPOOL_DRIVER: 'threads' },
  });
  expect(child.stderr).toBe('');
  const told = JSON.parse(child.stdout) as Record<string, number>;
  const { length } = told;
  expect(told).toEqual({ clients: 2, read: length, left: 2, again: length, length });
});

test.skipIf(process.platform !== 'linux')(
  'a thread is over when its number is nobody’s, or another one’s',
  () => {
    const own = ownLife();
    expect([isOver(own), mayLive(own.task)]).toEqual([false, true]);
    expect(isOver({ ...own, startedTicks: own.startedTicks + 1 })).toBe(true);
    // It was started when that could not be read.
    expect(isOver({ ...own, startedTicks: 0 })).toBe(false);
    expect([isOver({ task: 2 ** 22 + 1, startedTicks: 0 }), mayLive(2 ** 22 + 1)]).toEqual([true, false]);
  },
);
