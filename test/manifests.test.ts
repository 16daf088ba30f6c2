// What the package manifests and the lock file promise: nothing runs at install, nothing names a host, one version for all.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { entryPoints, type Manifest, manifests, read, repositoryFiles, root } from './support/repository.ts';

/** Scripts that a package manager runs by itself, at install or at pack time. */
const LIFECYCLE =
  /^(?:pre|post)?(?:install|prepare|prepublish|prepublishOnly|pack)$|^(?:pre|post)prepare$|^dependencies$/;
const EXACT_VERSION = /^(?:npm:(?:@[\w-]+\/)?[\w-]+@)?\d+\.\d+\.\d+$|^workspace:\*$/;

const published = (): readonly [string, Manifest][] =>
  [...manifests()].filter(([, manifest]) => manifest.private !== true);

/** Lines of a lock file that say where a package came from. */
function hosts(lock: string): readonly string[] {
  return lock.split('\n').filter((line) => /\btarball:|https?:\/\/|\bregistry:/.test(line));
}

describe('manifests', () => {
  test('run nothing at install time', () => {
    const running = [...manifests()].flatMap(([folder, { scripts }]) =>
      Object.keys(scripts ?? {})
        .filter((name) => LIFECYCLE.test(name))
        .map((name) => `${folder}: ${name}`),
    );
    expect(running).toEqual([]);
    // npm builds any package with a binding.gyp at install, unless its manifest says otherwise.
    for (const [folder, { gypfile }] of published()) {
      if (existsSync(`${root}/${folder}/binding.gyp`)) expect(gypfile, folder).toBe(false);
    }
    for (const name of ['install', 'preinstall', 'postinstall', 'prepare'])
      expect(LIFECYCLE.test(name)).toBe(true);
  });

  test('pin every version', () => {
    const loose = [...manifests()].flatMap(([folder, { dependencies, devDependencies }]) =>
      Object.entries({ ...dependencies, ...devDependencies })
        .filter(([, version]) => !EXACT_VERSION.test(version))
        .map(([name, version]) => `${folder}: ${name}@${version}`),
    );
    expect(loose).toEqual([]);
  });

  test('of the published packages agree with each other and ship what a user needs', () => {
    expect(published().map(([folder]) => folder)).toEqual([
      'packages/core',
      'packages/native',
      'packages/pool',
    ]);
    for (const [folder, manifest] of published()) {
      expect(manifest.version, folder).toBe(published()[0]?.[1].version);
      expect(manifest.engines, folder).toEqual({ node: '>=20.19' });
      expect(manifest.type, folder).toBe('module');
      expect(manifest.license, folder).toBe('MIT');
      expect(manifest.files, folder).toEqual(expect.arrayContaining(['dist', 'src', 'LICENSE', 'README.md']));
      for (const file of ['LICENSE', 'README.md'])
        expect(existsSync(`${root}/${folder}/${file}`), `${folder}/${file}`).toBe(true);
      expect(entryPoints(folder, manifest).length, folder).toBeGreaterThan(0);
      for (const entry of entryPoints(folder, manifest))
        expect(existsSync(`${root}/${entry}`), entry).toBe(true);
    }
  });
});

describe('lock files', () => {
  test('name no host', () => {
    const locks = repositoryFiles().filter((path) => /(?:^|\/)pnpm-lock\.yaml$/.test(path));
    expect(locks).toContain('pnpm-lock.yaml');
    for (const lock of locks) expect(hosts(read(lock)), lock).toEqual([]);
  });

  test('the rule can fail', () => {
    expect(hosts(`resolution: {integrity: sha512-x, tarball: https://example.org/x.tgz}`)).toHaveLength(1);
  });
});
