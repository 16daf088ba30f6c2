// The operations whose bytes vectors.c prints, by the same labels. Each operation stands in its smallest form first, then once
// for every optional argument. `BASE` vectors are printed a second time with flags and a personality: see goldenCases().

import type { Operation } from '../../src/sqe/operations.ts';
import { ALLOCATE_SLOT, AT_FDCWD, address, fd, fixedFile } from '../../src/sqe/values.ts';

const A = address(0x7f12_3456_7000);
const B = address(0x7f12_3456_8000);
const C = address(0x7f12_3456_9000);
const BIG = 0x12_3456_789a;

/** The cases by label. */
export const filesCases: { readonly [label: string]: Operation } = {
  fallocate: { op: 'fallocate', fd: fd(5), offset: BIG, length: 0x2_0000_0000 },
  'fallocate fixed file': { op: 'fallocate', fd: fixedFile(6), offset: BIG, length: 0x2_0000_0000 },
  'fallocate mode': { op: 'fallocate', fd: fd(5), offset: BIG, length: 0x2_0000_0000, mode: 1 },
  openat: { op: 'openat', dirfd: fd(5), path: A, openFlags: 0x42 },
  'openat mode': { op: 'openat', dirfd: fd(5), path: A, openFlags: 0x42, mode: 0o644 },
  'openat working directory': { op: 'openat', path: A, openFlags: 0x42, dirfd: AT_FDCWD },
  'openat directSlot': { op: 'openat', dirfd: fd(5), path: A, openFlags: 0x42, directSlot: fixedFile(11) },
  'openat directSlot allocated': {
    op: 'openat',
    dirfd: fd(5),
    path: A,
    openFlags: 0x42,
    directSlot: ALLOCATE_SLOT,
  },
  close: { op: 'close', fd: fd(5) },
  'close fixed file': { op: 'close', fd: fixedFile(6) },
  filesUpdate: { op: 'filesUpdate', fds: A, count: 3, firstSlot: fixedFile(11) },
  'filesUpdate allocate': { op: 'filesUpdate', fds: A, count: 3, firstSlot: ALLOCATE_SLOT },
  statx: { op: 'statx', dirfd: fd(5), path: A, mask: 0x7ff, statxBuffer: B },
  'statx statxFlags': { op: 'statx', dirfd: fd(5), path: A, mask: 0x7ff, statxBuffer: B, statxFlags: 0x1000 },
  'statx working directory': { op: 'statx', path: A, mask: 0x7ff, statxBuffer: B, dirfd: AT_FDCWD },
  fadvise: { op: 'fadvise', fd: fd(5), offset: BIG, length: 4096, advice: 3 },
  'fadvise fixed file': { op: 'fadvise', fd: fixedFile(6), offset: BIG, length: 4096, advice: 3 },
  'fadvise length of 64 bits': { op: 'fadvise', fd: fd(5), offset: BIG, advice: 3, length: 0x2_0000_0000 },
  madvise: { op: 'madvise', address: A, length: 4096, advice: 4 },
  'madvise length of 64 bits': { op: 'madvise', address: A, advice: 4, length: 0x2_0000_0000 },
  openat2: { op: 'openat2', dirfd: fd(5), path: A, how: B },
  'openat2 howLength': { op: 'openat2', dirfd: fd(5), path: A, how: B, howLength: 32 },
  'openat2 directSlot': { op: 'openat2', dirfd: fd(5), path: A, how: B, directSlot: fixedFile(11) },
  'openat2 directSlot allocated': { op: 'openat2', dirfd: fd(5), path: A, how: B, directSlot: ALLOCATE_SLOT },
  renameat: { op: 'renameat', oldDirfd: fd(5), oldPath: A, newDirfd: fd(8), newPath: B },
  'renameat renameFlags': {
    op: 'renameat',
    oldDirfd: fd(5),
    oldPath: A,
    newDirfd: fd(8),
    newPath: B,
    renameFlags: 1,
  },
  'renameat working directory': {
    op: 'renameat',
    oldPath: A,
    newPath: B,
    oldDirfd: AT_FDCWD,
    newDirfd: AT_FDCWD,
  },
  unlinkat: { op: 'unlinkat', dirfd: fd(5), path: A },
  'unlinkat unlinkFlags': { op: 'unlinkat', dirfd: fd(5), path: A, unlinkFlags: 0x200 },
  mkdirat: { op: 'mkdirat', dirfd: fd(5), path: A, mode: 0o755 },
  symlinkat: { op: 'symlinkat', newDirfd: fd(5), target: A, linkPath: B },
  linkat: { op: 'linkat', oldDirfd: fd(5), oldPath: A, newDirfd: fd(8), newPath: B },
  'linkat hardlinkFlags': {
    op: 'linkat',
    oldDirfd: fd(5),
    oldPath: A,
    newDirfd: fd(8),
    newPath: B,
    hardlinkFlags: 0x400,
  },
  fsetxattr: { op: 'fsetxattr', fd: fd(5), name: A, value: B, length: 16 },
  'fsetxattr fixed file': { op: 'fsetxattr', fd: fixedFile(6), name: A, value: B, length: 16 },
  'fsetxattr xattrFlags': { op: 'fsetxattr', fd: fd(5), name: A, value: B, length: 16, xattrFlags: 1 },
  setxattr: { op: 'setxattr', path: C, name: A, value: B, length: 16 },
  'setxattr xattrFlags': { op: 'setxattr', path: C, name: A, value: B, length: 16, xattrFlags: 2 },
  fgetxattr: { op: 'fgetxattr', fd: fd(5), name: A, value: B, length: 16 },
  'fgetxattr fixed file': { op: 'fgetxattr', fd: fixedFile(6), name: A, value: B, length: 16 },
  getxattr: { op: 'getxattr', path: C, name: A, value: B, length: 16 },
  fixedFdInstall: { op: 'fixedFdInstall', fd: fixedFile(6) },
  'fixedFdInstall installFdFlags': { op: 'fixedFdInstall', fd: fixedFile(6), installFdFlags: 1 },
  ftruncate: { op: 'ftruncate', fd: fd(5), length: BIG },
  'ftruncate fixed file': { op: 'ftruncate', fd: fixedFile(6), length: BIG },
  pipe: { op: 'pipe', fds: A },
  'pipe pipeFlags': { op: 'pipe', fds: A, pipeFlags: 0x8_0000 },
  'pipe directSlot': { op: 'pipe', fds: A, directSlot: fixedFile(11) },
  'pipe directSlot allocated': { op: 'pipe', fds: A, directSlot: ALLOCATE_SLOT },
};
