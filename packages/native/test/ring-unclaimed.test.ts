// Descriptors that operations opened for nobody: the ring closes before JavaScript has heard of them.

import { closeSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Address, AT_FDCWD, encode } from '@ringpool/core';
import { addressOf, Ring } from '@ringpool/native';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { descriptorsOn } from './support/descriptors.ts';

const OPENS = 8;
let folder = '';
let file = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ringpool-unclaimed-'));
  file = path.join(folder, 'file');
  writeFileSync(file, 'x');
});
afterAll(() => rmSync(folder, { recursive: true }));

const descriptorsOfFile = (): number[] => descriptorsOn(file);

function openMany(memory: 'shared' | 'mapped'): Ring {
  const ring = Ring.open({ entries: OPENS, memory });
  const view = new Uint8Array(new SharedArrayBuffer(4096, { maxByteLength: 4096 }), 0, 4096);
  Buffer.from(view.buffer, 0, 4096).write(`${file}\0`);
  ring.attachMemory(view);
  for (let index = 0; index < OPENS; index++) {
    encode.openat(ring.sqes, ring.push(), {
      dirfd: AT_FDCWD,
      path: addressOf(view) as Address,
      openFlags: 0,
      mode: 0,
    });
  }
  expect(ring.submitAndWait(OPENS, 5000)).toBe(OPENS);
  return ring;
}

describe.each(['shared', 'mapped'] as const)('files opened through a ring with %s queues', (memory) => {
  test('and not reaped are closed with it', () => {
    const ring = openMany(memory);
    expect(descriptorsOfFile()).toHaveLength(OPENS);
    ring.close();
    expect(descriptorsOfFile()).toEqual([]);
  });

  test('and handed to a callback stay open, also when the ring closes inside it', () => {
    const ring = openMany(memory);
    const handed: number[] = [];
    ring.reap((_operation, res) => {
      handed.push(res);
      if (handed.length === 2) ring.close();
    }, 2);
    expect(descriptorsOfFile()).toEqual(expect.arrayContaining(handed));
    expect(descriptorsOfFile()).toHaveLength(2);
    for (const number of handed) closeSync(number);
  });
});
