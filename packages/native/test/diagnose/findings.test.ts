// The findings on machines that are not at hand: what is degraded, why, and that each says what to do.

import { readFileSync } from 'node:fs';

import { features, opcodeNames, RingpoolError } from '@ringpool/core';
import { describe, expect, test } from 'vitest';
import type { DirectFacts, SystemFacts } from '../../src/diagnose/facts.ts';
import { callRefused, type Differences, diagnosisWith, findingWith, setupRefused } from '../support/facts.ts';

const KIB = 1024;
const memlock = (limitBytes: number, exempt = false): Pick<SystemFacts, 'memlock'> => ({
  memlock: { limitBytes, hardLimitBytes: limitBytes, pinnedBytes: 0, exempt },
});
const cloneRefused = new RingpoolError('ERR_RINGPOOL_CLONE_REFUSED', 'the kernel does not clone', {
  errno: 22,
});
const direct = (facts: object): Differences => ({ direct: { path: '/data/file', ...facts } as DirectFacts });
const NO_FILE = direct({ outcome: 'not opened', code: 'ENOENT', reason: 'no such file' });

/** Each machine has one finding that is degraded, of this name and code. */
const DEGRADED: readonly (readonly [string, Differences, string, string | undefined, RegExp])[] = [
  [
    'a memlock limit of 8 MiB',
    { system: memlock(8192 * KIB) },
    'memlock',
    'ERR_RINGPOOL_MEMLOCK',
    /is 8 MiB/,
  ],
  [
    'an opcode that a kernel of this release has',
    { opened: { opcodes: opcodeNames.filter((name) => name !== 'futexWait') } },
    'opcodes',
    'EINVAL',
    /64 of 65; missing futexWait \(6\.7\)/,
  ],
  [
    'a feature that a kernel of this release has',
    { opened: { features: Object.keys(features).filter((name) => name !== 'NODROP') } },
    'features',
    undefined,
    /17 of 18; missing NODROP \(5\.5\)/,
  ],
  ['mapped queues', { opened: { memory: 'mapped' } }, 'flags', undefined, /copied at each submission/],
  ['a lower rung', { opened: { rung: 'defer-sqarray' } }, 'flags', undefined, /rung 'defer-sqarray'/],
  [
    'no cloning',
    { opened: { cloneError: cloneRefused } },
    'cloned buffers',
    'ERR_RINGPOOL_CLONE_REFUSED',
    /each is charged/,
  ],
  [
    'a second ring that does not open',
    { opened: { cloneError: setupRefused('ENOMEM').refusal } },
    'cloned buffers',
    'ERR_RINGPOOL_MEMLOCK',
    /wants 16 KiB/,
  ],
  [
    'huge pages under a limit',
    { system: { ...memlock(64 * KIB), hugePages: 'always' } },
    'huge pages',
    'ERR_RINGPOOL_MEMLOCK',
    /whole huge pages/,
  ],
  ['a file that is not there', NO_FILE, 'O_DIRECT', 'ENOENT', /cannot be opened: ENOENT/],
  ['no direct I/O', direct({ outcome: 'refused' }), 'O_DIRECT', 'EINVAL', /does no direct I\/O/],
  ['a file in memory', direct({ outcome: 'in memory' }), 'O_DIRECT', undefined, /tmpfs/],
  [
    'an alignment that nothing tells',
    direct({ outcome: 'untold', why: 'x' }),
    'O_DIRECT',
    'EINVAL',
    /known: x/,
  ],
  ['what is no file', direct({ outcome: 'not a file', kind: 'a pipe' }), 'O_DIRECT', undefined, /is a pipe/],
];

test('where all is well nothing is to be done, and the findings come in their order', () => {
  const { verdict, available, findings } = diagnosisWith(
    direct({ outcome: 'aligned', memoryBytes: 4, offsetBytes: 512 }),
  );
  expect({ verdict, available }).toEqual({ verdict: 'ok', available: true });
  expect(findings.map(({ name }) => name)).toEqual([
    'io_uring',
    'kernel',
    'io_uring_disabled',
    'seccomp',
    'container',
    'memlock',
    'opcodes',
    'features',
    'flags',
    'registered buffers',
    'cloned buffers',
    'O_DIRECT',
    'huge pages',
    'addon',
  ]);
  for (const { detail, ...rest } of findings) {
    expect(rest).toEqual({ name: rest.name, state: 'ok' });
    expect(detail).not.toBe('');
  }
  expect(findings.find(({ name }) => name === 'O_DIRECT')?.detail).toMatch(/memory at 4 bytes.*at 512$/);
});

test.each(DEGRADED)('%s is degraded', (_, differences, name, code, detail) => {
  const { verdict, available, findings } = diagnosisWith(differences);
  expect({ verdict, available }).toEqual({ verdict: 'degraded', available: true });
  const finding = findings.find((other) => other.name === name);
  expect(finding).toMatchObject({ state: 'degraded', detail: expect.stringMatching(detail) });
  expect([finding?.code, typeof finding?.remedy]).toEqual([code, 'string']);
});

describe('is no fault of the machine', () => {
  test.each<[string, Differences, string]>([
    ['an opcode that is newer than the kernel', { system: { release: '6.1.0' } }, 'opcodes'],
    ['a feature that is newer', { system: { release: '6.8.0' }, opened: { features: [] } }, 'nothing'],
    ['a filter that lets io_uring through', { system: { seccomp: 2 } }, 'seccomp'],
    ['a limit from which CAP_IPC_LOCK exempts', { system: memlock(0, true) }, 'memlock'],
    [
      'huge pages where nothing is charged',
      { system: { ...memlock(0, true), hugePages: 'always' } },
      'huge pages',
    ],
    ['a kernel without huge pages', { system: { hugePages: undefined } }, 'huge pages'],
    ['a container', { system: { container: [{ kind: 'docker', sign: '/.dockerenv' }] } }, 'container'],
    [
      'a sysctl that lets this process through, by whatever right',
      { system: { sysctl: { disabled: 1, group: -1 } } },
      'io_uring_disabled',
    ],
    ['a sysctl that is not there yet', { system: { sysctl: undefined } }, 'io_uring_disabled'],
  ])('%s', (_, differences, name) => {
    if (name !== 'nothing') expect(findingWith(name, differences)?.state).toBe('ok');
    else expect(findingWith('features', differences)?.detail).toMatch(/0 of 18.*RW_ATTR \(6\.14\)/);
  });
});

test('an old kernel is missing, though a ring opens there', () => {
  const { verdict, available, findings } = diagnosisWith({ system: { release: '5.15.0-130-generic' } });
  expect({ verdict, available }).toEqual({ verdict: 'unavailable', available: true });
  expect(findings.find(({ name }) => name === 'kernel')).toMatchObject({
    state: 'missing',
    code: 'ERR_RINGPOOL_UNAVAILABLE',
    remedy: expect.stringMatching(/driver 'threads'/),
  });
});

test('a filter that refuses io_uring_register only is named by everything that lacks', () => {
  const refused = callRefused('io_uring_register(register)', 'EPERM');
  const { verdict, findings, opcodes, missingOpcodes } = diagnosisWith({
    system: { seccomp: 2 },
    opened: { opcodes: [], opcodesError: refused, registrationError: refused },
  });
  expect([verdict, opcodes, missingOpcodes]).toEqual(['degraded', [], opcodeNames]);
  const lacking = findings.filter(({ state }) => state === 'degraded');
  expect(lacking.map(({ name }) => name)).toEqual([
    'seccomp',
    'opcodes',
    'registered buffers',
    'cloned buffers',
  ]);
  expect(new Set(lacking.map(({ remedy }) => remedy)).size).toBe(1);
  expect(lacking[0]?.detail).toBe('a seccomp filter answers EPERM to io_uring_register');
});

test('where a register call fails for another reason no filter is blamed', () => {
  const refused = callRefused('io_uring_register(register)', 'EINVAL');
  const differences = { system: { seccomp: 2 }, opened: { opcodes: [], opcodesError: refused } };
  expect(findingWith('seccomp', differences)?.state).toBe('ok');
  expect(findingWith('opcodes', differences)).toMatchObject({ state: 'degraded', code: 'EINVAL' });
});

test('every anchor is a heading of docs/errors.md, and every code that has one leads to it', () => {
  const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => text.toLowerCase());
  const machines: readonly Differences[] = [
    ...DEGRADED.map(([, differences]) => differences),
    { system: { release: '5.4.0' } },
    ...(['EPERM', 'ENOSYS', 'EACCES', 'ENOMEM', 'EMFILE', 'EINVAL', 'EIO'] as const).map((name) => ({
      ring: setupRefused(name),
    })),
  ];
  const troubled = machines
    .flatMap((machine) => diagnosisWith(machine).findings)
    .filter(({ state }) => state !== 'ok');
  expect(troubled.length).toBeGreaterThan(machines.length);
  for (const { code, anchor, remedy } of troubled) {
    expect(remedy).not.toBe('');
    expect(anchor === undefined).toBe(code === undefined);
    if (anchor === undefined) continue;
    expect(headings.map((heading) => `docs/errors.md#${heading}`)).toContain(anchor);
    if (code?.startsWith('ERR_RINGPOOL_')) expect(anchor).toBe(`docs/errors.md#${code.toLowerCase()}`);
  }
});
