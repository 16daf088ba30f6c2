// Wrong arguments do not compile. Checked by `tsc -p tsconfig.test.json`; nothing here runs.
import { encode } from '../../src/sqe/encode.ts';
import type { Operation, OperationOf } from '../../src/sqe/operations.ts';
import {
  ALLOCATE_SLOT,
  AT_FDCWD,
  address,
  bufferIndex,
  type Fd,
  fd,
  fixedFile,
} from '../../src/sqe/values.ts';

const sqes = new Uint32Array(16);
const buffer = address(4096);

// What compiles.
encode.nop(sqes, 0);
encode.nop(sqes, 0, { flags: undefined });
encode.read(sqes, 0, { fd: fd(3), buffer, length: 1, offset: 0 });
encode.read(sqes, 0, { fd: fixedFile(3), buffer, length: 1, offset: 0n });
encode.read(sqes, 0, { fd: fixedFile(3), bufferGroup: 1, length: 1, offset: -1 });
encode.openat(sqes, 0, { dirfd: AT_FDCWD, path: buffer, openFlags: 0, directSlot: ALLOCATE_SLOT });
encode.timeout(sqes, 0, { nanoseconds: 5 });
const operation: Operation = { op: 'fsync', fd: fd(3), fsyncFlags: 1 };
const narrowed: OperationOf<'fsync'> = operation;
encode.fsync(sqes, 0, narrowed);

// @ts-expect-error a plain number is no file
encode.read(sqes, 0, { fd: 3, buffer, length: 1, offset: 0 });
// @ts-expect-error a plain number is no address
encode.read(sqes, 0, { fd: fd(3), buffer: 4096, length: 1, offset: 0 });
// @ts-expect-error the offset is required
encode.read(sqes, 0, { fd: fd(3), buffer, length: 1 });
// @ts-expect-error a buffer or a group is required
encode.read(sqes, 0, { fd: fd(3), length: 1, offset: 0 });
// @ts-expect-error a buffer and a group exclude each other
encode.read(sqes, 0, { fd: fd(3), buffer, bufferGroup: 1, length: 1, offset: 0 });
// @ts-expect-error an address is no registered buffer's index
encode.readFixed(sqes, 0, { fd: fd(3), buffer, length: 1, offset: 0, bufferIndex: buffer });
// @ts-expect-error the index is required
encode.writeFixed(sqes, 0, { fd: fd(3), buffer, length: 1, offset: 0 });
// @ts-expect-error READ takes no index of a registered buffer
encode.read(sqes, 0, { fd: fd(3), buffer, length: 1, offset: 0, bufferIndex: bufferIndex(0) });
// @ts-expect-error the current directory is no file to read
encode.read(sqes, 0, { fd: AT_FDCWD, buffer, length: 1, offset: 0 });
// @ts-expect-error a fixed file is no directory
encode.openat(sqes, 0, { dirfd: fixedFile(3), path: buffer, openFlags: 0 });
// @ts-expect-error an fd is no fixed slot
encode.openat(sqes, 0, { dirfd: AT_FDCWD, path: buffer, openFlags: 0, directSlot: fd(3) });
// @ts-expect-error FIXED_FD_INSTALL starts from a fixed slot
encode.fixedFdInstall(sqes, 0, { fd: fd(3) });
// @ts-expect-error epoll instances are no fixed files
encode.epollCtl(sqes, 0, { fd: fixedFile(3), operation: 1, targetFd: fd(4) });
// @ts-expect-error a time or a timespec is required
encode.timeout(sqes, 0, {});
// @ts-expect-error a time and a timespec exclude each other
encode.timeout(sqes, 0, { timespec: buffer, nanoseconds: 5 });
// @ts-expect-error arguments are required
encode.close(sqes, 0);
// @ts-expect-error there is no such argument
encode.close(sqes, 0, { fd: fd(3), slot: 3 });
// @ts-expect-error the queue is made of 32-bit words
encode.close(new Uint8Array(64), 0, { fd: fd(3) });
// @ts-expect-error there is no such operation
encode.frobnicate(sqes, 0, {});
// @ts-expect-error a fixed file is no fd
const descriptor: Fd = fixedFile(3);
// @ts-expect-error the operation decides about its arguments
const wrong: Operation = { op: 'close', fd: fd(3), length: 5 };

export type Unused = [typeof descriptor, typeof wrong];
