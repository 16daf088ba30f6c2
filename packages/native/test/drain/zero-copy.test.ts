// A zero-copy send whose peer does not read keeps its notification for ever. It must not keep a thread from dying: the
// kernel only reads its pages, which are pinned, so after a grace the ring is closed over it.

import { describe, expect, test } from 'vitest';
import { type Held, NOTHING, run, SIDE_BY_SIDE } from './fixtures.ts';

interface Report {
  readonly pending: number;
  readonly code: string;
  readonly leftovers: Held;
}

/** The grace is 3 s; the abort, which would be a failure, comes after a minute. */
const BOUND_MS = 12_000;

describe.each(['shared', 'mapped'])(
  'zero-copy sends to a peer that never reads (%s queues)',
  SIDE_BY_SIDE,
  (memory) => {
    test.each(['terminate', 'natural end'])('a worker that ends by %s', async (event) => {
      const report = await run<Report>('zero-copy.mjs', [event, memory], { boundMs: BOUND_MS });
      expect(report.pending).toBeGreaterThan(0);
      expect(report.leftovers).toEqual(NOTHING);
    });

    test('close() says in time that they are in flight', async () => {
      const report = await run<Report>('zero-copy.mjs', ['close', memory], { boundMs: BOUND_MS });
      expect(report.pending).toBeGreaterThan(0);
      expect(report).toMatchObject({ code: 'ERR_RINGPOOL_DRAIN_TIMEOUT', leftovers: NOTHING });
    });
  },
);
