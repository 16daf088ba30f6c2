// What keeps io_uring from being used is told apart, though the kernel has few errnos for it. On machines made up for it.

import { RingpoolError } from '@ringpool/core';
import { describe, expect, test } from 'vitest';

import { callRefused, type Differences, diagnosisWith, setupRefused } from '../support/facts.ts';

const filter = { seccomp: 2 };
/** A kernel that has sysctls, and none of io_uring. */
const NO_SYSCTL = { disabled: undefined, group: undefined };
const noAddon = new RingpoolError('ERR_RINGPOOL_UNAVAILABLE', 'the native addon cannot be loaded', {
  op: 'load',
  cause: new Error('No native build was found for platform=linux\n    loaded from: there'),
});
const enterRefused = { refusal: callRefused('io_uring_enter', 'EPERM') };

/** The case, the machine, the finding that is the cause, and what it says. */
const CASES: readonly (readonly [
  what: string,
  differences: Differences,
  cause: string,
  detail: RegExp,
  remedy: RegExp,
])[] = [
  [
    'a filter that answers EPERM',
    { system: filter, ring: setupRefused('EPERM') },
    'seccomp',
    /^a seccomp filter answers EPERM to io_uring_setup$/,
    /SystemCallFilter/,
  ],
  [
    'a filter that answers ENOSYS',
    { system: filter, ring: setupRefused('ENOSYS') },
    'seccomp',
    /ENOSYS to io_uring_setup/,
    /Allow io_uring_setup, io_uring_enter and io_uring_register/,
  ],
  [
    'a filter that answers EACCES',
    { system: filter, ring: setupRefused('EACCES') },
    'seccomp',
    /EACCES to io_uring_setup/,
    /SystemCallFilter/,
  ],
  [
    'a filter that answers ENOSYS on a kernel before the sysctl',
    { system: { ...filter, release: '6.1.0-30', sysctl: NO_SYSCTL }, ring: setupRefused('ENOSYS') },
    'seccomp',
    /ENOSYS to io_uring_setup/,
    /SystemCallFilter/,
  ],
  [
    'a filter that lets a ring be opened, and not be entered',
    { system: { ...filter, sysctl: { disabled: 1, group: -1 } }, ring: enterRefused },
    'seccomp',
    /EPERM to io_uring_enter/,
    /SystemCallFilter/,
  ],
  [
    'the sysctl for everybody, whatever filter there is',
    {
      system: { ...filter, sysAdmin: true, sysctl: { disabled: 2, group: -1 } },
      ring: setupRefused('EPERM'),
    },
    'io_uring_disabled',
    /is 2: no process may/,
    /kernel\.io_uring_disabled=0/,
  ],
  [
    'the sysctl for all but the privileged',
    { system: { sysctl: { disabled: 1, group: 990 } }, ring: setupRefused('EPERM') },
    'io_uring_disabled',
    /is 1, and this process has neither/,
    /kernel\.io_uring_group/,
  ],
  [
    'a kernel without io_uring, which has no such sysctl either, whatever filter there is',
    { system: { ...filter, sysctl: NO_SYSCTL }, ring: setupRefused('ENOSYS') },
    'kernel',
    /has no io_uring \(ENOSYS\)/,
    /CONFIG_IO_URING=y/,
  ],
  [
    'a kernel that is older than io_uring',
    { system: { ...filter, release: '4.19.0', sysctl: undefined }, ring: setupRefused('ENOSYS') },
    'kernel',
    /Linux 4\.19\.0 has no io_uring/,
    /Linux 6\.1 or later/,
  ],
  [
    'a memlock limit of 0',
    {
      system: { memlock: { limitBytes: 0, hardLimitBytes: 0, pinnedBytes: 0, exempt: false } },
      ring: setupRefused('ENOMEM'),
    },
    'memlock',
    /the limit is 0 B; this process has 0 B pinned/,
    /RLIMIT_MEMLOCK/,
  ],
  [
    'no addon',
    { ring: { addonError: noAddon, refusal: noAddon } },
    'addon',
    /cannot be loaded \(No native build was found for platform=linux\)$/,
    /Install @ringpool\/native anew/,
  ],
  [
    'an addon that RINGPOOL_ADDON names wrongly',
    { system: { addonNamed: '/nowhere' }, ring: { addonError: noAddon, refusal: noAddon } },
    'addon',
    /cannot be loaded/,
    /RINGPOOL_ADDON names \/nowhere/,
  ],
  [
    'another platform',
    { system: { platform: 'darwin', release: '24.5.0' }, ring: { addonError: noAddon, refusal: noAddon } },
    'kernel',
    /^io_uring is part of Linux, and this is darwin$/,
    /driver 'threads'/,
  ],
];

test.each(CASES)('%s', (_, differences, cause, detail, remedy) => {
  const { available, verdict, error, findings } = diagnosisWith(differences);
  expect([available, verdict]).toEqual([false, 'unavailable']);
  const expected = { state: 'missing', code: error?.code, remedy: expect.stringMatching(remedy) };
  const named = { ...expected, name: cause, detail: expect.stringMatching(detail) };
  expect(findings.find(({ name }) => name === cause)).toMatchObject(named);
  expect(findings[0]).toMatchObject({ name: 'io_uring', state: 'missing', code: error?.code });
  // Nothing else is blamed.
  const blamed = findings.filter(({ state }) => state === 'missing').map(({ name }) => name);
  const also = differences.system?.platform === undefined ? [] : ['addon'];
  expect(blamed).toEqual(['io_uring', cause, ...also]);
});

describe('EPERM', () => {
  test.each([
    ['CAP_SYS_ADMIN', { sysAdmin: true }],
    ['the group', { groups: [1000, 990] }],
  ])('is no word of the sysctl to a process with %s', (_, system) => {
    const ring = setupRefused('EPERM');
    const { findings } = diagnosisWith({
      system: { ...system, sysctl: { disabled: 1, group: 990 }, seccomp: 2 },
      ring,
    });
    expect(findings.find(({ name }) => name === 'seccomp')?.state).toBe('missing');
    expect(findings.find(({ name }) => name === 'io_uring_disabled')?.state).toBe('ok');
  });

  test.each(['EPERM', 'EACCES'] as const)(
    'with neither a filter nor the sysctl is a security module: %s',
    (name) => {
      const [finding] = diagnosisWith({ ring: setupRefused(name) }).findings;
      expect(finding).toMatchObject({
        state: 'missing',
        detail: expect.stringMatching(`${name} to io_uring_setup.*security module`),
        remedy: expect.stringMatching(/SELinux/),
      });
    },
  );
});

test('a sysctl that would be next in the way is told, when something else refused first', () => {
  const { findings } = diagnosisWith({
    system: { seccomp: 2, sysctl: { disabled: 2, group: -1 } },
    ring: setupRefused('ENOSYS'),
  });
  const blamed = findings.filter(({ state }) => state === 'missing').map(({ name }) => name);
  expect(blamed).toEqual(['io_uring', 'io_uring_disabled', 'seccomp']);
});

test.each([
  ['kubernetes', /securityContext/],
  ['docker', /--security-opt seccomp=/],
  ['podman', /--security-opt seccomp=/],
  ['container', /Run the container with a seccomp profile/],
] as const)('the remedy for a filter is that of %s', (kind, remedy) => {
  const container = [{ kind, sign: 'a sign' }];
  const { findings } = diagnosisWith({ system: { seccomp: 2, container }, ring: setupRefused('EPERM') });
  expect(findings.find(({ name }) => name === 'seccomp')?.remedy).toMatch(remedy);
});

test('any other refusal speaks for itself, without saying its remedy twice', () => {
  const [finding] = diagnosisWith({ ring: setupRefused('EMFILE') }).findings;
  expect(finding).toEqual({
    name: 'io_uring',
    state: 'missing',
    detail: 'no file descriptor is left for a ring',
    remedy: 'Raise `ulimit -n`, or close rings and files.',
    code: 'ERR_RINGPOOL_TOO_MANY_FILES',
    anchor: 'docs/errors.md#err_ringpool_too_many_files',
  });
});
