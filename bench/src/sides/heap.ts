// JavaScript heap that one operation costs, beyond what its caller allocates: bytes of heap in use after many operations
// less those before them, with no collection in between, less what the same loop costs with an empty async function in
// the place of the operation (the caller's options object, its await, a promise). Needs --expose-gc and a young
// generation with room for a round (HEAP_FLAGS of heap.ts).

import { open } from 'node:fs/promises';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';

import { type Lease, openPool, type Placement } from '@ringpool/pool';

import { medianOf, print, sideArguments } from './child.ts';
import { columnsOf, refill } from './columns.ts';
import { randomPositions } from './random.ts';

const { api, file, bytes, depth, placement } = sideArguments<{
  api: 'ringpool' | 'promises' | 'batch';
  file: string;
  bytes: number;
  depth: number;
  placement: Placement;
}>();

/** Operations of one round: many, since a collection leaves work to whoever comes first after it. Some 20 MB of garbage. */
const OPERATIONS = { ringpool: 32_768, promises: 8192, batch: 131_072 }[api];
const ROUNDS = 5;
/** Rounds before: the optimising compiler changes what is allocated. */
const WARM_UP_ROUNDS = 10;
/** Two sizes of batches: what grows from one to the other is what an entry costs. The large one waits for room in its lane. */
const BATCH_SIZES = [64, 2048] as const;

const nextPosition = randomPositions(file, bytes);
let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

/** Node tells observers of collections in a later turn of the event loop. */
async function told(): Promise<number> {
  for (let turns = 0; turns < 3; turns++) await turn();
  return collections;
}

/** Bytes of heap of one operation; the middle one of several rounds of `count`. */
async function heapOf(count: number, run: (count: number) => Promise<void>): Promise<number> {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await run(count);
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc?.();
    const seen = await told();
    const before = process.memoryUsage().heapUsed;
    await run(count);
    const after = process.memoryUsage().heapUsed;
    if ((await told()) === seen) rounds.push((after - before) / count);
  }
  if (rounds.length === 0) throw new Error('Every round was cut short by a collection.');
  return medianOf(rounds);
}

/** `depth` loops of awaits that do `count` operations together. */
function awaits(one: (slot: number) => Promise<unknown>): (count: number) => Promise<void> {
  return async (count) => {
    let left = count;
    const loop = async (slot: number): Promise<void> => {
      while (left-- > 0) await one(slot);
    };
    await Promise.all(Array.from({ length: depth }, (_, slot) => loop(slot)));
  };
}

async function ringpool(): Promise<void> {
  const pool = await openPool({ workers: 1, placement });
  const opened = await pool.open(file);
  const leases = Array.from({ length: depth }, () => pool.alloc(bytes));
  const nothing = async (_lease: Lease, { position }: { position: number }): Promise<number> => position;
  const at = (slot: number): Lease => leases[slot] as Lease;
  const ours = await heapOf(
    OPERATIONS,
    awaits((slot) => opened.read(at(slot), { position: nextPosition() })),
  );
  const empty = await heapOf(
    OPERATIONS,
    awaits((slot) => nothing(at(slot), { position: nextPosition() })),
  );
  print({ heapBytesPerOp: ours - empty });
  await pool.close();
}

async function promises(): Promise<void> {
  const handle = await open(file);
  const buffers = Array.from({ length: depth }, () => Buffer.allocUnsafeSlow(bytes));
  const nothing = async (_buffer: Buffer, _at: number, _length: number, position: number): Promise<number> =>
    position;
  const at = (slot: number): Buffer => buffers[slot] as Buffer;
  const theirs = await heapOf(
    OPERATIONS,
    awaits((slot) => handle.read(at(slot), 0, bytes, nextPosition())),
  );
  const empty = await heapOf(
    OPERATIONS,
    awaits((slot) => nothing(at(slot), 0, bytes, nextPosition())),
  );
  print({ heapBytesPerOp: theirs - empty });
  await handle.close();
}

async function batch(): Promise<void> {
  const pool = await openPool({ workers: 1, placement });
  const opened = await pool.open(file);
  const perBatch: number[] = [];
  for (const entries of BATCH_SIZES) {
    const columns = columnsOf(opened, pool.alloc(bytes * entries), bytes);
    const run = async (count: number): Promise<void> => {
      for (let left = count; left > 0; left--) {
        refill(columns, nextPosition);
        await pool.batch(columns);
      }
    };
    perBatch.push(await heapOf(Math.ceil(OPERATIONS / entries), run));
  }
  const [few, many] = perBatch as [number, number];
  const perEntry = (many - few) / (BATCH_SIZES[1] - BATCH_SIZES[0]);
  print({ heapBytesPerOp: perEntry, heapBytesPerBatch: few - perEntry * BATCH_SIZES[0] });
  await pool.close();
}

await { ringpool, promises, batch }[api]();
