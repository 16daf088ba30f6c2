// The digests against plain counting, at every alignment and length where the quick way changes hands.
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { countLines, Digests } from '../src/digest.ts';

test('lines are counted as byte by byte', () => {
  const bytes = Buffer.alloc(5000);
  let state = 7;
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[at] = [10, 10, 11, 9, 138, 0, 255, 65][(state >>> 16) & 7] as number;
  }
  for (let start = 0; start < 9; start++) {
    for (const length of [0, 1, 3, 4, 15, 16, 17, 31, 64, 1007, 1008, 1009, 1025, 4000]) {
      const part = bytes.subarray(start, start + length);
      expect(countLines(part)).toBe(part.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0));
    }
  }
  expect(countLines(Buffer.alloc(100_000, 10))).toBe(100_000);
});

test('a file by chunks has the digest of the whole, and differences are found', () => {
  const bytes = Buffer.from('one\ntwo\nthree\n');
  const [whole, parts] = [new Digests(2), new Digests(2)];
  whole.add(1, bytes);
  parts.add(1, bytes.subarray(0, 5));
  parts.add(1, bytes.subarray(5));
  expect([parts.crc[1], parts.bytes[1], parts.lines[1]]).toEqual([crc32(bytes), 14, 3]);
  expect(whole.differences(parts)).toEqual([]);
  parts.add(0, Buffer.from('x'));
  expect(whole.differences(parts)).toEqual([0]);
});
