// Several threads at once, and threads killed in the middle. The workers import the built package.

import { once } from 'node:events';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { Arena } from '@ringpool/core';
import { describe, expect, test } from 'vitest';
import { isFilled, seededIntegers } from './support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const CLIENT = new URL('./fixtures/client.mjs', import.meta.url);
const GROWER = new URL('./fixtures/grower.mjs', import.meta.url);
const EMPTY = {
  inUseBytes: 0,
  requestedBytes: 0,
  reservedBytes: 0,
  slackBytes: 0,
  leasesLive: 0,
  leasesShared: 0,
  leasesReleasedInFlight: 0,
  operationsInFlight: 0,
};

const seed = Number(process.env['RINGPOOL_TEST_SEED'] ?? Date.now() & 0x7fffffff);
console.log(`arena threads: seed ${seed} (RINGPOOL_TEST_SEED repeats it)`);

/** A worker, and its messages in order; an error in it rejects the waiting `next`. */
function start(file: URL, workerData: Record<string, unknown>, transferList: MessagePort[] = []) {
  const worker = new Worker(file, { workerData, transferList });
  const next = async (): Promise<unknown> => {
    const [message] = await Promise.race([
      once(worker, 'message'),
      once(worker, 'error').then(([error]) => Promise.reject(error)),
    ]);
    return message;
  };
  return { worker, next };
}

function flag(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(4), 0, 1);
}

/** All segments can be leased whole: nothing is lost. */
function expectWhole(arena: Arena): void {
  expect(arena.stats()).toMatchObject(EMPTY);
  const sizes = Array.from({ length: arena.segmentCount }, (_, i) => arena.segment(i).bytes).sort(
    (a, b) => b - a,
  );
  const leases = sizes.map((bytes) => arena.allocUnsafe(bytes));
  expect(arena.stats().inUseBytes).toBe(arena.stats().committedBytes);
  for (const lease of leases) lease.release();
}

describe('four threads', () => {
  test('allocate, check, release, share and adopt at random, and lose nothing', async () => {
    const arena = Arena.create({ capBytes: 4 * MIB, segmentBytes: 512 * KIB });
    const stop = flag();
    const channels = Array.from({ length: 4 }, () => new MessageChannel());
    const threads = channels.map(({ port1 }, i) => {
      const take = channels[(i + 3) % 4]!.port2;
      const shared = { handle: arena.handle, stop, rounds: 40_000, maxBytes: 200 * KIB, heldMax: 24 };
      const own = { clientId: i + 2, seed: seed + i, give: port1, take };
      return start(CLIENT, { ...shared, ...own }, [port1, take]);
    });
    await Promise.all(threads.map(({ next }) => next()));
    const ends = (await Promise.all(threads.map(({ next }) => next()))) as {
      operations: number;
      full: number;
    }[];
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
    console.log(`arena threads: ${JSON.stringify(ends)}`);
    // Given away to a neighbour that had stopped: shared, not lost.
    const { leasesShared } = arena.stats();
    const reports = threads.map((_, i) => arena.reclaimClient(i + 2));
    expect(reports.reduce((sum, { leases }) => sum + leases, 0)).toBe(leasesShared);
    expect(reports.every(({ reservations, deferred }) => reservations + deferred === 0)).toBe(true);
    expect(arena.stats().failures).toBeGreaterThan(0);
    expectWhole(arena);
  });

  test.each([4096, 200, 100 * KIB])(
    'grow the arena at once, by leases of %i bytes, up to its cap',
    async (bytes) => {
      for (let round = 0; round < 3; round++) {
        const arena = Arena.create({ capBytes: 2 * MIB, segmentBytes: 128 * KIB });
        const gun = flag();
        const threads = [2, 3, 4, 5].map((clientId) =>
          start(GROWER, { handle: arena.handle, clientId, bytes, start: gun }),
        );
        await Promise.all(threads.map(({ next }) => next()));
        const results = Promise.all(threads.map(({ next }) => next()));
        Atomics.store(gun, 0, 1);
        Atomics.notify(gun, 0);
        const grown = (await results) as { offsets: number[]; segments: number[] }[];
        await Promise.all(threads.map(({ worker }) => worker.terminate()));
        const count = arena.segmentCount;
        const segments = Array.from({ length: count }, (_, i) => arena.segment(i));
        // Segments follow each other without gap or overlap, and end at the cap.
        segments.forEach(({ offset }, i) => {
          expect(offset).toBe(i === 0 ? 0 : segments[i - 1]!.offset + segments[i - 1]!.bytes);
        });
        expect(segments.at(-1)!.offset + segments.at(-1)!.bytes).toBe(2 * MIB);
        for (const { segments: seen } of grown) expect(seen).toEqual(segments.map(({ index }) => index));
        const all = grown.flatMap(({ offsets }, i) => offsets.map((offset) => ({ offset, clientId: i + 2 })));
        expect(new Set(all.map(({ offset }) => offset)).size).toBe(all.length);
        for (const { offset, clientId } of all) {
          expect(isFilled(new Uint8Array(arena.data, offset, bytes), clientId)).toBe(true);
        }
        if (bytes === 4096) expect(all.length).toBe((2 * MIB) / 4096);
        for (let clientId = 2; clientId <= 5; clientId++) arena.reclaimClient(clientId);
        expectWhole(arena);
      }
    },
  );
});

/** Versions of Node beside the one at hand get fewer. */
const ROUNDS = process.env['RINGPOOL_BRIEF'] === '1' ? 30 : 100;
/** Two hundred threads are started and ended beside one that never rests: half a minute, and more on a busy machine. */
const HANG_MS = 240_000;

describe('threads terminated at random points', () => {
  test(
    `${2 * ROUNDS} of them: what they held is taken back, others notice nothing, and nothing is lost`,
    async () => {
      const integer = seededIntegers(seed);
      const arena = Arena.create({ capBytes: 4 * MIB, segmentBytes: 512 * KIB });
      const stop = flag();
      const forever = { handle: arena.handle, stop, rounds: 1e9, maxBytes: 300 * KIB };
      const survivor = start(CLIENT, { ...forever, clientId: 1000, seed, heldMax: 8 });
      await survivor.next();
      const died = { leases: 0, reservations: 0, deferred: 0 };
      for (let round = 0; round < ROUNDS; round++) {
        const victims = [2, 3].map((clientId) => {
          // A port that nobody reads: its tokens stay shared when it dies.
          const { port1 } = new MessageChannel();
          const own = { clientId, seed: integer(2 ** 31), heldMax: 16, give: port1 };
          return start(CLIENT, { ...forever, ...own }, [port1]);
        });
        await Promise.all(victims.map(({ next }) => next()));
        const until = performance.now() + integer(3000) / 1000;
        while (performance.now() < until);
        await Promise.all(victims.map(({ worker }) => worker.terminate()));
        for (const clientId of [2, 3]) {
          const report = arena.reclaimClient(clientId, { drained: true });
          died.leases += report.leases;
          died.reservations += report.reservations;
          died.deferred += report.deferred;
        }
      }
      Atomics.store(stop, 0, 1);
      const end = (await survivor.next()) as { operations: number };
      await survivor.worker.terminate();
      console.log(
        `arena kills: ${2 * ROUNDS} threads left ${JSON.stringify(died)}; the survivor did ${end.operations} steps`,
      );
      // The negative control: without reclaiming, these would have been lost.
      expect(died.leases).toBeGreaterThan(0);
      expect(end.operations).toBeGreaterThan(0);
      expectWhole(arena);
    },
    HANG_MS,
  );

  test('a token survives its sender when it names its receiver', async () => {
    const arena = Arena.create({ capBytes: MIB });
    const sender = Arena.attach(arena.handle, { clientId: 2 });
    const named = sender.alloc(4096).share({ toClientId: 1 });
    const unnamed = sender.alloc(4096).share();
    expect(arena.reclaimClient(2)).toMatchObject({ leases: 1 });
    arena.adopt(named).release();
    expect(() => arena.adopt(unnamed)).toThrow(/taken back/);
    expectWhole(arena);
  });

  test('this client itself and ids that cannot be are refused', () => {
    const arena = Arena.create({ capBytes: MIB });
    for (const id of [1, 0, 1024, 1.5]) expect(() => arena.reclaimClient(id)).toThrow(/client/);
  });

  test('a port that was given tokens before a stop still delivers them', () => {
    const arena = Arena.create({ capBytes: MIB });
    const { port1, port2 } = new MessageChannel();
    port1.postMessage(arena.alloc(100).share());
    const message = receiveMessageOnPort(port2) as { message: never };
    expect(arena.adopt(message.message).length).toBe(100);
    port1.close();
  });
});
