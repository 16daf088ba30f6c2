// The system calls that a ring without a kernel makes: what node:fs does for one driver, and a simulated disk for the other.
// Types and constants only. Every call answers at once: a result, a negative errno
// of Linux, or that it would have to wait.

/** The file offset that means: the current position, which moves. */
export const CURRENT_POSITION = -1;

/** The answer of a call that would have to wait, for another process at the other end of a pipe say: it is made again. */
export const WOULD_WAIT = -0x4000_0000;

/** What `stat` finds out, in the units of `struct statx`. */
export interface FileStatus {
  /** Type and permissions, as `st_mode`. */
  readonly mode: number;
  readonly inode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly bytes: number;
  readonly blockBytes: number;
  /** Blocks of 512 bytes. */
  readonly blocks: number;
  readonly accessedMs: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
  readonly bornMs: number;
}

/** A path: bytes without a zero, in no encoding in particular, that nobody writes to any more. */
export type Path = Uint8Array;

/** A file system, by descriptors and paths. Flags and modes are those of Linux. */
export interface FileSystem {
  open(path: Path, flags: number, mode: number): number;
  close(file: number): number;
  read(file: number, memory: Uint8Array, offset: number, length: number, position: number): number;
  /** `flags`: `RWF_*`. */
  write(
    file: number,
    memory: Uint8Array,
    offset: number,
    length: number,
    position: number,
    flags: number,
  ): number;
  readPieces(file: number, pieces: readonly Uint8Array[], position: number): number;
  writePieces(file: number, pieces: readonly Uint8Array[], position: number, flags: number): number;
  /** `dataOnly`: what is not needed to read the data back need not be durable. */
  sync(file: number, dataOnly: boolean): number;
  truncate(file: number, length: number): number;
  /** Of a descriptor or a path; `follow`: what a symbolic link leads to. */
  status(target: number | Path, follow: boolean): FileStatus | number;
  /** `flags`: `RENAME_*`. */
  rename(from: Path, to: Path, flags: number): number;
  unlink(path: Path): number;
  removeDirectory(path: Path): number;
  makeDirectory(path: Path, mode: number): number;
  link(from: Path, to: Path, follow: boolean): number;
  symbolicLink(target: Path, path: Path): number;
}
