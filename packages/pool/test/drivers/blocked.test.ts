// Where io_uring cannot be had for real: filters, no locked memory. The same program runs, and says on what and why.
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { buildLauncher, whyNodeFails } from '../../../../test/support/without-io-uring.ts';
import { HANG_MS, temporaryFolder } from '../support.ts';

const fixture = fileURLToPath(new URL('../fixtures/whichever.mjs', import.meta.url));
const RESULTS = [300_000, 0, 300_000, true, 300_000];
/** A dead process's locked pages come back late: each child is another user. */
let user = 61_000;

interface Told {
  readonly driver: {
    readonly name: string;
    readonly wanted: string;
    readonly reason: string;
    readonly code?: string;
    readonly hint?: string;
  };
  readonly results: readonly unknown[];
  readonly registeredBytes: number;
  readonly verdict: string;
}

/** Without what the suite itself was told to run on: the program is to find out. */
function run(command: string, words: readonly string[]): Told {
  const env = { ...process.env, RINGPOOL_DRIVER: '', RINGPOOL_ADDON: '' };
  const child = spawnSync(command, words, { encoding: 'utf8', timeout: HANG_MS, env });
  expect(child.stderr).toBe('');
  return JSON.parse(child.stdout) as Told;
}

describe.each(['EPERM', 'ENOSYS'])('under a filter that answers %s', (errno) => {
  test.for(['setup', 'setup,enter,register', 'enter'])(
    'to %s, a pool runs on threads and says why',
    (calls, { skip }) => {
      const launcher = buildLauncher(temporaryFolder());
      if ('reason' in launcher) {
        if (process.env['CI'] === undefined) skip(launcher.reason);
        throw new Error(launcher.reason);
      }
      const reason = whyNodeFails(launcher.file, errno, calls);
      if (reason !== undefined) skip(reason);
      const told = run(launcher.file, [errno, calls, process.execPath, fixture, temporaryFolder()]);
      expect(told).toMatchObject({ results: RESULTS, registeredBytes: 0, verdict: 'unavailable' });
      expect(told.driver).toMatchObject({ name: 'threads', wanted: 'auto' });
      expect(`${told.driver.code} ${told.driver.reason}`).toContain(errno);
      expect(told.driver.hint).toBeTruthy();
    },
  );
});

const reason = process.getuid?.() === 0 ? '' : ' (only root can become another user)';

describe.skipIf(reason !== '')(`as another user, with a limit of locked memory${reason}`, () => {
  /** Runs the program as a user without CAP_IPC_LOCK. */
  function under(kib: number): Told {
    const folder = temporaryFolder();
    chmodSync(folder, 0o777);
    const id = String(user--);
    const drop = [
      'setpriv',
      '--reuid',
      id,
      '--regid',
      id,
      '--clear-groups',
      '--bounding-set',
      '-all',
      '--inh-caps',
      '-all',
    ];
    const words = [`ulimit -l ${kib} && exec "$@"`, 'sh', ...drop, process.execPath, fixture, folder];
    return run('sh', ['-c', ...words]);
  }

  test('of nothing, a pool runs on threads and names the limit', () => {
    const told = under(0);
    expect(told).toMatchObject({ results: RESULTS, registeredBytes: 0, verdict: 'unavailable' });
    expect(told.driver).toMatchObject({ name: 'threads', code: 'ERR_RINGPOOL_MEMLOCK' });
    expect(told.driver.reason).toMatch(/RLIMIT_MEMLOCK is 0 B/);
  });

  test('of the usual 8 MiB, a pool runs on io_uring with a part of the arena registered', () => {
    const told = under(8192);
    expect(told).toMatchObject({ results: RESULTS, driver: { name: 'uring' } });
    expect(told.registeredBytes).toBeGreaterThan(0);
    expect(told.registeredBytes).toBeLessThan(8 * 1024 * 1024);
  });
});
