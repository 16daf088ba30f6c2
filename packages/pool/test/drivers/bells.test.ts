// Bells without eventfds have places in a table: what is closed gives its place back, and what is rung is heard.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectPool, openPool } from '@ringpool/pool';
import { expect, onTestFinished, test } from 'vitest';
import { BELL_TABLE_WORDS, BellTable } from '../../src/drivers/threads/bell-table.ts';
import { ownLife } from '../../src/drivers/threads/life.ts';
import { until } from '../support.ts';

const BELLS_MAX = 256;
/** Tasks have numbers below 2^22. */
const NO_TASK = 2 ** 29;

function table(): BellTable {
  return new BellTable(new Int32Array(new SharedArrayBuffer(BELL_TABLE_WORDS * 4), 0, BELL_TABLE_WORDS), 0);
}

test('a bell that is closed gives its place back, and nobody attaches to it any more', async () => {
  const bells = table();
  for (let round = 0; round < 3 * BELLS_MAX; round++) {
    const bell = bells.create(() => undefined);
    const other = bells.attach(bell.token);
    let heard = 0;
    bell.watch(() => heard++);
    other.ring();
    if (round % BELLS_MAX === 0) await until(() => heard > 0);
    bell.close();
    other.close();
    expect(() => bells.attach(bell.token)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  }
});

test('who rings a bell that is gone rings nobody else out of his sleep for good', async () => {
  const bells = table();
  const first = bells.create(() => undefined);
  const late = bells.attach(first.token);
  first.close();
  const second = bells.create(() => undefined);
  onTestFinished(() => second.close());
  expect(second.token.index).toBe(first.token.index);
  let heard = 0;
  second.watch(() => heard++);
  late.ring();
  await until(() => heard > 0);
  const before = heard;
  bells.ring(second.token);
  await until(() => heard > before);
});

test('bells of threads that have ended before anybody knew of them give their places back when there is no other', () => {
  const memory = new SharedArrayBuffer(BELL_TABLE_WORDS * 4);
  const by = (task: number): BellTable => new BellTable(new Int32Array(memory, 0, BELL_TABLE_WORDS), task);
  const alive = by(ownLife().task);
  for (let bell = 0; bell < BELLS_MAX - 2; bell++) alive.create(() => undefined);
  const lost = by(NO_TASK).create(() => undefined);
  alive.create(() => undefined);
  const mine = alive.create(() => undefined);
  expect(mine.token.index).toBe(lost.token.index);
  expect(() => alive.attach(lost.token)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  lost.close();
  alive.attach(mine.token).close();
  expect(() => alive.create(() => undefined)).toThrow(
    expect.objectContaining({ code: 'ERR_RINGPOOL_TOO_MANY_CLIENTS' }),
  );
});

test('whoever forgets a dead bell takes nothing from the one that has its place meanwhile', () => {
  const words = new Int32Array(new SharedArrayBuffer(BELL_TABLE_WORDS * 4), 0, BELL_TABLE_WORDS);
  const dead = new BellTable(words, NO_TASK);
  const tokens = Array.from({ length: BELLS_MAX }, () => dead.create(() => undefined).token);
  const mine = new BellTable(words, ownLife().task);
  const { load } = Atomics;
  onTestFinished(() => {
    Atomics.load = load;
  });
  // The place is taken anew between the first look at it and the next.
  Atomics.load = ((view: Int32Array, index: number) => {
    Atomics.load = load;
    const seen = load(view, index);
    mine.create(() => undefined);
    return seen;
  }) as typeof load;
  mine.forget(tokens[0] as (typeof tokens)[number]);
  expect([words[1], words[3]]).toEqual([BELLS_MAX + 1, ownLife().task]);
});

test('threads that find no seat leave nothing behind', async () => {
  const pool = await openPool({ driver: 'threads', workers: 1 });
  const port = pool.port();
  const guests = await Promise.all(Array.from({ length: 63 }, () => connectPool(port)));
  for (let attempt = 0; attempt < 2 * BELLS_MAX; attempt++) {
    await expect(connectPool(port)).rejects.toMatchObject({
      message: expect.stringContaining('seats') as string,
    });
  }
  await Promise.all(guests.map((guest) => guest.close()));
  await until(() => pool.metrics().clients === 1);
  await (await connectPool(port)).close();
  await pool.close();
});

/** How often threads of this process have gone to sleep. */
function sleepsOf(tasks: readonly string[]): number {
  const sleeps = tasks.map((task) => {
    const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8');
    return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
  });
  return sleeps.reduce((sum, count) => sum + count, 0);
}

test.skipIf(process.platform !== 'linux')('nobody wakes a worker that has nothing to do', async () => {
  const before = new Set(readdirSync('/proc/self/task'));
  const pool = await openPool({ driver: 'threads', workers: 2 });
  for (const worker of [0, 1]) await pool.submit({ op: 'nop' }, { placement: { worker } });
  await sleep(500);
  const tasks = readdirSync('/proc/self/task').filter((task) => !before.has(task));
  const sleeps = sleepsOf(tasks);
  await sleep(1000);
  expect(tasks.length).toBeGreaterThan(1);
  expect(sleepsOf(tasks) - sleeps).toBeLessThan(8);
  await pool.close();
});
