// Asynchronous contexts: what a caller waits for goes on in the caller's, and what the pool does for itself in the one in
// which it was opened.
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Arena } from '@ringpool/core';
import { channels, openPool, type Placement } from '@ringpool/pool';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { LaneMemory } from '../../src/pool/lane-memory.ts';
import { Owner } from '../../src/pool/owner.ts';
import { Registration } from '../../src/pool/registration.ts';
import { Supervisor } from '../../src/pool/supervisor.ts';
import { PoolWords, WORKER_STATE } from '../../src/pool/words.ts';
import { byDriver, hostOver } from '../features.ts';
import { runFixture, temporaryPipe, until } from '../support.ts';

const PLACEMENTS: readonly Placement[] = ['local', 'workers'];
const context = new AsyncLocalStorage<string | object>();
const store = (): string | object | undefined => context.getStore();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What kinds of resources are created in a context until the test is over. */
function createdIn(name: string): Set<string> {
  const types = new Set<string>();
  const hook = createHook({
    init(_id, type) {
      if (store() === name) types.add(type);
    },
  }).enable();
  onTestFinished(() => {
    hook.disable();
  });
  return types;
}

describe('a caller finds its context again', () => {
  test.each(PLACEMENTS)(
    'after each kind of promise, however many are under way, placed %s',
    async (placement) => {
      // More than a lane takes, on few request objects: they are used again, by others.
      const pool = await context.run('opener', () => openPool({ workers: 1, depth: 8, placement }));
      const file = await pool.open('package.json');
      const one = async (index: number): Promise<void> => {
        const mine = `request ${index}`;
        const lease = pool.alloc(64);
        for (let round = 0; round < 4; round++) {
          await file.read(lease, { position: 0 });
          expect(store()).toBe(mine);
          await file.read(new Uint8Array(8), { position: round });
          expect(store()).toBe(mine);
          (await pool.readFile('package.json')).release();
          expect(store()).toBe(mine);
          const own = await pool.open('README.md');
          expect(store()).toBe(mine);
          await pool.batch([{ file: own, memory: lease, position: 0 }]);
          expect(store()).toBe(mine);
          await own.close();
          expect(store()).toBe(mine);
          await expect(pool.open('missing')).rejects.toThrow(/ENOENT/);
          expect(store()).toBe(mine);
        }
        lease.release();
      };
      await Promise.all(
        Array.from({ length: 40 }, (_, index) => context.run(`request ${index}`, one, index)),
      );
      await file.close();
      await pool.close();
    },
  );

  test.each(PLACEMENTS)('in the callbacks of a batch, placed %s', async (placement) => {
    await using pool = await openPool({ workers: 1, depth: 8, placement });
    const file = await pool.open('package.json');
    const lease = pool.alloc(64);
    const requests = Array.from({ length: 50 }, () => ({ file, memory: lease, position: 0 }));
    const batch = async (): Promise<unknown[]> => {
      const stores: unknown[] = [];
      await pool.batch(requests, { onComplete: () => stores.push(store()) });
      return [...new Set(stores)];
    };
    const names = ['first', 'second', 'third'];
    const found = await Promise.all(names.map((name) => context.run(name, batch)));
    expect(found).toEqual(names.map((name) => [name]));
    await file.close();
  });

  test.each(PLACEMENTS)(
    'when a signal that it shares with others is aborted, placed %s',
    async (placement) => {
      await using pool = await openPool({ workers: 1, placement });
      const file = await pool.open(temporaryPipe(), fs.constants.O_RDWR);
      const lease = pool.alloc(8);
      const controller = new AbortController();
      const { signal } = controller;
      const read = async (): Promise<unknown> =>
        file.read(lease, { position: 0, length: 1, signal }).catch(({ code }) => [code, store()]);
      const batch = async (): Promise<unknown> =>
        pool
          .batch([{ file, memory: lease, position: 0, length: 1 }], { signal })
          .catch(({ code }) => [code, store()]);
      const ended = Promise.all([
        context.run('first', read),
        context.run('second', read),
        context.run('third', batch),
      ]);
      await sleep(10);
      context.run('aborter', () => controller.abort());
      expect(await ended).toEqual([
        ['ABORT_ERR', 'first'],
        ['ABORT_ERR', 'second'],
        ['ABORT_ERR', 'third'],
      ]);
      await file.close();
    },
  );
});

describe('what the pool does for itself', () => {
  test('is in no caller’s context: ticks, immediates, timers, workers, whoever caused them', async () => {
    const pool = await context.run('opener', () => openPool({ workers: 2, depth: 8 }));
    const created = createdIn('request');
    await context.run('request', async () => {
      const lease = pool.alloc(256 * 1024);
      const file = await pool.open(process.execPath);
      // Small ones run here and large ones have workers started; more than a lane takes wait.
      const small = Array.from({ length: 40 }, () =>
        file.read(lease, { position: 0, offset: 0, length: 64 }),
      );
      const large = Array.from({ length: 40 }, () => file.read(lease, { position: 0 }));
      await Promise.all([...small, ...large]);
      await Promise.all(large.map(() => file.read(lease, { position: 0, placement: 'workers' })));
      await file.close();
      lease.release();
    });
    expect(pool.workers.length).toBeGreaterThan(0);
    await pool.close();
    expect([...created]).toEqual(['PROMISE']); // the caller's own
  });

  test('its callbacks run in the context in which it was opened', async () => {
    const pool = await context.run('opener', () => openPool({ workers: 1, slowOperationMs: 0 }));
    const stores = new Map<string, unknown>();
    const listener = (message: unknown): void => {
      stores.set(String((message as { worker: unknown }).worker), store());
    };
    subscribe(channels.slowOperation, listener);
    onTestFinished(() => {
      unsubscribe(channels.slowOperation, listener);
    });
    await context.run('request', async () => {
      (await pool.readFile('package.json', undefined, { placement: 'workers' })).release();
      const reading = pool.readFile('package.json', undefined, { placement: 'local' });
      pool.poll(); // it completes within this call
      (await reading).release();
    });
    const told = [...stores].sort();
    const own = ['undefined', 'opener'];
    expect(told).toEqual([['0', 'opener'], ...byDriver({ uring: [own], threads: [] })]);
    await pool.close();
  });

  test('workers are wanted in no closer’s context either', async () => {
    const words = PoolWords.create();
    const host = hostOver(words);
    const memory = LaneMemory.create(1, 8);
    const bell = host.createBell();
    words.supervisorBell = bell.token;
    const arena = Arena.create({ capBytes: 1024 * 1024, addressOf: host.addressOf });
    const registration = new Registration('off', words);
    const owner = context.run(
      'opener',
      () => new Owner(words, host, memory, arena, { anchor: undefined, registration }, bell),
    );
    const seen: unknown[] = [];
    const start = vi.spyOn(Supervisor.prototype, 'startWanted').mockImplementation(() => {
      seen.push(store());
    });
    onTestFinished(async () => {
      start.mockRestore();
      await owner.endWorkers();
      owner.close();
    });
    words.setWorkerState(0, WORKER_STATE.WANTED);
    words.swapSeat(1, 0, (1 << 3) | 2); // somebody has not left yet
    void context.run('closer', () => owner.sendGuestsAway());
    bell.ring();
    await until(() => seen.length === 2);
    expect(seen).toEqual(['opener', 'opener']);
  });

  test('crashes are told in the opener’s context, whoever wanted the worker', async () => {
    const { code, stdout, stderr } = await runFixture('crash-context.mjs');
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: 'opener\n' });
  });

  test.each(PLACEMENTS)(
    'holds on to no context of an operation that is over, placed %s',
    async (placement) => {
      const pool = await openPool({ workers: 1, placement });
      const file = await pool.open('package.json');
      const controller = new AbortController();
      const operate = async (): Promise<void> => {
        const lease = pool.alloc(64);
        const { signal } = controller;
        await pool.batch([{ file, memory: lease, position: 0 }], { signal, onComplete: () => undefined });
        (await pool.readFile('package.json')).release();
        await file.read(new Uint8Array(8), { position: 0, signal });
        lease.release();
      };
      const run = async (): Promise<WeakRef<object>> => {
        const mine = {};
        await context.run(mine, operate);
        return new WeakRef(mine);
      };
      const gone = await run();
      await setImmediate();
      await setImmediate();
      collectGarbage();
      expect(gone.deref()).toBeUndefined();
      await file.close();
      await pool.close();
    },
  );
});
