// The drain proof: whatever ends a ring with disk reads in flight, no byte of memory that was given back is rewritten
// afterwards, and nothing is left over. Each case is a process of its own that reads 128 MiB with O_DIRECT.

import { describe, expect, test } from 'vitest';
import { type Held, NOTHING, run, SIDE_BY_SIDE } from './fixtures.ts';

interface Proof {
  readonly rewritten: number;
  readonly landed: number;
  readonly leftovers: Held;
}

const READS = 16;
const EVENTS = [
  'close',
  'terminate',
  'terminate while waiting',
  'exit',
  'throw',
  'out of memory',
  'natural end',
] as const;

/** Versions of Node beside the one at hand get each kind of memory and each kind of read once. */
const BRIEF = process.env['RINGPOOL_BRIEF'] === '1';
const KINDS: Readonly<Record<string, readonly string[]>> = {
  shared: BRIEF ? ['readFixed'] : ['read', 'readFixed'],
  mapped: BRIEF ? ['read'] : ['read', 'readFixed'],
};

describe.each(['shared', 'mapped'])('queues in %s memory', SIDE_BY_SIDE, (memory) => {
  describe.each(KINDS[memory] as readonly string[])('reads by %s', (kind) => {
    test.each(EVENTS)('%s: every read lands before it is over, and none after', async (event) => {
      const how = JSON.stringify({ event, memory, kind });
      const proof = await run<Proof>('proof.mjs', [how]);
      expect(proof).toMatchObject({ rewritten: 0, landed: READS, leftovers: NOTHING });
    });
  });

  test('unregisterBuffers: every read lands before it returns, and none after', async () => {
    const how = JSON.stringify({ event: 'unregister', memory, kind: 'readFixed' });
    const proof = await run<Proof>('proof.mjs', [how]);
    expect(proof).toMatchObject({ rewritten: 0, landed: READS, leftovers: NOTHING });
  });

  test.each(['disk', 'pipe'])(
    'an arena that only a READ of a %s refers to is not collected',
    async (from) => {
      const found = await run<Collected>('collected.mjs', [from, memory]);
      expect(found).toMatchObject({ reused: false, rewritten: 0 });
      expect(found.whole).toBe(found.operations);
    },
  );

  test('a ring and an arena that only reads in flight refer to are not collected, and go when they are done', async () => {
    const found = await run<Collected>('collected.mjs', ['disk', memory, 'with its ring']);
    expect(found).toMatchObject({ reused: false, rewritten: 0, leftovers: NOTHING });
  });
});

interface Collected {
  readonly reused: boolean;
  readonly rewritten: number;
  readonly whole: number;
  readonly operations: number;
  readonly leftovers: Held;
}
