import { expect, test } from 'vitest';

import { ReadBatching } from '../../src/pool/read-batching.ts';

const CHEAP_NS = 100;
const COSTLY_NS = 1000;

/** So many loops of reads at a time, each of which awaits its reads; says how many of them were made at once. */
async function loops(batching: ReadBatching, count: number, reads: number): Promise<number> {
  let atOnce = 0;
  const loop = async (): Promise<void> => {
    for (let read = 0; read < reads; read++) {
      if (batching.atOnce) {
        batching.made();
        atOnce++;
      }
      await undefined;
    }
  };
  await Promise.all(Array.from({ length: count }, loop));
  return atOnce;
}

test('where system calls are cheap, every read is made at once', async () => {
  const batching = new ReadBatching(CHEAP_NS);
  expect(await loops(batching, 64, 100)).toBe(6400);
  batching.submitted(64, false);
  expect(batching.atOnce).toBe(true);
});

test('where they are costly, so is that of one loop that awaits each read', async () => {
  const batching = new ReadBatching(COSTLY_NS);
  expect(await loops(batching, 1, 1000)).toBe(1000);
});

test.each([2, 3, 64])('where they are costly, %i loops at a time soon make none', async (count) => {
  const batching = new ReadBatching(COSTLY_NS);
  expect(await loops(batching, count, 100)).toBeLessThan(8 + 2 * count);
  expect(batching.atOnce).toBe(false);
});

test('they do again once no more than one goes to the ring at a time', async () => {
  const batching = new ReadBatching(COSTLY_NS);
  await loops(batching, 64, 10);
  batching.submitted(2, false);
  expect(batching.atOnce).toBe(false);
  batching.submitted(1, false);
  expect(await loops(batching, 1, 100)).toBe(100);
});

test('those of a tick count together, in however many calls they go to the kernel', () => {
  const batching = new ReadBatching(COSTLY_NS);
  batching.submitted(64, true);
  batching.submitted(1, false);
  expect(batching.atOnce).toBe(false);
  batching.submitted(0, false);
  expect(batching.atOnce).toBe(false);
  batching.submitted(1, false);
  expect(batching.atOnce).toBe(true);
});
