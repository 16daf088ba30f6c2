// What a pool publishes to node:diagnostics_channel: what was slow, which worker crashed, what there is in a lesser form.
import { spawnSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fs, { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { encode } from '@ringpool/core';
import { Ring } from '@ringpool/native';
import {
  channels,
  type FallbackMessage,
  openPool,
  type Placement,
  type PoolOptions,
  RingpoolError,
  type SlowOperationMessage,
} from '@ringpool/pool';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Meters } from '../../src/pool/metrics.ts';
import { Timing } from '../../src/pool/timing.ts';
import { byDriver, lacks } from '../features.ts';
import { HANG_MS, pattern, runFixture, temporaryFolder, temporaryPipe, until } from '../support.ts';

const SLOW_MS = 20;

/** Collects what a channel carries until the test is over. */
function heard<Message>(name: string): Message[] {
  const messages: Message[] = [];
  const listener = (message: unknown): void => {
    messages.push(message as Message);
  };
  subscribe(name, listener);
  onTestFinished(() => {
    unsubscribe(name, listener);
  });
  return messages;
}

/** Reads a pipe that nobody writes to for a while. */
async function readSlowly(options: PoolOptions, placement: Placement): Promise<{ fd: number; pipe: string }> {
  await using pool = await openPool(options);
  // The worker is up: waiting for that is not in it.
  (await pool.readFile('package.json', undefined, { placement })).release();
  const pipe = temporaryPipe();
  const file = await pool.open(pipe, fs.constants.O_RDWR);
  const { fd } = file;
  const lease = pool.alloc(8);
  const read = file.read(lease, { position: 0, placement });
  await sleep(SLOW_MS * 2);
  fs.writeSync(fd, 'abcdefgh');
  expect(await read).toBe(8);
  return { fd, pipe };
}

describe('slow operations', () => {
  test.each<[Placement, number | undefined]>([
    ['local', byDriver({ uring: undefined, threads: expect.any(Number) as number })],
    [{ worker: 1 }, 1],
  ])('are told when they are over, placed %j', async (placement, worker) => {
    const slow = heard<SlowOperationMessage>(channels.slowOperation);
    const { fd, pipe } = await readSlowly({ workers: 2, slowOperationMs: SLOW_MS }, placement);
    const reads = slow.filter(({ path: about }) => about === pipe);
    expect(reads).toEqual([
      {
        operation: 'readFixed',
        client: 0,
        worker,
        durationMs: expect.any(Number),
        thresholdMs: SLOW_MS,
        result: 8,
        fd,
        path: pipe,
      },
    ]);
    expect(reads[0]?.durationMs).toBeGreaterThanOrEqual(SLOW_MS);
    expect(reads[0]?.durationMs).toBeLessThan(HANG_MS);
  });

  test('are those above the threshold alone', async () => {
    const slow = heard<SlowOperationMessage>(channels.slowOperation);
    await readSlowly({ workers: 1, slowOperationMs: HANG_MS }, 'local');
    expect(slow).toEqual([]);
  });

  test('with 0 are all of them, with their paths and without the slots of fixed files', async () => {
    const slow = heard<SlowOperationMessage>(channels.slowOperation);
    await using pool = await openPool({ workers: 1, slowOperationMs: 0, placement: 'local' });
    (await pool.readFile('package.json')).release();
    const file = await pool.open('README.md');
    await expect(pool.open('missing')).rejects.toThrow(/ENOENT/);
    const told = slow.map(({ operation, path: about, fd, result }) => [
      operation,
      about,
      fd,
      Math.min(result, 1),
    ]);
    expect(told).toEqual([
      ['openat', 'package.json', undefined, 0],
      ['readFixed', 'package.json', undefined, 1],
      ['readFixed', 'package.json', undefined, 0],
      ['close', undefined, undefined, 0],
      ['openat', 'README.md', undefined, 1],
      ['openat', 'missing', undefined, -2],
    ]);
    await file.close();
  });

  test('are those that began while somebody listened', async () => {
    await using pool = await openPool({ workers: 1, slowOperationMs: 0, placement: 'local' });
    const file = await pool.open(temporaryPipe(), fs.constants.O_RDWR);
    const lease = pool.alloc(17);
    const reads: Promise<number>[] = [];
    const readOne = async (): Promise<void> => {
      reads.push(file.read(lease, { position: 0, offset: reads.length, length: 1 }));
      await sleep(1);
    };
    // As many batches as it takes to have one of them timed for the metrics.
    while (reads.length < 16) await readOne();
    const slow = heard<SlowOperationMessage>(channels.slowOperation);
    await readOne();
    fs.writeSync(file.fd, 'x'.repeat(17));
    await Promise.all(reads);
    expect(slow).toHaveLength(1);
    await file.close();
  });

  test('of a thread that joined are told there, by the threshold of the pool', async () => {
    const slow = heard<SlowOperationMessage>(channels.slowOperation);
    await using pool = await openPool({ workers: 1, slowOperationMs: 0.001 });
    const program = `
      const { subscribe } = require('node:diagnostics_channel');
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.module).then(async ({ channels, connectPool }) => {
        const slow = [];
        subscribe(channels.slowOperation, (message) => slow.push(message));
        const pool = await connectPool(workerData.port);
        (await pool.readFile('package.json', undefined, { placement: { worker: 0 } })).release();
        await pool.close();
        parentPort.postMessage(slow);
      });
    `;
    const workerData = { port: pool.port(), module: import.meta.resolve('@ringpool/pool') };
    const thread = new Worker(program, { eval: true, workerData });
    onTestFinished(async () => {
      await thread.terminate();
    });
    const theirs = await new Promise<SlowOperationMessage[]>((resolve) => thread.once('message', resolve));
    expect(theirs[0]).toMatchObject({ operation: 'openat', client: 1, worker: 0, thresholdMs: 0.001 });
    expect(slow).toEqual([]);
  });

  test('a subscriber may use the pool, and one that throws disturbs nobody', async () => {
    const { code, stdout, stderr } = await runFixture('subscribers.mjs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ told: 20, thrown: 20, read: 20 });
  });

  test('that are not slow cost no memory', () => {
    heard(channels.slowOperation);
    const meter = Meters.create(1).lane(0, 0);
    const timing = new Timing(meter, { client: 0, worker: undefined, slowOperationMs: 1000 }, 64);
    const sqes = new Uint32Array(64 * 16);
    const indices = Int32Array.from({ length: 64 }, (_, index) => index);
    for (const index of indices) {
      encode.nop(sqes, index, {});
      sqes[index * 16 + 8] = index;
    }
    const batches = (count: number): void => {
      for (let batch = 0; batch < count; batch++) {
        timing.published(sqes, indices, 64);
        for (let index = 0; index < 64; index++) timing.ended(index, undefined as never, 0, 0);
        timing.reaped(64, 0);
      }
    };
    batches(5000);
    const before = process.memoryUsage().heapUsed;
    batches(2000); // 128,000 operations: below what makes the collector run, did each take 16 bytes
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(128_000 * 4);
  });
});

describe('worker crashes', () => {
  test('are told once each in the thread that opened the pool, and closing is none', async () => {
    const { code, stdout, stderr } = await runFixture('crashes.mjs');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual([
      { worker: 1, generation: 1, started: true, message: 'exited with code 1' },
      { worker: 1, generation: 2, started: true, message: 'thrown in the worker' },
      { worker: 1, generation: 3, started: false, message: expect.any(String) },
    ]);
  });
});

describe('fallbacks', () => {
  test.skipIf(lacks('ring fallbacks'))(
    'a ring in mapped memory, on a lower rung, with fewer entries',
    async () => {
      const told = heard<FallbackMessage>(channels.fallback);
      const { open } = Ring;
      const lesser = vi
        .spyOn(Ring, 'open')
        .mockImplementation((options) =>
          open.call(Ring, { ...options, memory: 'mapped', rung: 'plain', entries: options.entries / 2 }),
        );
      onTestFinished(() => lesser.mockRestore());
      const pool = await openPool({ workers: 1, registration: 'off' });
      await pool.close();
      await setImmediate();
      expect(told.map(({ kind }) => kind)).toEqual(['ring-memory', 'ring-flags', 'ring-entries']);
      expect(told.map(({ worker }) => worker)).toEqual(told.map(() => undefined));
      expect(told[1]?.message).toMatch("'plain'");
    },
  );

  test('there are none where everything is granted', async () => {
    const told = heard<FallbackMessage>(channels.fallback);
    await using pool = await openPool({ workers: 1, depth: 8 });
    (await pool.readFile('package.json', undefined, { placement: 'workers' })).release();
    expect(told).toEqual([]);
  });

  test.skipIf(lacks('registered memory'))('memory that its own ring cannot register', async () => {
    const told = heard<FallbackMessage>(channels.fallback);
    await using pool = await openPool({ workers: 1, placement: 'local' });
    const refused = vi.spyOn(Ring.prototype, 'cloneBuffersFrom').mockImplementation(() => {
      throw new RingpoolError('EINVAL', 'cannot clone');
    });
    onTestFinished(() => refused.mockRestore());
    for (let round = 0; round < 3; round++) (await pool.readFile('package.json')).release();
    const once = { kind: 'registration', worker: undefined, error: { code: 'EINVAL' } };
    expect(told).toMatchObject([once]);
    expect(told[0]?.bytes).toBeGreaterThan(0);
    // Another segment: what is known of the first one is not told again.
    const large = pool.alloc((told[0]?.bytes ?? 0) + 1);
    (await pool.readFile('package.json')).release();
    expect(told).toMatchObject([once, { ...once, bytes: expect.any(Number) }]);
    large.release();
  });

  test.skipIf(lacks('registered memory'))('a subscriber may use the pool', async () => {
    await using pool = await openPool({ workers: 1, placement: 'local' });
    const reads: Promise<number>[] = [];
    const listener = (): void => {
      const read = pool.readFile('package.json').then((contents) => {
        contents.release();
        return contents.length;
      });
      reads.push(read);
      pool.poll();
    };
    subscribe(channels.fallback, listener);
    const refused = vi.spyOn(Ring.prototype, 'cloneBuffersFrom').mockImplementation(() => {
      throw new RingpoolError('EINVAL', 'cannot clone');
    });
    onTestFinished(() => {
      refused.mockRestore();
      unsubscribe(channels.fallback, listener);
    });
    (await pool.readFile('package.json')).release();
    expect(await Promise.all(reads)).toEqual([fs.statSync('package.json').size]);
    await until(() => pool.metrics().lanes.every(({ inFlight }) => inFlight === 0));
    // Four operations each: had it been called in the midst of handing the first ones over, they would count twice.
    expect(pool.metrics().lanes.map(({ submitted }) => submitted)).toEqual([8]);
  });

  /** What a child process with these limits is told. */
  function toldUnder(limits: string, ...args: readonly string[]): readonly FallbackMessage[] {
    const fixture = fileURLToPath(new URL('../fixtures/fallbacks.mjs', import.meta.url));
    const words = [`${limits} && exec "$0" "$@"`, process.execPath, fixture, ...args];
    const child = spawnSync('sh', ['-c', ...words], { encoding: 'utf8', timeout: HANG_MS });
    expect(child.stderr).toBe('');
    return JSON.parse(child.stdout) as FallbackMessage[];
  }

  test.skipIf(lacks('ring fallbacks'))('rings without fixed files, the workers’ too', () => {
    const told = toldUnder('ulimit -n 512', '0', 'off', '1024');
    expect(told.map(({ kind, worker }) => [kind, worker ?? 'own'])).toEqual([
      ['file-table', 'own'],
      ['file-table', 0],
    ]);
  });

  test.skipIf(lacks('registered memory'))('memory beyond what RLIMIT_MEMLOCK leaves', ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can become another user');
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'file'), pattern(10));
    chmodSync(folder, 0o755);
    const told = toldUnder('ulimit -l 8192', '63000', 'auto', '256');
    expect(told.length).toBeGreaterThan(1);
    expect(told.every(({ kind, bytes }) => kind === 'registration' && bytes === 512 * 1024)).toBe(true);
    expect(told[0]?.message).toMatch(/RLIMIT_MEMLOCK/);
  });
});
