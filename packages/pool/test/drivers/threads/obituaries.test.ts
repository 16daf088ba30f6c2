// Obituaries and lives without the addon: of a thread that has ended, in whatever way, what it left is carried out, once; of
// one that lives never.
import { closeSync, constants, fstatSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { threadId, Worker } from 'node:worker_threads';
import type { DoorbellToken } from '@ringpool/native';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { BELL_TABLE_WORDS, BellTable } from '../../../src/drivers/threads/bell-table.ts';
import { DescriptorLedger, LEDGER_BYTES } from '../../../src/drivers/threads/descriptor-ledger.ts';
import { isOver, type Life, mayLive, ownLife } from '../../../src/drivers/threads/life.ts';
import { OBITUARIES_WORDS, Obituaries } from '../../../src/drivers/threads/obituaries.ts';
import { temporaryFolder, until } from '../../support.ts';

const POOL_WORDS = 64;
const [STORE, ADD] = [3, 5];
const [ALIVE, GONE] = [10, 20];
/** No thread of Node's has this number. */
const NOBODY = -1;
/** Tasks have numbers below 2^22. */
const NO_TASK = 2 ** 29;
const LONG_GONE: Life = { threadId: 4711, task: NO_TASK, startedTicks: 1 };

const shared = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4), 0, count);

let words: Int32Array;
let pool: Int32Array;
let bells: BellTable;
let ledger: DescriptorLedger;
beforeEach(() => {
  words = shared(OBITUARIES_WORDS);
  pool = shared(POOL_WORDS);
  pool[STORE] = ALIVE;
  bells = new BellTable(shared(BELL_TABLE_WORDS), 0);
  ledger = new DescriptorLedger(new SharedArrayBuffer(LEDGER_BYTES), false);
});

const inThread = (life: Life): Obituaries => new Obituaries(words, pool, bells, ledger, life);
const about = { words: shared(1), storeIndex: STORE, storeValue: GONE, addIndex: ADD };
const stored = (): readonly number[] => [pool[STORE] as number, pool[ADD] as number];

describe('an obituary', () => {
  test('of a thread that lives is not carried out', () => {
    inThread(ownLife()).write(about);
    inThread(ownLife()).carryOut(NOBODY);
    expect(stored()).toEqual([ALIVE, 0]);
  });

  test('of one that has ended is carried out once', () => {
    inThread(LONG_GONE).write(about);
    for (let look = 0; look < 3; look++) inThread(ownLife()).carryOut(NOBODY);
    expect(stored()).toEqual([GONE, 1]);
  });

  test('is carried out for whoever says that the thread has ended, where nothing can be looked up', () => {
    inThread({ threadId: 7, task: 0, startedTicks: 0 }).write(about);
    inThread(ownLife()).carryOut(NOBODY);
    inThread(ownLife()).carryOut(8);
    expect(stored()).toEqual([ALIVE, 0]);
    inThread(ownLife()).carryOut(7);
    expect(stored()).toEqual([GONE, 1]);
  });

  test('of a task whose number has come again is carried out', () => {
    const own = ownLife();
    inThread({ ...own, threadId: 4711, startedTicks: own.startedTicks - 1 }).write(about);
    inThread(own).carryOut(NOBODY);
    expect(stored()).toEqual([GONE, 1]);
  });

  test.each([
    [[ALIVE], GONE],
    [[1, ALIVE], GONE],
    [[1], ALIVE],
    [[1, 2], ALIVE],
  ])('stores where one of %j stands, and adds in any case', (expected, left) => {
    inThread(LONG_GONE).write({ ...about, expected });
    inThread(ownLife()).carryOut(NOBODY);
    expect(stored()).toEqual([left, 1]);
  });

  test('that is taken back is nobody’s, also when its place is another one’s', () => {
    const first = inThread(LONG_GONE).write(about);
    first.cancel();
    inThread(ownLife()).carryOut(NOBODY);
    expect(stored()).toEqual([ALIVE, 0]);
    inThread(LONG_GONE).write(about);
    first.cancel();
    inThread(ownLife()).carryOut(NOBODY);
    expect(stored()).toEqual([GONE, 1]);
  });

  test('rings bells of its own and those of a table', async () => {
    const all = [bells.create(() => undefined), bells.create(() => undefined), bells.create(() => undefined)];
    const heard = new Set<number>();
    for (const [index, bell] of all.entries()) {
      bell.watch(() => heard.add(index));
      onTestFinished(() => bell.close());
    }
    for (const [row, bell] of [all[1], all[2]].entries()) {
      pool[20 + row * 4] = bell?.token.index ?? 0;
      pool[21 + row * 4] = bell?.token.generation ?? 0;
    }
    const obituary = inThread(LONG_GONE).write(about);
    obituary.setBells([(all[0] as (typeof all)[number]).token, { index: -1, generation: 3 }]);
    obituary.setBellTable({ index: 20, stride: 4, count: 3 });
    inThread(ownLife()).carryOut(NOBODY);
    await until(() => heard.size === 3);
  });

  test('is rung for to the end by another thread when the one that rings ends', () => {
    /** Whoever rings by it ends at the second bell. */
    const deadly = new (class extends BellTable {
      override ring(token: DoorbellToken): void {
        if (rung.push(token.index) === 2) throw new Error('terminated');
      }
    })(shared(BELL_TABLE_WORDS), 0);
    const rung: number[] = [];
    const table = new (class extends BellTable {
      override ring(token: DoorbellToken): void {
        rung.push(token.index);
      }
    })(shared(BELL_TABLE_WORDS), 0);
    for (let row = 0; row < 3; row++) pool[20 + row * 2] = row + 1;
    inThread(LONG_GONE).write(about).setBellTable({ index: 20, stride: 2, count: 3 });
    const killed = new Obituaries(words, pool, deadly, ledger, { ...LONG_GONE, threadId: 4712 });
    expect(() => killed.carryOut(NOBODY)).toThrow('terminated');
    expect(rung.splice(0)).toEqual([1, 2]);
    const other = new Obituaries(words, pool, table, ledger, ownLife());
    expect(other.ownerIsOver).toBe(true);
    for (let look = 0; look < 3; look++) other.carryOut(NOBODY);
    expect(rung).toEqual([1, 2, 3]);
    expect(stored()).toEqual([GONE, 1]);
    expect(other.ownerIsOver).toBe(false);
  });

  test('has what was opened for its thread closed, and nothing else', () => {
    const name = path.join(temporaryFolder(), 'file');
    writeFileSync(name, 'x');
    const open = (owner: number): number => ledger.open(Buffer.from(name), constants.O_RDONLY, 0, owner, 0);
    const [gone, stays] = [ledger.newOwner(), ledger.newOwner()];
    const [theirs, mine] = [open(gone), open(stays)];
    inThread(LONG_GONE).write(about).setDescriptors(gone);
    inThread(ownLife()).carryOut(NOBODY);
    expect(() => fstatSync(theirs)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(fstatSync(mine).isFile()).toBe(true);
    closeSync(mine);
  });

  test('that is dropped for a successor stores nothing', () => {
    inThread(LONG_GONE).write(about);
    inThread(LONG_GONE).write({ ...about, storeIndex: STORE + 20 });
    inThread(ownLife()).drop(STORE);
    inThread(ownLife()).carryOut(NOBODY);
    expect([...stored(), pool[STORE + 20]]).toEqual([ALIVE, 1, GONE]);
  });
});

test('a place where a thread ended in the midst of writing is taken; one where a living thread writes is not', () => {
  const [first, second, third] = [0, 1, 2].map((index) => 1 + (index * (OBITUARIES_WORDS - 1)) / 256) as [
    number,
    number,
    number,
  ];
  words[first] = -NO_TASK;
  words[second] = -ownLife().task;
  for (let written = 0; written < 2; written++) inThread(LONG_GONE).write(about);
  expect([words[first], words[second], words[third]]).toEqual([1, -ownLife().task, 2]);
  inThread(ownLife()).carryOut(NOBODY);
  expect(stored()).toEqual([GONE, 2]);
});

test('as many as there are places for, and one more is refused', () => {
  const mine = inThread(ownLife());
  const all = Array.from({ length: 256 }, () => mine.write(about));
  expect(() => mine.write(about)).toThrow(expect.objectContaining({ code: 'ERR_RINGPOOL_TOO_MANY_CLIENTS' }));
  all[100]?.cancel();
  expect(() => mine.write(about)).not.toThrow();
});

describe('the thread that opened the pool', () => {
  test.each([
    [ownLife(), false],
    [LONG_GONE, true],
  ])('%j is over: %s', (life, over) => {
    inThread(life).write(about);
    inThread(ownLife()).write(about);
    expect(inThread(ownLife()).ownerIsOver).toBe(over);
  });

  test('is not over once it has taken its obituary back', () => {
    inThread(LONG_GONE).write(about).cancel();
    expect(inThread(ownLife()).ownerIsOver).toBe(false);
  });
});

describe('a thread', () => {
  const modules = ['life', 'obituaries', 'bell-table', 'descriptor-ledger'].map(
    (name) => new URL(`../../../dist/drivers/threads/${name}.js`, import.meta.url).href,
  );
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    Promise.all(workerData.modules.map((module) => import(module))).then(
      ([{ ownLife }, { Obituaries }, { BellTable }, { DescriptorLedger }]) => {
        const { words, pool, bells, descriptors, about } = workerData;
        const ledger = new DescriptorLedger(descriptors, false);
        new Obituaries(words, pool, new BellTable(bells, 0), ledger, ownLife()).write(about);
        parentPort.postMessage(ownLife());
        parentPort.once('message', (how) => {
          if (how === 'throw') throw new Error('on purpose');
          if (how === 'exit') process.exit(3);
          if (how === 'loop') for (;;);
          parentPort.close();
        });
      },
    );
  `;

  test.each(['close', 'exit', 'throw', 'terminate', 'loop'])(
    'that ends by %s is found to have ended, and not before',
    async (how) => {
      const [bellWords, descriptors] = [shared(BELL_TABLE_WORDS), new SharedArrayBuffer(LEDGER_BYTES)];
      const workerData = { modules, words, pool, bells: bellWords, descriptors, about };
      const thread = new Worker(program, { eval: true, workerData });
      thread.on('error', () => undefined);
      const life = await new Promise<Life>((resolve) => thread.once('message', resolve));
      expect(life.threadId).toBe(thread.threadId);
      const mine = inThread(ownLife());
      mine.carryOut(NOBODY);
      expect([isOver(life), mayLive(life.task), ...stored()]).toEqual([false, true, ALIVE, 0]);
      const exit = new Promise((resolve) => thread.once('exit', resolve));
      if (how !== 'terminate') thread.postMessage(how);
      if (how === 'terminate' || how === 'loop') void thread.terminate();
      await exit;
      await until(() => {
        mine.carryOut(NOBODY);
        return isOver(life);
      });
      mine.carryOut(NOBODY);
      expect([mayLive(life.task), ...stored()]).toEqual([false, GONE, 1]);
    },
  );

  test('knows itself', () => {
    const own = ownLife();
    expect(own).toMatchObject({ threadId, task: process.pid });
    expect(isOver(own)).toBe(false);
    expect(isOver({ ...own, startedTicks: own.startedTicks + 1 })).toBe(true);
    expect(isOver({ task: 0, startedTicks: 0 })).toBe(false);
    expect([mayLive(own.task), mayLive(NO_TASK)]).toEqual([true, false]);
  });
});
