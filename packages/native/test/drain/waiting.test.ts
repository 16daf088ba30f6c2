// Operations that would wait for ever do not keep a ring from closing, a thread from dying or a process from ending:
// they are cancelled within a bound, also behind links, behind drains, and on rings of every kind.

import { describe, expect, test } from 'vitest';
import { type Held, NOTHING, run, runToEnd, SIDE_BY_SIDE } from './fixtures.ts';

interface Waited {
  readonly tookMs: number;
  readonly leftovers: Held;
}

/** Far below the minute after which the addon aborts the process, far above what cancelling takes. */
const DEATH_BOUND_MS = 15_000;

const PENDING = [
  'a read of a pipe',
  'a fixed read of a pipe',
  'a write to a full pipe',
  'a poll',
  'a multishot poll',
  'a timeout of an hour',
  'a futex wait',
  'an accept',
  'opens of a file',
  'a splice from an empty pipe',
  'a chain of hard links',
  'a chain of soft links',
  'operations behind a drain',
  'more polls than the queue has entries',
] as const;

const HOWS = (['shared', 'mapped'] as const).flatMap((memory) => [
  ...(memory === 'shared' ? PENDING : (['a fixed read of a pipe', 'opens of a file'] as const)).map(
    (pending) => ({ pending, memory, ring: 'plain' }),
  ),
  { pending: 'operations behind a drain', memory, ring: 'sqpoll' },
  { pending: 'more polls than the queue has entries', memory, ring: 'sqpoll' },
  { pending: 'a chain of hard links', memory, ring: 'big' },
  { pending: 'more polls than the queue has entries', memory, ring: 'big' },
  { pending: 'an operation on a ring that was never enabled', memory, ring: 'never enabled' },
  { pending: 'an operation on a ring that was never enabled', memory, ring: 'never enabled, polled' },
]);

describe.each(HOWS)('$pending ($memory queues, $ring ring)', SIDE_BY_SIDE, (how) => {
  test('a worker that is terminated', async () => {
    const words = [JSON.stringify({ ...how, event: 'terminate' }), '--worker'];
    const waited = await run<Waited>('waiting.mjs', words, { boundMs: DEATH_BOUND_MS });
    expect(waited.leftovers).toEqual(NOTHING);
  });
});

describe.each(['exit', 'throw', 'natural end'])('a worker that ends by %s', SIDE_BY_SIDE, (event) => {
  test.each(['a read of a pipe', 'a chain of hard links', 'opens of a file'])('with %s', async (pending) => {
    const words = [JSON.stringify({ pending, memory: 'shared', ring: 'plain', event }), '--worker'];
    const waited = await run<Waited>('waiting.mjs', words, { boundMs: DEATH_BOUND_MS });
    expect(waited.leftovers).toEqual(NOTHING);
  });
});

describe('on the main thread, alone', SIDE_BY_SIDE, () => {
  test.each(PENDING)('close() with %s pending', async (pending) => {
    const words = [JSON.stringify({ pending, memory: 'shared', ring: 'plain', event: 'close' })];
    await run<Waited>('waiting.mjs', words, { boundMs: DEATH_BOUND_MS });
  });

  test.each([
    ['natural end', 0],
    ['exit', 0],
    ['throw', 1],
  ])('the process ends (%s)', async (event, code) => {
    for (const pending of ['a poll', 'a read of a pipe', 'a chain of hard links']) {
      const words = [JSON.stringify({ pending, memory: 'shared', ring: 'plain', event })];
      const ending = await runToEnd('waiting.mjs', words, { boundMs: DEATH_BOUND_MS });
      expect({ pending, ...ending }).toMatchObject({ pending, code, signal: null });
    }
  });
});

test('a worker inside unregisterBuffers, waiting for a read that never completes, can be terminated', async () => {
  const how = { pending: 'a fixed read of a pipe', memory: 'shared', ring: 'plain' };
  const words = [JSON.stringify({ ...how, event: 'unregister while terminated' }), '--worker'];
  const waited = await run<Waited>('waiting.mjs', words, { boundMs: DEATH_BOUND_MS });
  expect(waited.leftovers).toEqual(NOTHING);
});
