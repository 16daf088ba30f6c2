// Both ends of a lane in one thread: numbers, wrap-around, chains of callbacks, abandonment.
import { describe, expect, test } from 'vitest';
import { LaneClient } from '../../src/lane/client.ts';
import { createLane, LANE_DEPTH_MAX, type LaneHandle, viewLane } from '../../src/lane/layout.ts';
import { Parking } from '../../src/lane/parking.ts';
import { LaneWorker } from '../../src/lane/worker.ts';
import { encode } from '../../src/sqe/encode.ts';

function pair(
  depth: number,
  handle: LaneHandle = createLane(depth),
): { client: LaneClient; worker: LaneWorker } {
  return { client: new LaneClient(handle), worker: new LaneWorker(handle) };
}

/** Completes everything that waits, with `res` the operation's number plus `base`. */
function echo(worker: LaneWorker, base = 0): number {
  const count = worker.ready();
  for (let index = 0; index < count; index++) {
    const operation = worker.operationAt(index);
    worker.complete(operation, base + operation, 0);
  }
  worker.take(count);
  worker.publish();
  return count;
}

describe('a lane', () => {
  test.each([0, -1, 1.5, LANE_DEPTH_MAX + 1, Number.NaN])('refuses a depth of %s', (depth) => {
    expect(() => createLane(depth)).toThrow(
      expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' }),
    );
  });

  test('rounds its depth up to a power of two', () => {
    expect(createLane(5).depth).toBe(8);
    expect(createLane(1).depth).toBe(1);
  });

  test('carries SQEs out and results back, and nothing is seen before it is published', () => {
    const { client, worker } = pair(4);
    const sqe = client.push();
    encode.nop(client.sqes, sqe);
    expect(worker.ready()).toBe(0);
    expect(client.publish()).toBe(true);
    expect(client.publish()).toBe(false);
    expect(worker.ready()).toBe(1);
    expect(worker.sqes[worker.wordAt(0)]).toBe(0);
    worker.complete(worker.operationAt(0), -5, 2);
    worker.take(1);
    expect(client.ready).toBe(0);
    worker.publish();
    expect(client.ready).toBe(1);
    const seen: number[][] = [];
    expect(client.reap((...completion) => seen.push(completion))).toBe(1);
    expect(seen).toEqual([[0, -5, 2]]);
    expect(client.inFlight).toBe(1); // F_MORE: more completions of this operation follow
  });

  test('gives out each number once, refuses at its depth, and goes on when completions are reaped', () => {
    const { client, worker } = pair(8);
    for (let round = 0; round < 100; round++) {
      const numbers = new Set<number>();
      for (let sqe = client.push(); sqe >= 0; sqe = client.push()) numbers.add(client.operationOf(sqe));
      expect(numbers.size).toBe(8);
      client.publish();
      expect(echo(worker, round)).toBe(8);
      client.reap((operation, res) => expect(res).toBe(operation + round));
      expect(client.room).toBe(8);
    }
  });

  test('works when its indices wrap at 2^32', () => {
    const handle = createLane(4);
    viewLane(handle).header.fill(-3);
    const { client, worker } = pair(4, handle);
    let done = 0;
    for (let round = 0; round < 5; round++) {
      for (let count = 0; count < 3; count++) client.push();
      client.publish();
      echo(worker);
      done += client.reap(() => undefined);
    }
    expect(done).toBe(15);
  });

  test('has room for the completion of what a callback of reap() published', () => {
    const { client, worker } = pair(2);
    client.push();
    client.push();
    client.publish();
    echo(worker);
    let more = 6;
    client.reap(() => {
      if (more-- <= 0) return;
      client.push();
      client.publish();
      // The worker answers at once, while the client is still in the midst of its reaping.
      echo(worker);
    });
    while (client.inFlight > 0) client.reap(() => undefined);
    expect(client.room).toBe(2);
  });

  test('a callback that throws loses no other completion', () => {
    const { client, worker } = pair(4);
    for (let count = 0; count < 3; count++) client.push();
    client.publish();
    echo(worker);
    expect(() =>
      client.reap(() => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(client.reap(() => undefined)).toBe(2);
    expect(client.room).toBe(4);
  });

  test('a completion of what is not in flight is a bug that shows itself', () => {
    const { client, worker } = pair(2);
    worker.complete(1, 0, 0);
    worker.publish();
    expect(() => client.reap(() => undefined)).toThrow(
      expect.objectContaining({ code: 'ERR_RINGPOOL_INTERNAL' }),
    );
  });

  test('abandoning hands over what had completed, then settles the rest once, and tells what was never taken', () => {
    const { client, worker } = pair(8);
    for (let count = 0; count < 5; count++) client.push();
    client.publish();
    client.push(); // and one that was not published
    worker.complete(worker.operationAt(0), 7, 0);
    worker.take(3);
    worker.publish();
    const settled = new Map<number, number>();
    expect(client.abandon((operation, res) => settled.set(operation, res), -999, -1000)).toBe(5);
    expect(settled).toEqual(
      new Map([
        [0, 7],
        [1, -999],
        [2, -999],
        [3, -1000],
        [4, -1000],
        [5, -1000],
      ]),
    );
    expect(client.room).toBe(8);
    expect(client.abandon(() => undefined, -999, -1000)).toBe(0);
  });

  test('abandoning tells what was never taken when the queue has wrapped', () => {
    const { client, worker } = pair(4);
    for (let round = 0; round < 5; round++) {
      client.push();
      client.publish();
      worker.complete(worker.operationAt(0), 0, 0);
      worker.take(1);
      worker.publish();
      client.reap(() => undefined);
    }
    for (let count = 0; count < 4; count++) client.push();
    client.publish();
    worker.take(1);
    const results: number[] = [];
    expect(client.abandon((_, res) => results.push(res), -999, -1000)).toBe(4);
    expect(results.sort((a, b) => a - b)).toEqual([-1000, -1000, -1000, -999]);
  });
});

describe('a parking word', () => {
  const setUp = (): { sleeper: Parking; wake: () => boolean[]; rings: () => number; words: Int32Array } => {
    const words = new Int32Array(new SharedArrayBuffer(8), 0, 2);
    let rung = 0;
    const bell = { ring: () => rung++ };
    const wakers = [new Parking(words, 1), new Parking(words, 1)];
    return {
      sleeper: new Parking(words, 1),
      wake: () => wakers.map((waker) => waker.wake(bell)),
      rings: () => rung,
      words,
    };
  };

  test('makes exactly one waker ring for each sleep, and none for a thread that is awake', () => {
    const { sleeper, wake, rings } = setUp();
    expect(wake()).toEqual([false, false]);
    sleeper.park();
    expect(sleeper.parked).toBe(true);
    expect(wake()).toEqual([true, false]);
    expect(sleeper.parked).toBe(false);
    sleeper.park();
    sleeper.unpark();
    expect(wake()).toEqual([false, false]);
    expect(rings()).toBe(1);
  });

  test('does not let a thread fall asleep that was woken before it could, and rings for no such sleep', () => {
    const { sleeper, wake, rings } = setUp();
    sleeper.prepareWait();
    expect(wake()).toEqual([true, false]);
    expect(sleeper.wait(10_000)).toBe(true);
    sleeper.prepareWait();
    expect(sleeper.wait(1)).toBe(false);
    expect(rings()).toBe(0);
  });

  test('leaves a waker that comes late without effect, however the thread sleeps next', () => {
    // Two wakers saw the thread parked; one woke it, and it went to wait in another way before the other swapped.
    const { sleeper, words, rings, wake } = setUp();
    const load = Atomics.load;
    try {
      Atomics.load = (() => 1) as unknown as typeof Atomics.load; // what the late one saw
      sleeper.prepareWait();
      expect(wake()).toEqual([false, false]);
    } finally {
      Atomics.load = load;
    }
    expect(Atomics.load(words, 1)).toBe(2);
    expect(rings()).toBe(0);
  });
});
