// Registered buffers on live rings: which ranges they serve, what each refusal says, and how the table changes.

import { closeSync, openSync, writeSync } from 'node:fs';

import { bufferIndex, encode, fd, type RingpoolError } from '@ringpool/core';
import { addressOf, REGISTERED_BUFFERS_MAX, Ring } from '@ringpool/native';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fileWith, openPipe, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern, shared } from './support/memory.ts';
import { codeOf, collect, execute, MATRIX, minus, openAs, queue } from './support/rings.ts';

const directory = temporaryDirectory();
const content = pattern(4 * PAGE);
const file = fileWith(directory, content);

/** The error that `action` throws. */
function refusal(action: () => unknown): RingpoolError {
  try {
    action();
  } catch (error) {
    return error as RingpoolError;
  }
  throw new Error('nothing was refused');
}

describe.each(MATRIX)('registered buffers: $memory memory, rung $rung', (at) => {
  let ring: Ring;
  let memory: Memory;
  let number: number;

  beforeEach(() => {
    ring = openAs(at);
    memory = new Memory(16 * PAGE);
    number = openSync(file, 'r');
  });
  afterEach(() => {
    ring.close();
    closeSync(number);
  });

  const readInto =
    (index: number, to: number, length: number, offset = 0) =>
    (sqe: number) =>
      encode.readFixed(ring.sqes, sqe, {
        fd: fd(number),
        buffer: memory.at(to),
        length,
        offset,
        bufferIndex: bufferIndex(index),
      });

  test('register, unregister, register again while the ring lives', () => {
    for (let round = 0; round < 20; round++) {
      ring.registerBuffers([memory.bytes]);
      expect(ring.registeredBytes).toBe(16 * PAGE);
      expect(execute(ring, readInto(0, round, 100, round))).toEqual([100]);
      expect(memory.copy(round, 100)).toEqual(content.subarray(round, round + 100));
      ring.unregisterBuffers();
      expect(ring.registeredBytes).toBe(0);
      expect(execute(ring, readInto(0, 0, 10))).toEqual([minus('EFAULT')]);
    }
  });

  test.each<[string, number, number]>([
    ['the first byte', 0, 1],
    ['the last byte', 16 * PAGE - 1, 1],
    ['one byte in the middle', 5 * PAGE + 77, 1],
    ['a range that straddles pages', 2 * PAGE - 1, 2],
    ['a range over several pages', PAGE + 5, 3 * PAGE],
    ['the last page', 15 * PAGE, PAGE],
  ])('any range inside a buffer: %s', (_name, to, length) => {
    ring.registerBuffers([memory.bytes]);
    memory.bytes.fill(0xa5);
    expect(execute(ring, readInto(0, to, length, 9))).toEqual([length]);
    expect(memory.copy(to, length)).toEqual(content.subarray(9, 9 + length));
    if (to > 0) expect(memory.bytes[to - 1]).toBe(0xa5);
    if (to + length < 16 * PAGE) expect(memory.bytes[to + length]).toBe(0xa5);
  });

  test('several buffers, whole or within pages, each by its own index', () => {
    ring.registerBuffers([
      memory.slice(0, PAGE),
      memory.slice(100 + PAGE, 300),
      memory.slice(8 * PAGE, 8 * PAGE),
    ]);
    expect(ring.registeredBytes).toBe(9 * PAGE + 300);
    expect(
      execute(ring, readInto(0, 0, PAGE), readInto(1, 100 + PAGE, 300, 1), readInto(2, 8 * PAGE, 200, 2)),
    ).toEqual([PAGE, 300, 200]);
    expect(memory.copy(100 + PAGE, 300)).toEqual(content.subarray(1, 301));
    expect(execute(ring, readInto(1, 0, 10), readInto(0, 8 * PAGE, 10))).toEqual([
      minus('EFAULT'),
      minus('EFAULT'),
    ]);
  });

  test.each<[string, number, number]>([
    ['one byte before', PAGE - 1, 10],
    ['one byte behind', 3 * PAGE - 9, 10],
    ['more than all of it', PAGE, 2 * PAGE + 1],
    ['somewhere else', 10 * PAGE, 10],
  ])('a range outside is EFAULT, writes nothing, and is named: %s', (_name, to, length) => {
    ring.registerBuffers([memory.slice(PAGE, 2 * PAGE)]);
    memory.bytes.fill(0x5a);
    expect(execute(ring, readInto(0, to, length))).toEqual([minus('EFAULT')]);
    expect(memory.bytes.every((byte) => byte === 0x5a)).toBe(true);
    const error = ring.buffers.completionError(minus('EFAULT'), 0, memory.at(to), length);
    expect([error.code, error.errno]).toEqual(['ERR_RINGPOOL_BUFFER_RANGE', 14]);
    expect(error.message).toContain(String(length));
    expect(error.hint).not.toBe('');
  });

  test('a bad index is EFAULT and is told from a bad range', () => {
    ring.registerBuffers([memory.bytes]);
    expect(execute(ring, readInto(1, 0, 10), readInto(16_383, 0, 10))).toEqual([
      minus('EFAULT'),
      minus('EFAULT'),
    ]);
    const error = ring.buffers.completionError(minus('EFAULT'), 1, memory.at(0), 10);
    expect(error.code).toBe('ERR_RINGPOOL_BUFFER_INDEX');
    expect(error.message).toMatch(/index 1 .*1 slots/);
  });

  test('any other completion error keeps the name of its errno', () => {
    ring.registerBuffers([memory.bytes]);
    expect(ring.buffers.completionError(-5, 0, memory.at(0), 10).code).toBe('EIO');
  });

  test('registering twice is refused, and the first registration serves on', () => {
    ring.registerBuffers([memory.bytes]);
    const error = refusal(() => ring.registerBuffers([memory.bytes]));
    expect([error.code, error.errno]).toEqual(['ERR_RINGPOOL_ALREADY_REGISTERED', 16]);
    expect(codeOf(() => ring.registerBuffersSparse(4))).toBe('ERR_RINGPOOL_ALREADY_REGISTERED');
    expect(execute(ring, readInto(0, 0, 10))).toEqual([10]);
    expect(ring.registeredBytes).toBe(16 * PAGE);
  });

  test('unregistering or updating what is not registered is refused', () => {
    expect(codeOf(() => ring.unregisterBuffers())).toBe('ERR_RINGPOOL_NOT_REGISTERED');
    expect(codeOf(() => ring.updateBuffers(0, [memory.bytes]))).toBe('ERR_RINGPOOL_NOT_REGISTERED');
    ring.registerBuffers([memory.bytes]);
    ring.unregisterBuffers();
    expect(codeOf(() => ring.unregisterBuffers())).toBe('ERR_RINGPOOL_NOT_REGISTERED');
  });

  test('a sparse table is filled, exchanged and emptied slot by slot', () => {
    ring.registerBuffersSparse(4);
    expect([ring.buffers.length, ring.registeredBytes]).toEqual([4, 0]);
    expect(execute(ring, readInto(2, 0, 10))).toEqual([minus('EFAULT')]);
    ring.updateBuffers(2, [memory.slice(0, PAGE)]);
    expect(execute(ring, readInto(2, 0, 10))).toEqual([10]);
    ring.updateBuffers(1, [memory.slice(PAGE, PAGE), memory.slice(2 * PAGE, PAGE), null]);
    expect(ring.registeredBytes).toBe(2 * PAGE);
    expect(execute(ring, readInto(1, PAGE, 10), readInto(2, 0, 10), readInto(2, 2 * PAGE, 10))).toEqual([
      10,
      minus('EFAULT'),
      10,
    ]);
    ring.updateBuffers(1, [null]);
    expect([ring.registeredBytes, ring.buffers.at(1), ring.buffers.at(2)?.byteLength]).toEqual([
      PAGE,
      null,
      PAGE,
    ]);
    expect(execute(ring, readInto(1, PAGE, 10))).toEqual([minus('EFAULT')]);
    ring.unregisterBuffers();
    expect(ring.buffers.length).toBe(0);
  });

  test('the tag of a replaced buffer is posted when its last operation has ended', () => {
    const pipe = openPipe(directory);
    const tags: [number, number][] = [];
    ring.onForeignCompletion = (low, high) => void tags.push([low, high]);
    ring.registerBuffersSparse(1);
    ring.updateBuffers(0, [memory.slice(0, PAGE)], { tags: [0x1234_5678_9abc_def0n] });
    queue(ring, (sqe) =>
      encode.readFixed(ring.sqes, sqe, {
        fd: fd(pipe),
        buffer: memory.at(0),
        length: 4,
        offset: 0,
        bufferIndex: bufferIndex(0),
      }),
    );
    ring.submit();
    ring.updateBuffers(0, [memory.slice(PAGE, PAGE)]);
    ring.submitAndWait(1, 30);
    ring.reap(() => {});
    expect(tags).toEqual([]);
    writeSync(pipe, 'late');
    expect(collect(ring, 1)[0]?.res).toBe(4);
    expect(memory.copy(0, 4).toString()).toBe('late');
    for (let round = 0; round < 100 && tags.length === 0; round++) {
      ring.submitAndWait(1, 20);
      ring.reap(() => {});
    }
    expect(tags).toEqual([[0x9abc_def0, 0x9234_5678]]);
    expect(ring.inFlight).toBe(0);
    closeSync(pipe);
  });

  test('an update that is refused in the middle has exchanged the slots before', () => {
    ring.registerBuffersSparse(3);
    ring.updateBuffers(0, [memory.slice(0, PAGE), memory.slice(PAGE, PAGE), memory.slice(2 * PAGE, PAGE)]);
    const tooLarge = shared(2 ** 30 + PAGE);
    const error = refusal(() =>
      ring.updateBuffers(0, [memory.slice(4 * PAGE, PAGE), tooLarge, memory.slice(5 * PAGE, PAGE)]),
    );
    expect(error.code).toBe('ERR_RINGPOOL_BUFFER_TOO_LARGE');
    expect(
      execute(
        ring,
        readInto(0, 4 * PAGE, 10),
        readInto(0, 0, 10),
        readInto(1, PAGE, 10),
        readInto(2, 2 * PAGE, 10),
      ),
    ).toEqual([10, minus('EFAULT'), 10, 10]);
    expect(ring.buffers.at(0)?.byteOffset).toBe(4 * PAGE);
    expect(ring.registeredBytes).toBe(3 * PAGE);
  });

  test('unregistering waits for what is in flight, and gives up at its bound with everything still registered', () => {
    const pipe = openPipe(directory);
    ring.registerBuffers([memory.bytes]);
    queue(ring, (sqe) =>
      encode.readFixed(ring.sqes, sqe, {
        fd: fd(pipe),
        buffer: memory.at(0),
        length: 4,
        offset: 0,
        bufferIndex: bufferIndex(0),
      }),
    );
    ring.submit();
    const error = refusal(() => ring.unregisterBuffers({ timeoutMs: 50 }));
    expect(error.code).toBe('ERR_RINGPOOL_DRAIN_TIMEOUT');
    expect(ring.registeredBytes).toBe(16 * PAGE);
    expect(execute(ring, readInto(0, PAGE, 10))).toEqual([10]);
    writeSync(pipe, 'late');
    ring.unregisterBuffers({ timeoutMs: 10_000 });
    expect(collect(ring, 1)[0]?.res).toBe(4);
    expect(memory.copy(0, 4).toString()).toBe('late');
    closeSync(pipe);
  });
});

describe('what a ring refuses to register', () => {
  let ring: Ring;
  beforeEach(() => {
    ring = Ring.open({ entries: 4 });
  });
  afterEach(() => {
    // Whatever was refused, the ring works on.
    expect(execute(ring, (sqe) => encode.nop(ring.sqes, sqe, {}))).toEqual([0]);
    expect(ring.registeredBytes).toBe(0);
    ring.close();
  });

  test('more than 1 GiB in one buffer', () => {
    const error = refusal(() => ring.registerBuffers([shared(2 ** 30 + PAGE)]));
    expect([error.code, error.errno]).toEqual(['ERR_RINGPOOL_BUFFER_TOO_LARGE', 14]);
    expect(error.hint).toMatch(/1 GiB/);
  });

  test('more buffers than a table holds', () => {
    const one = shared(16);
    const views = new Array<Uint8Array>(REGISTERED_BUFFERS_MAX + 1).fill(one);
    const error = refusal(() => ring.registerBuffers(views));
    expect([error.code, error.errno]).toEqual(['ERR_RINGPOOL_TOO_MANY_BUFFERS', 22]);
    expect(codeOf(() => ring.registerBuffersSparse(REGISTERED_BUFFERS_MAX + 1))).toBe(
      'ERR_RINGPOOL_TOO_MANY_BUFFERS',
    );
    expect(codeOf(() => ring.registerBuffersSparse(1e9))).toBe('ERR_RINGPOOL_TOO_MANY_BUFFERS');
  });

  test('as many buffers as a table holds are taken', () => {
    ring.registerBuffers(new Array<Uint8Array>(REGISTERED_BUFFERS_MAX).fill(shared(16)));
    ring.unregisterBuffers();
    ring.registerBuffersSparse(REGISTERED_BUFFERS_MAX);
    ring.unregisterBuffers();
  });

  test('memory of one thread', () => {
    for (const view of [new Uint8Array(16), Buffer.alloc(16), 'text', undefined, { buffer: 1 }]) {
      expect(codeOf(() => ring.registerBuffers([view as Uint8Array]))).toBe('ERR_RINGPOOL_NOT_SHARED');
    }
    expect(codeOf(() => ring.attachMemory(new Uint8Array(16)))).toBe('ERR_RINGPOOL_NOT_SHARED');
  });

  test.each<[string, (ring: Ring) => unknown]>([
    ['no buffers', (r) => r.registerBuffers([])],
    ['an empty buffer', (r) => r.registerBuffers([shared(16).subarray(0, 0)])],
    ['no slots', (r) => r.registerBuffersSparse(0)],
    ['half a slot', (r) => r.registerBuffersSparse(1.5)],
    ['a missing tag', (r) => r.registerBuffers([shared(16)], { tags: [] })],
    ['a negative tag', (r) => r.registerBuffers([shared(16)], { tags: [-1n] })],
    ['a tag with the foreign bit', (r) => r.registerBuffers([shared(16)], { tags: [2n ** 63n] })],
    ['a negative bound', (r) => r.unregisterBuffers({ timeoutMs: -1 })],
  ])('%s', (_name, use) => {
    expect(codeOf(() => use(ring))).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  });

  test.each([
    [-1, 1],
    [0.5, 1],
    [2, 1],
    [0, 3],
  ])('an update of slots that are not there: from %d on, %d of them', (start, count) => {
    ring.registerBuffersSparse(2);
    expect(codeOf(() => ring.updateBuffers(start, new Array<null>(count).fill(null)))).toBe(
      'ERR_RINGPOOL_INVALID_ARGUMENT',
    );
    ring.unregisterBuffers();
  });
});

test('a registered buffer may begin and end anywhere, and its address is the view', () => {
  const bytes = shared(8 * PAGE);
  expect(addressOf(bytes.subarray(77)) - addressOf(bytes)).toBe(77);
});
