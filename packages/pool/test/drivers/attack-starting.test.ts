// A pool whose I/O workers cannot start, because the process may have no more threads, say: whoever needs one is told.
import { describe, expect, test } from 'vitest';
import { runFixture } from '../support.ts';

describe.each(['throws', 'ends'])('where each new thread %s', (how) => {
  // A client's own ring does it instead.
  test.each([
    ['uring', 'read'],
    ['threads', 'ERR_RINGPOOL_WORKER_DIED'],
  ])('operations on %s do not wait for ever', async (driver, answer) => {
    const ended = await runFixture('no-threads.mjs', driver, how);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(ended.stdout)).toEqual({ first: Array(3).fill(answer), last: 'read' });
  });
});
