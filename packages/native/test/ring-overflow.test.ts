// More completions than the queue holds: the kernel keeps the rest back, and none is lost, repeated or left uncounted.

import { EPOLL, encode, fd, IORING_CQE_F, IORING_POLL } from '@ringpool/core';
import { Doorbell, Ring } from '@ringpool/native';
import { describe, expect, test } from 'vitest';

import { collect, execute, MATRIX, minus, openAs, queue } from './support/rings.ts';

describe.each(MATRIX)('overflow: $memory memory, rung $rung', (at) => {
  test('messages beyond the queue arrive all, in order, and the overflow is counted', () => {
    using ring = openAs(at, { entries: 2, cqEntries: 4 });
    using sender = Ring.open({ entries: 32 });
    const seen: number[] = [];
    ring.onForeignCompletion = (low) => void seen.push(low);
    const send = (targetUserData: number) => (sqe: number) =>
      encode.msgRing(sender.sqes, sqe, { fd: fd(ring.fd), targetUserData });
    const sent = execute(sender, ...Array.from({ length: 20 }, (_message, index) => send(index)));
    // A ring of another kind of task work may answer that the target is full; what was taken must arrive.
    expect(sent.every((res) => res === 0 || res === minus('EOVERFLOW'))).toBe(true);
    const taken = sent.flatMap((res, index) => (res === 0 ? [index] : []));
    for (let round = 0; round < 100 && seen.length < taken.length; round++) {
      ring.submitAndWait(1, 20);
      ring.reap(() => {});
    }
    expect(seen).toEqual(taken);
    expect(ring.counters.foreign).toBe(taken.length);
    if (taken.length > 4) expect(ring.counters.overflow).toBeGreaterThan(0);
    expect(execute(ring, (sqe) => encode.nop(ring.sqes, sqe, {}))).toEqual([0]);
  });

  test('a multishot poll that fires faster than it is reaped loses nothing it can tell', () => {
    const bells = Array.from({ length: 6 }, () => Doorbell.create());
    using ring = openAs(at, { entries: 8, cqEntries: 8 });
    const polls = bells.map((bell) =>
      queue(ring, (sqe) =>
        encode.pollAdd(ring.sqes, sqe, {
          fd: fd(bell.fd),
          events: EPOLL.IN,
          pollFlags: IORING_POLL.ADD_MULTI,
        }),
      ),
    );
    ring.submit();
    // Each ring of a bell is a shot, and none is reaped meanwhile: the queue of 8 runs over.
    for (let round = 0; round < 4; round++) {
      for (const bell of bells) {
        bell.ring();
        bell.silence();
      }
      ring.submit();
    }
    const shots = new Map<number, number>();
    const ended = new Set<number>();
    for (let round = 0; round < 50; round++) {
      ring.submitAndWait(1, 5);
      ring.reap((operation, _res, flags) => {
        shots.set(operation, (shots.get(operation) ?? 0) + 1);
        if ((flags & IORING_CQE_F.MORE) === 0) ended.add(operation);
      });
    }
    // Every poll has told at least once; one that the kernel ended for want of room said so by a CQE without F_MORE.
    expect([...shots.keys()].sort()).toEqual([...polls].sort());
    expect(ring.inFlight).toBe(polls.length - ended.size);
    expect(ring.ready).toBe(0);
    for (const poll of polls) {
      if (ended.has(poll)) continue;
      queue(ring, (sqe) => encode.pollRemove(ring.sqes, sqe, { target: ring.userDataOf(poll) }));
      collect(ring, 2);
    }
    expect(ring.inFlight).toBe(0);
    for (const bell of bells) bell.close();
  });

  test('closing with completions kept back ends at once', () => {
    const ring = openAs(at, { entries: 2, cqEntries: 2 });
    using sender = Ring.open({ entries: 32 });
    const send = (sqe: number): void =>
      encode.msgRing(sender.sqes, sqe, { fd: fd(ring.fd), targetUserData: 1 });
    execute(sender, ...new Array(20).fill(send));
    ring.close();
    expect(ring.inFlight).toBe(0);
  });
});
