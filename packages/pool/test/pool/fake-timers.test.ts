// Fake timers in the test of a program that uses the pool do not freeze the pool.
import { statSync } from 'node:fs';
import { openPool } from '@ringpool/pool';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.useRealTimers();
});

test('reads complete and the pool closes while every timer is a fake', async () => {
  const pool = await openPool({ workers: 1 });
  vi.useFakeTimers({
    toFake: ['setTimeout', 'setImmediate', 'setInterval', 'performance', 'Date', 'hrtime'],
  });
  for (let round = 0; round < 20; round++) {
    const reads = await Promise.all(Array.from({ length: 50 }, () => pool.readFile('package.json')));
    for (const contents of reads) {
      expect(contents.length).toBe(statSync('package.json').size);
      contents.release();
    }
  }
  await pool.close();
});
