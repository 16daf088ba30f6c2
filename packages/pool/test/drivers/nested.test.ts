// Pools of the driver threads that a worker thread opens: they have one I/O worker, and their files end with it. Node keeps
// track of what such threads open, so nobody may close a number that was theirs.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runFixture, temporaryFolder } from '../support.ts';

async function nested(program: string): Promise<unknown> {
  const folder = temporaryFolder();
  execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  const { code, signal, stdout, stderr } = await runFixture('nested.mjs', program, folder);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

test('files are read, written, synced and closed, whole, in batches and by a thread that blocks', async () => {
  expect(await nested('uses')).toEqual({
    wrote: 4096,
    read: 4100,
    readBack: 4,
    sync: 'sync',
    batch: [64],
    length: 4100,
    again: 'ERR_RINGPOOL_CLOSED',
    bytes: 4100,
    warnings: [],
  });
});

test('three workers that were asked for are one, and that is told', async () => {
  expect(await nested('many')).toEqual({
    told: [{ kind: 'workers', message: expect.stringMatching(/one I\/O worker/) }],
    workers: [0],
    warnings: [],
  });
});

test('when its worker ends, files fail with a typed error, and nobody else’s are touched', async () => {
  expect(await nested('death')).toEqual({
    lost: 'ERR_RINGPOOL_WORKER_DIED',
    codes: ['EBADF'],
    length: 1000,
    read: 1000,
    inFlight: 0,
    intact: [16, 16, 16],
    warnings: [],
  });
});

test('a thread blocks in a read that its worker has to wait for', async () => {
  expect(await nested('blocks')).toEqual({ read: 5, bytes: 'there', warnings: [] });
});

test('a thread that blocks on the worker is told when that one ends', async () => {
  expect(await nested('loses')).toEqual({ code: 'ERR_RINGPOOL_WORKER_DIED', inFlight: 0, warnings: [] });
});
