// Every call of a pool that can fail, fails: the n-th of each kind, for every n, once and for ever. Nothing hangs, nothing is
// left behind, every refusal is a typed error, and what was acknowledged is in the file.
import { describe, expect, test } from 'vitest';
import { type Kind, whyNoOperationFails } from './faults.ts';
import { reportOf, testFaults } from './suite.ts';

/** EINVAL and EFAULT are how an older kernel says no to a flag; EPERM is a seccomp profile's, or a sysctl's. */
const KINDS: readonly Kind[] = [
  { kind: 'setup', codes: ['ENOMEM', 'EMFILE', 'EINVAL', 'EPERM', 'EFAULT'] },
  { kind: 'register', codes: ['ENOMEM', 'EINVAL', 'EMFILE', 'EINTR'] },
  { kind: 'enter', codes: ['EAGAIN', 'EBUSY', 'ENOMEM', 'EINTR'] },
  { kind: 'read', codes: ['EIO', 'EINTR', 'EAGAIN', 'ENOMEM'] },
  { kind: 'write', codes: ['EIO', 'ENOSPC', 'EINTR', 'EAGAIN'] },
  { kind: 'fsync', codes: ['EIO', 'ENOSPC', 'EINTR'] },
  { kind: 'open', codes: ['EMFILE', 'EIO', 'ENOMEM', 'EINTR'] },
  { kind: 'eventfd', codes: ['EMFILE', 'ENFILE'] },
];
/** The table of the anchor ring: the first registration is that of its descriptor. */
const FIRST_TABLE = 2;

describe('the uring driver', () => {
  const run = testFaults({ name: 'uring', kinds: KINDS, missing: whyNoOperationFails });
  const first = { modes: ['once'], every: true, step: 1 } as const;

  test('a kernel that refuses a table of buffers does not refuse the pool', async ({ skip }) => {
    const plan = { ...first, kind: 'register', codes: ['EMFILE'], only: FIRST_TABLE } as const;
    expect(reportOf(await run(plan, skip))).toMatchObject({ faults: 1, refusals: {} });
  });

  test('an open that is interrupted is made again', async ({ skip }) => {
    const plan = { ...first, kind: 'open', codes: ['EINTR'] } as const;
    expect(reportOf(await run(plan, skip))).toMatchObject({ refusals: {} });
  });

  // As where a seccomp filter is set after the pool has opened.
  test.for(['once', 'ever'] as const)('enter is refused for good, %s', async (mode, { skip }) => {
    const plan = {
      kind: 'enter',
      codes: ['EPERM'],
      modes: [mode],
      every: true,
      step: 1,
      strands: true,
    } as const;
    const { refusals } = reportOf(await run(plan, skip));
    expect(Object.keys(refusals)).toContain('open EPERM');
  });

  test('it is noticed when a write that was acknowledged is lost', async ({ skip }) => {
    const plan = { ...first, kind: 'write', codes: ['PRETENDED'], only: 1 } as const;
    const ended = await run(plan, skip);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/RINGPOOL_FAULT=write:1:once:PRETENDED: lost: /);
  });
});
