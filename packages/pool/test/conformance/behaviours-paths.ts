// What every driver does with names: directories, links, renames.
import { AT, AT_FDCWD } from '@ringpool/core';
import { expect } from 'vitest';
import { status } from './behaviours-files.ts';
import type { Outcome, Stage } from './stage.ts';

/** `RENAME_NOREPLACE`. */
export const NOREPLACE = 1;

const mkdir = (stage: Stage, name: string): Outcome =>
  stage.one({ op: 'mkdirat', dirfd: AT_FDCWD, path: stage.path(name), mode: 0o755 });
const remove = (stage: Stage, name: string, unlinkFlags = 0): Outcome =>
  stage.one({ op: 'unlinkat', dirfd: AT_FDCWD, path: stage.path(name), unlinkFlags });
const rmdir = (stage: Stage, name: string): Outcome => remove(stage, name, AT.REMOVEDIR);
/** Renames a file or directory. */
export const rename = (stage: Stage, from: string, to: string, renameFlags = 0): Outcome =>
  stage.one({
    op: 'renameat',
    oldDirfd: AT_FDCWD,
    oldPath: stage.path(from),
    newDirfd: AT_FDCWD,
    newPath: stage.path(to),
    renameFlags,
  });
const link = (stage: Stage, from: string, to: string): Outcome =>
  stage.one({
    op: 'linkat',
    oldDirfd: AT_FDCWD,
    oldPath: stage.path(from),
    newDirfd: AT_FDCWD,
    newPath: stage.path(to),
  });
const symlink = (stage: Stage, target: string, name: string): Outcome =>
  stage.one({ op: 'symlinkat', target: stage.text(target), newDirfd: AT_FDCWD, linkPath: stage.path(name) });
const text = (stage: Stage, name: string): string => {
  const file = stage.open(name, stage.flags.RDONLY);
  const read = stage.read(file, 100, 0);
  stage.close(file);
  return read;
};

/** Behaviours by what they say. */
export const pathBehaviours: Readonly<Record<string, (stage: Stage) => void>> = {
  'a directory is made once, and removed when it is empty'(stage) {
    expect([mkdir(stage, 'd'), mkdir(stage, 'd'), mkdir(stage, 'd/e'), mkdir(stage, 'x/y')]).toEqual([
      0,
      'EEXIST',
      0,
      'ENOENT',
    ]);
    expect([rmdir(stage, 'd'), rmdir(stage, 'd/e'), rmdir(stage, 'd'), rmdir(stage, 'd')]).toEqual([
      'ENOTEMPTY',
      0,
      0,
      'ENOENT',
    ]);
  },
  'files and directories are removed each in their way'(stage) {
    stage.file('f', 'x');
    mkdir(stage, 'd');
    expect([remove(stage, 'd'), rmdir(stage, 'f'), remove(stage, 'f'), remove(stage, 'f')]).toEqual([
      'EISDIR',
      'ENOTDIR',
      0,
      'ENOENT',
    ]);
  },
  'a file without a name is there as long as it is open'(stage) {
    stage.file('f', 'text');
    const file = stage.open('f');
    expect([
      remove(stage, 'f'),
      stage.read(file, 4, 0),
      stage.write(file, 'T', 0),
      stage.read(file, 4, 0),
    ]).toEqual([0, 'text', 1, 'Text']);
    expect([stage.close(file), status(stage, 'f')]).toEqual([0, 'ENOENT']);
  },
  'a rename replaces what has the name'(stage) {
    stage.file('a', 'A');
    stage.file('b', 'B');
    expect([rename(stage, 'a', 'b'), text(stage, 'b'), status(stage, 'a')]).toEqual([0, 'A', 'ENOENT']);
    expect([rename(stage, 'a', 'c'), rename(stage, 'b', 'no/c')]).toEqual(['ENOENT', 'ENOENT']);
  },
  'a rename that must not replace does not'(stage) {
    stage.file('a', 'A');
    stage.file('b', 'B');
    expect([rename(stage, 'a', 'b', NOREPLACE), text(stage, 'b')]).toEqual(['EEXIST', 'B']);
    expect([rename(stage, 'a', 'c', NOREPLACE), text(stage, 'c')]).toEqual([0, 'A']);
  },
  'a rename to itself changes nothing'(stage) {
    stage.file('a', 'A');
    link(stage, 'a', 'b');
    expect([rename(stage, 'a', 'a'), rename(stage, 'a', 'b'), text(stage, 'a')]).toEqual([0, 0, 'A']);
  },
  'directories are renamed over empty ones, and not into themselves'(stage) {
    for (const name of ['d', 'd/e', 'empty', 'full', 'full/x']) mkdir(stage, name);
    stage.file('f', 'F');
    expect(rename(stage, 'd', 'd/e/f')).toBe('EINVAL');
    expect([rename(stage, 'd', 'full'), rename(stage, 'd', 'f'), rename(stage, 'f', 'd')]).toEqual([
      'ENOTEMPTY',
      'ENOTDIR',
      'EISDIR',
    ]);
    expect([rename(stage, 'd/e', 'd'), rename(stage, 'd', 'empty'), status(stage, 'empty/e')]).toEqual([
      'ENOTEMPTY',
      0,
      { type: 'directory' },
    ]);
  },
  'a file has several names'(stage) {
    stage.file('a', 'A');
    expect([link(stage, 'a', 'b'), link(stage, 'a', 'b'), link(stage, 'none', 'c')]).toEqual([
      0,
      'EEXIST',
      'ENOENT',
    ]);
    expect(status(stage, 'a')).toEqual({ type: 'file', bytes: 1, links: 2 });
    expect([remove(stage, 'a'), text(stage, 'b')]).toEqual([0, 'A']);
    expect(status(stage, 'b')).toEqual({ type: 'file', bytes: 1, links: 1 });
    mkdir(stage, 'd');
    expect(link(stage, 'd', 'e')).toBe('EPERM');
  },
  'a symbolic link leads to its target, if there is one'(stage) {
    stage.file('a', 'A');
    expect([symlink(stage, 'a', 's'), symlink(stage, 'none', 't'), symlink(stage, 'a', 's')]).toEqual([
      0,
      0,
      'EEXIST',
    ]);
    expect([text(stage, 's'), status(stage, 't'), status(stage, 's', AT.SYMLINK_NOFOLLOW)]).toEqual([
      'A',
      'ENOENT',
      { type: 'symlink', bytes: 1, links: 1 },
    ]);
    const { RDONLY, NOFOLLOW } = stage.flags;
    const path = stage.path('s');
    expect(stage.one({ op: 'openat', dirfd: AT_FDCWD, path, openFlags: RDONLY | NOFOLLOW })).toBe('ELOOP');
    expect([remove(stage, 's'), text(stage, 'a')]).toEqual([0, 'A']);
  },
  'a symbolic link stands in the midst of a path'(stage) {
    mkdir(stage, 'd');
    stage.file('d/f', 'F');
    expect([
      symlink(stage, 'd', 's'),
      text(stage, 's/f'),
      text(stage, 's/../d/./f'),
      text(stage, 'd//f'),
    ]).toEqual([0, 'F', 'F', 'F']);
  },
  'symbolic links that lead to each other lead nowhere'(stage) {
    expect([
      symlink(stage, 'b', 'a'),
      symlink(stage, 'a', 'b'),
      status(stage, 'a'),
      status(stage, 'a/x'),
    ]).toEqual([0, 0, 'ELOOP', 'ELOOP']);
  },
};
