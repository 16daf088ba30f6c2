// A ring that the kernel lets nobody enter any more: who waits is told, what goes elsewhere is done, no memory is used again
// that the kernel may write, and the program ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support.ts';
import { buildInjector, runInjected, whyNoOperationFails } from './faults.ts';

/** A thread whose ring cannot be drained waits for 3 s before it goes on. */
const BOUND_MS = 30_000;

let folder = '';
let library = '';
let missing: string | undefined;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ringpool-lost-'));
  const built = buildInjector(folder);
  if ('library' in built) ({ library } = built);
  missing = 'missing' in built ? built.missing : whyNoOperationFails();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.for([
  ['memory that it reads into is not used again', 'grown', { nop: 'EPERM', reading: 'EPERM', inFlight: 1 }],
  ['what goes to a worker in the same tick is done', 'together', { read: 4096, entries: 100 }],
  [
    'what waits is told, and the program ends by itself',
    'waiting',
    { nop: 'EPERM', reading: 'EPERM', closing: 'EPERM' },
  ],
  [
    'close() says in time what is in flight, and the program ends',
    'closing',
    {
      nop: 'EPERM',
      reading: 'EPERM',
      closing: 'EPERM',
      message: expect.stringMatching(/^1 operations are still/),
    },
  ],
  ['bytes that a pipe has given are not thrown away', 'interrupted', { outcomes: ['EINTR', 'EINTR'] }],
] as const)('%s', async ([, scene, found], { skip }) => {
  if (missing !== undefined && process.env['CI'] === undefined) skip(missing);
  const env = { RINGPOOL_FAULT_MAIN: '1' };
  const place = { library, folder: temporaryFolder(), boundMs: BOUND_MS };
  const ended = await runInjected('lost.mjs', { scene }, env, place);
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(JSON.parse(ended.stdout)).toEqual(found);
});
