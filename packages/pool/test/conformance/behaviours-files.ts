// What every driver does with files: opening, reading, writing, lengths, durability, registered buffers and files.
import {
  type Address,
  ALLOCATE_SLOT,
  AT,
  AT_FDCWD,
  bufferIndex,
  fd,
  fixedFile,
  IORING_FSYNC,
  RWF,
  STATX,
} from '@ringpool/core';
import { expect } from 'vitest';
import type { Outcome, Stage, Step } from './stage.ts';

const CURRENT = -1;
const STATX_BYTES = 256;
const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o40000;
const SYMLINK = 0o120000;

function openAs(stage: Stage, name: string, openFlags: number): Outcome {
  return stage.one({ op: 'openat', dirfd: AT_FDCWD, path: stage.path(name), openFlags, mode: 0o600 });
}

/** Type, length and links of what a path leads to; or the errno's name. */
export function status(stage: Stage, name: string, flags = 0, dirfd: number = AT_FDCWD): Outcome | object {
  const buffer = stage.memory(STATX_BYTES);
  const path = name === '' ? stage.text('') : stage.path(name);
  const res = stage.one({
    op: 'statx',
    dirfd: dirfd as never,
    path,
    mask: STATX.BASIC_STATS,
    statxBuffer: buffer.address,
    statxFlags: flags,
  });
  if (res !== 0) return res;
  const view = new DataView(buffer.bytes.buffer, buffer.bytes.byteOffset, STATX_BYTES);
  const type = view.getUint16(28, true) & TYPE_MASK;
  const names: Readonly<Record<number, string>> = {
    [REGULAR]: 'file',
    [DIRECTORY]: 'directory',
    [SYMLINK]: 'symlink',
  };
  return type === DIRECTORY
    ? { type: names[type] }
    : { type: names[type], bytes: Number(view.getBigUint64(40, true)), links: view.getUint32(16, true) };
}

/** Behaviours by what they say. */
export const fileBehaviours: Readonly<Record<string, (stage: Stage) => void>> = {
  'what is not there cannot be opened, unless it is made'(stage) {
    const { RDONLY, RDWR, CREAT } = stage.flags;
    expect(openAs(stage, 'new', RDONLY)).toBe('ENOENT');
    expect(openAs(stage, 'no/such/place', RDWR | CREAT)).toBe('ENOENT');
    expect(openAs(stage, 'new', RDWR | CREAT)).toBeTypeOf('number');
    expect(openAs(stage, 'new', RDONLY)).toBeTypeOf('number');
  },
  'what must be new is refused when it is there'(stage) {
    stage.file('there', 'x');
    const { RDWR, CREAT, EXCL } = stage.flags;
    expect(openAs(stage, 'there', RDWR | CREAT | EXCL)).toBe('EEXIST');
    expect(openAs(stage, 'fresh', RDWR | CREAT | EXCL)).toBeTypeOf('number');
  },
  'a file is emptied as it is opened'(stage) {
    stage.file('full', 'contents');
    const file = stage.open('full', stage.flags.RDWR | stage.flags.TRUNC);
    expect([stage.read(file, 10, 0), status(stage, 'full')]).toEqual([
      '',
      { type: 'file', bytes: 0, links: 1 },
    ]);
  },
  'a directory is opened for reading alone'(stage) {
    const { RDONLY, RDWR, DIRECTORY: only, CREAT } = stage.flags;
    expect(stage.one({ op: 'mkdirat', dirfd: AT_FDCWD, path: stage.path('d'), mode: 0o755 })).toBe(0);
    expect(openAs(stage, 'd', RDWR)).toBe('EISDIR');
    expect(openAs(stage, 'd', RDONLY | CREAT)).toBe('EISDIR');
    const directory = openAs(stage, 'd', RDONLY | only) as number;
    expect(directory).toBeTypeOf('number');
    expect(stage.read(directory, 10, 0)).toBe('-EISDIR');
    stage.file('f', '');
    expect(openAs(stage, 'f', RDONLY | only)).toBe('ENOTDIR');
    expect(openAs(stage, 'f/', RDONLY)).toBe('ENOTDIR');
    expect(openAs(stage, 'f/x', RDONLY)).toBe('ENOTDIR');
  },
  'a path is not longer than 4,095 bytes, nor a name than 255'(stage) {
    expect(openAs(stage, 'n'.repeat(256), stage.flags.RDONLY)).toBe('ENAMETOOLONG');
    expect(openAs(stage, 'n'.repeat(255), stage.flags.RDONLY)).toBe('ENOENT');
  },
  'what was written is read'(stage) {
    const file = stage.open('f');
    expect(stage.write(file, 'hello, world', 0)).toBe(12);
    expect([
      stage.read(file, 5, 7),
      stage.read(file, 100, 7),
      stage.read(file, 10, 12),
      stage.read(file, 10, 1e6),
    ]).toEqual(['world', 'world', '', '']);
  },
  'what was never written reads as zeros'(stage) {
    const file = stage.open('f');
    expect(stage.write(file, 'end', 5000)).toBe(3);
    expect(stage.read(file, 5003, 0)).toBe(`${'\0'.repeat(5000)}end`);
  },
  'nothing is read or written where nothing is asked for'(stage) {
    const file = stage.open('f');
    expect([stage.write(file, '', 100), stage.read(file, 0, 0), status(stage, 'f')]).toEqual([
      0,
      '',
      { type: 'file', bytes: 0, links: 1 },
    ]);
  },
  'the current position moves with what is read and written at it'(stage) {
    const file = stage.open('f');
    expect([stage.write(file, 'abc', CURRENT), stage.write(file, 'def', CURRENT)]).toEqual([3, 3]);
    expect([stage.write(file, 'X', 0), stage.write(file, 'ghi', CURRENT)]).toEqual([1, 3]);
    const again = stage.open('f', stage.flags.RDONLY);
    expect([stage.read(again, 4, CURRENT), stage.read(again, 1, 8), stage.read(again, 99, CURRENT)]).toEqual([
      'Xbcd',
      'i',
      'efghi',
    ]);
  },
  'a position that no file has is not taken for the current one'(stage) {
    stage.file('f', 'abcdefgh');
    const file = stage.open('f');
    for (const offset of [2n ** 53n, 2n ** 62n]) {
      const { address } = stage.memory('XXXX');
      const iovecs = stage.vector([{ address, length: 4 }]);
      stage.one({ op: 'write', fd: fd(file), buffer: address, length: 4, offset });
      stage.one({ op: 'writev', fd: fd(file), iovecs, count: 1, offset });
      stage.one({ op: 'readv', fd: fd(file), iovecs, count: 1, offset });
      stage.one({ op: 'read', fd: fd(file), buffer: address, length: 4, offset });
    }
    expect([stage.read(file, 8, CURRENT), stage.read(file, 8, 0)]).toEqual(['abcdefgh', 'abcdefgh']);
    stage.one({ op: 'ftruncate', fd: fd(file), length: 2n ** 60n });
    expect(stage.read(file, 8, 0)).toBe('abcdefgh');
  },
  'what is opened for appending is written to at its end'(stage) {
    stage.file('log', 'one');
    const file = stage.open('log', stage.flags.WRONLY | stage.flags.APPEND);
    expect([stage.write(file, 'two', 0), stage.write(file, 'three', CURRENT)]).toEqual([3, 5]);
    expect(stage.read(stage.open('log'), 20, 0)).toBe('onetwothree');
  },
  'a file is used only as it was opened'(stage) {
    stage.file('f', 'text');
    const reading = stage.open('f', stage.flags.RDONLY);
    const writing = stage.open('f', stage.flags.WRONLY);
    expect([stage.write(reading, 'x', 0), stage.read(writing, 4, 0)]).toEqual(['EBADF', '-EBADF']);
    expect(stage.one({ op: 'ftruncate', fd: fd(reading), length: 0 })).toBe('EINVAL');
  },
  'a closed file is closed'(stage) {
    const file = stage.open('f');
    expect([stage.close(file), stage.close(file)]).toEqual([0, 'EBADF']);
    expect([stage.read(file, 1, 0), stage.write(file, 'x', 0)]).toEqual(['-EBADF', 'EBADF']);
    expect(stage.one({ op: 'fsync', fd: fd(file) })).toBe('EBADF');
  },
  'memory outside the arena is refused'(stage) {
    const file = stage.open('f');
    const { baseAddress } = stage.arena;
    const end = baseAddress + stage.arena.data.byteLength;
    const at = (buffer: number, length: number): Step => ({
      op: 'read',
      fd: fd(file),
      buffer: buffer as Address,
      length,
      offset: 0,
    });
    expect(stage.run(at(end, 1), at(end - 10, 11), at(baseAddress - 1, 1), at(4096, 1))).toEqual(
      new Array(4).fill('EFAULT'),
    );
    expect(stage.one({ op: 'openat', dirfd: AT_FDCWD, path: end as Address, openFlags: 0 })).toBe('EFAULT');
  },
  'a length is what it is set to, and what is cut off is gone'(stage) {
    const file = stage.open('f');
    stage.write(file, 'abcdef', 0);
    const truncate = (length: number): Outcome => stage.one({ op: 'ftruncate', fd: fd(file), length });
    expect([truncate(3), stage.read(file, 10, 0)]).toEqual([0, 'abc']);
    expect([truncate(6), stage.read(file, 10, 0)]).toEqual([0, 'abc\0\0\0']);
    expect(status(stage, 'f')).toEqual({ type: 'file', bytes: 6, links: 1 });
  },
  'a file is made durable, its data alone too'(stage) {
    const file = stage.open('f');
    stage.write(file, 'abc', 0);
    expect(stage.one({ op: 'fsync', fd: fd(file) })).toBe(0);
    expect(stage.one({ op: 'fsync', fd: fd(file), fsyncFlags: IORING_FSYNC.DATASYNC })).toBe(0);
  },
  'a write is durable when it is over, if it is asked to be'(stage) {
    const file = stage.open('f');
    const { address } = stage.memory('abc');
    for (const rwFlags of [RWF.DSYNC, RWF.SYNC]) {
      expect(stage.one({ op: 'write', fd: fd(file), buffer: address, length: 3, offset: 0, rwFlags })).toBe(
        3,
      );
    }
    const durable = stage.open('g', stage.flags.RDWR | stage.flags.CREAT | stage.flags.DSYNC);
    expect(stage.write(durable, 'abc', 0)).toBe(3);
  },
  'advice is heard'(stage) {
    expect(stage.one({ op: 'fadvise', fd: fd(stage.open('f')), offset: 0, length: 0, advice: 2 })).toBe(0);
  },
  'several pieces of memory are read and written as one'(stage) {
    const file = stage.open('f');
    const [a, b] = [stage.memory('abc'), stage.memory('defgh')];
    const pieces = stage.vector([
      { address: a.address, length: 3 },
      { address: b.address, length: 5 },
    ]);
    const vector = { fd: fd(file), iovecs: pieces, count: 2 };
    expect(stage.one({ op: 'writev', ...vector, offset: 1 })).toBe(8);
    expect(stage.read(file, 20, 0)).toBe('\0abcdefgh');
    expect(stage.one({ op: 'readv', ...vector, offset: 4 })).toBe(5);
    expect(
      [a, b].map(({ bytes }) => Buffer.from(bytes.subarray(0, 5)).toString('latin1').slice(0, 3)),
    ).toEqual(['def', 'ghf']);
  },
  'pieces outside the arena are refused'(stage) {
    const file = stage.open('f');
    const inside = stage.memory('abc');
    const outside = { address: stage.arena.baseAddress + stage.arena.data.byteLength, length: 1 };
    const iovecs = stage.vector([{ address: inside.address, length: 3 }, outside]);
    expect(stage.one({ op: 'writev', fd: fd(file), iovecs, count: 2, offset: 0 })).toBe('EFAULT');
    expect(status(stage, 'f')).toEqual({ type: 'file', bytes: 0, links: 1 });
  },
  'a registered buffer is used in any range inside it, and in none outside'(stage) {
    const file = stage.open('f');
    stage.write(file, 'registered', 0);
    const lease = stage.arena.alloc(8192);
    stage.ring.registerBuffersSparse(4);
    const read = (index: number, from: number, length: number): Step => ({
      op: 'readFixed',
      fd: fd(file),
      buffer: (lease.address + from) as Address,
      length,
      offset: 0,
      bufferIndex: bufferIndex(index),
    });
    expect(stage.run(read(1, 0, 10))).toEqual(['EFAULT']);
    stage.ring.updateBuffers(1, [lease.bytes.subarray(0, 4096)]);
    expect(stage.run(read(1, 0, 10), read(1, 4090, 6), read(1, 4096, 0))).toEqual([10, 6, 0]);
    expect(Buffer.from(lease.bytes.subarray(4090, 4096)).toString()).toBe('regist');
    expect(stage.run(read(1, 4090, 7), read(1, 4097, 1), read(0, 0, 10), read(4, 0, 10))).toEqual(
      new Array(4).fill('EFAULT'),
    );
    stage.ring.updateBuffers(1, [null]);
    expect(stage.one(read(1, 0, 10))).toBe('EFAULT');
  },
  'a registered buffer is written from'(stage) {
    const file = stage.open('f');
    const lease = stage.arena.alloc(4096);
    lease.bytes.set(Buffer.from('fixed'));
    stage.ring.registerBuffersSparse(1);
    stage.ring.updateBuffers(0, [lease.bytes]);
    const write: Step = {
      op: 'writeFixed',
      fd: fd(file),
      buffer: lease.address,
      length: 5,
      offset: 3,
      bufferIndex: bufferIndex(0),
    };
    expect([stage.one(write), stage.read(file, 10, 0)]).toEqual([5, '\0\0\0fixed']);
  },
  'a slot of registered files is opened into, used and closed'(stage) {
    stage.file('f', 'by slot');
    stage.ring.registerFilesSparse(4);
    const open = (slot: number, name = 'f'): Step => ({
      op: 'openat',
      dirfd: AT_FDCWD,
      path: stage.path(name),
      openFlags: stage.flags.RDWR,
      directSlot: fixedFile(slot),
    });
    expect(stage.read(fixedFile(1), 9, 0)).toBe('-EBADF');
    expect(stage.run(open(1), open(4), open(2, 'none'))).toEqual([0, 'EINVAL', 'ENOENT']);
    expect(stage.read(fixedFile(1), 9, 0)).toBe('by slot');
    const close: Step = { op: 'close', fd: fixedFile(1) };
    expect([stage.one(close), stage.one(close), stage.read(fixedFile(1), 9, 0)]).toEqual([
      0,
      'EBADF',
      '-EBADF',
    ]);
  },
  'a free slot is found for a file'(stage) {
    stage.file('f', 'by slot');
    stage.ring.registerFilesSparse(2);
    const open: Step = {
      op: 'openat',
      dirfd: AT_FDCWD,
      path: stage.path('f'),
      openFlags: 0,
      directSlot: ALLOCATE_SLOT,
    };
    expect([stage.one(open), stage.one(open), stage.one(open)]).toEqual([0, 1, 'ENFILE']);
    expect(stage.read(fixedFile(1), 2, 0)).toBe('by');
  },
  'a file is registered by its descriptor'(stage) {
    stage.file('f', 'text');
    const file = stage.open('f');
    stage.ring.registerFilesSparse(2);
    stage.ring.updateFiles(1, [file]);
    expect(stage.read(fixedFile(1), 4, 0)).toBe('text');
    stage.ring.updateFiles(1, [-1]);
    expect(stage.read(fixedFile(1), 4, 0)).toBe('-EBADF');
    expect(stage.read(file, 4, 0)).toBe('text');
  },
  'a chain opens, reads and closes a file in a slot'(stage) {
    stage.file('f', 'chained');
    stage.ring.registerFilesSparse(1);
    const lease = stage.memory(16);
    const slot = fixedFile(0);
    const flags = { flags: 4 };
    expect(
      stage.run(
        { op: 'openat', dirfd: AT_FDCWD, path: stage.path('f'), openFlags: 0, directSlot: slot, ...flags },
        { op: 'read', fd: slot, buffer: lease.address, length: 7, offset: 0, ...flags },
        { op: 'close', fd: slot },
      ),
    ).toEqual([0, 7, 0]);
    expect(Buffer.from(lease.bytes.subarray(0, 7)).toString()).toBe('chained');
  },
  'the status of an open file and of a path agree'(stage) {
    stage.file('f', 'four');
    const expected = { type: 'file', bytes: 4, links: 1 };
    expect(status(stage, 'f')).toEqual(expected);
    expect(status(stage, '', AT.EMPTY_PATH, stage.open('f'))).toEqual(expected);
    expect(status(stage, 'none')).toBe('ENOENT');
    expect(status(stage, '', AT.EMPTY_PATH)).toEqual({ type: 'directory' });
  },
};
