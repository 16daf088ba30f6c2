// A pool whose I/O workers cannot start, because the process may have no more threads, say: whoever needs one is told.
import { describe, expect, test } from 'vitest';
import { runFixture } from '../support.ts';
import { EACH_DRIVER } from './each-driver.ts';

describe.each(['throws', 'ends'])('where each new thread %s', (how) => {
  test.each(EACH_DRIVER)('operations on %s do not wait for ever', async (driver) => {
    // A client's own ring does it instead.
    const answer = driver === 'uring' ? 'read' : 'ERR_RINGPOOL_WORKER_DIED';
    const ended = await runFixture('no-threads.mjs', driver, how);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(ended.stdout)).toEqual({ first: Array(3).fill(answer), last: 'read' });
  });
});
