// Nothing is left over: rings that end in every way, with reads in flight, over and over in one process. The long form
// (RINGPOOL_SOAK=1) goes through a thousand of them.

import { expect, test } from 'vitest';
import { type Held, NOTHING, run } from './fixtures.ts';

const SOAK = process.env['RINGPOOL_SOAK'] === '1';
const CYCLES = SOAK ? 1000 : 36;
const BOUND_MS = SOAK ? 360_000 : 60_000;

interface Cycles {
  readonly cycles: number;
  readonly rewritten: number;
  readonly lookedAfterMs: number;
  readonly leftovers: Held;
  readonly seconds: number;
}

test(
  `after ${CYCLES} rings that ended with reads in flight, no byte is rewritten, and no descriptor, thread or pinned page is left`,
  async () => {
    const found = await run<Cycles>('cycles.mjs', [String(CYCLES)], { boundMs: BOUND_MS });
    console.log(JSON.stringify(found));
    expect(found).toMatchObject({ cycles: CYCLES, rewritten: 0, leftovers: NOTHING });
  },
  BOUND_MS + 10_000,
);
