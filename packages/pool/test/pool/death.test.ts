// Threads that die, or come late, between two steps of a hand-off: somebody tells those who wait all the same. Here the
// step is acted out; kills.test.ts has threads die at random.
import { Arena, LaneAttachment } from '@ringpool/core';
import { addressOf, registerThrough } from '@ringpool/native';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Host, HostBell, HostObituary } from '../../src/drivers/host.ts';
import { LaneMemory } from '../../src/pool/lane-memory.ts';
import { Owner } from '../../src/pool/owner.ts';
import { Anchor, Registration } from '../../src/pool/registration.ts';
import { Seat } from '../../src/pool/seat.ts';
import { PoolWords, SEGMENT_REGISTERED, WORKER_STATE } from '../../src/pool/words.ts';
import { WorkerLanes } from '../../src/pool/worker-lanes.ts';
import { hostOver, lacks } from '../features.ts';
import { until } from '../support.ts';

const DEAD_PHASE = 4;
const PHASES = 7;
const TERMS = { filesFirst: 0, filesCount: 0, descriptors: 1 };

interface Scene {
  readonly host: Host;
  readonly words: PoolWords;
  readonly memory: LaneMemory;
  readonly supervisor: HostBell;
  /** A client that has taken a seat, and its bell. */
  readonly seat: Seat;
  readonly bell: HostBell;
  readonly obituary: HostObituary;
  /** A worker of this generation comes up. Returns its bell. */
  readonly comeUp: (generation: number) => HostBell;
}

function scene(): Scene {
  const words = PoolWords.create();
  const host = hostOver(words);
  const memory = LaneMemory.create(1, 8);
  const supervisor = host.createBell();
  words.supervisorBell = supervisor.token;
  const written = vi.spyOn(host, 'writeObituary');
  const seat = Seat.take(host, words, supervisor, false);
  const obituary = written.mock.results[0]?.value as HostObituary;
  written.mockRestore();
  const bell = host.createBell();
  seat.sit(bell);
  memory.make(seat.client);
  const comeUp = (generation: number): HostBell => {
    const workerBell = host.createBell();
    words.setWorkerGeneration(0, generation);
    words.setWorkerBell(0, workerBell.token);
    words.setWorkerState(0, WORKER_STATE.UP);
    return workerBell;
  };
  return { host, words, memory, supervisor, seat, obituary, bell, comeUp };
}

/** Whether a bell has been rung since. */
function heard(bell: HostBell): () => boolean {
  let rung = false;
  bell.watch(() => {
    rung = true;
  });
  onTestFinished(() => bell.close());
  return () => rung;
}

function ownerOf({ host, words, memory, supervisor }: Scene): Owner {
  const arena = Arena.create({ capBytes: 1024 * 1024, addressOf: host.addressOf });
  const registration = new Registration('off', words);
  const owner = new Owner(words, host, memory, arena, { anchor: undefined, registration }, supervisor);
  onTestFinished(async () => {
    await owner.endWorkers();
    owner.close();
  });
  return owner;
}

test('a worker that a client died waking wakes all the same', async () => {
  const set = scene();
  set.comeUp(1).close();
  ownerOf(set);
  const isRung = heard(set.host.attachBell(set.words.workerBell(0))); // the owner's: it outlives the worker's threads
  const parking = set.words.workerParking(0);
  parking.park();
  // It swaps the word, and dies before it rings.
  expect(parking.wake({ ring: () => undefined })).toBe(true);
  const word = set.words.seat(set.seat.client);
  set.words.swapSeat(set.seat.client, word, (word & ~PHASES) | DEAD_PHASE);
  set.words.callSupervisor(set.supervisor);
  await until(isRung);
  await until(() => set.words.seat(set.seat.client) === 0);
});

test('a thread that leaves calls the owner before it takes its obituary back', () => {
  const { words, supervisor, seat, obituary } = scene();
  const before = words.supervision;
  vi.spyOn(obituary, 'cancel').mockImplementation(() => {
    throw new Error('terminated');
  });
  expect(() => seat.leave(supervisor)).toThrow('terminated');
  expect(words.supervision).toBe(before + 1);
});

test('a worker that comes too late for a lane tells those who have seen it there', async () => {
  const { host, words, memory, supervisor, seat, bell, comeUp } = scene();
  const isRung = heard(bell);
  comeUp(1).close();
  const client = new LaneAttachment(memory.lane(seat.client, 0));
  const { ring } = host.openWorkerRing({ entries: 8 });
  const lanes = new WorkerLanes({ index: 0, generation: 1 } as never, words, memory, ring, {
    host,
    supervisor,
  });
  const { tryHold } = LaneAttachment.prototype;
  const late = vi.spyOn(LaneAttachment.prototype, 'tryHold').mockImplementation(function (
    this: LaneAttachment,
  ) {
    client.leave(); // D1, between the worker's look and B2
    return tryHold.call(this, 1 << 15, TERMS);
  });
  onTestFinished(() => {
    late.mockRestore();
    lanes.close();
    ring.close();
  });
  const wishAndRefresh = (): void => {
    client.want(1);
    words.raiseLanesVersion(0);
    lanes.refresh({ client: new Int32Array(8), operation: new Int32Array(8) });
  };
  wishAndRefresh();
  expect(lanes.all.length).toBe(0);
  await until(isRung);
  const before = words.supervision;
  const word = words.seat(seat.client);
  words.swapSeat(seat.client, word, (word & ~PHASES) | DEAD_PHASE);
  wishAndRefresh();
  expect(words.supervision).toBe(before + 1);
  supervisor.close();
});

test.skipIf(lacks('registered memory')).each([false, true])(
  'a segment that a thread died registering is registered, had it come that far (%s) or not',
  (registered) => {
    const MIB = 1024 * 1024;
    const words = PoolWords.create();
    const anchor = Anchor.open('required', words) as Anchor;
    const arena = Arena.create({ capBytes: 4 * MIB, segmentBytes: MIB, addressOf });
    anchor.keep(arena);
    const registration = new Registration('required', words);
    const [dead, budgetKib] = [200, 10 * 1024];
    words.swapBudgetKib(0, budgetKib);
    const { segment } = arena.alloc(8192);
    words.claimSegment(segment, dead);
    words.swapBudgetKib(budgetKib, budgetKib - 1024);
    if (registered) registerThrough(words.anchorRing, segment, arena.segmentView(segment));
    registration.inherit(arena, dead + 1);
    expect(words.segmentState(segment)).not.toBe(SEGMENT_REGISTERED);
    registration.inherit(arena, dead);
    expect(words.segmentState(segment)).toBe(SEGMENT_REGISTERED);
    expect([registration.bytes, registration.refusalOf(segment)]).toEqual([MIB, undefined]);
    expect(words.budgetKib).toBe(budgetKib - (registered ? 1024 : 2048));
    anchor.close();
  },
);
