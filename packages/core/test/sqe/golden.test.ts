// The bytes of every operation, in its smallest form and with every optional argument, against those a C program makes
// from the kernel's header, liburing, and the layout of the SQE.
import { describe, expect, test } from 'vitest';
import { opcodeEntry, opcodeNames } from '../../src/abi/opcodes.ts';
import { decode } from '../../src/sqe/decode.ts';
import { encodeOperation } from '../../src/sqe/encode.ts';
import { casesWithoutVector, goldenCases, vectors } from '../golden/cases.ts';

const DIRT = 0xdead_beef;
const SLOTS = 4;
const WORDS = 16;
const golden = goldenCases();

/** A queue full of rubbish, as a used one is. */
function dirtyQueue(): Uint32Array {
  return new Uint32Array(SLOTS * WORDS).fill(DIRT);
}

function hex(sqes: Uint32Array, slot: number, bytes: number): string {
  return Buffer.from(sqes.buffer, slot * WORDS * 4, bytes).toString('hex');
}

describe('every operation', () => {
  test.each(golden)('$label: encodes to the bytes of the C program', ({ operation, bytes }) => {
    const sqes = dirtyQueue();
    encodeOperation(sqes, 1, operation);
    expect(hex(sqes, 1, bytes.length / 2)).toBe(bytes);
  });

  test.each(golden)('$label: leaves its neighbours alone', ({ operation, bytes }) => {
    const sqes = dirtyQueue();
    encodeOperation(sqes, 1, operation);
    const taken = bytes.length / 8;
    const rest = [...sqes.subarray(0, WORDS), ...sqes.subarray(WORDS + taken)];
    expect(new Set(rest)).toEqual(new Set([DIRT]));
  });

  test.each(golden)('$label: without userData, words 8 and 9 stay as they are', ({ operation, bytes }) => {
    const sqes = dirtyQueue();
    const { userData: _, ...anonymous } = operation;
    encodeOperation(sqes, 1, anonymous as typeof operation);
    expect([sqes[WORDS + 8], sqes[WORDS + 9]]).toEqual([DIRT, DIRT]);
    sqes[WORDS + 8] = 0x89ab_cdef;
    sqes[WORDS + 9] = 0x0123_4567;
    expect(hex(sqes, 1, bytes.length / 2)).toBe(bytes);
  });

  test.each(golden)('$label: decodes to what was encoded', ({ operation, bytes }) => {
    const sqes = dirtyQueue();
    Buffer.from(bytes, 'hex').copy(Buffer.from(sqes.buffer, WORDS * 4, bytes.length / 2));
    const wide = bytes.length === 256 ? 128 : 64;
    expect(withoutPadding(decode(sqes, 1, wide))).toEqual(withoutPadding(operation));
  });
});

describe('the vectors', () => {
  test('have a case each, and the cases a vector', () => {
    expect(casesWithoutVector()).toEqual([]);
    expect(golden.length).toBe(Object.keys(vectors).length);
  });

  test.each(opcodeNames)('of %s hold every argument it can take', (op) => {
    const given = new Set(
      golden
        .filter(({ operation }) => operation.op === op)
        .flatMap(({ operation }) => Object.keys(operation)),
    );
    expect(opcodeEntry(op).fields.filter(({ arg }) => !given.has(arg))).toEqual([]);
    expect(given).toContain('personality');
  });
});

/** The decoder cannot know how long a payload was: zeros at its end do not count. */
function withoutPadding(operation: object): object {
  const { cmd } = operation as { readonly cmd?: Uint8Array };
  if (cmd === undefined) return operation;
  return {
    ...operation,
    cmd: Buffer.from(cmd)
      .toString('hex')
      .replace(/(?:00)+$/, ''),
  };
}
