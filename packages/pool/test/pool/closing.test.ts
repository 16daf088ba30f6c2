// What closing a pool must not leave behind: operations of several steps in their midst, files that open meanwhile.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { openPool } from '@ringpool/pool';
import { expect, test } from 'vitest';
import { HANG_MS, openTargets, pattern, temporaryFolder } from '../support.ts';

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
