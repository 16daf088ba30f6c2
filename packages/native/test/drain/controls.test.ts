// Negative controls of the drain proof: the same fixtures with one guard taken out of the addon do see the kernel write
// to memory that was given back. Without these the proof might prove nothing.

import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildControl, run, sanitized } from './fixtures.ts';

/** A control may miss: the disk was quick, or another arena got the address. */
const ROUNDS_MAX = 30;
const BUILD_TIMEOUT_MS = 240_000;
const TEST_TIMEOUT_MS = 180_000;

interface Found {
  readonly rewritten: number;
}

const built: string[] = [];

beforeAll(() => {
  if (sanitized) return;
  built.push(buildControl('without-drain'), buildControl('without-reference'));
}, BUILD_TIMEOUT_MS);

afterAll(() => {
  for (const addon of built) rmSync(path.dirname(addon), { recursive: true });
});

beforeEach((context) => {
  if (sanitized) context.skip('a build without a guard is not a build with sanitizers');
});

/** Runs a control until it sees bytes rewritten. Returns how many, and in which round. */
async function untilRewritten(addon: number, fixture: string, words: readonly string[]): Promise<Found> {
  const misses: string[] = [];
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    try {
      const found = await run<Found>(fixture, words, { addon: built[addon] as string });
      if (found.rewritten > 0) {
        console.log(`${words.join(' ')}: ${found.rewritten} bytes rewritten, seen in round ${round}`);
        return found;
      }
      misses.push(JSON.stringify(found));
    } catch (error) {
      // Memory that the kernel writes to may have been anything: the process may crash as well.
      misses.push(String(error));
    }
  }
  throw new Error(`nothing was rewritten in ${ROUNDS_MAX} rounds:\n${misses.join('\n')}`);
}

describe('without the drain', () => {
  test.each([
    ['close', 'shared', 'readFixed'],
    ['close', 'mapped', 'read'],
    ['unregister', 'shared', 'readFixed'],
    ['terminate', 'shared', 'readFixed'],
    ['terminate while waiting', 'mapped', 'read'],
    ['exit', 'shared', 'read'],
    ['throw', 'mapped', 'readFixed'],
    ['out of memory', 'shared', 'readFixed'],
    ['natural end', 'shared', 'read'],
  ])(
    '%s (%s, %s) rewrites memory that was given back',
    async (event, memory, kind) => {
      const found = await untilRewritten(0, 'proof.mjs', [JSON.stringify({ event, memory, kind })]);
      expect(found.rewritten).toBeGreaterThan(0);
    },
    TEST_TIMEOUT_MS,
  );
});

describe('without the strong reference', () => {
  test.each([
    ['disk', 'shared'],
    ['disk', 'mapped'],
    ['pipe', 'shared'],
    ['pipe', 'mapped'],
  ])(
    'an arena is collected under a READ of a %s (%s), and its successor overwritten',
    async (from, memory) => {
      const found = await untilRewritten(1, 'collected.mjs', [from, memory]);
      expect(found).toMatchObject({ reused: true });
    },
    TEST_TIMEOUT_MS,
  );
});
