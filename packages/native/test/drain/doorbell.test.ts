// Doorbells outlive, and are outlived by, the threads that use them without a crash, a leak, or a byte in the wrong file.

import { expect, test } from 'vitest';
import { NOTHING, run } from './fixtures.ts';

test.each([
  ['watched again after close', { watch: 'EBADF', ring: 'EBADF', silence: false, leftovers: NOTHING }],
  ['a number reused after close', { same: true, intact: true }],
  ['a callback that throws', { message: 'on purpose' }],
  ['closed by its own callback', { heard: 1, leftovers: NOTHING }],
  ['threads that die while it rings', { leftovers: NOTHING }],
  ['a bell whose maker died', { isEventfd: true, rung: true, attach: 'EBADF', leftovers: NOTHING }],
  ['a child process', { io_uring: false, eventfd: false }],
])('%s', async (name, expected) => {
  expect(await run('doorbell.mjs', [name])).toEqual(expected);
});
