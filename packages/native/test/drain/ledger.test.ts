// The proof of the descriptor ledger: threads are terminated anywhere while they open files through a ring, and afterwards
// every descriptor is closed, once, and nobody else's.

import { describe, expect, test } from 'vitest';
import { type Held, NOTHING, run } from './fixtures.ts';

const { RINGPOOL_SOAK, RINGPOOL_BRIEF } = process.env;
const ROUNDS = RINGPOOL_SOAK === '1' ? 400 : RINGPOOL_BRIEF === '1' ? 50 : 150;
const HANG_MS = 240_000;
/** Fewer looks of the bystanders would mean that they hardly ran. */
const CHECKS_MIN = 10_000;

test(`${ROUNDS} threads terminated while they open files leave none open, and close nobody else's`, async () => {
  const found = await run<{ closed: number; checks: number; losses: number; leftovers: Held }>(
    'ledger.mjs',
    [JSON.stringify({ name: 'terminations', rounds: ROUNDS })],
    { boundMs: HANG_MS },
  );
  expect(found).toMatchObject({ losses: 0, leftovers: NOTHING });
  expect(found.checks).toBeGreaterThan(CHECKS_MIN);
  expect(found.closed).toBeGreaterThan(0);
}, 250_000);

describe.each(['shared', 'mapped'])(
  'a thread with queues in %s memory that ends in a callback of reap()',
  (memory) => {
    test('leaves in the ledger what it had put there, and the rest is closed', async () => {
      const how = JSON.stringify({ name: 'in a callback', memory });
      expect(await run('ledger.mjs', [how])).toEqual({
        ledgered: [3, 1],
        closed: [3, 1],
        intact: true,
        open: 0,
      });
    });

    test('leaves in the ledger what another thread had put there for it', async () => {
      const how = JSON.stringify({ name: 'by another thread', memory });
      expect(await run('ledger.mjs', [how])).toEqual({ intact: true, closed: 1, open: 0 });
    });
  },
);
