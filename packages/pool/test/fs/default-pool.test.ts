// The pool behind the drop-in: opened when it is needed, joined by threads, and no reason for a program not to end.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import * as node from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPool } from '@ringpool/pool';
import * as ours from '@ringpool/pool/fs';
import { expect, test } from 'vitest';
import { endOf, runFixture, temporaryFolder } from '../support.ts';

test('an import alone starts no thread, and the program ends', async () => {
  const ended = await runFixture('default-fs.mjs', 'idle');
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(JSON.parse(ended.stdout)).toEqual({ started: 0 });
});

test('a program reads, here and in a worker thread, and ends by itself', async () => {
  const ended = await runFixture('default-fs.mjs', 'reads');
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  const bytes = statSync('package.json').size;
  const thread = { bytes, joined: true };
  expect(JSON.parse(ended.stdout)).toEqual({ started: 0, read: bytes, thread, missing: 'ENOENT' });
});

test('where Node checks what a program may touch, nothing goes past it', async () => {
  const major = Number(process.versions.node.split('.')[0]);
  const permission = major < 23 ? '--experimental-permission' : '--permission';
  const script = fileURLToPath(new URL('../fixtures/restricted-fs.mjs', import.meta.url));
  const to = path.join(temporaryFolder(), 'file');
  const flags = [permission, '--allow-fs-read=*', '--allow-worker', '--no-warnings'];
  if (major >= 22) flags.push('--allow-addons');
  const ended = await endOf(spawn(process.execPath, [...flags, script, 'package.json', to]));
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  const size = statSync('package.json').size;
  expect(JSON.parse(ended.stdout)).toEqual({ bytes: size, code: 'ERR_ACCESS_DENIED', size });
  expect(existsSync(to)).toBe(false);
});

test('every export of node:fs/promises is there, and the default export has them all', () => {
  const names = Object.keys(node).filter((name) => name !== 'default' && name !== 'module.exports');
  for (const name of names) expect(ours).toHaveProperty(name);
  expect(Object.keys(ours.default).sort()).toEqual(names.sort());
});

test('a pool of one’s own is used until it closes; then Node does it', async () => {
  const pool = await openPool({ workers: 1 });
  ours.setDefaultPool(pool);
  const text = await ours.readFile('package.json', 'utf8');
  const used = pool.metrics().lanes.some(({ completed }) => completed > 0);
  expect(used).toBe(true);
  await pool.close();
  expect(await ours.readFile('package.json', 'utf8')).toBe(text);
  ours.setDefaultPool(undefined);
});
