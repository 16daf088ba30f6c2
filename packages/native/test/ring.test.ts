// The queues of a ring, in both memory modes and on every rung: batches, laps, bounds, callbacks, forged user_data.

import { encode, IORING_CQE_F, IOSQE, RingpoolError } from '@ringpool/core';
import { Ring } from '@ringpool/native';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { codeOf, collect, execute, MATRIX, minus, openAs, queue } from './support/rings.ts';

const ENTRIES = 8;
const CQ_ENTRIES = 16;

describe.each(MATRIX)('a ring: $memory memory, rung $rung', (at) => {
  let ring: Ring;
  const nop = (sqe: number): void => encode.nop(ring.sqes, sqe, {});

  beforeEach(() => {
    ring = openAs(at, { entries: ENTRIES, cqEntries: CQ_ENTRIES });
  });
  afterEach(() => ring.close());

  test('has what was asked for', () => {
    expect(ring.entries).toBe(ENTRIES);
    expect(ring.cqEntries).toBe(CQ_ENTRIES);
    expect(ring.sqes).toHaveLength(ENTRIES * 16);
    expect([ring.inFlight, ring.queued, ring.ready]).toEqual([0, 0, 0]);
    expect(ring.counters).toEqual({ overflow: 0, lost: 0, foreign: 0 });
  });

  test.each([1, 2, ENTRIES])('completes every NOP of a batch of %i', (count) => {
    const operations = Array.from({ length: count }, () => queue(ring, nop));
    expect(new Set(operations).size).toBe(count);
    expect([ring.queued, ring.inFlight]).toEqual([count, 0]);
    expect(ring.submit()).toBe(count);
    expect([ring.queued, ring.inFlight]).toEqual([0, count]);
    const done = collect(ring, count);
    expect(done.map(({ operation }) => operation).sort()).toEqual([...operations].sort());
    expect(done.every(({ res, flags }) => res === 0 && (flags & IORING_CQE_F.MORE) === 0)).toBe(true);
    expect([ring.queued, ring.inFlight, ring.ready]).toEqual([0, 0, 0]);
  });

  test('goes round its queues many times, whatever the size of the batches', () => {
    let completed = 0;
    for (let lap = 0; lap < 300; lap++) {
      const batch = (lap % ENTRIES) + 1;
      const results = execute(ring, ...Array.from({ length: batch }, () => nop));
      expect(results).toEqual(new Array(batch).fill(0));
      completed += batch;
    }
    expect(completed).toBeGreaterThan(CQ_ENTRIES * 80);
  });

  test('a full submission queue answers -1 until it is submitted', () => {
    for (let index = 0; index < ENTRIES; index++) queue(ring, nop);
    expect(ring.push()).toBe(-1);
    expect(ring.push()).toBe(-1);
    ring.submit();
    queue(ring, nop);
    expect(collect(ring, ENTRIES + 1)).toHaveLength(ENTRIES + 1);
  });

  test('as many operations in flight as the completion queue holds answer -1 until one is reaped', () => {
    for (let index = 0; index < CQ_ENTRIES; index++) {
      queue(ring, nop);
      ring.submit();
    }
    expect(ring.inFlight).toBe(CQ_ENTRIES);
    expect(ring.push()).toBe(-1);
    expect(ring.reap(() => {}, 1)).toBe(1);
    queue(ring, nop);
    expect(ring.push()).toBe(-1);
    expect(collect(ring, CQ_ENTRIES)).toHaveLength(CQ_ENTRIES);
    expect(ring.counters.overflow).toBe(0);
  });

  test('waiting ends at its bound', () => {
    expect(ring.submitAndWait(1, 0)).toBe(0);
    expect(ring.submitAndWait(1, 45)).toBe(0);
    expect(ring.submitAndWait(0, 10_000)).toBe(0);
  });

  test('waiting for more than is ready goes on to the bound and then tells how many there are', () => {
    for (let index = 0; index < 3; index++) queue(ring, nop);
    expect(ring.submitAndWait(3, 10_000)).toBe(3);
    queue(ring, nop);
    expect(ring.submitAndWait(5, 30)).toBe(4);
    expect(ring.submitAndWait(4, 10_000)).toBe(4);
    expect(collect(ring, 4)).toHaveLength(4);
  });

  test.each([
    [-1, 0],
    [Number.NaN, 0],
    [1, -1],
    [1, Number.NaN],
  ])('waiting for %d completions for %d ms is refused', (count, timeoutMs) => {
    expect(codeOf(() => ring.submitAndWait(count, timeoutMs))).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  });

  test('reap takes at most what it is told', () => {
    for (let index = 0; index < 6; index++) queue(ring, nop);
    expect(ring.submitAndWait(6, 10_000)).toBe(6);
    const seen: number[] = [];
    const note = (operation: number): void => void seen.push(operation);
    expect(ring.reap(note, 0)).toBe(0);
    expect(ring.reap(note, 2)).toBe(2);
    expect([ring.ready, ring.inFlight]).toEqual([4, 4]);
    expect(ring.reap(note, 100)).toBe(4);
    expect(ring.reap(note)).toBe(0);
    expect(new Set(seen).size).toBe(6);
  });

  test('a callback that throws loses its own completion only', () => {
    for (let index = 0; index < 5; index++) queue(ring, nop);
    ring.submitAndWait(5, 10_000);
    const seen: number[] = [];
    const failing = (operation: number): void => {
      seen.push(operation);
      if (seen.length === 2) throw new Error('mine');
    };
    expect(() => ring.reap(failing)).toThrow('mine');
    expect([ring.ready, ring.inFlight]).toEqual([3, 3]);
    expect(ring.reap(failing)).toBe(3);
    expect(new Set(seen).size).toBe(5);
    expect(execute(ring, nop, nop)).toEqual([0, 0]);
  });

  test('a callback may push and submit', () => {
    let left = 100;
    const again = (): void => {
      if (left-- <= 0) return;
      queue(ring, nop);
      ring.submit();
    };
    again();
    let completed = 0;
    while (ring.inFlight > 0) {
      ring.submitAndWait(1, 10_000);
      completed += ring.reap(again);
    }
    expect(completed).toBe(100);
  });

  test('a callback may wait and reap', () => {
    for (let index = 0; index < 4; index++) queue(ring, nop);
    ring.submitAndWait(4, 10_000);
    const outer: number[] = [];
    const inner: number[] = [];
    const taken = ring.reap((operation) => {
      outer.push(operation);
      if (outer.length !== 2) return;
      queue(ring, nop);
      ring.submitAndWait(3, 10_000);
      ring.reap((nested) => void inner.push(nested));
    });
    expect(taken).toBe(2);
    expect(outer).toHaveLength(2);
    expect(inner).toHaveLength(3);
    expect(ring.counters).toEqual({ overflow: 0, lost: 0, foreign: 0 });
    expect([ring.ready, ring.inFlight]).toEqual([0, 0]);
    expect(execute(ring, nop, nop, nop)).toEqual([0, 0, 0]);
  });

  test('an injected result arrives as it was given', () => {
    const inject = (result: number) => (sqe: number) => encode.nop(ring.sqes, sqe, { result });
    expect(execute(ring, inject(123_456), inject(-5), nop)).toEqual([123_456, -5, 0]);
  });

  test('an opcode no kernel knows completes with an error, and the batch goes on', () => {
    const results = execute(
      ring,
      nop,
      (sqe) => {
        nop(sqe);
        ring.sqes[sqe * 16] = 0xf0;
      },
      nop,
    );
    expect(results[0]).toBe(0);
    expect([minus('EINVAL'), minus('EFAULT')]).toContain(results[1]);
    expect(results[2]).toBe(0);
  });

  test('CQE_SKIP_SUCCESS is refused: every operation owes a completion', () => {
    const skipping = (sqe: number): void => encode.nop(ring.sqes, sqe, { flags: IOSQE.CQE_SKIP_SUCCESS });
    expect(execute(ring, nop, skipping, nop)).toEqual([0, minus('EFAULT'), 0]);
    expect(ring.inFlight).toBe(0);
  });

  test.each([
    ['a number of nobody', 5_000],
    ['another generation', 2 ** 32],
    ['a foreign bit', 2n ** 63n],
    ['all ones', 2n ** 64n - 1n],
  ])('a forged user_data is told and harms nothing else: %s', (_name, userData) => {
    const first = queue(ring, nop);
    const forged = queue(ring, () => {});
    const last = queue(ring, nop);
    const sqe = (forgedSlot(ring, forged) ?? 0) as number;
    encode.nop(ring.sqes, sqe, { userData });
    let error: unknown;
    try {
      ring.submit();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(RingpoolError);
    expect((error as RingpoolError).code).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
    expect((error as RingpoolError).hint).toMatch(/operationOf/);
    const results = new Map(collect(ring, 3).map(({ operation, res }) => [operation, res]));
    expect(results.get(first)).toBe(0);
    expect(results.get(last)).toBe(0);
    expect(results.get(forged)).toBeLessThan(0);
    expect(ring.inFlight).toBe(0);
    expect(execute(ring, nop, nop)).toEqual([0, 0]);
  });

  test('two SQEs with one user_data are told apart', () => {
    const first = queue(ring, nop);
    const sqe = ring.push();
    encode.nop(ring.sqes, sqe, { userData: ring.userDataOf(first) });
    expect(codeOf(() => ring.submit())).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
    const done = collect(ring, 2);
    expect(new Set(done.map(({ operation }) => operation)).size).toBe(2);
    expect(done.find(({ operation }) => operation === first)?.res).toBe(0);
    expect(ring.inFlight).toBe(0);
  });
});

/** The index of the SQE that carries an operation. */
function forgedSlot(ring: Ring, operation: number): number | undefined {
  for (let slot = 0; slot < ring.entries; slot++) if (ring.operationOf(slot) === operation) return slot;
  return undefined;
}

describe('a closed ring', () => {
  const closed = (): Ring => {
    const ring = Ring.open({ entries: 4 });
    ring.close();
    return ring;
  };

  test('may be closed again', () => {
    const ring = closed();
    expect(ring.closed).toBe(true);
    ring.close();
    ring[Symbol.dispose]();
  });

  test.each<[string, (ring: Ring) => unknown]>([
    ['submit', (ring) => ring.submit()],
    ['submitAndWait', (ring) => ring.submitAndWait(1, 10)],
    ['attachMemory', (ring) => ring.attachMemory(new Uint8Array(new SharedArrayBuffer(16), 0, 16))],
    ['registerBuffers', (ring) => ring.registerBuffers([new Uint8Array(new SharedArrayBuffer(16), 0, 16)])],
    ['registerBuffersSparse', (ring) => ring.registerBuffersSparse(1)],
    ['updateBuffers', (ring) => ring.updateBuffers(0, [null])],
    ['unregisterBuffers', (ring) => ring.unregisterBuffers()],
    ['cloneBuffersFrom', (ring) => ring.cloneBuffersFrom({ ringId: 1, views: [null] })],
    ['bufferSource', (ring) => ring.bufferSource()],
    ['registerFiles', (ring) => ring.registerFiles([0])],
    ['registerFilesSparse', (ring) => ring.registerFilesSparse(1)],
    ['updateFiles', (ring) => ring.updateFiles(0, [-1])],
    ['unregisterFiles', (ring) => ring.unregisterFiles()],
    ['register', (ring) => ring.register(3, null, 0)],
    ['setEventfdEnabled', (ring) => ring.setEventfdEnabled(true)],
  ])('answers %s with ERR_RINGPOOL_CLOSED', (_name, use) => {
    expect(codeOf(() => use(closed()))).toBe('ERR_RINGPOOL_CLOSED');
  });

  test('gives no SQE, has nothing in flight and nothing to reap', () => {
    const ring = closed();
    expect(ring.push()).toBe(-1);
    expect([ring.inFlight, ring.queued, ring.ready]).toEqual([0, 0, 0]);
    expect(ring.reap(() => {})).toBe(0);
  });

  test.each(MATRIX)('drops what was queued and what was not reaped: $memory, $rung', (at) => {
    const ring = openAs(at);
    let foreign = 0;
    ring.onForeignCompletion = () => foreign++;
    for (let index = 0; index < 3; index++) queue(ring, (sqe) => encode.nop(ring.sqes, sqe, {}));
    ring.submit();
    queue(ring, (sqe) => encode.nop(ring.sqes, sqe, {}));
    ring.close();
    expect(ring.reap(() => {})).toBe(0);
    expect([ring.inFlight, ring.queued, ring.ready, foreign]).toEqual([0, 0, 0, 0]);
  });

  test('may be closed in the middle of reaping', () => {
    const ring = Ring.open({ entries: 8 });
    let foreign = 0;
    ring.onForeignCompletion = () => foreign++;
    for (let index = 0; index < 4; index++) queue(ring, (sqe) => encode.nop(ring.sqes, sqe, {}));
    ring.submitAndWait(4, 10_000);
    let seen = 0;
    ring.reap(() => {
      seen++;
      ring.close();
    });
    expect([seen, foreign]).toEqual([1, 0]);
  });

  test('cannot be sent to another thread, open or closed', () => {
    using ring = Ring.open({ entries: 4 });
    const arrived = structuredClone(ring) as Partial<Ring>;
    expect(arrived.push).toBeUndefined();
  });
});
