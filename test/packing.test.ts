// What npm would deliver works: the three packages are packed, installed into an empty folder without scripts, without a
// compiler and without this repository in reach, and read a file there.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './support/repository.ts';

const PACKAGES = ['core', 'native', 'pool'];
const TARGET = `${process.platform}-${process.arch}`;
const INSTALL_TIMEOUT_MS = 180_000;

/** The only programs the installed packages may find: no compiler, no make, no python. */
const PROGRAMS = ['node', 'npm', 'sh'];

const execute = promisify(execFile);

interface Native {
  diagnose(): { readonly available: boolean; readonly error?: Error };
}

/** pnpm as it was started, or through npx when vitest was started by hand. */
function pnpm(args: readonly string[], cwd: string): Promise<unknown> {
  const { npm_execpath: own = '' } = process.env;
  return /\bpnpm[^/]*$/.test(own) && !/\.[cm]?js$/.test(own)
    ? execute(own, args, { cwd })
    : execute('npx', ['-y', 'pnpm@12', ...args], { cwd });
}

/** The program's path as the shell finds it. */
async function which(program: string): Promise<string> {
  if (program === 'node') return process.execPath;
  return (await execute('sh', ['-c', `command -v ${program}`])).stdout.trim();
}

describe('the packed packages', () => {
  let folder = '';
  let env: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringpool-packing-'));
    await mkdir(join(folder, 'bin'));
    for (const program of PROGRAMS) await symlink(await which(program), join(folder, 'bin', program));
    for (const name of PACKAGES) {
      await pnpm(['pack', '--pack-destination', folder], `${root}/packages/${name}`);
    }
    await mkdir(join(folder, 'app'));
    await writeFile(
      join(folder, 'app', 'package.json'),
      '{ "name": "app", "private": true, "type": "module" }\n',
    );
    env = { ...process.env, PATH: join(folder, 'bin'), CC: 'false', CXX: 'false', NODE_PATH: '' };
    const tarballs = (await readdir(folder))
      .filter((file) => file.endsWith('.tgz'))
      .map((file) => join('..', file));
    expect(tarballs).toHaveLength(PACKAGES.length);
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await execute('npm', ['install', ...flags, ...tarballs], { cwd: join(folder, 'app'), env });
  }, INSTALL_TIMEOUT_MS);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const installed = (name: string): string => join(folder, 'app', 'node_modules', '@ringpool', name);

  test.each(PACKAGES)('%s carries what its users need, and nothing of the workshop', async (name) => {
    const files = await readdir(installed(name), { recursive: true });
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']),
    );
    expect(
      files.filter((file) =>
        /^(?:test|build|node_modules)\/|tsbuildinfo|\.stamp$|\.tgz$|tsconfig/.test(file),
      ),
    ).toEqual([]);
    const manifest = JSON.parse(await readFile(join(installed(name), 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|"(?:pre|post)?install"/);
  });

  test.runIf(process.platform === 'linux')(`native carries the addon for ${TARGET}`, async () => {
    const prebuilds = await readdir(join(installed('native'), 'prebuilds', TARGET));
    expect(prebuilds.some((file) => file.endsWith('.node'))).toBe(true);
  });

  test('no compiler was in reach', async () => {
    for (const compiler of ['cc', 'g++', 'make', 'python3']) {
      await expect(execute('sh', ['-c', `command -v ${compiler}`], { env })).rejects.toThrow();
    }
  });

  test('carry the doctor, which npx finds by the name of the package', async () => {
    const words = ['exec', '--no', '--', '@ringpool/pool', 'doctor', '--json'];
    // Its exit code is its verdict, and any of them will do here.
    const { stdout } = await execute('npm', words, { cwd: join(folder, 'app'), env }).catch(
      (error: { stdout: string }) => error,
    );
    const { verdict, exitCode } = JSON.parse(stdout) as { verdict: string; exitCode: number };
    expect({ ok: 0, degraded: 1, unavailable: 2 }).toHaveProperty(verdict, exitCode);
  });

  test('read a file through a ring and through the pool', async ({ skip }) => {
    const { diagnose } = (await import(`${root}/packages/native/dist/index.js`)) as Native;
    const { available, error } = diagnose();
    if (!available) skip(error?.message);
    const app = join(folder, 'app');
    await copyFile(`${root}/test/fixtures/packed-read.mjs`, join(app, 'read.mjs'));
    await writeFile(join(app, 'sample.txt'), 'registered once, read by every thread\n');
    const { stdout } = await execute(process.execPath, ['read.mjs', 'sample.txt'], {
      cwd: app,
      env,
      timeout: 60_000,
    });
    expect(stdout).toBe(
      'ring: registered once, read by every thread\npool: registered once, read by every thread\n',
    );
  });

  test('work without the addon: on threads, and on a simulation', async () => {
    const app = join(folder, 'app');
    // Last: whatever platform it is, there is none now.
    await rm(join(installed('native'), 'prebuilds'), { recursive: true });
    await copyFile(`${root}/test/fixtures/packed-threads.mjs`, join(app, 'threads.mjs'));
    await writeFile(join(app, 'sample.txt'), 'read by a thread\n');
    const { stdout } = await execute(process.execPath, ['threads.mjs', 'sample.txt'], {
      cwd: app,
      env: { ...env, RINGPOOL_DRIVER: '', RINGPOOL_ADDON: '' },
      timeout: 60_000,
    });
    expect(stdout).toBe('threads: read by a thread\nsim: nothing of it is real\n');
  });
});
