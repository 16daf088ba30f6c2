// Timeouts that are over at a time of a clock, not after a time.
import { IORING_TIMEOUT } from '@ringpool/core';
import { openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EACH_DRIVER } from './each-driver.ts';

const ETIME = -62;
const AHEAD_NS = 50_000_000n;
const SECOND_NS = 1_000_000_000n;

const CLOCKS: readonly (readonly [string, number, () => bigint])[] = [
  ['monotonic', 0, () => process.hrtime.bigint()],
  ['real', IORING_TIMEOUT.REALTIME, () => BigInt(Date.now()) * 1_000_000n],
];

describe.each(EACH_DRIVER)('on %s', (driver) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ driver, workers: 1 });
    await pool.submit({ op: 'nop' }, { placement: 'workers' });
  });
  afterAll(() => pool.close());

  test.each(CLOCKS)('a time of the %s clock is when it is over', async (_, flag, now) => {
    using lease = pool.alloc(16);
    const until = now() + AHEAD_NS;
    const view = new DataView(lease.bytes.buffer, lease.offset, 16);
    view.setBigInt64(0, until / SECOND_NS, true);
    view.setBigInt64(8, until % SECOND_NS, true);
    const timeoutFlags = IORING_TIMEOUT.ABS | flag;
    const timeout = { op: 'timeout', timespec: lease.address, timeoutFlags } as const;
    expect((await pool.submit(timeout, { signal: AbortSignal.timeout(5000) })).result).toBe(ETIME);
    // A millisecond for what the clock of the day is rounded to.
    expect(Number(now() - until)).toBeGreaterThan(-1_100_000);
  });

  test('a time of the clock that goes on while the machine sleeps is known to the kernel alone', async () => {
    using lease = pool.alloc(16);
    lease.bytes.fill(0);
    const timeoutFlags = IORING_TIMEOUT.ABS | IORING_TIMEOUT.BOOTTIME;
    const timeout = { op: 'timeout', timespec: lease.address, timeoutFlags } as const;
    const { result, error } = await pool.submit(timeout);
    const unsupported = { code: 'ERR_RINGPOOL_UNSUPPORTED' };
    if (driver === 'threads') expect(error).toMatchObject(unsupported);
    else expect(result).toBe(ETIME);
  });
});
