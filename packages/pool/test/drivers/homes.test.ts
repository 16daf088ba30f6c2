// In a pool that a worker thread has opened on the driver threads, files end with the I/O worker that has opened them: also those
// of which nobody had heard when it ended. Their numbers are other files' then.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runFixture, temporaryFolder } from '../support.ts';

async function run(how: string): Promise<unknown> {
  const folder = temporaryFolder();
  const files = ['mine', 'other'].map((name) => path.join(folder, name));
  for (const file of files) writeFileSync(file, path.basename(file));
  const ended = await runFixture('home-death.mjs', how, ...files);
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  return JSON.parse(ended.stdout);
}

test('a file that was opened and not heard of is not the next one of its number', async () => {
  expect(await run('opened')).toEqual({ read: 'EBADF', bytes: '\0'.repeat(5), closed: 'done', left: true });
});

test('what a chain had opened is not closed by the number when its worker has ended', async () => {
  expect(await run('chained')).toEqual({ code: 'ERR_RINGPOOL_WORKER_DIED', read: 5, left: true });
});
