// Bells in shared memory: none is lost, none is heard by somebody else, and a watched one holds the event loop exactly then.

import { AsyncLocalStorage } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { BELL_TABLE_WORDS, BellTable } from '../../../src/drivers/threads/bell-table.ts';
import { HANG_MS, until } from '../../support.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
const nothing = (): void => undefined;

let words: Int32Array;
let table: BellTable;
beforeEach(() => {
  words = new Int32Array(new SharedArrayBuffer(BELL_TABLE_WORDS * 4), 0, BELL_TABLE_WORDS);
  table = new BellTable(words, 0);
});

describe('a bell', () => {
  test('is heard however often it is rung, by whoever attached to it', async () => {
    const bell = table.create(nothing);
    onTestFinished(() => bell.close());
    let heard = 0;
    bell.watch(() => heard++);
    const attached = new BellTable(words, 0).attach(bell.token);
    for (let round = 1; round <= 20; round++) {
      attached.ring();
      await until(() => heard >= round);
    }
    table.ring(bell.token);
    await until(() => heard > 20);
  });

  test('that is rung between the watcher’s load and its wait is heard', async () => {
    const bell = table.create(nothing);
    onTestFinished(() => bell.close());
    const { load } = Atomics;
    let rings = 0;
    // What another thread may do between two steps of this one.
    const loading = vi.spyOn(Atomics, 'load').mockImplementation(((...args: never) => {
      const found = (load as (...args: never) => unknown)(...args);
      if (rings++ < 3) bell.ring();
      return found;
    }) as never);
    onTestFinished(() => loading.mockRestore());
    let heard = 0;
    bell.watch(() => heard++);
    await until(() => heard === 3);
    await sleep(20);
    expect(heard).toBe(3);
  });

  test('calls back in the context in which it was watched', async () => {
    const context = new AsyncLocalStorage<string>();
    const bell = context.run('maker', () => table.create(nothing));
    onTestFinished(() => bell.close());
    const stores: unknown[] = [];
    context.run('watcher', () => bell.watch(() => stores.push(context.getStore())));
    for (let round = 1; round <= 3; round++) {
      context.run('ringer', () => bell.ring());
      await until(() => stores.length === round);
    }
    expect(stores).toEqual(['watcher', 'watcher', 'watcher']);
  });

  test('that is closed is not heard, and can be rung by nobody who has closed it', async () => {
    const bell = table.create(nothing);
    let heard = 0;
    bell.watch(() => heard++);
    const attached = table.attach(bell.token);
    attached.ring();
    bell.close();
    bell.close();
    attached.ring();
    await sleep(20);
    expect([heard, bell.closed]).toEqual([0, true]);
    expect(() => bell.ring()).toThrow(coded('EBADF'));
    attached.close();
    expect(() => attached.ring()).toThrow(coded('EBADF'));
  });

  test('that was forgotten is nobody’s: what has its place next is another one', async () => {
    const bell = table.create(nothing);
    bell.close();
    table.forget(bell.token);
    expect(() => table.attach(bell.token)).toThrow(coded('EBADF'));
    const next = table.create(nothing);
    onTestFinished(() => next.close());
    expect(next.token.index).toBe(bell.token.index);
    let heard = 0;
    next.watch(() => heard++);
    table.ring(bell.token);
    table.forget(bell.token);
    await setImmediate();
    expect(heard).toBe(0);
    table.ring(next.token);
    await until(() => heard === 1);
  });

  test('of no table is refused', () => {
    for (const index of [-1, 256, 2 ** 31]) {
      expect(() => table.attach({ index, generation: 1 })).toThrow(coded('EBADF'));
      table.forget({ index, generation: 1 });
      table.ring({ index, generation: 1 });
    }
  });

  test('looks by itself now and then while it holds the loop', async () => {
    let looks = 0;
    const bell = table.create(() => looks++);
    onTestFinished(() => bell.close());
    bell.watch(nothing);
    await until(() => looks >= 2);
    bell.hold(false);
    await sleep(150);
    const before = looks;
    await sleep(250);
    expect(looks).toBe(before);
    bell.hold(true);
    await until(() => looks > before);
  });
});

test('a table that is full says so, and has room again once a bell is forgotten', () => {
  const bells = Array.from({ length: 256 }, () => table.create(nothing));
  expect(new Set(bells.map(({ token }) => token.generation)).size).toBe(256);
  expect(() => table.create(nothing)).toThrow(coded('ERR_RINGPOOL_TOO_MANY_CLIENTS'));
  table.forget((bells[200] as (typeof bells)[number]).token);
  expect(table.create(nothing).token.index).toBe(200);
});

describe('a program', () => {
  const run = (program: string): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', `${prelude}${program}`], {
      encoding: 'utf8',
      timeout: HANG_MS,
      killSignal: 'SIGKILL',
    });
  const url = new URL('../../../dist/drivers/threads/bell-table.js', import.meta.url).href;
  const prelude = `
    import { Worker } from 'node:worker_threads';
    import { BELL_TABLE_WORDS, BellTable } from '${url}';
    const words = new Int32Array(new SharedArrayBuffer(BELL_TABLE_WORDS * 4));
    const bell = new BellTable(words, 0).create(() => undefined);
    const ringer = \`
      import('${url}').then(({ BellTable }) => {
        const { words, token } = require('node:worker_threads').workerData;
        setTimeout(() => new BellTable(words, 0).ring(token), 300);
      });
    \`;
    const ring = () => new Worker(ringer, { eval: true, execArgv: [], workerData: { words, token: bell.token } }).unref();
  `;

  test('that only waits for a bell which it holds lives until it is rung', () => {
    const said = run(`
      bell.watch(() => { console.log('rung'); bell.hold(false); });
      ring();
    `);
    expect(said).toBe('rung\n');
  });

  test('that only watches a bell ends by itself, and again after it has held it', () => {
    expect(run(`bell.watch(() => console.log('rung')); bell.hold(false); ring();`)).toBe('');
    const again = run(`
      bell.watch(() => console.log('rung'));
      bell.hold(false);
      bell.hold(true);
      setTimeout(() => { bell.hold(false); console.log('let go'); }, 250);
    `);
    expect(again).toBe('let go\n');
  });

  test('that closes a bell which it holds ends by itself', () => {
    expect(run(`bell.watch(() => console.log('rung')); setTimeout(() => bell.close(), 50);`)).toBe('');
  });
});
