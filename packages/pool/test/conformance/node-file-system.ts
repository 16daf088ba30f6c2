// The system calls of the driver `threads`, made by node:fs on the thread that asks. Errors are told by their codes: the numbers
// behind them are those of the platform, and ours are those of Linux.

import fs from 'node:fs';

import {
  CURRENT_POSITION,
  type ErrnoName,
  errno,
  type FileStatus,
  type FileSystem,
  type OpenFlags,
  openFlagsFor,
  type Path,
  RWF,
} from '@ringpool/core';

const EIO = 5;
const EOPNOTSUPP = 95;

/** Open flags by their names here and at node:fs, which lacks those that a platform does not have. */
const FLAGS: readonly (readonly [keyof OpenFlags, number | undefined])[] = [
  ['WRONLY', fs.constants.O_WRONLY],
  ['RDWR', fs.constants.O_RDWR],
  ['CREAT', fs.constants.O_CREAT],
  ['EXCL', fs.constants.O_EXCL],
  ['TRUNC', fs.constants.O_TRUNC],
  ['APPEND', fs.constants.O_APPEND],
  ['NONBLOCK', fs.constants.O_NONBLOCK],
  ['SYNC', fs.constants.O_SYNC],
  ['DSYNC', fs.constants.O_DSYNC],
  ['DIRECT', fs.constants.O_DIRECT],
  ['DIRECTORY', fs.constants.O_DIRECTORY],
  ['NOFOLLOW', fs.constants.O_NOFOLLOW],
  ['NOATIME', fs.constants.O_NOATIME],
];
/** What node:fs does in any case, or what is of no use to it. */
const IGNORED: readonly (keyof OpenFlags)[] = ['CLOEXEC', 'LARGEFILE', 'NOCTTY'];

/** The flags of Linux that operations carry, by name: those of this architecture. */
const LINUX = openFlagsFor(process.arch);

/** What node:fs calls these flags of Linux; -EOPNOTSUPP for one that the platform lacks. */
function flagsOf(flags: number): number {
  let left = flags;
  let own = 0;
  for (const name of IGNORED) left &= ~LINUX[name];
  // SYNC holds the bit of DSYNC, so it comes first.
  for (const [name, constant] of FLAGS) {
    const bits = LINUX[name];
    if ((left & bits) !== bits) continue;
    if (constant === undefined) return -EOPNOTSUPP;
    left &= ~bits;
    own |= constant;
  }
  return left === 0 ? own : -EOPNOTSUPP;
}

/** The number that a call of node:fs answers, 0 where it answers none, or a negative errno. */
function result(call: () => unknown): number {
  try {
    const answer = call();
    return typeof answer === 'number' ? answer : 0;
  } catch (error) {
    return errnoOf(error);
  }
}

function errnoOf(error: unknown): number {
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== 'string') throw error;
  // What node:fs refuses by itself has a code of its own, and no errno: arguments were checked before.
  if (code.startsWith('ERR_')) throw error;
  return -(errno[code as ErrnoName] ?? EIO);
}

function positionOf(position: number): number | null {
  return position === CURRENT_POSITION ? null : position;
}

/** node:fs, as a file system of the rings that need no kernel ring. */
export class NodeFileSystem implements FileSystem {
  open(path: Path, flags: number, mode: number): number {
    const own = flagsOf(flags);
    return own < 0 ? own : result(() => fs.openSync(bufferOf(path), own, mode));
  }

  close(file: number): number {
    return result(() => fs.closeSync(file));
  }

  read(file: number, memory: Uint8Array, offset: number, length: number, position: number): number {
    return result(() => fs.readSync(file, memory, offset, length, positionOf(position)));
  }

  write(
    file: number,
    memory: Uint8Array,
    offset: number,
    length: number,
    position: number,
    flags: number,
  ): number {
    const written = result(() => fs.writeSync(file, memory, offset, length, positionOf(position)));
    return durably(file, written, flags);
  }

  readPieces(file: number, pieces: readonly Uint8Array[], position: number): number {
    if (pieces.length === 0) return 0;
    // The position as a number or null, whatever the types say: given a bigint, node:fs reads at the current one.
    return result(() => fs.readvSync(file, pieces, positionOf(position) as number));
  }

  writePieces(file: number, pieces: readonly Uint8Array[], position: number, flags: number): number {
    if (pieces.length === 0) return 0;
    const written = result(() => fs.writevSync(file, pieces, positionOf(position) as number));
    return durably(file, written, flags);
  }

  sync(file: number, dataOnly: boolean): number {
    return result(() => (dataOnly ? fs.fdatasyncSync(file) : fs.fsyncSync(file)));
  }

  truncate(file: number, length: number): number {
    return result(() => fs.ftruncateSync(file, length));
  }

  status(target: number | Path, follow: boolean): FileStatus | number {
    try {
      if (typeof target === 'number') return statusOf(fs.fstatSync(target));
      return statusOf((follow ? fs.statSync : fs.lstatSync)(bufferOf(target)));
    } catch (error) {
      return errnoOf(error);
    }
  }

  rename(from: Path, to: Path, flags: number): number {
    if (flags !== 0) return -EOPNOTSUPP;
    return result(() => fs.renameSync(bufferOf(from), bufferOf(to)));
  }

  unlink(path: Path): number {
    return result(() => fs.unlinkSync(bufferOf(path)));
  }

  removeDirectory(path: Path): number {
    return result(() => fs.rmdirSync(bufferOf(path)));
  }

  makeDirectory(path: Path, mode: number): number {
    return result(() => fs.mkdirSync(bufferOf(path), mode));
  }

  link(from: Path, to: Path, follow: boolean): number {
    if (follow) return -EOPNOTSUPP;
    return result(() => fs.linkSync(bufferOf(from), bufferOf(to)));
  }

  symbolicLink(target: Path, path: Path): number {
    return result(() => fs.symlinkSync(bufferOf(target), bufferOf(path)));
  }
}

/** A write that is to be durable when it is over. */
function durably(file: number, written: number, flags: number): number {
  if (written < 0 || flags === 0) return written;
  const synced = result(() => (flags & RWF.SYNC ? fs.fsyncSync(file) : fs.fdatasyncSync(file)));
  return synced < 0 ? synced : written;
}

/** The same bytes as a Buffer: a path in no encoding in particular. */
function bufferOf(path: Path): Buffer {
  return Buffer.from(path.buffer, path.byteOffset, path.byteLength);
}

function statusOf(stats: fs.Stats): FileStatus {
  return {
    mode: stats.mode,
    inode: stats.ino,
    links: stats.nlink,
    uid: stats.uid,
    gid: stats.gid,
    bytes: stats.size,
    blockBytes: stats.blksize,
    blocks: stats.blocks,
    accessedMs: stats.atimeMs,
    modifiedMs: stats.mtimeMs,
    changedMs: stats.ctimeMs,
    bornMs: stats.birthtimeMs,
  };
}
