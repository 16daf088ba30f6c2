// Where a client's operations are on several rings, the client itself has what drains wait, and others wait for it. Whatever
// becomes of it, nobody waits for ever.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fd, IOSQE } from '@ringpool/core';
import { type File, openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runFixture, temporaryPipe } from '../support.ts';
import { EACH_DRIVER } from './each-driver.ts';

describe.each(EACH_DRIVER)('on %s', (driver) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ driver, workers: 2 });
  });
  afterAll(() => pool.close());

  async function opened(path: string, flags?: number): Promise<File> {
    const file = await pool.open(path, flags);
    onTestFinished(() => file.close());
    return file;
  }

  // The kernel does not cancel what drains before it has begun.
  test.skipIf(driver === 'uring')(
    'what came after one that drains goes on when that one is aborted',
    async () => {
      const pipe = await opened(temporaryPipe(), fs.constants.O_RDWR);
      const file = await opened('package.json');
      const reading = pipe.read(Buffer.alloc(4), { position: 0 });
      await sleep(20);
      const controller = new AbortController();
      const { signal } = controller;
      const draining = pool.submit({ op: 'fsync', fd: fd(file.fd), flags: IOSQE.IO_DRAIN }, { signal });
      const after = pool.submit({ op: 'nop' });
      await sleep(20);
      controller.abort();
      await expect(draining).rejects.toMatchObject({ code: 'ABORT_ERR' });
      expect((await after).result).toBe(0);
      fs.writeSync(pipe.fd, 'pipe');
      expect(await reading).toBe(4);
    },
  );

  test('what came after one that drains waits for it, on whichever worker it is placed', async () => {
    const pipe = await opened(temporaryPipe(), fs.constants.O_RDWR);
    const reading = pipe.read(Buffer.alloc(4), { position: 0, placement: 'workers' });
    await sleep(20);
    const order: string[] = [];
    const note = (name: string) => (): void => void order.push(name);
    const draining = pool.submit({ op: 'nop', flags: IOSQE.IO_DRAIN }).then(note('draining'));
    const after = [{ worker: 0 }, { worker: 1 }, 'workers'] as const;
    const later = after.map((placement) => pool.submit({ op: 'nop' }, { placement }).then(note('later')));
    await sleep(50);
    // On io_uring they are on other rings than what drains.
    if (driver !== 'uring') expect(order).toEqual([]);
    fs.writeSync(pipe.fd, 'pipe');
    await Promise.all([reading, draining, ...later]);
    if (driver !== 'uring') expect(order).toEqual(['draining', 'later', 'later', 'later']);
  });

  test('what was let in waits for a drain however many others do', async () => {
    const narrow = await openPool({ driver, workers: 2, depth: 8, waitingMax: 16 });
    onTestFinished(() => narrow.close());
    const draining = narrow.submit({ op: 'nop', flags: IOSQE.IO_DRAIN });
    const after = Array.from({ length: 40 }, () =>
      narrow.submit({ op: 'nop' }, { placement: { worker: 1 } }),
    );
    const refused = new Set<number>();
    for (const [index, one] of after.entries()) one.catch(() => refused.add(index));
    await new Promise(process.nextTick);
    const atOnce = refused.size;
    await Promise.allSettled([draining, ...after]);
    expect(refused.size).toBe(atOnce);
  });

  test.skipIf(driver !== 'threads').each(['worker', 'auto'])(
    'what a worker had not taken when it died goes before what drains (%s)',
    async (where) => {
      const ended = await runFixture('drain-order.mjs', where);
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect(JSON.parse(ended.stdout).slice(0, 4).sort()).toEqual(['0', '1', '2', '3']);
      expect(JSON.parse(ended.stdout).slice(4)).toEqual(['drain', 'after', 'after']);
    },
  );

  test('a file closes while what drains waits for an event', async () => {
    const pipe = await opened(temporaryPipe(), fs.constants.O_RDWR);
    const file = await opened('package.json');
    const memory = pool.alloc(4);
    const read = { op: 'read', fd: fd(pipe.fd), buffer: memory.address, length: 4, offset: -1 } as const;
    const draining = pool.submit({ ...read, flags: IOSQE.IO_DRAIN });
    await sleep(20);
    await file.close();
    fs.writeSync(pipe.fd, 'pipe');
    expect((await draining).result).toBe(4);
    memory.release();
  });

  test('what drains goes to the next worker when the first one dies before it takes it', async () => {
    const ended = await runFixture('drain-death.mjs', driver);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(ended.stdout)).toEqual({ result: 0, read: true });
  });
});
