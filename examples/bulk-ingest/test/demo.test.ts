// The demo as people run it: on a small directory, on what cannot be read, without io_uring.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildLauncher } from '../../../test/support/without-io-uring.ts';
import { parseArguments, UsageError } from '../src/args.ts';
import { MismatchError, race } from '../src/race.ts';
import { formatTable, median } from '../src/table.ts';
import { walk } from '../src/walk.ts';

const HANG_MS = 60_000;
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function demo(...args: readonly string[]): Ended {
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: HANG_MS });
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ringpool-demo-'));
  mkdirSync(path.join(folder, 'tree', 'deep', 'er'), { recursive: true });
  mkdirSync(path.join(folder, 'empty'));
  for (let index = 0; index < 50; index++) {
    const text = `line ${index}\n`.repeat(index * 37);
    writeFileSync(path.join(folder, 'tree', index % 2 === 0 ? 'deep/er' : '.', `file ${index}`), text);
  }
  writeFileSync(path.join(folder, 'tree', 'large'), Buffer.alloc(3_500_000, 'large\n'));
  writeFileSync(path.join(folder, 'outside'), 'not below the tree');
  symlinkSync(path.join(folder, 'outside'), path.join(folder, 'tree', 'link'));
  symlinkSync('..', path.join(folder, 'tree', 'loop'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the demo', () => {
  test('ingests a directory, checks it, and shows a table for small and for large files', () => {
    const { status, stdout, stderr } = demo(path.join(folder, 'tree'), '--rounds', '2', '--concurrency', '8');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^51 files below/);
    for (const name of ['Ringpool', 'fs.promises', 'readFileSync']) {
      expect(stdout).toMatch(new RegExp(`^${name.replace('.', '\\.')} +50 +\\d+ `, 'm'));
      expect(stdout).toMatch(new RegExp(`^${name.replace('.', '\\.')} +1 +3500000 `, 'm'));
    }
    expect(stdout).toMatch(/driver uring \(.*\), a ring of this thread and \d+ worker/);
    expect(stdout).toMatch(/MiB of the arena registered/);
  });

  test.each([
    [['missing'], /demo: .*missing does not exist/],
    [['outside'], /demo: .*outside is not a directory/],
    [['empty'], /has no files/],
  ])('says what is wrong with %s, without a stack, and fails', (names, message) => {
    const { status, stderr } = demo(...names.map((name) => path.join(folder, name)));
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ {4}at /);
  });

  test('says that a directory may not be read', ({ skip }) => {
    if (process.getuid?.() === 0) skip('root may read everything');
    const closed = path.join(folder, 'closed');
    mkdirSync(closed, { mode: 0 });
    expect(demo(closed)).toMatchObject({ status: 2, stderr: expect.stringMatching(/permission denied/) });
  });

  test.each([[['--workers', '0']], [['--bogus']], [['a', 'b']], [['--rounds']]])('refuses %s', (args) => {
    expect(demo(...args)).toMatchObject({ status: 2, stdout: '' });
  });

  test.for(['EPERM', 'ENOSYS'])('without io_uring (%s) runs on threads, and says why', (errno, { skip }) => {
    const launcher = buildLauncher(folder);
    if ('reason' in launcher) return skip(launcher.reason);
    const words = [errno, 'setup', process.execPath, main, '--rounds', '1', path.join(folder, 'tree')];
    const { status, stdout, stderr } = spawnSync(launcher.file, words, {
      encoding: 'utf8',
      timeout: HANG_MS,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`driver threads \\(io_uring is not available: .*${errno}`));
  });

  test('on io_uring alone, and without it, says why and what to do, and fails', ({ skip }) => {
    const launcher = buildLauncher(folder);
    if ('reason' in launcher) return skip(launcher.reason);
    const words = ['EPERM', 'setup', process.execPath, main, path.join(folder, 'tree')];
    const { status, stdout, stderr } = spawnSync(launcher.file, words, {
      encoding: 'utf8',
      timeout: HANG_MS,
      env: { ...process.env, RINGPOOL_DRIVER: 'uring' },
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^demo: ERR_RINGPOOL_UNAVAILABLE: io_uring is not available: .*EPERM.*seccomp/);
    expect(stderr).not.toMatch(/ {4}at /);
  });
});

describe('its parts', () => {
  test('the walk finds regular files only, each once, and follows no link', async () => {
    const { files, skipped } = await walk(path.join(folder, 'tree'));
    expect([files.length, skipped]).toEqual([51, []]);
    expect(files.some(({ path: name }) => /outside|link|loop/.test(name))).toBe(false);
    expect(files.find(({ path: name }) => name.endsWith('large'))?.bytes).toBe(3_500_000);
    await expect(walk(path.join(folder, 'missing'))).rejects.toThrow(UsageError);
  });

  test('what below the directory cannot be read is skipped and named', async () => {
    const odd = path.join(folder, 'odd');
    mkdirSync(odd);
    // No UTF-8: Node lists it under a name that does not exist.
    writeFileSync(Buffer.concat([Buffer.from(`${odd}/`), Buffer.from([0xff, 0xfe])]), 'x');
    writeFileSync(path.join(odd, 'fine'), 'x');
    const { files, skipped } = await walk(odd);
    expect(files.map(({ path: name }) => path.basename(name))).toEqual(['fine']);
    expect(skipped).toEqual([expect.stringMatching(/odd.* does not exist, or its name is no UTF-8$/)]);
    const { status, stdout } = demo(odd, '--rounds', '1');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^1 file below .*\n1 skipped: /),
    });
  });

  test('the command line', () => {
    expect(parseArguments([])).toMatchObject({ directory: undefined, concurrency: 64, largeMib: undefined });
    expect(parseArguments(['--', 'x', '--large-mib', '0'])).toMatchObject({ directory: 'x', largeMib: 0 });
  });

  test('a wrong result is found, and its file named', async () => {
    const { files } = await walk(path.join(folder, 'tree'));
    const right = { name: 'right', ingest: (): void => undefined };
    const wrong = {
      name: 'wrong',
      ingest: ({ digests }: { digests: { add(file: number, bytes: Uint8Array): void } }): void =>
        digests.add(3, Buffer.from('?')),
    };
    const silent = { begin: () => undefined, advance: () => undefined, end: () => undefined };
    const racing = race(
      'group',
      files,
      right,
      [right, wrong],
      { warmUps: 1, rounds: 1 },
      silent as unknown as Parameters<typeof race>[5],
    );
    await expect(racing).rejects.toThrow(MismatchError);
    await expect(racing).rejects.toThrow(`differ in 1 of 51 files:\n  ${files[3]?.path}`);
  });

  test('the table', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    const table = formatTable('Heading', 10, 2e6, [
      { name: 'A', seconds: 0.5, firstSeconds: 1.25 },
      { name: 'B', seconds: 2, firstSeconds: 3 },
    ]);
    expect(table).toMatch(/^A +10 +2000000 +1\.250 +0\.500 +20 +4 +4\.00$/m);
    expect(table).toMatch(/A is 4\.0 × as fast as B\./);
  });
});
