// Has the pool's tests, and the demo, run where io_uring is blocked: under a seccomp filter that answers EPERM or ENOSYS, or as a
// user whose processes may lock no memory, or the usual 8 MiB. Nobody is told which driver to take: it has to be found. Word:
// EPERM, ENOSYS, memlock or 8MiB; further words go to vitest in place of its usual ones. Build first.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const TESTS = [
  'packages/pool/test',
  '--exclude',
  '**/{conformance,doctor,faults}/**',
  '--exclude',
  '**/blocked.test.ts',
];
/** What a user's processes may lock: nothing; or what is usual, with which io_uring works and a part of the arena is registered. */
const LIMITS_KIB = { memlock: 0, '8MiB': 8192 };
/** A user who has nothing else to do: locked memory is counted by user. */
const USER = '60999';

/** The words that come before a command and block io_uring for it. */
function blocking(how, folder) {
  const limitKib = LIMITS_KIB[how];
  if (limitKib !== undefined) {
    if (process.getuid() !== 0) throw new Error('only root can become another user');
    const drop = ['setpriv', '--reuid', USER, '--regid', USER, '--clear-groups', '--bounding-set', '-all'];
    return ['sh', '-c', `ulimit -l ${limitKib} && exec "$@"`, 'sh', ...drop, '--inh-caps', '-all'];
  }
  if (how !== 'EPERM' && how !== 'ENOSYS') throw new Error(`say EPERM, ENOSYS, memlock or 8MiB, not ${how}`);
  const launcher = path.join(folder, 'without-io-uring');
  const { status } = spawnSync(
    'cc',
    ['-Wall', '-Werror', 'test/fixtures/without-io-uring.c', '-o', launcher],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (status !== 0) throw new Error('the C compiler does not build the launcher');
  return [launcher, how, 'setup,enter,register'];
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'ringpool-blocked-'));
let code = 1;
try {
  chmodSync(folder, 0o777);
  const [how = '', ...wanted] = process.argv.slice(2);
  const [command, ...words] = blocking(how, folder);
  const env = { ...process.env, RINGPOOL_BRIEF: '1', TMPDIR: folder, HOME: folder };
  delete env.RINGPOOL_DRIVER;
  delete env.RINGPOOL_ADDON;
  const run = (...args) => {
    const child = spawnSync(command, [...words, process.execPath, ...args], {
      cwd: root,
      env,
      stdio: 'inherit',
    });
    if (child.error) throw child.error;
    return child.status ?? 1;
  };
  // The runner writes no compiled configuration: another user may write nothing here.
  code = run(
    'node_modules/vitest/vitest.mjs',
    'run',
    '--configLoader',
    'runner',
    ...(wanted.length > 0 ? wanted : TESTS),
  );
  if (code === 0) code = run('--enable-source-maps', 'examples/bulk-ingest/dist/main.js', '--rounds', '1');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = code;
