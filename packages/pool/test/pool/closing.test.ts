// What closing a pool must not leave behind: operations of several steps in their midst, files that open meanwhile.
import { writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { openPool } from '@ringpool/pool';
import { expect, test } from 'vitest';
import { HANG_MS, openTargets, pattern, temporaryFolder, temporaryPipe } from '../support.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });

test('waits for a file that is read in several steps', { timeout: HANG_MS }, async () => {
  const name = path.join(temporaryFolder(), 'large');
  const bytes = pattern(20_000_000);
  writeFileSync(name, bytes);
  for (const workers of [1, 2]) {
    const pool = await openPool({ workers, arenaBytes: 128 * 1024 * 1024 });
    const reading = pool.readFile(name);
    const closing = pool.close();
    expect(Buffer.compare((await reading).bytes, bytes)).toBe(0);
    await closing;
  }
});

test('closes a file that was being opened, and says so to whoever opened it', async () => {
  const name = path.join(temporaryFolder(), 'file');
  writeFileSync(name, 'bytes');
  const pool = await openPool({ workers: 1 });
  const opening = expect(pool.open(name)).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
  await pool.close();
  await opening;
  expect(openTargets()).not.toContain(name);
});

test('takes a bound of any length', async () => {
  for (const timeoutMs of [Number.POSITIVE_INFINITY, 2 ** 40]) {
    const pool = await openPool({ workers: 1 });
    await pool.close({ timeoutMs });
  }
});

test('leaves its ring alone when its last operations ended before the turn that was to publish them', async () => {
  const name = path.join(temporaryFolder(), 'file');
  writeFileSync(name, pattern(2 ** 20));
  const pool = await openPool({ workers: 1, placement: 'local' });
  const [file, pipe] = [await pool.open(name), await pool.open(temporaryPipe(), 2)];
  const lease = pool.alloc(2 ** 20);
  const pending = pipe.read(lease, { position: 0, length: 1 });
  await sleep(20); // the client listens: the kernel rings its bell from here on
  await turn();
  // Rung, and reaped by the tick of a small read before the event loop hears the bell.
  writeSync(pipe.fd, 'x');
  await file.read(lease, { position: 0, length: 8 });
  await pending;
  const until = performance.now() + 2;
  while (performance.now() < until);
  // The budget of this turn is spent: what is asked for now is published by the next one, but for the 16th, which publishes
  // all of them at once. The bell is heard before that turn, and the pool is closed in reaction to it.
  await Promise.all(Array.from({ length: 16 }, () => file.read(lease, { position: 0 })));
  await pool.close();
  await turn();
});
