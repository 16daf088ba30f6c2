// The guard: an SQE whose pointers lie outside the memory attached to its ring never reaches the kernel. One operation for
// each way in which a pointer's extent is told, at the borders of the attached memory and behind them.

import { closeSync, openSync } from 'node:fs';
import {
  type Address,
  AT_FDCWD,
  address,
  bufferIndex,
  decode,
  EPOLL,
  encode,
  fd,
  fixedFile,
  IOSQE,
  STATX,
} from '@ringpool/core';
import { Ring } from '@ringpool/native';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fileWith, openPipe, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern } from './support/memory.ts';
import { execute, MATRIX, minus, openAs } from './support/rings.ts';

const directory = temporaryDirectory();
const content = pattern(PAGE);
const number = openSync(fileWith(directory, content), 'r+');
afterAll(() => closeSync(number));
const EFAULT = minus('EFAULT');
const PAGES = 4;

let ring: Ring;
let inside: Memory;
let outside: Memory;

function setUp(open: () => Ring): void {
  beforeEach(() => {
    ring = open();
    inside = new Memory(PAGES * PAGE);
    outside = new Memory(PAGE);
    outside.bytes.fill(0x77);
    ring.attachMemory(inside.bytes);
  });
  afterEach(() => {
    expect(outside.bytes.every((byte) => byte === 0x77)).toBe(true);
    ring.close();
  });
}

const read =
  (buffer: Address, length: number, flags = 0) =>
  (sqe: number) =>
    encode.read(ring.sqes, sqe, { fd: fd(number), buffer, length, offset: 0, flags });

describe.each(MATRIX)('the guard: $memory memory, rung $rung', (at) => {
  setUp(() => openAs(at));
  const END = PAGES * PAGE;

  test('lets through what lies inside, to the last byte', () => {
    expect(
      execute(ring, read(inside.at(0), 1), read(inside.at(END - 7), 7), read(inside.at(0), END)),
    ).toEqual([1, 7, PAGE]);
  });

  test('refuses what leaves the memory by one byte, on either side, or lies elsewhere', () => {
    expect(
      execute(
        ring,
        read(address(inside.base - 1), 2),
        read(inside.at(END - 7), 8),
        read(inside.at(0), END + 1),
        read(address(inside.base + END), 1),
        read(outside.at(0), 1),
        read(address(0), 1),
        read(address(Number.MAX_SAFE_INTEGER), 2 ** 32 - 1),
      ),
    ).toEqual(new Array(7).fill(EFAULT));
  });

  test('a refused operation stands beside good ones, and breaks its own chain only', () => {
    const good = read(inside.at(0), 10);
    expect(execute(ring, good, read(outside.at(0), 10), good)).toEqual([10, EFAULT, 10]);
    expect(
      execute(
        ring,
        good,
        read(outside.at(0), 10, IOSQE.IO_LINK),
        read(inside.at(0), PAGE, IOSQE.IO_LINK),
        good,
        good,
      ),
    ).toEqual([10, EFAULT, minus('ECANCELED'), minus('ECANCELED'), 10]);
    expect(execute(ring, read(inside.at(0), PAGE, IOSQE.IO_LINK), read(outside.at(0), 10), good)).toEqual([
      minus('ECANCELED'),
      EFAULT,
      10,
    ]);
    expect(ring.inFlight).toBe(0);
  });

  test('memory attached later, or attached again longer, counts from the next submission on', () => {
    const late = new Memory(2 * PAGE);
    expect(execute(ring, read(late.at(0), 1))).toEqual([EFAULT]);
    ring.attachMemory(late.slice(0, PAGE));
    expect(execute(ring, read(late.at(0), 1), read(late.at(PAGE - 1), 2))).toEqual([1, EFAULT]);
    ring.attachMemory(late.bytes);
    expect(execute(ring, read(late.at(PAGE - 1), 2))).toEqual([2]);
    ring.attachMemory(late.slice(0, 16));
    expect(execute(ring, read(late.at(PAGE), 2))).toEqual([2]);
  });
});

describe('pointers of every kind', () => {
  setUp(() => Ring.open({ entries: 8 }));

  /** What one operation answers with its memory inside, and then with it outside. */
  const both = (encodeWith: (memory: Memory, sqe: number) => void): [number, number] => {
    const results = execute(
      ring,
      (sqe) => encodeWith(inside, sqe),
      (sqe) => encodeWith(outside, sqe),
    );
    return [results[0] ?? Number.NaN, results[1] ?? Number.NaN];
  };

  test('WRITE reads no foreign memory', () => {
    expect(
      both((memory, sqe) =>
        encode.write(ring.sqes, sqe, { fd: fd(number), buffer: memory.at(0), length: 4, offset: PAGE }),
      ),
    ).toEqual([4, EFAULT]);
  });

  test('READV: the array, and each of its entries', () => {
    const vector = (iovecs: Address, count: number) => (sqe: number) =>
      encode.readv(ring.sqes, sqe, { fd: fd(number), iovecs, count, offset: 0 });
    const good = inside.iovecs(0, [
      [PAGE, 10],
      [2 * PAGE, 10],
    ]);
    const bad = inside.iovecs(256, [
      [PAGE, 10],
      [outside.base - inside.base, 10],
    ]);
    const atTheEnd = inside.iovecs(PAGES * PAGE - 16, [[PAGE, 10]]);
    const foreign = outside.at(0);
    const results = execute(
      ring,
      vector(good, 2),
      vector(bad, 2),
      vector(bad, 1),
      vector(atTheEnd, 1),
      vector(atTheEnd, 2),
      vector(foreign, 1),
    );
    expect(results).toEqual([20, EFAULT, 10, 10, EFAULT, EFAULT]);
  });

  test('READ_FIXED: the kernel checks the range against the registered buffer, attached or not', () => {
    const registered = new Memory(PAGE);
    ring.registerBuffers([registered.bytes]);
    const fixed = (buffer: Address) => (sqe: number) =>
      encode.readFixed(ring.sqes, sqe, {
        fd: fd(number),
        buffer,
        length: 10,
        offset: 0,
        bufferIndex: bufferIndex(0),
      });
    expect(execute(ring, fixed(registered.at(5)), fixed(inside.at(0)))).toEqual([10, EFAULT]);
  });

  test('READV_FIXED: the array must be attached', () => {
    const registered = new Memory(PAGE);
    ring.registerBuffers([registered.bytes]);
    const parts = [[registered.base - inside.base, 10]] as const;
    const vector = (iovecs: Address) => (sqe: number) =>
      encode.readvFixed(ring.sqes, sqe, {
        fd: fd(number),
        iovecs,
        count: 1,
        offset: 0,
        bufferIndex: bufferIndex(0),
      });
    expect(execute(ring, vector(inside.iovecs(0, parts)), vector(outside.at(0)))).toEqual([10, EFAULT]);
  });

  test('OPENAT: a path that does not end inside is refused', () => {
    const path = '/proc/self/status';
    const open = (memory: Memory, offset: number) => (sqe: number) =>
      encode.openat(ring.sqes, sqe, { dirfd: AT_FDCWD, path: memory.at(offset), openFlags: 0 });
    inside.cstring(0, path);
    inside.cstring(PAGES * PAGE - path.length - 1, path);
    const opened = execute(ring, open(inside, 0), open(inside, PAGES * PAGE - path.length - 1));
    for (const descriptor of opened) {
      expect(descriptor).toBeGreaterThan(2);
      closeSync(descriptor);
    }
    inside.bytes.fill(0x61, PAGES * PAGE - 20);
    expect(execute(ring, open(inside, PAGES * PAGE - 20), open(outside, 0))).toEqual([EFAULT, EFAULT]);
  });

  test('STATX: the path and the answer', () => {
    const path = inside.cstring(0, '/proc/self/status');
    const stat = (name: Address, statxBuffer: Address) => (sqe: number) =>
      encode.statx(ring.sqes, sqe, { dirfd: AT_FDCWD, path: name, mask: STATX.SIZE, statxBuffer });
    const END = PAGES * PAGE;
    expect(
      execute(
        ring,
        stat(path, inside.at(END - 256)),
        stat(path, inside.at(END - 255)),
        stat(path, outside.at(0)),
        stat(outside.at(0), inside.at(PAGE)),
      ),
    ).toEqual([0, EFAULT, EFAULT, EFAULT]);
  });

  test('TIMEOUT: its timespec', () => {
    inside.timespec(0, 1);
    expect(both((memory, sqe) => encode.timeout(ring.sqes, sqe, { timespec: memory.at(0) }))).toEqual([
      minus('ETIME'),
      EFAULT,
    ]);
    expect(
      execute(ring, (sqe) => encode.timeout(ring.sqes, sqe, { timespec: inside.at(PAGES * PAGE - 15) })),
    ).toEqual([EFAULT]);
  });

  test('PROVIDE_BUFFERS: all of them', () => {
    const provide = (buffer: Address, count: number) => (sqe: number) =>
      encode.provideBuffers(ring.sqes, sqe, { count, buffer, length: PAGE, firstId: 0, bufferGroup: 1 });
    expect(
      execute(
        ring,
        provide(inside.at(0), PAGES),
        provide(inside.at(0), PAGES + 1),
        provide(outside.at(0), 1),
      ),
    ).toEqual([0, EFAULT, EFAULT]);
  });

  test('FILES_UPDATE: the array of descriptors', () => {
    ring.registerFilesSparse(4);
    const END = PAGES * PAGE;
    inside.bytes.fill(0xff);
    const update = (fds: Address, count: number) => (sqe: number) =>
      encode.filesUpdate(ring.sqes, sqe, { fds, count, firstSlot: fixedFile(0) });
    expect(
      execute(ring, update(inside.at(END - 8), 2), update(inside.at(END - 8), 3), update(outside.at(0), 1)),
    ).toEqual([2, EFAULT, EFAULT]);
  });

  test('RECVMSG: the header, its vector, name and control data', () => {
    const pipe = openPipe(directory);
    const message = (memory: Memory) => (sqe: number) =>
      encode.recvmsg(ring.sqes, sqe, { fd: fd(pipe), message: memory.at(0) });
    const header = new DataView(inside.bytes.buffer, 0, 56);
    // A pipe is no socket: what the guard lets through is told so by the kernel.
    expect(execute(ring, message(inside), message(outside))).toEqual([minus('ENOTSOCK'), EFAULT]);
    const fields = [
      [0, 8, 16],
      [32, 40, 16],
    ] as const;
    for (const [pointer, size, bytes] of fields) {
      header.setBigUint64(pointer, BigInt(outside.base), true);
      header.setUint32(size, bytes, true);
      expect(execute(ring, message(inside))).toEqual([EFAULT]);
      header.setBigUint64(pointer, BigInt(inside.base + PAGE), true);
      expect(execute(ring, message(inside))).toEqual([minus('ENOTSOCK')]);
    }
    header.setBigUint64(16, BigInt(inside.iovecs(128, [[outside.base - inside.base, 8]])), true);
    header.setBigUint64(24, 1n, true);
    expect(execute(ring, message(inside))).toEqual([EFAULT]);
    closeSync(pipe);
  });

  test('FUTEX_WAIT: the word', () => {
    const wait = (memory: Memory, sqe: number): void =>
      encode.futexWait(ring.sqes, sqe, { futex2Flags: 2, futex: memory.at(0), value: 1, mask: 0xffff_ffff });
    expect(both(wait)).toEqual([minus('EAGAIN'), EFAULT]);
  });

  test('EPOLL_WAIT: the events', () => {
    const wait = (memory: Memory, sqe: number): void =>
      encode.epollWait(ring.sqes, sqe, { fd: fd(number), events: memory.at(0), maxEvents: 4 });
    const [allowed, refused] = both(wait);
    expect([allowed < 0 && allowed !== EFAULT, refused]).toEqual([true, EFAULT]);
  });

  test('what has no pointer needs no memory', () => {
    using bare = Ring.open({ entries: 8 });
    const results = execute(
      bare,
      (sqe) => encode.nop(bare.sqes, sqe, {}),
      (sqe) => encode.fsync(bare.sqes, sqe, { fd: fd(number) }),
      (sqe) => encode.pollAdd(bare.sqes, sqe, { fd: fd(number), events: EPOLL.IN }),
      (sqe) => encode.fadvise(bare.sqes, sqe, { fd: fd(number), offset: 0, length: 10, advice: 0 }),
    );
    expect(results.slice(0, 2)).toEqual([0, 0]);
    expect(results).not.toContain(EFAULT);
  });

  test('an opcode newer than the table is refused, unless the caller answers for it', () => {
    const newer = (target: Ring) => (sqe: number) => {
      encode.nop(target.sqes, sqe, {});
      target.sqes[sqe * 16] = 200;
    };
    expect(execute(ring, newer(ring))).toEqual([EFAULT]);
    using open = Ring.open({ entries: 4, allowUnknownPointers: true });
    expect(execute(open, newer(open))).toEqual([minus('EINVAL')]);
  });

  test('the SQE of a refused operation names nothing any more', () => {
    const sqe = ring.push();
    read(outside.at(0), 10)(sqe);
    ring.submitAndWait(1, 10_000);
    expect(ring.sqes[sqe * 16 + 4]).toBe(0);
    expect(ring.sqes[sqe * 16 + 6]).toBe(0);
    expect(() => decode(ring.sqes, sqe)).toThrow();
    ring.reap((_operation, res) => expect(res).toBe(EFAULT));
  });
});
