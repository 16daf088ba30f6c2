// Registering through a ring of another thread: what the slot is good for, and when it is refused.

import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { bufferIndex, encode, errno, fd } from '@ringpool/core';
import { Ring, type RingRung, readMemlock, registerThrough } from '@ringpool/native';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fileWith, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern } from './support/memory.ts';
import { codeOf, execute, minus } from './support/rings.ts';

const SLOTS = 4;
const LARGE_BYTES = 128 * 1024 * 1024;
const content = pattern(4 * PAGE);
const file = fileWith(temporaryDirectory(), content);
const number = openSync(file, 'r');
let worker: Worker;
beforeAll(() => {
  worker = new Worker(new URL('./fixtures/through-worker.mjs', import.meta.url));
});
afterAll(async () => {
  closeSync(number);
  await worker.terminate();
});

interface Job {
  readonly ringId: number;
  readonly index: number;
  readonly view: Uint8Array;
  /** A file to read through a clone. */
  readonly read?: string;
  /** A word that says that the call is about to be made. */
  readonly started?: Int32Array;
}

/** What the worker says to a job. */
async function inWorker(job: Job): Promise<{ readonly code: string; readonly result?: number }> {
  const answer = once(worker, 'message');
  worker.postMessage(job);
  return (await answer)[0] as { code: string };
}

/** A ring whose table other threads may fill from the memory. */
function openAnchor(memory: Memory, rung: RingRung = 'coop'): Ring {
  const ring = Ring.open({ entries: 4, rung });
  ring.attachMemory(memory.slice(0, PAGE));
  ring.registerBuffersSparse(SLOTS);
  return ring;
}

const views = (index: number, view: Uint8Array): (Uint8Array | null)[] =>
  Array.from({ length: SLOTS }, (_, slot) => (slot === index ? view : null));

const readInto = (ring: Ring, memory: Memory, index: number, to: number) => (sqe: number) =>
  encode.readFixed(ring.sqes, sqe, {
    fd: fd(number),
    buffer: memory.at(to),
    length: 100,
    offset: 0,
    bufferIndex: bufferIndex(index),
  });

describe.each<RingRung>(['coop', 'coop-sqarray', 'submit-all', 'plain'])(
  'through a ring on rung %s',
  (rung) => {
    test('a worker registers, and its own and a third ring clone the slot and read by it', async () => {
      const memory = new Memory(4 * PAGE);
      using anchor = openAnchor(memory, rung);
      const view = memory.slice(2 * PAGE, PAGE);
      const answer = await inWorker({ ringId: anchor.id, index: 2, view, read: file });
      expect(answer).toEqual({ code: 'none', result: 100 });
      expect(memory.copy(2 * PAGE, 100)).toEqual(content.subarray(0, 100));
      memory.bytes.fill(0);
      using third = Ring.open({ entries: 4 });
      third.cloneBuffersFrom({ ringId: anchor.id, views: views(2, view) }, { fallback: false });
      expect(
        execute(
          third,
          readInto(third, memory, 2, 2 * PAGE + 50),
          readInto(third, memory, 2, PAGE),
          readInto(third, memory, 1, 2 * PAGE),
        ),
      ).toEqual([100, minus('EFAULT'), minus('EFAULT')]);
      expect(memory.copy(2 * PAGE + 50, 100)).toEqual(content.subarray(0, 100));
    });
  },
);

describe('a slot', () => {
  const memory = new Memory(4 * PAGE);
  const view = memory.slice(PAGE, PAGE);
  const again = 'ERR_RINGPOOL_ALREADY_REGISTERED';

  test('is filled once, until its ring empties it', async () => {
    using anchor = openAnchor(memory);
    const job = { ringId: anchor.id, index: 3, view };
    expect((await inWorker(job)).code).toBe('none');
    expect((await inWorker(job)).code).toBe(again);
    expect(codeOf(() => registerThrough(anchor.id, 3, view))).toBe(again);
    anchor.updateBuffers(3, [null]);
    expect((await inWorker(job)).code).toBe('none');
    anchor.unregisterBuffers();
    expect((await inWorker(job)).code).toBe('ERR_RINGPOOL_NOT_REGISTERED');
    anchor.registerBuffersSparse(SLOTS);
    expect((await inWorker(job)).code).toBe('none');
  });

  test('that the ring itself has filled is not replaced, however it did', () => {
    using anchor = openAnchor(memory);
    anchor.updateBuffers(1, [memory.slice(0, PAGE), null]);
    expect(codeOf(() => registerThrough(anchor.id, 1, view))).toBe(again);
    expect(codeOf(() => registerThrough(anchor.id, 2, view))).toBe('none');
    using whole = Ring.open({ entries: 4, rung: 'coop' });
    whole.attachMemory(memory.bytes);
    whole.registerBuffers([view]);
    expect(codeOf(() => registerThrough(whole.id, 0, view))).toBe(again);
    using clone = Ring.open({ entries: 4, rung: 'coop' });
    clone.attachMemory(memory.bytes);
    clone.cloneBuffersFrom({ ringId: anchor.id, views: views(1, memory.slice(0, PAGE)) });
    expect(codeOf(() => registerThrough(clone.id, 1, view))).toBe(again);
    expect(codeOf(() => registerThrough(clone.id, 3, view))).toBe('none');
    expect(anchor.registeredBytes).toBe(PAGE);
  });

  test.each<RingRung>(['defer', 'defer-sqarray'])(
    'of a ring on rung %s is its own thread’s',
    async (rung) => {
      using anchor = openAnchor(memory, rung);
      expect((await inWorker({ ringId: anchor.id, index: 0, view })).code).toBe('ERR_RINGPOOL_SOURCE_BUSY');
      expect(codeOf(() => registerThrough(anchor.id, 0, view))).toBe('ERR_RINGPOOL_SOURCE_BUSY');
    },
  );

  test.each([SLOTS, -1, 0.5, 2 ** 32 - 1, 2 ** 32, Number.NaN, '0'])('%s does not exist', (index) => {
    using anchor = openAnchor(memory);
    const refused = 'ERR_RINGPOOL_INVALID_ARGUMENT';
    expect(codeOf(() => registerThrough(anchor.id, index as number, view))).toBe(refused);
    expect(codeOf(() => registerThrough(anchor.id, 0, memory.slice(0, 0)))).toBe(refused);
    expect(codeOf(() => registerThrough(anchor.id, 0, new Uint8Array(PAGE)))).toBe('ERR_RINGPOOL_NOT_SHARED');
  });

  test('is for memory only that the ring keeps', async () => {
    using anchor = openAnchor(memory);
    const other = new Memory(2 * PAGE);
    const refused = 'ERR_RINGPOOL_INVALID_ARGUMENT';
    expect((await inWorker({ ringId: anchor.id, index: 0, view: other.bytes })).code).toBe(refused);
    // Any part of it will do: the buffer is kept whole.
    anchor.attachMemory(other.slice(PAGE, PAGE));
    expect((await inWorker({ ringId: anchor.id, index: 0, view: other.bytes })).code).toBe('none');
  });
});

test('a closed ring is EBADF, even when another one has got its descriptor', async () => {
  const memory = new Memory(PAGE);
  const anchor = openAnchor(memory);
  const { id, fd: descriptor } = anchor;
  anchor.close();
  using usurper = openAnchor(memory);
  expect(usurper.fd).toBe(descriptor);
  expect((await inWorker({ ringId: id, index: 0, view: memory.bytes })).code).toBe('ERR_RINGPOOL_CLOSED');
  expect(() => registerThrough(id, 0, memory.bytes)).toThrow(
    expect.objectContaining({ code: 'ERR_RINGPOOL_CLOSED', errno: errno.EBADF }),
  );
  expect(execute(usurper, readInto(usurper, memory, 0, 0))).toEqual([minus('EFAULT')]);
});

test('the ring does not close while another thread registers through it', async () => {
  const ATTEMPTS = 10;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const memory = new Memory(LARGE_BYTES);
    const anchor = openAnchor(memory);
    const started = new Int32Array(new SharedArrayBuffer(4), 0, 1);
    const done = inWorker({ ringId: anchor.id, index: 0, view: memory.bytes, started });
    while (Atomics.load(started, 0) === 0);
    await sleep(5);
    const refused = codeOf(() => anchor.close({ timeoutMs: 0 }));
    expect(['none', 'ERR_RINGPOOL_DRAIN_TIMEOUT']).toContain(refused);
    const { code } = await done;
    anchor.close();
    expect(readMemlock().pinnedBytes).toBeLessThan(LARGE_BYTES);
    // Otherwise the worker had not come so far, or was through already.
    if (refused !== 'none') {
      expect(code).toBe('none');
      return;
    }
  }
  throw new Error(`no attempt of ${ATTEMPTS} met the call in the kernel`);
});
