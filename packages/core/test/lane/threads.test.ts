// The two ends of a lane in two threads that sleep whenever they have nothing to do, the client in Atomics.wait on its
// parking word, the worker on a bell: every operation is answered once, with its own word, and no wake-up is lost.
import { Worker } from 'node:worker_threads';
import { createLane, LaneClient, Parking } from '@ringpool/core';
import { expect, test } from 'vitest';

const OPERATIONS = 200_000;
const BELL = 32;
const WAIT_MS = 10_000;

test.each([1, 4, 256])('200,000 operations through a lane %i deep', async (depth) => {
  const seed = Number(process.env['RINGPOOL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`seed ${seed}`);
  const handle = createLane(depth);
  const words = new Int32Array(new SharedArrayBuffer(64 * 4), 0, 64);
  const worker = new Worker(new URL('../fixtures/lane-worker.mjs', import.meta.url), {
    workerData: { handle, words: words.buffer, seed, operations: OPERATIONS },
  });
  const ended = new Promise<{ done: number; parks: number }>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const client = new LaneClient(handle);
  const [theirs, mine] = [new Parking(words, 0), new Parking(words, 16)];
  const expected = new Uint32Array(depth).fill(0); // view: a count
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % below;
  };
  const bell = {
    ring: () => {
      Atomics.store(words, BELL, 1);
      Atomics.notify(words, BELL);
    },
  };
  let pushed = 0;
  let done = 0;
  let wrong = 0;
  const onCompletion = (operation: number, res: number): void => {
    if (res >>> 0 !== expected[operation]) wrong++;
    done++;
  };
  while (done < OPERATIONS) {
    const batch = Math.min(OPERATIONS - pushed, random(client.room + 1));
    for (let count = 0; count < batch; count++) {
      const sqe = client.push();
      const word = random(2 ** 24);
      client.sqes[sqe * 16 + 6] = word;
      expected[client.operationOf(sqe)] = word;
      pushed++;
    }
    if (client.publish()) theirs.wake(bell);
    if (client.reap(onCompletion) > 0 || batch > 0 || client.inFlight === 0) continue;
    mine.prepareWait();
    if (client.ready === 0) expect(mine.wait(WAIT_MS)).toBe(true);
    mine.unpark();
  }
  expect(wrong).toBe(0);
  expect(client.inFlight).toBe(0);
  expect((await ended).done).toBe(OPERATIONS);
  await worker.terminate();
});
