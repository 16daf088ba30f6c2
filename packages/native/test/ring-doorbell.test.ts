// A ring rings a doorbell at each completion, and the event loop of its thread hears it.

import { encode, fd } from '@ringpool/core';
import { Doorbell, Ring } from '@ringpool/native';
import { describe, expect, test } from 'vitest';

function nop(ring: Ring): void {
  encode.nop(ring.sqes, ring.push(), {});
}

describe.each(['shared', 'mapped'] as const)('a ring with %s queues and a doorbell', (memory) => {
  test('rings it at a completion, and not while it is silenced', () => {
    using ring = Ring.open({ entries: 8, memory, rung: 'coop' });
    const bell = Doorbell.create();
    ring.registerDoorbell(bell);
    nop(ring);
    ring.submitAndWait(1, 1000);
    expect(bell.silence()).toBe(true);
    ring.setEventfdEnabled(false);
    nop(ring);
    ring.submitAndWait(2, 1000);
    expect(bell.silence()).toBe(false);
    ring.setEventfdEnabled(true);
    nop(ring);
    ring.submitAndWait(3, 1000);
    expect(bell.silence()).toBe(true);
    ring.unregisterDoorbell();
    nop(ring);
    ring.submitAndWait(4, 1000);
    expect(bell.silence()).toBe(false);
    expect(ring.reap(() => {})).toBe(4);
    bell.close();
  });

  test('wakes the event loop when an operation completes later', async () => {
    using ring = Ring.open({ entries: 8, memory });
    const bell = Doorbell.create();
    const polled = Doorbell.create();
    ring.registerDoorbell(bell);
    const heard = new Promise<number>((resolve) => {
      bell.watch(() => {
        ring.submitAndWait(0, 0);
        ring.reap((_operation, res) => resolve(res));
      });
    });
    encode.pollAdd(ring.sqes, ring.push(), { fd: fd(polled.fd), events: 1 });
    ring.submit();
    setTimeout(() => polled.ring(), 5);
    expect(await heard).toBe(1);
    bell.close();
    polled.close();
  });
});

test('a second doorbell is refused until the first is taken back', () => {
  using ring = Ring.open({ entries: 8 });
  const bell = Doorbell.create();
  ring.registerDoorbell(bell);
  expect(() => ring.registerDoorbell(bell)).toThrow(expect.objectContaining({ code: 'EBUSY' }));
  ring.unregisterDoorbell();
  expect(() => ring.unregisterDoorbell()).toThrow(expect.objectContaining({ code: 'ENXIO' }));
  bell.close();
});

test('a closed doorbell says so, and a token of one that everybody let go of is refused', () => {
  const bell = Doorbell.create();
  const { token } = bell;
  const second = Doorbell.attach(token);
  bell.close();
  second.ring();
  expect(second.silence()).toBe(true);
  second.close();
  second.close();
  expect(() => second.ring()).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(() => Doorbell.attach(token)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});
