// How a path leads to an inode of a simulated disk: one name after another, through symbolic links. Source: path_resolution(7).

import type { Path } from '../soft/file-system.ts';
import type { Disk, Inode } from './disk.ts';

const ENOENT = 2;
const ENOTDIR = 20;
const EISDIR = 21;
const ENAMETOOLONG = 36;
const ELOOP = 40;
const NAME_BYTES_MAX = 255;
/** Symbolic links that one path may lead through. */
const LINKS_MAX = 40;

/** The last name of a path that has none. */
export const ROOT_NAME = '/';

/** Where a path leads. */
export interface Place {
  /** The directory that holds the last name. */
  readonly directory: Inode;
  /** The last name: never a dot, nor two, unless the path leads to a directory by them. */
  readonly name: string;
  /** What has that name, if anything. */
  readonly inode: Inode | undefined;
  /** The path ends with a slash: only a directory will do. */
  readonly wantsDirectory: boolean;
  /** The last name is a dot or two, or there is none. */
  readonly isDots: boolean;
}

/** Bytes as a string, one character each: what names are compared by. */
function nameOf(bytes: Path): string {
  let name = '';
  for (const byte of bytes) name += String.fromCharCode(byte);
  return name;
}

/**
 * Finds the place of a path; `follow`: where a symbolic link leads that the path ends with. One with a slash behind it is
 * followed in any case. A negative errno.
 */
export function find(disk: Disk, path: Path, follow: boolean): Place | number {
  const text = nameOf(path);
  return new Walk(disk, follow || text.endsWith('/'), false).go(text, disk.root);
}

/** Finds the place of a path whose last name is itself meant, to be made, removed or changed; slashes behind it or not. */
export function findName(disk: Disk, path: Path): Place | number {
  return new Walk(disk, false, false).go(nameOf(path), disk.root);
}

/** Finds the place of a file that is made unless it is there. A slash behind it, or a dot, is -EISDIR. */
export function findFile(disk: Disk, path: Path, follow: boolean): Place | number {
  return new Walk(disk, follow, true).go(nameOf(path), disk.root);
}

class Walk {
  readonly #disk: Disk;
  readonly #follow: boolean;
  /** It must not lead to a directory by its form. */
  readonly #toFile: boolean;
  /** Where directories are, from the root: `..` leads back. */
  readonly #parents = new Map<Inode, Inode>();
  #links = 0;

  constructor(disk: Disk, follow: boolean, toFile: boolean) {
    this.#disk = disk;
    this.#follow = follow;
    this.#toFile = toFile;
  }

  go(path: string, start: Inode): Place | number {
    if (path === '') return -ENOENT;
    const names = path.split('/').filter((name) => name !== '');
    let directory = path.startsWith('/') ? this.#disk.root : start;
    const wantsDirectory = path.endsWith('/');
    for (const [index, name] of names.entries()) {
      if (directory.kind !== 'directory') return -ENOTDIR;
      if (name.length > NAME_BYTES_MAX) return -ENAMETOOLONG;
      const isLast = index === names.length - 1;
      const isDots = name === '.' || name === '..';
      if (isLast && this.#toFile && (wantsDirectory || isDots)) return -EISDIR;
      const inode = this.#step(directory, name);
      if (inode?.kind === 'symlink' && (!isLast || this.#follow)) {
        if (++this.#links > LINKS_MAX) return -ELOOP;
        const rest = names.slice(index + 1).join('/');
        const target = nameOf(inode.content.bytes);
        return this.go(
          isLast ? `${target}${wantsDirectory ? '/' : ''}` : `${target}/${rest}${wantsDirectory ? '/' : ''}`,
          directory,
        );
      }
      if (isLast) return { directory, name, inode, wantsDirectory, isDots };
      if (inode === undefined) return -ENOENT;
      directory = inode;
    }
    if (this.#toFile) return -EISDIR;
    return { directory, name: ROOT_NAME, inode: directory, wantsDirectory: true, isDots: true };
  }

  #step(directory: Inode, name: string): Inode | undefined {
    if (name === '.') return directory;
    if (name === '..') return this.#parents.get(directory) ?? this.#disk.root;
    const inode = directory.entries.get(name);
    if (inode?.kind === 'directory') this.#parents.set(inode, directory);
    return inode;
  }
}
