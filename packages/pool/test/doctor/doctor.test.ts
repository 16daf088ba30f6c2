// The doctor as people run it: here, and where io_uring is really blocked, locked memory forbidden, or the addon missing.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { diagnose, type Finding } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildLauncher, type Launcher, whyNodeFails } from '../../../../test/support/without-io-uring.ts';
import { HANG_MS } from '../support.ts';

const main = fileURLToPath(new URL('../../dist/doctor/main.js', import.meta.url));
const CAP_IPC_LOCK_DROPPED = ['setpriv', '--bounding-set', '-ipc_lock'];

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `--json` prints, as far as the tests look at it. */
interface Report {
  readonly verdict: string;
  readonly exitCode: number;
  readonly driver: string;
  readonly available: boolean;
  readonly error?: { readonly code: string; readonly message: string };
  readonly findings: readonly Finding[];
}

/** Runs the doctor behind other words of a command line. */
function run(words: readonly string[], before: readonly string[] = [], environment = {}): Ended {
  const [command = '', ...rest] = [...before, process.execPath, ...words];
  const env = { ...process.env, ...environment };
  return spawnSync(command, rest, { encoding: 'utf8', timeout: HANG_MS, env });
}

const doctor = (...words: readonly string[]): Ended => run([main, ...words]);

/** The JSON that it prints, whose verdict is that of its exit code, as is the last line of its text. */
function examine(before: readonly string[], words: readonly string[] = [main], environment = {}): Report {
  const json = run([...words, 'doctor', '--json'], before, environment);
  expect(json.stderr).toBe('');
  const report = JSON.parse(json.stdout) as Report;
  expect(json.status).toBe(report.exitCode);
  const text = run([...words, 'doctor'], before, environment);
  expect({ status: text.status, stderr: text.stderr }).toEqual({ status: report.exitCode, stderr: '' });
  expect(text.stdout.trimEnd().split('\n').at(-1)).toMatch(
    `verdict: ${report.verdict}; driver 'auto' takes ${report.driver}`,
  );
  for (const { name, state, remedy } of report.findings) {
    expect(text.stdout).toMatch(new RegExp(`^${name} +${state} `, 'm'));
    if (state !== 'ok') expect(text.stdout).toContain(`-> ${remedy}`);
  }
  return report;
}

const named = ({ findings }: Report, name: string): Finding | undefined =>
  findings.find((finding) => finding.name === name);
const blamed = ({ findings }: Report): readonly string[] =>
  findings.filter(({ state }) => state === 'missing').map(({ name }) => name);

let folder = '';
beforeAll(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'ringpool-doctor-')));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the doctor', () => {
  test('says what diagnose() says here, and ends with the code of the verdict', ({ skip }) => {
    const own = diagnose({ path: main });
    if (!own.available) skip(own.error?.message);
    const { status, stdout } = doctor('doctor', '--json', '--path', main);
    expect(status).toBe({ ok: 0, degraded: 1, unavailable: 2 }[own.verdict]);
    const { findings, verdict } = JSON.parse(stdout) as Report;
    const told = (all: readonly Finding[]) => all.map(({ name, state }) => `${name} ${state}`);
    expect([verdict, told(findings)]).toEqual([own.verdict, told(own.findings)]);
    expect(told(findings).join()).toMatch(/O_DIRECT/);
  });

  test('helps', () => {
    const { status, stdout } = doctor('--help');
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^Usage: ringpool doctor \[--json\]/)]);
  });

  test.each([[[]], [['surgeon']], [['doctor', '--bogus']], [['doctor', '--path']]])(
    'answers %j with the usage and code 64',
    (words) => {
      const { status, stdout, stderr } = doctor(...words);
      expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
      expect(stderr).toMatch(/^ringpool: .*\n\nUsage: /);
    },
  );
});

describe('under a seccomp filter', () => {
  let launcher: Launcher = { reason: 'it was not built' };
  beforeAll(() => {
    launcher = buildLauncher(folder);
  });

  /** The launcher's words; without a compiler there is nothing to show, except in CI, where there is one. */
  function behind(skip: (reason: string) => void, errno: string, calls: string): readonly string[] {
    if ('file' in launcher) {
      const reason = whyNodeFails(launcher.file, errno, calls);
      if (reason !== undefined) skip(reason);
      return [launcher.file, errno, calls];
    }
    if (process.env['CI'] === undefined) skip(launcher.reason);
    throw new Error(launcher.reason);
  }

  test.for([
    ['EPERM', 'setup', 'ERR_RINGPOOL_UNAVAILABLE'],
    ['EPERM', 'setup,enter,register', 'ERR_RINGPOOL_UNAVAILABLE'],
    ['EPERM', 'enter', 'EPERM'],
    ['ENOSYS', 'setup,enter,register', 'ERR_RINGPOOL_UNAVAILABLE'],
    ['ENOSYS', 'enter,register', 'ENOSYS'],
    ['EACCES', 'setup', 'ERR_RINGPOOL_UNAVAILABLE'],
  ] as const)('that answers %s to %s the filter is named', ([errno, calls, code], { skip }) => {
    const report = examine(behind(skip, errno, calls));
    expect(report).toMatchObject({ verdict: 'unavailable', exitCode: 2, driver: 'threads' });
    expect(report.error?.code).toBe(code);
    expect(blamed(report)).toEqual(['io_uring', 'seccomp']);
    const call = calls.split(',')[0];
    for (const name of ['io_uring', 'seccomp']) {
      expect(named(report, name)).toMatchObject({
        code,
        detail: `a seccomp filter answers ${errno} to io_uring_${call}`,
        remedy: expect.stringMatching(/io_uring_setup, io_uring_enter and io_uring_register/),
      });
    }
  });

  test.for(['EPERM', 'ENOSYS'])(
    'that answers %s to register rings work, in a lesser form',
    (errno, { skip }) => {
      const report = examine(behind(skip, errno, 'register'));
      expect(report).toMatchObject({ verdict: 'degraded', exitCode: 1, driver: 'uring', available: true });
      for (const name of ['seccomp', 'opcodes', 'registered buffers', 'cloned buffers'])
        expect(named(report, name)).toMatchObject({ state: 'degraded', code: errno });
      expect(named(report, 'seccomp')?.detail).toBe(`a seccomp filter answers ${errno} to io_uring_register`);
    },
  );
});

describe('with a memlock limit', () => {
  /** Words that put the limit, and no CAP_IPC_LOCK, before a command. */
  function under(skip: (reason: string) => void, kib: number): readonly string[] {
    const drop = process.getuid?.() === 0 ? CAP_IPC_LOCK_DROPPED : [];
    const words = ['sh', '-c', `ulimit -l ${kib} && exec "$0" "$@"`, ...drop];
    const { status, stderr } = run(['--version'], words);
    if (status === 0) return words;
    const reason = `no process without CAP_IPC_LOCK can be had: ${stderr}`;
    if (process.env['CI'] === undefined) skip(reason);
    throw new Error(reason);
  }

  test('of 0 the limit is named, and io_uring cannot be used', ({ skip }) => {
    const report = examine(under(skip, 0));
    expect(report).toMatchObject({ verdict: 'unavailable', exitCode: 2, driver: 'threads' });
    expect(report.error?.code).toBe('ERR_RINGPOOL_MEMLOCK');
    expect(blamed(report)).toEqual(['io_uring', 'memlock']);
    expect(named(report, 'memlock')).toMatchObject({
      code: 'ERR_RINGPOOL_MEMLOCK',
      anchor: 'docs/errors.md#err_ringpool_memlock',
      detail: expect.stringMatching(/^the limit is 0 B/),
      remedy: expect.stringMatching(/ulimit -l/),
    });
  });

  test('of 1 MiB it works in a lesser form, and the limit is named', ({ skip }) => {
    const report = examine(under(skip, 1024));
    expect(report).toMatchObject({ verdict: 'degraded', exitCode: 1, driver: 'uring' });
    expect(named(report, 'memlock')).toMatchObject({ state: 'degraded', code: 'ERR_RINGPOOL_MEMLOCK' });
  });
});

describe('without the addon', () => {
  const unavailable = { verdict: 'unavailable', exitCode: 2, driver: 'threads', available: false };

  test('because RINGPOOL_ADDON names nothing, it says so', () => {
    const missing = path.join(folder, 'nothing.node');
    const report = examine([], [main], { RINGPOOL_ADDON: missing });
    expect(report).toMatchObject(unavailable);
    expect(blamed(report)).toEqual(['io_uring', 'addon']);
    expect(named(report, 'addon')).toMatchObject({
      code: 'ERR_RINGPOOL_UNAVAILABLE',
      remedy: expect.stringMatching(`RINGPOOL_ADDON names ${missing}`),
    });
  });

  /** The packages as they are installed, except for the addon. Returns the doctor's file. */
  function installWithout(): string {
    const packages = fileURLToPath(new URL('../../..', import.meta.url));
    const modules = path.join(folder, 'node_modules');
    for (const name of ['core', 'native', 'pool']) {
      const target = path.join(modules, '@ringpool', name);
      mkdirSync(target, { recursive: true });
      for (const part of ['dist', 'package.json'])
        cpSync(path.join(packages, name, part), path.join(target, part), { recursive: true });
    }
    const loader = realpathSync(path.join(packages, 'native', 'node_modules', 'node-gyp-build'));
    cpSync(loader, path.join(modules, 'node-gyp-build'), { recursive: true });
    return path.join(modules, '@ringpool', 'pool', 'dist', 'doctor', 'main.js');
  }

  test('because it was not installed, it says what to install', () => {
    const report = examine([], [installWithout()], { RINGPOOL_ADDON: '' });
    expect(report).toMatchObject(unavailable);
    expect(blamed(report)).toEqual(['io_uring', 'addon']);
    expect(named(report, 'addon')).toMatchObject({
      detail: expect.stringMatching(/No native build was found/),
      remedy: expect.stringMatching(/Install @ringpool\/native anew/),
    });
  });

  test('on another platform it says that io_uring is part of Linux, and nothing of /proc', () => {
    const disguise = path.join(folder, 'disguise.mjs');
    writeFileSync(disguise, `Object.defineProperty(process, 'platform', { value: 'darwin' });\n`);
    const report = examine([], ['--import', disguise, main], { RINGPOOL_ADDON: path.join(folder, 'none') });
    expect(report).toMatchObject(unavailable);
    expect(report.findings.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'io_uring missing',
      'kernel missing',
      'addon missing',
    ]);
    expect(named(report, 'io_uring')).toMatchObject({
      detail: 'io_uring is part of Linux, and this is darwin',
      remedy: expect.stringMatching(/driver 'threads'/),
    });
  });
});
