// Cloning registered buffers from ring to ring, in one thread and across threads; and what happens where it is refused.

import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

import { bufferIndex, encode, fd } from '@ringpool/core';
import { type CloneOptions, Ring, type RingRung } from '@ringpool/native';
import { afterAll, describe, expect, test } from 'vitest';

import { fileWith, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern } from './support/memory.ts';
import { codeOf, execute, MATRIX, minus, openAs } from './support/rings.ts';

const directory = temporaryDirectory();
const content = pattern(4 * PAGE);
const file = fileWith(directory, content);
const number = openSync(file, 'r');
afterAll(() => closeSync(number));

const readInto =
  (ring: Ring, memory: Memory, index: number, to: number, length = 10) =>
  (sqe: number) =>
    encode.readFixed(ring.sqes, sqe, {
      fd: fd(number),
      buffer: memory.at(to),
      length,
      offset: 0,
      bufferIndex: bufferIndex(index),
    });

describe.each(MATRIX)('cloning in one thread: $memory memory, rung $rung', (at) => {
  test('takes over every buffer, and they outlive the source', () => {
    const memory = new Memory(4 * PAGE);
    const source = openAs(at);
    source.registerBuffers([memory.slice(0, PAGE), memory.slice(2 * PAGE, 2 * PAGE)]);
    using ring = openAs(at);
    expect(ring.cloneBuffersFrom(source, { fallback: false })).toBe('cloned');
    expect(ring.registeredBytes).toBe(3 * PAGE);
    source.unregisterBuffers();
    source.close();
    expect(
      execute(
        ring,
        readInto(ring, memory, 0, 0),
        readInto(ring, memory, 1, 3 * PAGE),
        readInto(ring, memory, 1, 0),
      ),
    ).toEqual([10, 10, minus('EFAULT')]);
    expect(memory.copy(3 * PAGE, 10)).toEqual(content.subarray(0, 10));
    ring.unregisterBuffers();
  });

  test('takes some buffers to an offset, and replaces slots when told to', () => {
    const memory = new Memory(8 * PAGE);
    const pages = Array.from({ length: 4 }, (_page, index) => memory.slice(index * PAGE, PAGE));
    using source = openAs(at);
    source.registerBuffers(pages);
    using ring = openAs(at);
    expect(ring.cloneBuffersFrom(source, { sourceOffset: 2, offset: 5, count: 1, fallback: false })).toBe(
      'cloned',
    );
    expect([ring.buffers.length, ring.registeredBytes]).toEqual([6, PAGE]);
    expect(execute(ring, readInto(ring, memory, 5, 2 * PAGE), readInto(ring, memory, 0, 0))).toEqual([
      10,
      minus('EFAULT'),
    ]);
    expect(codeOf(() => ring.cloneBuffersFrom(source))).toBe('ERR_RINGPOOL_ALREADY_REGISTERED');
    const replace: CloneOptions = { sourceOffset: 0, offset: 4, count: 2, replace: true, fallback: false };
    expect(ring.cloneBuffersFrom(source, replace)).toBe('cloned');
    expect(
      execute(
        ring,
        readInto(ring, memory, 4, 0),
        readInto(ring, memory, 5, PAGE),
        readInto(ring, memory, 5, 2 * PAGE),
      ),
    ).toEqual([10, 10, minus('EFAULT')]);
    expect(ring.registeredBytes).toBe(2 * PAGE);
  });

  test('takes the holes of a sparse table with it', () => {
    const memory = new Memory(PAGE);
    using source = openAs(at);
    source.registerBuffersSparse(3);
    source.updateBuffers(1, [memory.bytes]);
    using ring = openAs(at);
    expect(ring.cloneBuffersFrom(source.bufferSource(), { fallback: false })).toBe('cloned');
    expect([ring.buffers.length, ring.buffers.at(0), ring.registeredBytes]).toEqual([3, null, PAGE]);
    expect(execute(ring, readInto(ring, memory, 1, 0), readInto(ring, memory, 0, 0))).toEqual([
      10,
      minus('EFAULT'),
    ]);
  });
});

describe('cloning is refused', () => {
  const memory = new Memory(PAGE);

  test('from a closed ring, even when another one has got its descriptor', () => {
    const source = Ring.open({ entries: 4, rung: 'coop' });
    source.registerBuffers([memory.bytes]);
    const named = source.bufferSource();
    source.close();
    using usurper = Ring.open({ entries: 4, rung: 'coop' });
    usurper.registerBuffers([memory.bytes]);
    using ring = Ring.open({ entries: 4 });
    expect(codeOf(() => ring.cloneBuffersFrom(named))).toBe('ERR_RINGPOOL_SOURCE_CLOSED');
    expect(ring.registeredBytes).toBe(0);
  });

  test('from a ring without buffers', () => {
    using source = Ring.open({ entries: 4 });
    using ring = Ring.open({ entries: 4 });
    expect(codeOf(() => ring.cloneBuffersFrom(source))).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
    expect(codeOf(() => ring.cloneBuffersFrom({ ...source.bufferSource(), views: [memory.bytes] }))).toBe(
      'ERR_RINGPOOL_NOT_REGISTERED',
    );
  });

  test.each<CloneOptions>([
    { sourceOffset: 1 },
    { sourceOffset: -1 },
    { count: 0 },
    { count: 2 },
    { offset: -1 },
    { offset: 0.5 },
    { count: 0.5 },
  ])('with %o, which names buffers that are not there', (options) => {
    using source = Ring.open({ entries: 4 });
    source.registerBuffers([memory.bytes]);
    using ring = Ring.open({ entries: 4 });
    expect(codeOf(() => ring.cloneBuffersFrom(source, options))).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
    expect(ring.registeredBytes).toBe(0);
  });
});

interface CloneReport {
  readonly answer: string;
  readonly registeredBytes: number;
  readonly results: readonly number[];
}

describe('cloning from a ring of another thread', () => {
  const inWorker = async (source: Ring, options?: CloneOptions): Promise<CloneReport> => {
    const workerData = { source: source.bufferSource(), file, options, to: 40 };
    const worker = new Worker(new URL('./fixtures/clone-worker.mjs', import.meta.url), { workerData });
    const exited = once(worker, 'exit');
    const [report] = (await once(worker, 'message')) as [CloneReport];
    await exited;
    return report;
  };

  test.each<RingRung>(['coop', 'coop-sqarray', 'submit-all', 'plain'])(
    'works from a source on rung %s',
    async (rung) => {
      const memory = new Memory(2 * PAGE);
      using source = Ring.open({ entries: 4, rung });
      source.registerBuffers([memory.bytes]);
      expect(await inWorker(source)).toEqual({ answer: 'cloned', registeredBytes: 2 * PAGE, results: [100] });
      expect(memory.copy(40, 100)).toEqual(content.subarray(0, 100));
      expect(execute(source, readInto(source, memory, 0, 0))).toEqual([10]);
    },
  );

  test.each<RingRung>(['defer', 'defer-sqarray'])(
    'is ERR_RINGPOOL_SOURCE_BUSY from a source on rung %s',
    async (rung) => {
      const memory = new Memory(PAGE);
      using source = Ring.open({ entries: 4, rung });
      source.registerBuffers([memory.bytes]);
      expect((await inWorker(source)).answer).toBe('ERR_RINGPOOL_SOURCE_BUSY');
    },
  );
});
