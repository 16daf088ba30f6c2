// The drivers that the conformance suite plays on, each with a folder of its own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openFlagsFor, Simulation } from '@ringpool/core';
import { addressOf, Ring } from '@ringpool/native';
import { expect } from 'vitest';
import { ThreadsHost } from '../../src/drivers/threads/threads-host.ts';
import { NOREPLACE, rename } from './behaviours-paths.ts';
import type { Cast } from './stage.ts';

/** By name: makes it, with what is to be done once it has played. */
export const casts: Readonly<Record<string, () => Cast>> = {
  'uring, shared queues': () => onUring('shared'),
  'uring, mapped queues': () => onUring('mapped'),
  threads() {
    const threads = ThreadsHost.create(new SharedArrayBuffer(4));
    const { folder, clear } = temporaryFolder();
    return {
      name: 'threads',
      openRing: (entries) => threads.openWorkerRing({ entries }).ring,
      instead: {
        // node:fs has no flags for it.
        'a rename that must not replace does not'(stage) {
          stage.file('a', 'A');
          expect(rename(stage, 'a', 'c', NOREPLACE)).toBe('EOPNOTSUPP');
        },
      },
      addressOf: undefined,
      folder,
      openFlags: openFlagsFor(process.arch),
      clear,
    };
  },
  sim() {
    const sim = new Simulation({ seed: 1 });
    return {
      name: 'sim',
      openRing: (entries) => sim.openRing({ entries }),
      addressOf: undefined,
      folder: '',
      openFlags: openFlagsFor('x64'),
      clear: () => undefined,
    };
  },
};

function temporaryFolder(): { readonly folder: string; readonly clear: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'ringpool-conformance-'));
  return { folder, clear: () => rmSync(folder, { recursive: true, force: true }) };
}

function onUring(memory: 'shared' | 'mapped'): Cast {
  return {
    name: 'uring',
    openRing: (entries) => Ring.open({ entries, memory }),
    addressOf,
    openFlags: openFlagsFor(process.arch),
    ...temporaryFolder(),
  };
}
