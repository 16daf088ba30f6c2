// `@ringpool/pool/fs`: every export of node:fs/promises, by the same name. docs/fs.md says which of them are Ringpool's.

import nodePromises from 'node:fs/promises';

import { type FsPromises, fsOver } from './create-fs.ts';
import { defaultPool } from './default-pool.ts';

export { createFs, type FsPromises } from './create-fs.ts';
export { setDefaultPool } from './default-pool.ts';

/** All of them, as the default export of `node:fs/promises` has them. */
const fs: FsPromises = fsOver(defaultPool);

export default fs;

/** Flags and modes: `constants` of `node:fs/promises`. */
export const constants: FsPromises['constants'] = nodePromises.constants;

/** `access` of `node:fs/promises`, on the default pool. */
export const access: FsPromises['access'] = fs.access;

/** `appendFile` of `node:fs/promises`, on the default pool. */
export const appendFile: FsPromises['appendFile'] = fs.appendFile;

/** `chmod` of `node:fs/promises`, which is Node's. */
export const chmod: FsPromises['chmod'] = fs.chmod;

/** `chown` of `node:fs/promises`, which is Node's. */
export const chown: FsPromises['chown'] = fs.chown;

/** `copyFile` of `node:fs/promises`, which is Node's. */
export const copyFile: FsPromises['copyFile'] = fs.copyFile;

/** `cp` of `node:fs/promises`, which is Node's. */
export const cp: FsPromises['cp'] = fs.cp;

/** `lchmod` of `node:fs/promises`, which is Node's. */
export const lchmod: FsPromises['lchmod'] = fs.lchmod;

/** `lchown` of `node:fs/promises`, which is Node's. */
export const lchown: FsPromises['lchown'] = fs.lchown;

/** `link` of `node:fs/promises`, which is Node's. */
export const link: FsPromises['link'] = fs.link;

/** `lstat` of `node:fs/promises`, on the default pool. */
export const lstat: FsPromises['lstat'] = fs.lstat;

/** `lutimes` of `node:fs/promises`, which is Node's. */
export const lutimes: FsPromises['lutimes'] = fs.lutimes;

/** `mkdir` of `node:fs/promises`, which is Node's. */
export const mkdir: FsPromises['mkdir'] = fs.mkdir;

/** `mkdtemp` of `node:fs/promises`, which is Node's. */
export const mkdtemp: FsPromises['mkdtemp'] = fs.mkdtemp;

/** `open` of `node:fs/promises`, which is Node's. */
export const open: FsPromises['open'] = fs.open;

/** `opendir` of `node:fs/promises`, which is Node's. */
export const opendir: FsPromises['opendir'] = fs.opendir;

/** `readFile` of `node:fs/promises`, on the default pool. */
export const readFile: FsPromises['readFile'] = fs.readFile;

/** `readdir` of `node:fs/promises`, which is Node's. */
export const readdir: FsPromises['readdir'] = fs.readdir;

/** `readlink` of `node:fs/promises`, on the default pool. */
export const readlink: FsPromises['readlink'] = fs.readlink;

/** `realpath` of `node:fs/promises`, which is Node's. */
export const realpath: FsPromises['realpath'] = fs.realpath;

/** `rename` of `node:fs/promises`, which is Node's. */
export const rename: FsPromises['rename'] = fs.rename;

/** `rm` of `node:fs/promises`, which is Node's. */
export const rm: FsPromises['rm'] = fs.rm;

/** `rmdir` of `node:fs/promises`, which is Node's. */
export const rmdir: FsPromises['rmdir'] = fs.rmdir;

/** `stat` of `node:fs/promises`, on the default pool. */
export const stat: FsPromises['stat'] = fs.stat;

/** `statfs` of `node:fs/promises`, which is Node's. */
export const statfs: FsPromises['statfs'] = fs.statfs;

/** `symlink` of `node:fs/promises`, which is Node's. */
export const symlink: FsPromises['symlink'] = fs.symlink;

/** `truncate` of `node:fs/promises`, which is Node's. */
export const truncate: FsPromises['truncate'] = fs.truncate;

/** `unlink` of `node:fs/promises`, which is Node's. */
export const unlink: FsPromises['unlink'] = fs.unlink;

/** `utimes` of `node:fs/promises`, which is Node's. */
export const utimes: FsPromises['utimes'] = fs.utimes;

/** `watch` of `node:fs/promises`, which is Node's. */
export const watch: FsPromises['watch'] = fs.watch;

/** `writeFile` of `node:fs/promises`, on the default pool. */
export const writeFile: FsPromises['writeFile'] = fs.writeFile;

/** What older versions of Node do not have: undefined there. */
type Since<Name extends string> =
  FsPromises extends Readonly<Record<Name, infer Exported>> ? Exported : undefined;

/** `glob` of `node:fs/promises`, which is Node's; undefined before Node 22. */
export const glob: Since<'glob'> = (fs as Readonly<Record<string, unknown>>)['glob'] as Since<'glob'>;

/** `mkdtempDisposable` of `node:fs/promises`, which is Node's; undefined before Node 24. */
export const mkdtempDisposable: Since<'mkdtempDisposable'> = (fs as Readonly<Record<string, unknown>>)[
  'mkdtempDisposable'
] as Since<'mkdtempDisposable'>;
