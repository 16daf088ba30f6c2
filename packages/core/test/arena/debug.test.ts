import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/arena/arena.ts';
import { POISON_BYTE, QUARANTINE_LEASES_MAX } from '../../src/arena/debug.ts';
import { DEBUG_RANGES_MAX } from '../../src/arena/layout.ts';
import { thrownBy } from './support.ts';

const MIB = 1024 * 1024;
const overlap = 'ERR_RINGPOOL_OVERLAP';

function create(capBytes = 4 * MIB): Arena {
  return Arena.create({ capBytes, debug: 'leases' });
}

describe('quarantine', () => {
  test('released memory is poisoned and not handed out at once', () => {
    const arena = create();
    for (const bytes of [100, 4096, 20_000]) {
      const lease = arena.alloc(bytes);
      const view = lease.bytes;
      lease.release();
      expect(view.every((byte) => byte === POISON_BYTE)).toBe(true);
      expect(arena.allocUnsafe(bytes).offset).not.toBe(lease.offset);
    }
    expect(arena.stats().reservedBytes).toBe(256 + 4096 + 20_480);
    expect(arena.flushQuarantine()).toBe(3);
    expect(arena.stats().reservedBytes).toBe(0);
  });

  test('a write after release is found when the quarantine is checked, with both stacks', () => {
    const arena = create();
    const lease = arena.alloc(4096);
    const view = lease.bytes;
    lease.release();
    arena.checkQuarantine();
    view[17] = 1;
    const error = thrownBy(() => arena.checkQuarantine());
    expect(error.code).toBe('ERR_RINGPOOL_WRITE_AFTER_RELEASE');
    expect(error.message).toContain(`offset ${lease.offset + 17}`);
    expect(error.message.match(/debug\.test\.ts/g)?.length).toBeGreaterThanOrEqual(2);
    arena.checkQuarantine();
  });

  test('a write found while quarantined memory is freed is thrown by the next alloc, not by release', () => {
    const arena = create();
    const lease = arena.alloc(4096);
    const view = lease.bytes;
    lease.release();
    view[0] = 1;
    const others = Array.from({ length: QUARANTINE_LEASES_MAX }, () => arena.alloc(256));
    for (const other of others) other.release();
    expect(thrownBy(() => arena.alloc(1)).code).toBe('ERR_RINGPOOL_WRITE_AFTER_RELEASE');
    arena.alloc(1);
  });

  test('an arena that looks full frees its quarantine first', () => {
    const arena = create(64 * 1024);
    for (let i = 0; i < 100; i++) arena.alloc(16 * 1024).release();
    const all = arena.alloc(64 * 1024);
    all.release();
    arena.alloc(64 * 1024);
  });

  test('a lease released in flight is poisoned at the end of its last operation', () => {
    const arena = create();
    const lease = arena.alloc(4096);
    const view = lease.bytes;
    lease.beginOperation();
    lease.release();
    expect(view[0]).toBe(0);
    lease.endOperation();
    expect(view[0]).toBe(POISON_BYTE);
  });

  test("a dead client's quarantine is taken back", () => {
    const arena = Arena.create({ capBytes: MIB });
    const victim = Arena.attach(arena.handle, { clientId: 2, debug: 'leases' });
    victim.alloc(4096).release();
    victim.alloc(200).release();
    expect(arena.stats().reservedBytes).toBe(4096 + 256);
    expect(arena.reclaimClient(2).reservations).toBe(2);
    expect(arena.stats()).toMatchObject({ reservedBytes: 0, slackBytes: 0 });
  });
});

describe('overlapping operations', () => {
  test('two that overlap are refused when at least one writes memory', () => {
    const lease = create().alloc(8192);
    for (const [first, second, refused] of [
      ['reads', 'reads', false],
      ['reads', 'writes', true],
      ['writes', 'reads', true],
      ['writes', 'writes', true],
    ] as const) {
      const ticket = lease.beginOperation(first, 0, 4097);
      if (refused) expect(thrownBy(() => lease.beginOperation(second, 4096, 100)).code).toBe(overlap);
      else lease.endOperation(lease.beginOperation(second, 4096, 100));
      if (refused) expect(thrownBy(() => lease.checkOperation(second, 4096, 100)).code).toBe(overlap);
      else lease.checkOperation(second, 4096, 100);
      expect(lease.inFlight).toBe(1);
      lease.endOperation(lease.beginOperation('writes', 4097));
      lease.endOperation(ticket);
    }
    expect(lease.inFlight).toBe(0);
    lease.endOperation(lease.beginOperation('writes'));
  });

  test('is seen between slices, threads, and the forms without a Lease', () => {
    const arena = create();
    const other = Arena.attach(arena.handle, { clientId: 2 });
    const lease = arena.alloc(8192);
    const frame = lease.slice(4096, 4096);
    const ticket = frame.beginOperation('writes', 100, 100);
    const { slot, generation } = lease;
    expect(thrownBy(() => other.beginOperation(slot, generation, 'reads', 4295, 1)).code).toBe(overlap);
    expect(thrownBy(() => lease.beginOperation('reads')).code).toBe(overlap);
    const apart = other.beginOperation(slot, generation, 'reads', 4296, 1);
    expect(lease.inFlight).toBe(2);
    other.endOperation(slot, apart);
    frame.endOperation(ticket);
    expect(lease.inFlight).toBe(0);
    const next = arena.alloc(8192);
    const everything = next.beginOperation('writes');
    lease.beginOperation('writes');
    next.endOperation(everything);
  });

  test('a bad range or access begins nothing', () => {
    const lease = create().alloc(4096);
    for (const begin of [
      () => lease.beginOperation('reads', 0, 4097),
      () => lease.beginOperation('reads', -1, 1),
      () => lease.beginOperation('eats' as 'reads'),
    ]) {
      expect(thrownBy(begin).code).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
    }
    expect(lease.inFlight).toBe(0);
  });

  test(`beyond ${DEBUG_RANGES_MAX} ranges in flight further ones are let through unchecked`, () => {
    const lease = create().alloc(8192);
    const tickets = Array.from({ length: DEBUG_RANGES_MAX }, (_, i) => lease.beginOperation('writes', i, 1));
    expect(new Set(tickets).size).toBe(DEBUG_RANGES_MAX);
    expect(lease.beginOperation('writes', 0, 1)).toBe(0);
    lease.endOperation();
    for (const ticket of tickets) lease.endOperation(ticket);
    expect(lease.inFlight).toBe(0);
  });

  test("a dead client's ranges are dropped once it is drained", () => {
    const arena = create();
    const victim = Arena.attach(arena.handle, { clientId: 2 });
    const lease = arena.alloc(4096);
    victim.beginOperation(lease.slot, lease.generation, 'writes', 0, 4096);
    arena.reclaimClient(2);
    expect(thrownBy(() => lease.beginOperation('reads')).code).toBe(overlap);
    arena.reclaimClient(2, { drained: true });
    lease.endOperation();
    lease.endOperation(lease.beginOperation('reads'));
  });
});

describe('leaks', () => {
  test('are the leases not released, each with the stack that allocated it', () => {
    const arena = create();
    function careless(): void {
      arena.alloc(5000);
    }
    arena.alloc(100).release();
    careless();
    const inFlight = arena.alloc(4096);
    inFlight.beginOperation();
    inFlight.release();
    arena.alloc(300).share();
    const leaks = arena.leaks();
    expect(leaks.length).toBe(1);
    expect(leaks[0]).toMatchObject({ length: 5000, collected: false });
    expect(leaks[0]!.stack.split('\n')[0]).toContain('careless');
  });

  test('outside debug mode nothing is tracked', () => {
    const arena = Arena.create({ capBytes: MIB });
    arena.alloc(100);
    expect(arena.leaks()).toEqual([]);
    expect(arena.flushQuarantine()).toBe(0);
    arena.checkQuarantine();
    const quiet = Arena.attach(create().handle, { clientId: 2, debug: 'off' });
    quiet.alloc(100);
    expect(quiet.leaks()).toEqual([]);
  });
});
