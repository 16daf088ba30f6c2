// The system calls of the driver `threads`, made by node:fs on the thread that asks. Errors are told by their codes: the numbers
// behind them are those of the platform, and ours are those of Linux.
//
// No call waits for somebody else. Files are opened with O_NONBLOCK, which regular files take no notice of; where a pipe or a
// terminal would have to wait, the call is made again later. So the thread can always be ended, and serves others meanwhile.

import fs from 'node:fs';

import {
  CURRENT_POSITION,
  type FileStatus,
  type FileSystem,
  type OpenFlags,
  openFlagsFor,
  type Path,
  RWF,
  WOULD_WAIT,
} from '@ringpool/core';

import { type DescriptorLedger, FILE_KIND } from './descriptor-ledger.ts';
import { errnoOf } from './node-errors.ts';
import { throughOther } from './other-files.ts';

const EAGAIN = -11;
const EMFILE = -24;
const ESPIPE = -29;
const ENXIO = -6;
const EOPNOTSUPP = 95;
const EINVAL = 22;

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
/** Windows has no such flag, and no files that wait when they are opened. */
const NONBLOCK: number = fs.constants.O_NONBLOCK ?? 0;

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

/** 0 when a call of node:fs succeeds, or a negative errno. */
function result(call: () => void): number {
  try {
    call();
    return 0;
  } catch (error) {
    return errnoOf(error);
  }
}

/** One transfer by node:fs. Throws. */
type Transfer = (file: number, position: number | null) => number;

/** node:fs, as a file system of the rings that need no kernel ring. */
export class NodeFileSystem implements FileSystem {
  readonly #ledger: DescriptorLedger;
  readonly #owner: number;

  /** What it opens is entered as this owner's. */
  constructor(ledger: DescriptorLedger, owner: number) {
    this.#ledger = ledger;
    this.#owner = owner;
  }

  open(path: Path, flags: number, mode: number): number {
    const own = flagsOf(flags);
    if (own < 0) return own;
    const waits = (own & NONBLOCK) === 0;
    try {
      const kind = waits ? FILE_KIND.waits : 0;
      const file = this.#ledger.open(bufferOf(path), own | NONBLOCK, mode, this.#owner, kind);
      return file < 0 ? EMFILE : file;
    } catch (error) {
      const res = errnoOf(error);
      // A file that another process has a lease on, and is about to give back. A pipe that is opened to be written, and that
      // nobody has opened to read.
      const mayCome = res === EAGAIN || (res === ENXIO && isPipe(path));
      return waits && mayCome ? WOULD_WAIT : res;
    }
  }

  close(file: number): number {
    try {
      this.#ledger.closed(file);
      fs.closeSync(file);
      return 0;
    } catch (error) {
      return errnoOf(error);
    }
  }

  read(file: number, memory: Uint8Array, offset: number, length: number, position: number): number {
    const kind = this.#kindFor(file, position);
    if (kind < 0 || (kind & FILE_KIND.pipe) !== 0)
      return this.#slowly(file, kind, position, false, length > 0, (from, at) =>
        fs.readSync(from, memory, offset, length, at),
      );
    try {
      return fs.readSync(file, memory, offset, length, position === CURRENT_POSITION ? null : position);
    } catch (error) {
      const again = (): number => this.read(file, memory, offset, length, position);
      return this.#failed(file, kind, errnoOf(error), again);
    }
  }

  /**
   * What is known of a file that is to be read or written: below 0 when it is not ours. Where it is read at its current
   * position its end may be nothing but a pipe that is empty, so that must be known; else its having no positions will tell.
   */
  #kindFor(file: number, position: number): number {
    const kind = this.#ledger.kindOf(file);
    const known = position !== CURRENT_POSITION || (kind & (FILE_KIND.regular | FILE_KIND.pipe)) !== 0;
    if (known || kind < 0) return kind;
    const found = isPipeOpen(file) ? FILE_KIND.pipe : FILE_KIND.regular;
    this.#ledger.note(file, found);
    return kind | found;
  }

  /** A read or write of a file of ours was refused: what that means. */
  #failed(file: number, kind: number, res: number, again: () => number): number {
    if (res === EAGAIN && (kind & FILE_KIND.waits) !== 0) return WOULD_WAIT;
    if (res !== ESPIPE) return res;
    this.#ledger.note(file, FILE_KIND.pipe);
    return again();
  }

  write(
    file: number,
    memory: Uint8Array,
    offset: number,
    length: number,
    position: number,
    flags: number,
  ): number {
    const kind = this.#kindFor(file, position);
    if (kind < 0 || (kind & FILE_KIND.pipe) !== 0)
      return this.#slowly(file, kind, position, true, length > 0, (to, at) =>
        fs.writeSync(to, memory, offset, length, at),
      );
    try {
      const at = position === CURRENT_POSITION ? null : position;
      const res = fs.writeSync(file, memory, offset, length, at);
      return flags === 0 ? res : durably(file, res, flags);
    } catch (error) {
      const again = (): number => this.write(file, memory, offset, length, position, flags);
      return this.#failed(file, kind, errnoOf(error), again);
    }
  }

  /** A transfer of a pipe, or of a file that somebody else has opened. */
  #slowly(
    file: number,
    kind: number,
    position: number,
    writes: boolean,
    moves: boolean,
    transfer: Transfer,
  ): number {
    const at = position === CURRENT_POSITION ? null : position;
    if (kind < 0) return throughOther(file, at, writes, transfer);
    try {
      const res = transfer(file, null);
      if (res > 0 && !writes) this.#ledger.note(file, FILE_KIND.fed);
      // A pipe that nobody has opened to write looks like one that was closed: it waits for the first byte.
      const unfed = !writes && res === 0 && moves && (kind & FILE_KIND.fed) === 0;
      return unfed && (kind & FILE_KIND.waits) !== 0 ? WOULD_WAIT : res;
    } catch (error) {
      const res = errnoOf(error);
      return res === EAGAIN && (kind & FILE_KIND.waits) !== 0 ? WOULD_WAIT : res;
    }
  }

  readPieces(file: number, pieces: readonly Uint8Array[], position: number): number {
    if (pieces.length === 0) return 0;
    // The position as a number or null, whatever the types say: given a bigint, node:fs reads at the current one.
    return this.#pieces(file, position, false, (from, at) => fs.readvSync(from, pieces, at as number));
  }

  writePieces(file: number, pieces: readonly Uint8Array[], position: number, flags: number): number {
    if (pieces.length === 0) return 0;
    const res = this.#pieces(file, position, true, (to, at) => fs.writevSync(to, pieces, at as number));
    return flags === 0 || res < 0 ? res : durably(file, res, flags);
  }

  #pieces(file: number, position: number, writes: boolean, transfer: Transfer): number {
    const kind = this.#kindFor(file, position);
    if (kind < 0 || (kind & FILE_KIND.pipe) !== 0)
      return this.#slowly(file, kind, position, writes, true, transfer);
    try {
      return transfer(file, position === CURRENT_POSITION ? null : position);
    } catch (error) {
      const again = (): number => this.#pieces(file, position, writes, transfer);
      return this.#failed(file, kind, errnoOf(error), again);
    }
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
    return result(() => void fs.mkdirSync(bufferOf(path), mode));
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
  const synced = result(() => (flags & RWF.SYNC ? fs.fsyncSync(file) : fs.fdatasyncSync(file)));
  // What cannot be synced, a pipe, has nothing to be synced: the kernel does not mind.
  return synced < 0 && synced !== -EINVAL ? synced : written;
}

function isPipeOpen(file: number): boolean {
  try {
    return fs.fstatSync(file).isFIFO();
  } catch {
    return false;
  }
}

function isPipe(path: Path): boolean {
  try {
    return fs.statSync(bufferOf(path)).isFIFO();
  } catch {
    return false;
  }
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
