// Every point of every step, by force: a client dies before its n-th atomic access, for every n; and a second client
// does something whole before the first one's n-th atomic access, for every n and every pair of steps. The hook is on
// Atomics itself, so the code under test is the code that runs.

import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/arena/arena.ts';
import { Lease, type LeaseToken } from '../../src/arena/lease.ts';
import { RingpoolError } from '../../src/errors.ts';
import { atEachAtomic, isFilled } from './support.ts';

const SEGMENT_BYTES = 32 * 1024;
const CAP_BYTES = 64 * 1024;
/** Far more atomic accesses than any step makes: a test that gets there loops for ever. */
const STEPS_MAX = 5_000;

class Death extends Error {}

interface World {
  readonly supervisor: Arena;
  readonly victim: Arena;
  /** Leases of the supervisor that must be as they were, whatever happens to the victim. */
  readonly kept: Lease[];
  lease: Lease | undefined;
  token: LeaseToken | undefined;
}

interface Scenario {
  readonly name: string;
  readonly prepare?: (world: World) => void;
  readonly act: (world: World) => unknown;
}

const SIZES = [200, 2048, 4096, 12_000];

const scenarios: Scenario[] = [
  { name: 'the first allocation, which grows the arena', act: (w) => w.victim.allocUnsafe(4096) },
  { name: 'a lease with a segment of its own', act: (w) => w.victim.allocUnsafe(40_000) },
  ...SIZES.flatMap((bytes): Scenario[] => [
    {
      name: `alloc ${bytes}`,
      prepare: (w) => void w.kept.push(fill(w.supervisor.allocUnsafe(bytes))),
      act: (w) => w.victim.allocUnsafe(bytes),
    },
    { name: `release ${bytes}`, prepare: (w) => hold(w, bytes), act: (w) => w.lease!.release() },
    { name: `share ${bytes}`, prepare: (w) => hold(w, bytes), act: (w) => w.lease!.share() },
    {
      name: `adopt ${bytes}`,
      prepare: (w) => {
        w.token = fill(w.supervisor.allocUnsafe(bytes)).share({ toClientId: 2 });
      },
      act: (w) => w.victim.adopt(w.token!),
    },
    {
      name: `end the last operation on a released ${bytes}`,
      prepare: (w) => {
        w.lease = w.supervisor.allocUnsafe(bytes);
        w.lease.beginOperation();
        w.lease.release();
      },
      act: (w) => w.victim.endOperation(w.lease!.slot),
    },
    {
      name: `begin and end on ${bytes}`,
      prepare: (w) => hold(w, bytes),
      act: (w) => {
        w.lease!.beginOperation();
        w.lease!.endOperation();
      },
    },
  ]),
  {
    name: 'retire slabs to make room for a run',
    prepare: (w) => {
      for (const lease of Array.from({ length: 32 }, () => w.supervisor.allocUnsafe(256))) lease.release();
    },
    act: (w) => w.victim.allocUnsafe(SEGMENT_BYTES),
  },
  {
    name: 'a slab of one class on a block that was one of another',
    prepare: (w) => {
      for (const lease of Array.from({ length: 32 }, () => w.victim.allocUnsafe(256))) lease.release();
      w.victim.allocUnsafe(SEGMENT_BYTES).release();
    },
    act: (w) => w.victim.allocUnsafe(1024),
  },
  {
    name: 'an allocation that fails',
    prepare: (w) => {
      for (let i = 0; i < 15; i++) w.kept.push(fill(w.supervisor.allocUnsafe(4096)));
    },
    act: (w) => {
      try {
        w.victim.allocUnsafe(8192);
      } catch (error) {
        if (!(error instanceof RingpoolError)) throw error;
      }
    },
  },
];

function hold(world: World, bytes: number): void {
  world.lease = fill(world.victim.allocUnsafe(bytes));
}

function fill(lease: Lease): Lease {
  lease.bytes.fill(lease.slot & 0xff);
  return lease;
}

function build(scenario: Scenario): World {
  const supervisor = Arena.create({ capBytes: CAP_BYTES, segmentBytes: SEGMENT_BYTES });
  const victim = Arena.attach(supervisor.handle, { clientId: 2 });
  const world: World = { supervisor, victim, kept: [], lease: undefined, token: undefined };
  scenario.prepare?.(world);
  return world;
}

/** Nothing is lost: released, everything is free, in whole segments, and can be had again down to the last granule. */
function expectAllBack(arena: Arena): void {
  // One assertion for the lot: this runs thousands of times.
  const { inUseBytes, requestedBytes, reservedBytes, slackBytes, operationsInFlight, ...rest } =
    arena.stats();
  const leases = rest.leasesLive + rest.leasesShared + rest.leasesReleasedInFlight;
  const remains = [inUseBytes, requestedBytes, reservedBytes, slackBytes, operationsInFlight, leases];
  const small = Array.from({ length: CAP_BYTES / 256 }, () => arena.allocUnsafe(256));
  const distinct = new Set(small.map((lease) => lease.offset)).size;
  for (const lease of small) lease.release();
  for (let segment = 0; segment < arena.segmentCount; segment++)
    arena.allocUnsafe(arena.segment(segment).bytes);
  const found = [...remains, distinct, arena.stats().inUseBytes];
  expect(found).toEqual([0, 0, 0, 0, 0, 0, CAP_BYTES / 256, CAP_BYTES]);
}

describe('a client that dies before its n-th atomic access', () => {
  test.each(scenarios)('loses nothing: $name', (scenario) => {
    let deaths = 0;
    for (let n = 0; n < STEPS_MAX; n++) {
      const world = build(scenario);
      if (!dies(world, scenario, n)) {
        expect(deaths).toBeGreaterThan(0);
        return;
      }
      deaths++;
      const { supervisor, kept } = world;
      supervisor.reclaimClient(2);
      if (world.lease !== undefined && supervisor.stats().operationsInFlight > 0) {
        // The operation that was begun or not ended: whoever drains the dead client's ring ends it.
        supervisor.endOperation(world.lease.slot);
      }
      for (const lease of kept) {
        expect(isFilled(lease.bytes, lease.slot & 0xff)).toBe(true);
        lease.release();
      }
      expectAllBack(supervisor);
    }
    throw new Error('the step never came to its end');
  });

  test('in the midst of growing holds nobody up: the next who needs room finishes the growth', () => {
    for (let n = 0; ; n++) {
      const world = build(scenarios[0]!);
      if (!dies(world, scenarios[0]!, n)) break;
      // Before any supervisor has noticed the death.
      expect(world.supervisor.allocUnsafe(SEGMENT_BYTES).length).toBe(SEGMENT_BYTES);
    }
  });

  test('with `drained`, the counts it left behind are dropped', () => {
    const world = build(scenarios[0]!);
    hold(world, 4096);
    world.lease!.beginOperation();
    expect(world.supervisor.reclaimClient(2)).toEqual({
      leases: 0,
      deferred: 1,
      operationsInFlight: 1,
      reservations: 0,
    });
    expect(world.supervisor.stats().leasesReleasedInFlight).toBe(1);
    expect(world.supervisor.reclaimClient(2, { drained: true })).toMatchObject({ leases: 1, deferred: 0 });
    expectAllBack(world.supervisor);
  });
});

function dies(world: World, scenario: Scenario, n: number): boolean {
  let left = n;
  try {
    // Once dead, dead: `catch` and `finally` blocks of the code under test get no further either.
    atEachAtomic(
      () => {
        if (left-- <= 0) throw new Death();
      },
      () => scenario.act(world),
    );
  } catch (error) {
    if (error instanceof Death) return true;
    throw error;
  }
  return left < 0;
}

describe('another client comes between, before each atomic access', () => {
  const intruders: { name: string; act: (arena: Arena, world: World) => (Lease | undefined)[] }[] = [
    ...SIZES.map((bytes) => ({ name: `alloc ${bytes}`, act: (arena: Arena) => [arena.allocUnsafe(bytes)] })),
    {
      name: 'alloc and release of everything there is',
      act: (arena) => {
        const leases: Lease[] = [];
        for (const bytes of [SEGMENT_BYTES, 4096, 256]) {
          try {
            for (;;) leases.push(arena.allocUnsafe(bytes));
          } catch (error) {
            if ((error as RingpoolError).code !== 'ERR_RINGPOOL_ARENA_FULL') throw error;
          }
        }
        for (const lease of leases) lease.release();
        // ... and what is there now has other sizes than before.
        return [arena.allocUnsafe(512), arena.allocUnsafe(8192)];
      },
    },
    {
      name: 'release of what it was given',
      act: (arena, world) => {
        for (const lease of world.kept.splice(0)) lease.release();
        return [arena.allocUnsafe(12_000)];
      },
    },
  ];
  const acts = scenarios.filter(({ name }) => !name.startsWith('begin') && !name.includes('that fails'));

  test.each(intruders)('$name', (intruder) => {
    for (const scenario of acts) {
      for (let n = 0; n < STEPS_MAX; n++) {
        const world = build(scenario);
        const intruding = Arena.attach(world.supervisor.handle, { clientId: 3 });
        let left = n;
        const extra: (Lease | undefined)[] = [];
        let result: unknown;
        try {
          atEachAtomic(
            () => {
              if (left-- === 0) extra.push(...intruder.act(intruding, world));
            },
            () => {
              result = scenario.act(world);
            },
          );
        } catch (error) {
          if ((error as RingpoolError).code !== 'ERR_RINGPOOL_ARENA_FULL') throw error;
        }
        if (left >= 0) break;
        const made = result instanceof Lease ? result : undefined;
        expectApart(world, [...extra, ...world.kept, made]);
        for (const lease of [...extra, ...world.kept]) lease?.release();
        world.supervisor.reclaimClient(2);
        world.supervisor.reclaimClient(3);
        expectAllBack(world.supervisor);
      }
    }
  });
});

/** No two leases share a byte, and the sum of what they take is what the arena says. */
function expectApart(world: World, leases: (Lease | undefined)[]): void {
  const ranges = leases
    .filter((lease) => lease !== undefined)
    .filter((lease) => !lease.released)
    .map((lease) => [lease.offset, lease.offset + lease.length] as const)
    .sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < ranges.length; i++) expect(ranges[i]![0]).toBeGreaterThanOrEqual(ranges[i - 1]![1]);
  expect(world.supervisor.stats().leasesLive).toBeGreaterThanOrEqual(ranges.length);
}

describe('a lease that goes round sixteen generations while a stale step is in its middle', () => {
  // Heads carry four bits of the generation: after sixteen rounds by the same owner the head word is the same again.
  const steps: { name: string; act: (arena: Arena, lease: Lease, token: LeaseToken) => void }[] = [
    { name: 'begin', act: (arena, { slot, generation }) => void arena.beginOperation(slot, generation) },
    { name: 'release', act: (arena, { slot, generation }) => arena.release(slot, generation) },
    { name: 'share', act: (_arena, lease) => void lease.share() },
    { name: 'adopt', act: (arena, _lease, token) => void arena.adopt(token) },
  ];
  test.each(steps)('$name leaves the new lease alone', ({ name, act }) => {
    for (let n = 0; n < STEPS_MAX; n++) {
      const arena = Arena.create({ capBytes: 4096 });
      const other = Arena.attach(arena.handle, { clientId: 2 });
      const lease = arena.alloc(4096);
      const token = name === 'adopt' ? lease.share() : ({} as LeaseToken);
      let current: Lease | undefined;
      let left = n;
      try {
        atEachAtomic(
          () => {
            if (left-- !== 0) return;
            if (name === 'adopt') arena.adopt(token).release();
            else arena.release(lease.slot, lease.generation);
            let rounds = name === 'adopt' ? 13 : 15;
            while (rounds-- > 0) arena.alloc(4096).release();
            current = arena.alloc(4096);
            if (name === 'adopt') current.share();
          },
          () => act(name === 'share' ? arena : other, lease, token),
        );
      } catch (error) {
        // Either step may come too late for the other, and then says so.
        if ((error as RingpoolError).code !== 'ERR_RINGPOOL_LEASE_RELEASED') {
          if ((error as RingpoolError).code === 'ERR_RINGPOOL_ARENA_FULL' && name !== 'adopt') continue;
          throw error;
        }
      }
      if (left >= 0) return;
      if (current === undefined) continue;
      const stats = arena.stats();
      expect([stats.leasesLive + stats.leasesShared, stats.operationsInFlight, stats.inUseBytes]).toEqual([
        1, 0, 4096,
      ]);
      if (name === 'adopt') expect(stats.leasesShared).toBe(1);
      else expect(current.bytes.length).toBe(4096);
    }
    throw new Error('the step never came to its end');
  });
});
