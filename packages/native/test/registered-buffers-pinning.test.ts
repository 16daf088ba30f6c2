// What the kernel can pin, and what it still writes: memory that is a file's or nobody's is refused by name, and after
// unregisterBuffers() not one byte changes, although disk reads were in flight.

import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { bufferIndex, encode, fd } from '@ringpool/core';
import { Ring } from '@ringpool/native';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { fileWith, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern, shared } from './support/memory.ts';
import { loadRemap, type Remap } from './support/remap.ts';
import { codeOf, execute, MATRIX, minus, openAs, queue } from './support/rings.ts';

const directory = temporaryDirectory();
const remap = loadRemap(directory);

describe.skipIf(typeof remap === 'string')(
  `unpinnable memory${typeof remap === 'string' ? ` (${remap})` : ''}`,
  () => {
    const pages = remap as Remap;
    const file = fileWith(directory, pattern(8 * PAGE));

    /** Runs `use` with memory whose first four pages are a file. */
    const withFile = (flags: string, use: (bytes: Uint8Array) => void): void => {
      const bytes = shared(8 * PAGE);
      const number = openSync(file, flags);
      expect(pages.putFile(bytes.subarray(0, 4 * PAGE), number, true)).toBe(0);
      try {
        use(bytes);
      } finally {
        pages.putMemory(bytes.subarray(0, 4 * PAGE));
        closeSync(number);
      }
    };

    test.each(['r', 'r+'])('memory of a file opened with %s is refused by name', (flags) => {
      using ring = Ring.open({ entries: 4 });
      withFile(flags, (bytes) => {
        const attempt = (): void => ring.registerBuffers([bytes]);
        // A file on tmpfs is memory, and the kernel pins it when it may be written.
        if (codeOf(attempt) === 'none')
          return expect([flags, ring.registeredBytes]).toEqual(['r+', 8 * PAGE]);
        expect(codeOf(attempt)).toBe('ERR_RINGPOOL_BUFFER_UNPINNABLE');
        expect(attempt).toThrow(/backed by a file.*Register anonymous memory/);
        expect(ring.registeredBytes).toBe(0);
      });
    });

    test('memory that is not mapped is refused by name; what lies before it is not', () => {
      using ring = Ring.open({ entries: 4 });
      const bytes = shared(8 * PAGE);
      const hole = bytes.subarray(4 * PAGE, 5 * PAGE);
      expect(pages.putNothing(hole)).toBe(0);
      expect(codeOf(() => ring.registerBuffers([bytes]))).toBe('ERR_RINGPOOL_BUFFER_UNPINNABLE');
      expect(codeOf(() => ring.registerBuffers([bytes.subarray(0, PAGE), hole]))).toBe(
        'ERR_RINGPOOL_BUFFER_UNPINNABLE',
      );
      expect(ring.registeredBytes).toBe(0);
      ring.registerBuffers([bytes.subarray(0, 4 * PAGE)]);
      expect(pages.putMemory(hole)).toBe(0);
      ring.unregisterBuffers();
      ring.registerBuffers([bytes]);
      expect(ring.registeredBytes).toBe(8 * PAGE);
    });

    test('an update stops at memory that cannot be pinned', () => {
      using ring = Ring.open({ entries: 4 });
      withFile('r', (bytes) => {
        ring.registerBuffersSparse(3);
        const good = bytes.subarray(4 * PAGE, 5 * PAGE);
        expect(codeOf(() => ring.updateBuffers(0, [good, bytes.subarray(0, PAGE), good]))).toBe(
          'ERR_RINGPOOL_BUFFER_UNPINNABLE',
        );
        expect([ring.buffers.at(0)?.byteLength, ring.buffers.at(1), ring.buffers.at(2)]).toEqual([
          PAGE,
          null,
          null,
        ]);
        ring.unregisterBuffers();
      });
    });

    test('a read into memory that is gone is EFAULT', () => {
      using ring = Ring.open({ entries: 4 });
      const memory = new Memory(2 * PAGE);
      ring.attachMemory(memory.bytes);
      expect(pages.putNothing(memory.slice(PAGE, PAGE))).toBe(0);
      const number = openSync(file, 'r');
      const read = (sqe: number): void =>
        encode.read(ring.sqes, sqe, { fd: fd(number), buffer: memory.at(PAGE), length: 10, offset: 0 });
      expect(execute(ring, read)).toEqual([minus('EFAULT')]);
      pages.putMemory(memory.slice(PAGE, PAGE));
      closeSync(number);
    });
  },
);

const READS = 16;
const READ_BYTES = 1024 * 1024;

describe.each(MATRIX)('disk reads in flight: $memory memory, rung $rung', (at) => {
  let number = -1;
  let why = '';

  beforeAll(() => {
    const file = path.join(directory, 'large');
    writeFileSync(file, Buffer.alloc(READS * READ_BYTES, 0xd1));
    try {
      number = openSync(file, constants.O_RDONLY | constants.O_DIRECT);
    } catch (error) {
      why = `this file system has no O_DIRECT: ${String(error)}`;
    }
  });
  afterAll(() => {
    if (number >= 0) closeSync(number);
  });

  const submitReads = (ring: Ring, memory: Memory): void => {
    for (let index = 0; index < READS; index++) {
      queue(ring, (sqe) =>
        encode.readFixed(ring.sqes, sqe, {
          fd: fd(number),
          buffer: memory.at(index * READ_BYTES),
          length: READ_BYTES,
          offset: index * READ_BYTES,
          bufferIndex: bufferIndex(0),
        }),
      );
    }
    ring.submit();
  };

  test('after unregisterBuffers() not one byte changes, and every completion is there to reap', async (context) => {
    if (number < 0) context.skip(why);
    const ring = openAs(at, { entries: READS });
    const memory = new Memory(READS * READ_BYTES);
    ring.registerBuffers([memory.bytes]);
    submitReads(ring, memory);
    ring.unregisterBuffers();
    memory.bytes.fill(0x11);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(memory.bytes.every((byte) => byte === 0x11)).toBe(true);
    const results: number[] = [];
    ring.reap((_operation, res) => void results.push(res));
    expect(results).toEqual(new Array(READS).fill(READ_BYTES));
    expect(ring.inFlight).toBe(0);
    ring.close();
  });

  test('buffers exchanged under reads in flight keep receiving them', (context) => {
    if (number < 0) context.skip(why);
    const ring = openAs(at, { entries: READS });
    const memory = new Memory(READS * READ_BYTES);
    ring.registerBuffers([memory.bytes]);
    submitReads(ring, memory);
    ring.updateBuffers(0, [shared(PAGE)]);
    const results: number[] = [];
    while (results.length < READS) {
      ring.submitAndWait(1, 10_000);
      ring.reap((_operation, res) => void results.push(res));
    }
    expect(results).toEqual(new Array(READS).fill(READ_BYTES));
    expect(memory.bytes.every((byte) => byte === 0xd1)).toBe(true);
    ring.close();
  });
});
