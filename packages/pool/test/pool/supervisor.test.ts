// A worker whose thread fails while the next one is on its way: there is never more than one thread that is a worker. A second
// one would read the doorbell that the first one sleeps by.
import { expect, test } from 'vitest';
import { runFixture } from '../support.ts';

test('a failure that is heard late is not that of the next thread', async () => {
  const ended = await runFixture('late-failure.mjs', 'late');
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(JSON.parse(ended.stdout)).toMatchObject({
    first: { generation: 1, started: false, starting: true },
  });
});

test('a thread that comes up when nobody waits for it is not the worker', async () => {
  const ended = await runFixture('late-failure.mjs', 'unwanted');
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(JSON.parse(ended.stdout)).toEqual({
    first: { generation: 1, started: false, code: 'ERR_RINGPOOL_WORKER_DIED', starting: false },
    up: 2,
  });
});

test('a thread that comes up when another one is to be the worker is not', async () => {
  const ended = await runFixture('late-failure.mjs', 'outrun');
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(JSON.parse(ended.stdout)).toEqual({
    first: { generation: 1, started: false, code: 'ERR_RINGPOOL_WORKER_DIED', starting: true },
    up: 8,
  });
});
