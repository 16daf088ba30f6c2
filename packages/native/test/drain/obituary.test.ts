// Obituaries: whatever ends a thread, its word is stored, once, after the last completion of its rings, and its bells ring.

import { describe, expect, test } from 'vitest';
import { NOTHING, run, SIDE_BY_SIDE } from './fixtures.ts';

const READS = 16;
const { RINGPOOL_SOAK, RINGPOOL_BRIEF } = process.env;
const ROUNDS = RINGPOOL_SOAK === '1' ? 400 : RINGPOOL_BRIEF === '1' ? 30 : 100;
const HANG_MS = 200_000;
const play = (how: object): Promise<object> =>
  run('obituary.mjs', [JSON.stringify(how)], { boundMs: HANG_MS });

describe.each(['shared', 'mapped'])(
  'with disk reads in flight, queues in %s memory',
  SIDE_BY_SIDE,
  (memory) => {
    test.each(['terminate', 'terminate while waiting', 'exit', 'throw', 'out of memory', 'natural end'])(
      '%s: the word is stored when every read has landed',
      async (event) => {
        const found = await play({ name: 'reads in flight', event, memory, kind: 'read' });
        expect(found).toEqual({ whole: READS, rewritten: 0, deaths: 1 });
      },
    );
  },
);

test(`${ROUNDS} threads terminated anywhere store their word once, and ring`, async () => {
  expect(await play({ name: 'anywhere', rounds: ROUNDS })).toEqual({ wrong: '', leftovers: NOTHING });
}, 210_000);

test.each([
  ['a bell that is heard', { found: [true, 1] }],
  ['bells closed meanwhile', { same: [true, true, true], usurped: false, written: 0, last: true }],
  ['several', { state: 11, deaths: 4, other: 14, rung: true }],
  ['words that are garbage', { kept: true, released: true }],
])('%s', async (name, expected) => {
  expect(await play({ name })).toEqual(expected);
});
