// A queue of SQEs that was full when an operation was asked for has room once it is handed over: the operation goes out
// then, though nothing that is in flight ever completes, and nobody wakes the thread. (A worker's lane takes no more SQEs
// at a time than operations.)
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '@ringpool/pool';
import { expect, test } from 'vitest';

import { lacks } from '../features.ts';
import { temporaryPipe } from '../support.ts';

const O_RDWR = 2;
const READ_BYTES = 8;
const CHAIN_MAX = 32;
/** What a lane keeps for cancels. */
const URGENT = 1;
/** Far beyond what it takes. */
const HANG_MS = 5000;
const placement = 'local';

/** What it resolves to, or `'it hangs'`. */
const orHangs = <Value>(value: Promise<Value>): Promise<Value | 'it hangs'> =>
  Promise.race([value, sleep(HANG_MS, 'it hangs' as const, { ref: false })]);

test.skipIf(lacks('a ring of the calling thread')).each([4, 8, 16, 32, 64, 128])(
  'a local lane %i deep: what waited for room goes out with the next batch',
  async (depth) => {
    await using pool = await openPool({ workers: 1, depth });
    const pipe = await pool.open(temporaryPipe(), O_RDWR);
    const file = await pool.open('package.json', 'r', { placement });
    const lease = pool.alloc(depth * READ_BYTES);
    const target = pool.alloc(16);
    const nops = Array.from({ length: Math.min(depth - URGENT, CHAIN_MAX) }, () => ({ op: 'nop' as const }));
    // So many that the queue is nearly full, full, or handed over in the midst.
    for (const left of new Set([1, 2, depth >> 1, (depth >> 1) + 1])) {
      const waiting = depth - left;
      const reads = Array.from({ length: waiting }, (_, index) =>
        pipe.read(lease, { position: 0, offset: index * READ_BYTES, length: READ_BYTES, placement }),
      );
      // Before the SQEs of this tick are handed over: a chain as long as fits at all, and one more read.
      const chain = pool.submit(nops, { placement });
      const read = file.read(target, { position: 0, length: 16 });
      const found = [await orHangs(chain.then((done) => done.length)), await orHangs(read)];
      writeSync(pipe.fd, new Uint8Array(waiting * READ_BYTES));
      expect(found).toEqual([nops.length, 16]);
      expect(await orHangs(Promise.all(reads))).toEqual(reads.map(() => READ_BYTES));
    }
    await pipe.close();
    await file.close();
    lease.release();
    target.release();
  },
);
