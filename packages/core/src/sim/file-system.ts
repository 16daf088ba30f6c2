// The system calls on a simulated disk: what open(2), rename(2) and the others answer on Linux. Permissions are not looked at:
// the caller may do everything, as root. Bound to the thread that simulates.

import type { OpenFlags } from '../abi/system.ts';
import { CURRENT_POSITION, type FileStatus, type FileSystem, type Path } from '../soft/file-system.ts';
import { SECTOR_BYTES } from './content.ts';
import { Copies } from './copies.ts';
import type { Disk, EntryChange, Inode, Kind } from './disk.ts';
import { find, findFile, findName, type Place, ROOT_NAME } from './paths.ts';

const EPERM = 1;
const ENOENT = 2;
const EBADF = 9;
const EBUSY = 16;
const EEXIST = 17;
const ENOTDIR = 20;
const EISDIR = 21;
const EINVAL = 22;
const EMFILE = 24;
const EFBIG = 27;
const ENOSPC = 28;
const ENOTEMPTY = 39;
const ELOOP = 40;
const EOPNOTSUPP = 95;
/** The two lowest bits of open flags: for reading, writing, both. */
const ACCESS_MODE = 3;
const WRONLY = 1;
const PERMISSIONS = 0o7777;
const TYPES: Readonly<Record<Kind, number>> = { file: 0o100000, directory: 0o40000, symlink: 0o120000 };
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;
/** `RWF_DSYNC`, `RWF_SYNC`. */
const RWF_SYNCS = 6;
/** The first descriptors are somebody's, as in a process. */
const FIRST_FILE = 3;
const FILES_MAX = 1 << 16;
const BLOCK_BYTES = 4096;
const STAT_BLOCK_BYTES = 512;
/** No file is longer: Linux on ext4 with blocks of 4 KiB. */
const FILE_BYTES_MAX = 2 ** 44 - BLOCK_BYTES;

/** An open file description. */
interface OpenFile {
  readonly inode: Inode;
  readonly flags: number;
  position: number;
}

/** What a simulated file system needs to know. */
export interface SimFileSystemOptions {
  readonly disk: Disk;
  readonly openFlags: OpenFlags;
  readonly capacityBytes: number;
  /** Milliseconds by the simulated clock. */
  readonly now: () => number;
}

/** The file system of a simulation. */
export class SimFileSystem implements FileSystem {
  readonly #disk: Disk;
  readonly #bits: OpenFlags;
  readonly #capacityBytes: number;
  readonly #now: () => number;
  readonly #copies = new Copies();
  readonly #open: (OpenFile | undefined)[] = [];

  constructor({ disk, openFlags, capacityBytes, now }: SimFileSystemOptions) {
    this.#disk = disk;
    this.#bits = openFlags;
    this.#capacityBytes = capacityBytes;
    this.#now = now;
  }

  open(path: Path, flags: number, mode: number): number {
    const bits = this.#bits;
    if (flags & (bits.PATH | (bits.TMPFILE & ~bits.DIRECTORY))) return -EOPNOTSUPP;
    const exclusive = (flags & (bits.CREAT | bits.EXCL)) === (bits.CREAT | bits.EXCL);
    const follow = !exclusive && (flags & bits.NOFOLLOW) === 0;
    const place = (flags & bits.CREAT ? findFile : find)(this.#disk, path, follow);
    if (typeof place === 'number') return place;
    const refused = this.#mayOpen(place, flags, exclusive);
    if (refused < 0) return refused;
    const file = this.#freeFile();
    if (file < 0) return file;
    const inode = place.inode ?? this.#create(place, 'file', mode);
    if (flags & bits.TRUNC && inode.content.length > 0) this.#disk.truncate(inode, 0, this.#now());
    this.#open[file] = { inode, flags, position: 0 };
    inode.users++;
    return file;
  }

  #mayOpen({ inode, wantsDirectory }: Place, flags: number, exclusive: boolean): number {
    const bits = this.#bits;
    const creates = (flags & bits.CREAT) !== 0;
    if (inode === undefined) {
      if (!creates) return -ENOENT;
      return flags & bits.DIRECTORY ? -EINVAL : 0;
    }
    if (exclusive) return -EEXIST;
    if (inode.kind === 'symlink') return -ELOOP;
    if (inode.kind === 'directory') return (flags & ACCESS_MODE) !== 0 || creates ? -EISDIR : 0;
    return wantsDirectory || (flags & bits.DIRECTORY) !== 0 ? -ENOTDIR : 0;
  }

  #freeFile(): number {
    let file = FIRST_FILE;
    while (this.#open[file] !== undefined) file++;
    return file < FILES_MAX ? file : -EMFILE;
  }

  #create({ directory, name }: Place, kind: Kind, permissions: number): Inode {
    const inode = this.#disk.create(kind, permissions & PERMISSIONS, this.#now());
    this.#disk.change([{ directory, name, after: inode }], this.#now());
    return inode;
  }

  close(file: number): number {
    const open = this.#open[file];
    if (open === undefined) return -EBADF;
    this.#open[file] = undefined;
    open.inode.users--;
    this.#disk.forget(open.inode);
    return 0;
  }

  /** An open file that may be read or written, and where; a negative errno. */
  #transfer(file: number, writes: boolean, position: number): OpenFile | number {
    const open = this.#open[file];
    if (open === undefined) return -EBADF;
    const access = open.flags & ACCESS_MODE;
    if (writes ? access === 0 : access === WRONLY) return -EBADF;
    if (open.inode.kind === 'directory') return -EISDIR;
    return position < CURRENT_POSITION ? -EINVAL : open;
  }

  #isAligned(open: OpenFile, memory: Uint8Array, offset: number, length: number, position: number): boolean {
    if ((open.flags & this.#bits.DIRECT) === 0) return true;
    return ((memory.byteOffset + offset) | length | position) % SECTOR_BYTES === 0;
  }

  read(file: number, memory: Uint8Array, offset: number, length: number, position: number): number {
    const open = this.#transfer(file, false, position);
    if (typeof open === 'number') return open;
    const from = position === CURRENT_POSITION ? open.position : position;
    if (!this.#isAligned(open, memory, offset, length, from)) return -EINVAL;
    const bytes = open.inode.content.read(memory, offset, length, from);
    if (position === CURRENT_POSITION) open.position += bytes;
    return bytes;
  }

  write(
    file: number,
    memory: Uint8Array,
    offset: number,
    length: number,
    position: number,
    flags: number,
  ): number {
    const open = this.#transfer(file, true, position);
    if (typeof open === 'number') return open;
    const { content } = open.inode;
    const appends = (open.flags & this.#bits.APPEND) !== 0;
    const from = appends ? content.length : position === CURRENT_POSITION ? open.position : position;
    if (!this.#isAligned(open, memory, offset, length, from)) return -EINVAL;
    if (length === 0) return 0;
    if (from >= FILE_BYTES_MAX) return -EFBIG;
    const room = this.#roomFor(from + length - content.length) + content.length;
    const bytes = Math.min(length, room - from, FILE_BYTES_MAX - from);
    if (bytes <= 0) return -ENOSPC;
    this.#disk.write(open.inode, this.#copies.of(memory, offset, bytes), from, this.#now());
    if (position === CURRENT_POSITION) open.position = from + bytes;
    if (open.flags & this.#bits.DSYNC || flags & RWF_SYNCS) content.syncLast();
    return bytes;
  }

  /** How many bytes are free. A disk that is short of them first gives back what was removed. */
  #roomFor(bytes: number): number {
    if (this.#capacityBytes - this.#disk.usedBytes < bytes) this.#disk.commit();
    return this.#capacityBytes - this.#disk.usedBytes;
  }

  readPieces(file: number, pieces: readonly Uint8Array[], position: number): number {
    return inPieces(pieces, position, (piece, at) => this.read(file, piece, 0, piece.length, at));
  }

  writePieces(file: number, pieces: readonly Uint8Array[], position: number, flags: number): number {
    return inPieces(pieces, position, (piece, at) => this.write(file, piece, 0, piece.length, at, flags));
  }

  sync(file: number, _dataOnly: boolean): number {
    const open = this.#open[file];
    if (open === undefined) return -EBADF;
    this.#disk.sync(open.inode);
    return 0;
  }

  /** An fsync of this file fails for good: see faults.ts. */
  loseSync(file: number): void {
    this.#open[file]?.inode.content.loseSync();
  }

  truncate(file: number, length: number): number {
    const open = this.#open[file];
    if (open === undefined) return -EBADF;
    if ((open.flags & ACCESS_MODE) === 0 || open.inode.kind !== 'file' || length < 0) return -EINVAL;
    if (length > FILE_BYTES_MAX) return -EFBIG;
    const more = length - open.inode.content.length;
    if (more > 0 && this.#roomFor(more) < more) return -ENOSPC;
    this.#disk.truncate(open.inode, length, this.#now());
    return 0;
  }

  status(target: number | Path, follow: boolean): FileStatus | number {
    if (typeof target === 'number') {
      const open = this.#open[target];
      return open === undefined ? -EBADF : statusOf(open.inode);
    }
    const place = find(this.#disk, target, follow);
    if (typeof place === 'number') return place;
    const { inode, wantsDirectory } = place;
    if (inode === undefined) return -ENOENT;
    return wantsDirectory && inode.kind !== 'directory' ? -ENOTDIR : statusOf(inode);
  }

  rename(from: Path, to: Path, flags: number): number {
    if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE) || flags === (RENAME_NOREPLACE | RENAME_EXCHANGE)) {
      return -EINVAL;
    }
    const source = findName(this.#disk, from);
    if (typeof source === 'number') return source;
    const target = findName(this.#disk, to);
    if (typeof target === 'number') return target;
    if (source.isDots || target.isDots) return -EBUSY;
    const refused = mayRename(source, target, flags);
    if (refused < 0) return refused;
    const moved = source.inode as Inode;
    const replaced = target.inode;
    if (moved === replaced) return 0;
    const swaps = flags === RENAME_EXCHANGE;
    this.#change([
      { directory: source.directory, name: source.name, after: swaps ? replaced : undefined },
      { directory: target.directory, name: target.name, after: moved },
    ]);
    if (!swaps && replaced !== undefined) this.#disk.forget(replaced);
    return 0;
  }

  #change(changes: readonly EntryChange[]): void {
    this.#disk.change(changes, this.#now());
  }

  unlink(path: Path): number {
    const place = findName(this.#disk, path);
    if (typeof place === 'number') return place;
    const { directory, name, inode, wantsDirectory } = place;
    if (inode === undefined) return -ENOENT;
    if (inode.kind === 'directory') return -EISDIR;
    if (wantsDirectory) return -ENOTDIR;
    this.#change([{ directory, name, after: undefined }]);
    this.#disk.forget(inode);
    return 0;
  }

  removeDirectory(path: Path): number {
    const place = findName(this.#disk, path);
    if (typeof place === 'number') return place;
    const { directory, name, inode, isDots } = place;
    if (inode === undefined) return -ENOENT;
    if (inode.kind !== 'directory') return -ENOTDIR;
    if (isDots) return name === ROOT_NAME ? -EBUSY : name === '..' ? -ENOTEMPTY : -EINVAL;
    if (inode.entries.size > 0) return -ENOTEMPTY;
    this.#change([{ directory, name, after: undefined }]);
    this.#disk.forget(inode);
    return 0;
  }

  /** Where something new can be, or why it cannot: a negative errno. */
  #placeForNew(path: Path, directory: boolean): Place | number {
    const place = findName(this.#disk, path);
    if (typeof place === 'number') return place;
    if (place.inode !== undefined || place.isDots) return -EEXIST;
    return place.wantsDirectory && !directory ? -ENOENT : place;
  }

  makeDirectory(path: Path, mode: number): number {
    const place = this.#placeForNew(path, true);
    if (typeof place === 'number') return place;
    this.#create(place, 'directory', mode);
    return 0;
  }

  link(from: Path, to: Path, follow: boolean): number {
    const source = find(this.#disk, from, follow);
    if (typeof source === 'number') return source;
    if (source.inode === undefined) return -ENOENT;
    if (source.wantsDirectory && source.inode.kind !== 'directory') return -ENOTDIR;
    const target = this.#placeForNew(to, false);
    if (typeof target === 'number') return target;
    if (source.inode.kind === 'directory') return -EPERM;
    this.#change([{ directory: target.directory, name: target.name, after: source.inode }]);
    return 0;
  }

  symbolicLink(target: Path, path: Path): number {
    if (target.length === 0) return -ENOENT;
    const place = this.#placeForNew(path, false);
    if (typeof place === 'number') return place;
    const inode = this.#create(place, 'symlink', 0o777);
    // Its target comes with its name: whoever finds the one finds the other.
    this.#disk.write(inode, target, 0, this.#now());
    this.#disk.sync(inode);
    return 0;
  }
}

function mayRename(source: Place, target: Place, flags: number): number {
  const { inode: moved } = source;
  const { inode: replaced } = target;
  if (moved === undefined) return -ENOENT;
  const isDirectory = moved.kind === 'directory';
  if (replaced !== undefined && flags === RENAME_NOREPLACE) return -EEXIST;
  if (replaced === undefined && flags === RENAME_EXCHANGE) return -ENOENT;
  if (!isDirectory && (source.wantsDirectory || target.wantsDirectory)) return -ENOTDIR;
  if (isDirectory && isWithin(target.directory, moved)) return -EINVAL;
  if (replaced === undefined) return 0;
  if (flags === RENAME_EXCHANGE) {
    return replaced.kind === 'directory' && isWithin(source.directory, replaced) ? -EINVAL : 0;
  }
  if (replaced.kind === 'directory' && isWithin(source.directory, replaced)) return -ENOTEMPTY;
  if (isDirectory && replaced.kind !== 'directory') return -ENOTDIR;
  if (!isDirectory && replaced.kind === 'directory') return -EISDIR;
  return isDirectory && replaced !== moved && replaced.entries.size > 0 ? -ENOTEMPTY : 0;
}

/** Whether a directory is this one or lies in it. */
function isWithin(directory: Inode, ancestor: Inode): boolean {
  if (directory === ancestor) return true;
  for (const child of ancestor.entries.values()) {
    if (child.kind === 'directory' && isWithin(directory, child)) return true;
  }
  return false;
}

function statusOf(inode: Inode): FileStatus {
  const bytes = inode.kind === 'directory' ? BLOCK_BYTES : inode.content.length;
  const subdirectories = [...inode.entries.values()].filter(({ kind }) => kind === 'directory').length;
  return {
    mode: TYPES[inode.kind] | inode.permissions,
    inode: inode.number,
    // A directory is named by itself and by those in it besides.
    links: inode.kind === 'directory' ? 2 + subdirectories : inode.links,
    uid: 0,
    gid: 0,
    bytes,
    blockBytes: BLOCK_BYTES,
    blocks: Math.ceil(bytes / STAT_BLOCK_BYTES),
    accessedMs: inode.bornMs,
    modifiedMs: inode.modifiedMs,
    changedMs: inode.changedMs,
    bornMs: inode.bornMs,
  };
}

/** One piece after another, until one is moved in part: the sum; an error only where nothing was moved. */
function inPieces(
  pieces: readonly Uint8Array[],
  position: number,
  move: (piece: Uint8Array, at: number) => number,
): number {
  let sum = 0;
  for (const piece of pieces) {
    const moved = move(piece, position === CURRENT_POSITION ? position : position + sum);
    if (moved < 0) return sum > 0 ? sum : moved;
    sum += moved;
    if (moved < piece.length) break;
  }
  return sum;
}
