// O_DIRECT on real files: what the kernel tells of a disk, what lies in memory, and what is no file.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { probeDirect } from '../../src/diagnose/direct-facts.ts';
import { fileWith, temporaryDirectory } from '../support/files.ts';

const directory = temporaryDirectory();
const file = fileWith(directory, Buffer.alloc(8192, 1));
const EXT4_MAGIC = 0xef53;
const TMPFS_MAGIC = 0x0102_1994;

test('a file on a disk has an alignment, which is a power of two', ({ skip }) => {
  const { type } = statfsSync(directory);
  if (type !== EXT4_MAGIC) skip(`the temporary folder lies on a file system of type 0x${type.toString(16)}`);
  const facts = probeDirect(file, true);
  expect(facts).toMatchObject({ path: file, outcome: 'aligned' });
  if (facts.outcome !== 'aligned') return;
  for (const bytes of [facts.memoryBytes, facts.offsetBytes]) expect(Math.log2(bytes) % 1).toBe(0);
  expect(facts.offsetBytes).toBeGreaterThanOrEqual(512);
});

test('a link leads to its file', () => {
  const link = path.join(directory, 'link');
  symlinkSync(file, link);
  expect(probeDirect(link, true)).toEqual({ ...probeDirect(file, true), path: link });
});

test('a file in memory is known as such, or refuses', ({ skip }) => {
  if (!existsSync('/dev/shm') || statfsSync('/dev/shm').type !== TMPFS_MAGIC) skip('/dev/shm is no tmpfs');
  const folder = mkdtempSync('/dev/shm/ringpool-');
  try {
    const name = path.join(folder, 'file');
    writeFileSync(name, 'x');
    expect(['in memory', 'refused']).toContain(probeDirect(name, true).outcome);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without a ring the alignment is not told', () => {
  expect(['untold', 'in memory', 'refused']).toContain(probeDirect(file, false).outcome);
});

test.each([
  ['a directory', directory],
  ['a character device', '/dev/null'],
])('%s is no file', (kind, name) => {
  expect(probeDirect(name, true)).toEqual({ path: name, outcome: 'not a file', kind });
});

test('a pipe is not waited for', () => {
  const pipe = path.join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(probeDirect(pipe, true)).toMatchObject({ outcome: 'not a file', kind: 'a pipe' });
});

test('what is not there is told by its errno', () => {
  const nothing = path.join(directory, 'nothing');
  expect(probeDirect(nothing, true)).toMatchObject({ outcome: 'not opened', code: 'ENOENT' });
});

test('what may not be read is told by its errno', ({ skip }) => {
  if (process.getuid?.() === 0) skip('root may read everything');
  const closed = fileWith(directory, Buffer.alloc(1));
  chmodSync(closed, 0);
  expect(probeDirect(closed, true)).toMatchObject({ outcome: 'not opened', code: 'EACCES' });
});
