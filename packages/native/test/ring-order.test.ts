// What orders, ends or repeats operations, through every memory mode and rung: links, drains, timeouts, cancellation,
// polls, messages between rings, provided buffers.

import { closeSync, openSync, writeSync } from 'node:fs';

import { EPOLL, encode, fd, IORING_CQE_F, IORING_POLL, IOSQE } from '@ringpool/core';
import { Doorbell, Ring } from '@ringpool/native';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fileWith, openPipe, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern } from './support/memory.ts';
import { collect, execute, MATRIX, minus, openAs, queue } from './support/rings.ts';

const directory = temporaryDirectory();

describe.each(MATRIX)('order: $memory memory, rung $rung', (at) => {
  let ring: Ring;
  let memory: Memory;
  const open: number[] = [];

  beforeEach(() => {
    ring = openAs(at);
    memory = new Memory(16 * PAGE);
    ring.attachMemory(memory.bytes);
  });
  afterEach(() => {
    ring.close();
    for (const number of open.splice(0)) closeSync(number);
  });

  const shortFile = (): number => {
    const number = openSync(fileWith(directory, pattern(1024)), 'r+');
    open.push(number);
    return number;
  };
  const pipe = (): number => {
    const number = openPipe(directory);
    open.push(number);
    return number;
  };
  const nop = (sqe: number): void => encode.nop(ring.sqes, sqe, {});
  const readFrom =
    (number: number, length: number, flags = 0) =>
    (sqe: number) =>
      encode.read(ring.sqes, sqe, { fd: fd(number), buffer: memory.at(PAGE), length, offset: 0, flags });
  const timeout =
    (milliseconds: number, flags = 0) =>
    (sqe: number) =>
      encode.timeout(ring.sqes, sqe, { timespec: memory.timespec(0, milliseconds), flags });

  test('a short read breaks a soft link and not a hard one', () => {
    const number = shortFile();
    const sync = (sqe: number): void => encode.fsync(ring.sqes, sqe, { fd: fd(number) });
    expect(execute(ring, readFrom(number, PAGE, IOSQE.IO_LINK), sync)).toEqual([1024, minus('ECANCELED')]);
    expect(execute(ring, readFrom(number, PAGE, IOSQE.IO_HARDLINK), sync)).toEqual([1024, 0]);
    expect(execute(ring, readFrom(number, 1024, IOSQE.IO_LINK), sync)).toEqual([1024, 0]);
  });

  test('a failing operation cancels the rest of its chain, and no other', () => {
    const number = shortFile();
    const failing = readFrom(99_999, 1, IOSQE.IO_LINK);
    const linked = (sqe: number): void => encode.nop(ring.sqes, sqe, { flags: IOSQE.IO_LINK });
    expect(execute(ring, failing, linked, nop, readFrom(number, 10))).toEqual([
      minus('EBADF'),
      minus('ECANCELED'),
      minus('ECANCELED'),
      10,
    ]);
  });

  test('a drained operation waits for all before it', () => {
    const first = queue(ring, timeout(30));
    const drained = queue(ring, (sqe) => encode.nop(ring.sqes, sqe, { flags: IOSQE.IO_DRAIN }));
    const done = collect(ring, 2);
    expect(done.map(({ operation }) => operation)).toEqual([first, drained]);
    expect(done.map(({ res }) => res)).toEqual([minus('ETIME'), 0]);
  });

  test('a timeout ends with ETIME, or with 0 when its count of completions came first', () => {
    expect(execute(ring, timeout(5))).toEqual([minus('ETIME')]);
    const counted = (sqe: number): void =>
      encode.timeout(ring.sqes, sqe, { timespec: memory.timespec(0, 60_000), count: 2 });
    expect(execute(ring, counted, nop, nop)).toEqual([0, 0, 0]);
  });

  test('a wait ends with its bound: a timeout of 35 ms is not over after a wait of 20 ms', () => {
    const early = Array.from({ length: 5 }, () => {
      queue(ring, timeout(35));
      const ready = ring.submitAndWait(1, 20);
      collect(ring, 1);
      return ready === 0;
    });
    // A busy machine may wake us late now and then, not every time.
    expect(early).toContain(true);
  });

  test('a timeout is removed by the user_data of its operation', () => {
    const waiting = queue(ring, timeout(60_000));
    ring.submit();
    const removal = queue(ring, (sqe) =>
      encode.timeoutRemove(ring.sqes, sqe, { target: ring.userDataOf(waiting) }),
    );
    const results = new Map(collect(ring, 2).map(({ operation, res }) => [operation, res]));
    expect([results.get(waiting), results.get(removal)]).toEqual([minus('ECANCELED'), 0]);
  });

  test('a linked timeout ends the operation it guards', () => {
    const number = pipe();
    const guarded = queue(ring, readFrom(number, 10, IOSQE.IO_LINK));
    const guard = queue(ring, (sqe) =>
      encode.linkTimeout(ring.sqes, sqe, { timespec: memory.timespec(0, 10) }),
    );
    const results = new Map(collect(ring, 2).map(({ operation, res }) => [operation, res]));
    expect([minus('ECANCELED'), minus('EINTR')]).toContain(results.get(guarded));
    expect([minus('ETIME'), minus('EALREADY')]).toContain(results.get(guard));
  });

  test('a linked timeout does nothing when the operation was quicker', () => {
    const number = shortFile();
    const guard = (sqe: number): void =>
      encode.linkTimeout(ring.sqes, sqe, { timespec: memory.timespec(0, 60_000) });
    expect(execute(ring, readFrom(number, 1024, IOSQE.IO_LINK), guard)).toEqual([1024, minus('ECANCELED')]);
  });

  test('an operation is cancelled by its user_data, and that user_data then names nobody', () => {
    const waiting = queue(ring, readFrom(pipe(), 10));
    ring.submit();
    const target = ring.userDataOf(waiting);
    expect(Number.isSafeInteger(target)).toBe(true);
    const cancel = (sqe: number): void => encode.asyncCancel(ring.sqes, sqe, { target });
    const first = queue(ring, cancel);
    const results = new Map(collect(ring, 2).map(({ operation, res }) => [operation, res]));
    expect([minus('ECANCELED'), minus('EINTR')]).toContain(results.get(waiting));
    expect([0, minus('EALREADY')]).toContain(results.get(first));
    expect(execute(ring, cancel)).toEqual([minus('ENOENT')]);
  });

  test('a read of a pipe waits for its bytes', () => {
    const number = pipe();
    queue(ring, readFrom(number, 100));
    ring.submit();
    expect(ring.submitAndWait(1, 30)).toBe(0);
    expect(ring.inFlight).toBe(1);
    writeSync(number, 'late');
    expect(collect(ring, 1)[0]?.res).toBe(4);
    expect(memory.copy(PAGE, 4).toString()).toBe('late');
  });

  test('a multishot poll stays in flight, number and all, until a CQE without F_MORE', () => {
    const bell = Doorbell.create();
    const polling = queue(ring, (sqe) =>
      encode.pollAdd(ring.sqes, sqe, {
        fd: fd(bell.fd),
        events: EPOLL.IN,
        pollFlags: IORING_POLL.ADD_MULTI,
      }),
    );
    ring.submit();
    for (let round = 0; round < 5; round++) {
      bell.ring();
      const [shot] = collect(ring, 1);
      expect(shot?.operation).toBe(polling);
      expect((shot?.res ?? 0) & EPOLL.IN).toBe(EPOLL.IN);
      expect((shot?.flags ?? 0) & IORING_CQE_F.MORE).toBe(IORING_CQE_F.MORE);
      expect(ring.inFlight).toBe(1);
      expect(bell.silence()).toBe(true);
    }
    const removal = queue(ring, (sqe) =>
      encode.pollRemove(ring.sqes, sqe, { target: ring.userDataOf(polling) }),
    );
    const last = collect(ring, 2);
    expect(last.find(({ operation }) => operation === removal)?.res).toBe(0);
    const final = last.find(({ operation }) => operation === polling);
    expect([final?.res, (final?.flags ?? 0) & IORING_CQE_F.MORE]).toEqual([minus('ECANCELED'), 0]);
    expect(ring.inFlight).toBe(0);
    bell.close();
  });

  test('a message from another ring is foreign, whatever bits it carries', () => {
    using sender = Ring.open({ entries: 8 });
    const foreign: number[][] = [];
    ring.onForeignCompletion = (low, high, res) => void foreign.push([low, high, res]);
    // In flight in the receiver: slot 0 and its neighbours, which a message must not be taken for.
    const waiting = [queue(ring, readFrom(pipe(), 1)), queue(ring, readFrom(pipe(), 1))];
    ring.submit();
    const targets = [
      0,
      1,
      ring.userDataOf(waiting[0] as number),
      ring.userDataOf(waiting[1] as number),
      2n ** 63n - 1n,
    ];
    const send = (targetUserData: number | bigint) => (sqe: number) =>
      encode.msgRing(sender.sqes, sqe, { fd: fd(ring.fd), targetUserData, result: 7 });
    expect(execute(sender, ...targets.map(send))).toEqual(targets.map(() => 0));
    ring.submitAndWait(targets.length, 10_000);
    let own = 0;
    ring.reap(() => own++);
    expect(own).toBe(0);
    expect(foreign).toEqual(
      targets.map((target) => [
        Number(BigInt(target) & 0xffff_ffffn),
        Number((BigInt(target) >> 32n) | 0x8000_0000n),
        7,
      ]),
    );
    expect(ring.counters.foreign).toBe(targets.length);
    expect(ring.inFlight).toBe(2);
  });

  test('foreign completions without a listener are counted', () => {
    using sender = Ring.open({ entries: 8 });
    const send = (sqe: number): void =>
      encode.msgRing(sender.sqes, sqe, { fd: fd(ring.fd), targetUserData: 1 });
    expect(execute(sender, send)).toEqual([0]);
    ring.submitAndWait(1, 10_000);
    expect(ring.reap(() => {})).toBe(1);
    expect(ring.counters.foreign).toBe(1);
  });

  test('provided buffers are picked by the kernel and named in the flags', () => {
    const provide = (sqe: number): void =>
      encode.provideBuffers(ring.sqes, sqe, {
        count: 4,
        buffer: memory.at(4 * PAGE),
        length: 512,
        firstId: 10,
        bufferGroup: 7,
      });
    expect(execute(ring, provide)).toEqual([0]);
    const number = shortFile();
    queue(ring, (sqe) =>
      encode.read(ring.sqes, sqe, { fd: fd(number), length: 512, offset: 100, bufferGroup: 7 }),
    );
    const [done] = collect(ring, 1);
    expect(done?.res).toBe(512);
    expect((done?.flags ?? 0) & IORING_CQE_F.BUFFER).toBe(IORING_CQE_F.BUFFER);
    const id = (done?.flags ?? 0) >>> 16;
    expect(id).toBeGreaterThanOrEqual(10);
    expect(memory.copy(4 * PAGE + (id - 10) * 512, 512)).toEqual(pattern(1024).subarray(100, 612));
    const remove = (sqe: number): void => encode.removeBuffers(ring.sqes, sqe, { count: 9, bufferGroup: 7 });
    expect(execute(ring, remove)).toEqual([3]);
  });

  test('closing ends what waits for events', () => {
    queue(ring, readFrom(pipe(), 10));
    queue(ring, timeout(60_000));
    const bell = Doorbell.create();
    queue(ring, (sqe) =>
      encode.pollAdd(ring.sqes, sqe, { fd: fd(bell.fd), events: EPOLL.IN, pollFlags: IORING_POLL.ADD_MULTI }),
    );
    ring.submit();
    ring.close();
    expect([ring.closed, ring.inFlight]).toEqual([true, 0]);
    bell.close();
  });
});
