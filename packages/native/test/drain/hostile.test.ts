// Rings that end in awkward states: overflown, with notifications owed, polled by the kernel, in the middle of a reap.

import { describe, expect, test } from 'vitest';
import { NOTHING, run } from './fixtures.ts';

describe.each(['shared', 'mapped'])('queues in %s memory', (memory) => {
  test.each([
    ['an overflown completion queue', {}],
    ['a zero-copy send', {}],
    ['a child process is started with reads in flight', { whole: 8, rewritten: 0 }],
    [
      'close() in a callback of reap(), which then throws',
      { calls: 1, message: 'on purpose', closed: true, ready: 0 },
    ],
    ['reads given to a polling thread', { whole: 8, rewritten: 0 }],
    ['reads on a ring of 128-byte SQEs and 32-byte CQEs', { whole: 8, rewritten: 0 }],
    ['the successor of the queues', { rewritten: 0 }],
  ])('%s', async (name, expected) => {
    expect(await run('hostile.mjs', [name, memory])).toEqual({ ...expected, leftovers: NOTHING });
  });
});
