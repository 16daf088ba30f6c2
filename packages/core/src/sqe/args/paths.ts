// Arguments of the operations for names and attributes.
// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.
import type { Address, CurrentDirectory, Fd, FixedFile } from '../values.ts';
import type { SqeOptions } from '../write.ts';

/** Arguments of `IORING_OP_STATX` (Linux 5.6). Always run by a kernel worker. */
export interface StatxArgs extends SqeOptions {
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly dirfd: Fd | CurrentDirectory;
  /** Path, ended by a zero byte. */
  readonly path: Address;
  /** `STATX_*` bits wanted. */
  readonly mask: number;
  /** `struct statx`, 256 bytes. */
  readonly statxBuffer: Address;
  /** `AT_*` bits. */
  readonly statxFlags?: number | undefined;
}

/** Arguments of `IORING_OP_RENAMEAT` (Linux 5.11). */
export interface RenameatArgs extends SqeOptions {
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly oldDirfd: Fd | CurrentDirectory;
  /** Path now. */
  readonly oldPath: Address;
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly newDirfd: Fd | CurrentDirectory;
  /** Path afterwards. */
  readonly newPath: Address;
  /** `RENAME_*` bits. */
  readonly renameFlags?: number | undefined;
}

/** Arguments of `IORING_OP_UNLINKAT` (Linux 5.11). */
export interface UnlinkatArgs extends SqeOptions {
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly dirfd: Fd | CurrentDirectory;
  /** Path. */
  readonly path: Address;
  /** 0 or `AT_REMOVEDIR`. */
  readonly unlinkFlags?: number | undefined;
}

/** Arguments of `IORING_OP_MKDIRAT` (Linux 5.15). */
export interface MkdiratArgs extends SqeOptions {
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly dirfd: Fd | CurrentDirectory;
  /** Path. */
  readonly path: Address;
  /** Permission bits. */
  readonly mode: number;
}

/** Arguments of `IORING_OP_SYMLINKAT` (Linux 5.15). */
export interface SymlinkatArgs extends SqeOptions {
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly newDirfd: Fd | CurrentDirectory;
  /** What the link says. */
  readonly target: Address;
  /** Where the link is made. */
  readonly linkPath: Address;
}

/** Arguments of `IORING_OP_LINKAT` (Linux 5.15). */
export interface LinkatArgs extends SqeOptions {
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly oldDirfd: Fd | CurrentDirectory;
  /** Existing path. */
  readonly oldPath: Address;
  /** Directory the path starts from, or `AT_FDCWD`. */
  readonly newDirfd: Fd | CurrentDirectory;
  /** New name. */
  readonly newPath: Address;
  /** `AT_*` bits. */
  readonly hardlinkFlags?: number | undefined;
}

/** Arguments of `IORING_OP_FSETXATTR` (Linux 5.19). */
export interface FsetxattrArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** Attribute name. */
  readonly name: Address;
  /** Its value. */
  readonly value: Address;
  /** Bytes of the value. */
  readonly length: number;
  /** `XATTR_CREATE` 1 or `XATTR_REPLACE` 2. */
  readonly xattrFlags?: number | undefined;
}

/** Arguments of `IORING_OP_SETXATTR` (Linux 5.19). */
export interface SetxattrArgs extends SqeOptions {
  /** Path. */
  readonly path: Address;
  /** Attribute name. */
  readonly name: Address;
  /** Its value. */
  readonly value: Address;
  /** Bytes of the value. */
  readonly length: number;
  /** `XATTR_CREATE` 1 or `XATTR_REPLACE` 2. */
  readonly xattrFlags?: number | undefined;
}

/** Arguments of `IORING_OP_FGETXATTR` (Linux 5.19). */
export interface FgetxattrArgs extends SqeOptions {
  /** The file. */
  readonly fd: Fd | FixedFile;
  /** Attribute name. */
  readonly name: Address;
  /** Receives the value. */
  readonly value: Address;
  /** Bytes it may take. */
  readonly length: number;
}

/** Arguments of `IORING_OP_GETXATTR` (Linux 5.19). */
export interface GetxattrArgs extends SqeOptions {
  /** Path. */
  readonly path: Address;
  /** Attribute name. */
  readonly name: Address;
  /** Receives the value. */
  readonly value: Address;
  /** Bytes it may take. */
  readonly length: number;
}
