// What a pool counts, against what was done.
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { openPool, type Placement } from '@ringpool/pool';
import { expect, onTestFinished, test } from 'vitest';
import { Meters } from '../../src/pool/metrics.ts';
import { byDriver } from '../features.ts';
import { pattern, temporaryFolder, temporaryPipe, until } from '../support.ts';

/** The lane of what a thread does by itself: its own ring, or where there is none, this worker. */
const HERE = byDriver<{ readonly placement: Placement; readonly worker: number | undefined }>({
  uring: { placement: 'local', worker: undefined },
  threads: { placement: { worker: 0 }, worker: 0 },
});

const own = (lanes: ReturnType<Awaited<ReturnType<typeof openPool>>['metrics']>['lanes'], worker?: number) =>
  lanes.find((lane) => lane.client === 0 && lane.worker === worker);

test('operations, batches and latencies of each lane, by the thread that has it', async () => {
  await using pool = await openPool({ workers: 2 });
  expect(pool.metrics()).toMatchObject({
    clients: 1,
    lanes: [],
    workers: [{ up: false, starts: 0 }, { index: 1 }],
  });
  const name = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(name, pattern(1000));
  const file = await pool.open(name, fs.constants.O_RDWR);
  const lease = pool.alloc(64);
  const before = own(pool.metrics().lanes, HERE.worker);
  for (let round = 0; round < 100; round++) {
    await Promise.all(
      [0, 8, 16].map((offset) =>
        file.write(lease, { position: 0, offset, length: 8, placement: HERE.placement }),
      ),
    );
  }
  const after = own(pool.metrics().lanes, HERE.worker);
  // A worker's table of fixed files is told of the file by an operation of the lane; a thread's own ring needs none.
  const writes = 300 + byDriver({ uring: 0, threads: 1 });
  expect((after?.submitted ?? 0) - (before?.submitted ?? 0)).toBe(writes);
  expect((after?.completed ?? 0) - (before?.completed ?? 0)).toBe(writes);
  // That one goes with a batch of writes, or alone.
  const batches = byDriver({ uring: [100], threads: [100, 101] });
  expect(batches).toContain((after?.batches ?? 0) - (before?.batches ?? 0));
  expect(after?.inFlight).toBe(0);
  expect(after?.directReads).toBe(0);
  const { latency } = after ?? {};
  expect(latency?.count).toBeGreaterThanOrEqual(6);
  expect(latency?.count).toBeLessThanOrEqual(7);
  expect(latency?.buckets.map(({ count }) => count).reduce((a, b) => a + b)).toBe(latency?.count);
  expect(latency?.buckets.at(-1)?.microseconds).toBe(Number.POSITIVE_INFINITY);
  const atMost = latency?.buckets.reduce(
    (sum, { microseconds, count }) => sum + (count && microseconds * count),
    0,
  );
  expect(latency?.totalMicroseconds).toBeGreaterThan(0);
  expect(latency?.totalMicroseconds).toBeLessThanOrEqual(atMost ?? 0);
  for (let round = 0; round < 50; round++) await file.read(lease, { position: 0, placement: { worker: 1 } });
  const { lanes, workers, registeredBytes, arena } = pool.metrics();
  expect(own(lanes, 1)).toMatchObject({ submitted: 50, completed: 50, inFlight: 0 });
  if (HERE.worker === undefined) expect(own(lanes, 0)).toBeUndefined();
  expect(workers[1]).toMatchObject({ up: true, starts: 1, overflow: 0 });
  expect(workers[1]?.submissions).toBeGreaterThanOrEqual(50);
  expect(workers[1]?.spins).toBeGreaterThan(0);
  expect(arena.leasesLive).toBeGreaterThan(0);
  expect(registeredBytes).toBe(pool.registeredBytes);
  await file.close();
});

test('a read of cached bytes is counted apart, or as an operation of the lane that it took', async () => {
  await using pool = await openPool({ workers: 1, placement: 'local' });
  const name = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(name, pattern(1000));
  await using file = await pool.open(name);
  const lease = pool.alloc(100);
  const before = own(pool.metrics().lanes, HERE.worker);
  for (let round = 0; round < 100; round++) await file.read(lease, { position: round });
  const after = own(pool.metrics().lanes, HERE.worker);
  const direct = after?.directReads ?? 0;
  expect(direct + (after?.submitted ?? 0) - (before?.submitted ?? 0)).toBe(100);
  expect(after?.inFlight).toBe(0);
});

test('of all threads, read by any of them', async () => {
  await using pool = await openPool({ workers: 1 });
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(async ({ connectPool }) => {
      const pool = await connectPool(workerData.port);
      for (let round = 0; round < 20; round++) (await pool.readFile('package.json', undefined, { placement: 'workers' })).release();
      parentPort.postMessage(pool.metrics());
      await pool.close();
    });
  `;
  const thread = new Worker(program, {
    eval: true,
    workerData: { port: pool.port(), module: import.meta.resolve('@ringpool/pool') },
  });
  onTestFinished(async () => {
    await thread.terminate();
  });
  const theirs = await new Promise<ReturnType<typeof pool.metrics>>((resolve) =>
    thread.once('message', resolve),
  );
  expect(theirs.clients).toBe(2);
  const lane = theirs.lanes.find(({ client, worker }) => client === 1 && worker === 0);
  // Three SQEs for each file, and one that closes it, of which the last may be under way.
  expect(lane?.submitted).toBeGreaterThanOrEqual(79);
  await until(() => pool.metrics().clients === 1);
  const mine = pool.metrics().lanes.find(({ client, worker }) => client === 1 && worker === 0);
  expect(mine).toMatchObject({ submitted: 80, completed: 80, inFlight: 0 });
});

test('of a worker: what all threads handed to it', async () => {
  await using pool = await openPool({ workers: 1 });
  const file = await pool.open('package.json', 'r', { placement: 'local' });
  const lease = pool.alloc(64);
  const read = (): Promise<number> => file.read(lease, { position: 0, placement: { worker: 0 } });
  for (let round = 0; round < 32; round++) await read();
  const program = `
    const { workerData } = require('node:worker_threads');
    import(workerData.module).then(async ({ connectPool }) => {
      const pool = await connectPool(workerData.port);
      for (let round = 0; round < 5; round++) (await pool.readFile('package.json', undefined, { placement: 'workers' })).release();
      await pool.close();
    });
  `;
  const workerData = { port: pool.port(), module: import.meta.resolve('@ringpool/pool') };
  await once(new Worker(program, { eval: true, workerData }), 'exit');
  const { workers, lanes } = pool.metrics();
  // 32 reads, and four operations for each of five files; where there is no other ring, the file was opened there too.
  const submitted = byDriver({ uring: 52, threads: 53 });
  expect(workers[0]).toMatchObject({ submitted, completed: submitted, inFlight: 0 });
  const counts = lanes.filter(({ worker }) => worker === 0).map(({ latency }) => latency.count);
  expect(counts).toHaveLength(2);
  expect(workers[0]?.latency.count).toBe(counts.reduce((sum, count) => sum + count));
  await file.close();
});

test('latencies go on being measured beside operations that never end', async () => {
  await using pool = await openPool({ workers: 1, placement: 'local' });
  const pipe = await pool.open(temporaryPipe(), fs.constants.O_RDWR);
  const lease = pool.alloc(64);
  const waiting: Promise<number>[] = [];
  // More than one batch in 16: some of them are the operations that are timed.
  for (let round = 0; round < 64; round++) {
    waiting.push(pipe.read(lease, { position: 0, offset: 0, length: 1 }));
    await setImmediate();
  }
  const before = own(pool.metrics().lanes, HERE.worker)?.latency.count ?? 0;
  for (let round = 0; round < 160; round++) await pool.submit({ op: 'nop' });
  expect(own(pool.metrics().lanes, HERE.worker)?.latency.count).toBe(before + 10);
  fs.writeSync(pipe.fd, 'x'.repeat(64));
  await Promise.all(waiting);
  // Those that lasted are in it once they are over.
  expect(own(pool.metrics().lanes, HERE.worker)?.latency.count).toBe(before + 14);
  await pipe.close();
});

test('a thread that died leaves nothing in flight', async () => {
  await using pool = await openPool({ workers: 1 });
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(async ({ connectPool }) => {
      const pool = await connectPool(workerData.port);
      const pipe = await pool.open(workerData.pipe, 2, { placement: { worker: 0 } });
      pipe.read(pool.alloc(8), { position: 0 });
      pool.flush();
      parentPort.postMessage('reading');
    });
  `;
  const workerData = {
    port: pool.port(),
    module: import.meta.resolve('@ringpool/pool'),
    pipe: temporaryPipe(),
  };
  const thread = new Worker(program, { eval: true, workerData });
  await once(thread, 'message');
  const theirs = () => pool.metrics().lanes.find(({ client, worker }) => client === 1 && worker === 0);
  expect(theirs()).toMatchObject({ submitted: 2, completed: 1, inFlight: 1 });
  await thread.terminate();
  await until(() => pool.metrics().clients === 1);
  expect(theirs()).toMatchObject({ submitted: 2, completed: 2, inFlight: 0 });
});

test('what a worker has counted stays when another thread takes its place', () => {
  const meters = Meters.create(1);
  meters.worker(0).parked(3);
  meters.worker(0).parked(1);
  expect(meters.readWorker(0, true, 2)).toMatchObject({ parks: 2, overflow: 4 });
});

test('what a ring kept back stays counted when another thread has the seat', () => {
  const meters = Meters.create(1);
  const kept = (): number | undefined => meters.readLanes()[0]?.overflow;
  const first = meters.lane(1, 2);
  first.published(1);
  first.overflowed(5);
  const heir = meters.lane(1, 2);
  expect(kept()).toBe(5);
  heir.overflowed(2);
  expect(kept()).toBe(7);
});
