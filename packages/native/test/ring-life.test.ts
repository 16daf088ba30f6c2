// A ring's life beside its operations: collected without close(), waiting under signals, speaking through an eventfd.

import { encode } from '@ringpool/core';
import { addressOf, Doorbell, PARK_TIMEOUT_MS } from '@ringpool/native';
import { describe, expect, test } from 'vitest';

import { runFixture } from './support/children.ts';
import { shared } from './support/memory.ts';
import { codeOf, collect, MATRIX, minus, openAs, queue } from './support/rings.ts';

/** Each of these is a process of its own: three rungs in both modes will do. */
const SOME = MATRIX.filter(({ rung }) => ['defer', 'coop', 'plain'].includes(rung));

test.each(SOME)(
  'rings that nobody closed close when they are collected: $memory memory, rung $rung',
  (at) => {
    const outcomes = runFixture('collected.mjs', [at.memory, at.rung], ['--expose-gc']);
    const kinds = ['queued', 'submitted', 'reaped', 'polling'];
    expect(outcomes).toEqual(kinds.map((kind) => ({ kind, some: true, after: 0 })));
  },
);

test.each(SOME)('signals do not end a wait: $memory memory, rung $rung', ({ memory, rung }) => {
  const outcome = runFixture('signals.mjs', [memory, rung]);
  expect(outcome).toEqual({ early: 0, ready: 1, results: [minus('ETIME')], handled: true });
});

describe.each(MATRIX)('a registered doorbell: $memory memory, rung $rung', (at) => {
  test('tells completions, and is silent when told to', () => {
    using ring = openAs(at);
    const bell = Doorbell.create();
    ring.registerDoorbell(bell);
    expect(codeOf(() => ring.registerDoorbell(bell))).toBe('EBUSY');
    const nop = (sqe: number): void => encode.nop(ring.sqes, sqe, {});
    queue(ring, nop);
    collect(ring, 1);
    expect([bell.silence(), bell.silence()]).toEqual([true, false]);
    ring.setEventfdEnabled(false);
    queue(ring, nop);
    collect(ring, 1);
    expect(bell.silence()).toBe(false);
    ring.setEventfdEnabled(true);
    queue(ring, nop);
    collect(ring, 1);
    expect(bell.silence()).toBe(true);
    ring.unregisterDoorbell();
    queue(ring, nop);
    collect(ring, 1);
    expect(bell.silence()).toBe(false);
    bell.close();
  });

  test('registering nonsense is refused by name', () => {
    using ring = openAs(at);
    expect(codeOf(() => ring.unregisterDoorbell())).toBe('ENXIO');
    expect(codeOf(() => ring.register(999, null, 0))).toBe('EINVAL');
  });
});

test('one sleep in the kernel is short enough for a thread to be terminated', () => {
  expect(PARK_TIMEOUT_MS).toBeLessThanOrEqual(20);
});

test('the address of a view is the address of its first byte', () => {
  const bytes = shared(8192);
  expect(addressOf(bytes) % 4096).toBe(0);
  expect(addressOf(bytes.subarray(77)) - addressOf(bytes)).toBe(77);
});
