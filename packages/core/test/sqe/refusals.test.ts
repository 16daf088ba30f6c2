// What an encoder refuses at run time, with which code, and what it leaves in the slot.
import { describe, expect, test } from 'vitest';
import type { OpcodeField } from '../../src/abi/opcode-shape.ts';
import { opcodeEntry, opcodeNames } from '../../src/abi/opcodes.ts';
import { RingpoolError } from '../../src/errors.ts';
import { decode } from '../../src/sqe/decode.ts';
import { type Encoder, encode, encodeOperation } from '../../src/sqe/encode.ts';
import type { Operation } from '../../src/sqe/operations.ts';
import { address, bufferIndex, fd, fixedFile, fixedSlotOf, isFixedFile } from '../../src/sqe/values.ts';
import { goldenCases } from '../golden/cases.ts';

const INVALID = { code: 'ERR_RINGPOOL_INVALID_ARGUMENT' };
const golden = goldenCases();

/** Values that no argument of the kind can have. */
function wrongValues(field: OpcodeField): readonly unknown[] {
  const always = ['1', null, {}, Number.NaN, 1.5, -7];
  switch (field.kind) {
    case 'i32':
      return [...always.slice(0, -1), 2 ** 31, 5n];
    case 'u16':
    case 'bufferIndex':
      return [...always, 2 ** 16, 5n];
    case 'u32':
      return [...always, 2 ** 32, 5n];
    case 'u64':
    case 'offset':
    case 'wide-length':
      return [...always, 2 ** 53, -7n, 2n ** 64n];
    case 'foreign-user-data':
      return [...always, 2n ** 63n];
    case 'address':
      return [...always, 2 ** 53, 5n];
    case 'fixed-file':
    case 'source-slot':
    case 'slot':
    case 'raw-slot':
      return [...always, 3, 2 ** 31, 5n];
    case 'plain-file':
    case 'directory':
      return [...always, fixedFile(3), 5n];
    case 'bytes':
      return ['1', {}, new Uint8Array(81)];
    default:
      return [...always, 2 ** 31, 5n];
  }
}

const encodeAnything = (sqes: Uint32Array, slot: number, operation: object): void =>
  encodeOperation(sqes, slot, operation as Operation);

describe('a wrong argument', () => {
  const wrong = golden
    .filter(({ label }) => !label.endsWith('with options'))
    .flatMap(({ label, operation }) =>
      opcodeEntry(operation.op)
        .fields.filter(({ arg }) => arg in operation)
        .map((field) => [label, field.arg, field, operation] as const),
    );

  test.each(wrong)('%s refuses a wrong %s and leaves a NOP', (_, arg, field, operation) => {
    for (const value of wrongValues(field)) {
      // Of optional numbers that the hot encoders test by truth, null and NaN mean the same as nothing.
      if (opcodeEntry(operation.op).encoder === 'hot' && field.optional && !value) continue;
      const sqes = new Uint32Array(48).fill(0xdead_beef);
      const shown = `${arg}: ${typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)}`;
      const attempt = (): void => encodeAnything(sqes, 0, { ...operation, [arg]: value });
      expect(attempt, shown).toThrow(expect.objectContaining({ ...INVALID, op: operation.op }));
      expect(sqes[0], shown).toBe(0);
    }
  });

  test.each(wrong.filter(([, , field]) => !field.optional && field.choice === undefined))(
    '%s refuses to go without %s',
    (_, arg, __, operation) => {
      const { [arg as 'op']: ___, ...rest } = operation as unknown as Record<'op', unknown>;
      const sqes = new Uint32Array(48).fill(0xdead_beef);
      expect(() => encodeAnything(sqes, 0, { ...rest, op: operation.op })).toThrow(
        expect.objectContaining(INVALID),
      );
      expect(sqes[0]).toBe(0);
    },
  );

  test.each([
    ['flags', 0x1],
    ['flags', 0x20],
    ['flags', 0x80],
    ['flags', '4'],
    ['personality', 2 ** 16],
    ['userData', -1],
    ['userData', 2n ** 64n],
  ])('every operation refuses %s = %s', (arg, value) => {
    for (const { label, operation } of golden) {
      const sqes = new Uint32Array(48).fill(0xdead_beef);
      const attempt = (): void => encodeAnything(sqes, 0, { ...operation, [arg]: value });
      expect(attempt, label).toThrow(expect.objectContaining(INVALID));
      expect(sqes[0], label).toBe(0);
    }
  });

  test('a flag that another argument sets is refused where it could disagree with it', () => {
    const sqes = new Uint32Array(16);
    expect(() => encode.asyncCancel(sqes, 0, { target: 1, cancelFlags: 0x2 })).toThrow(
      expect.objectContaining(INVALID),
    );
    expect(() => encode.nop(sqes, 0, { nopFlags: 0x1 })).toThrow(expect.objectContaining(INVALID));
  });

  test.each([
    ['both', { timespec: 4096, nanoseconds: 5 }],
    ['none', {}],
  ])('of a choice, %s is refused', (_, args) => {
    const sqes = new Uint32Array(16);
    expect(() => encodeAnything(sqes, 0, { op: 'timeout', ...args })).toThrow(
      expect.objectContaining(INVALID),
    );
  });

  test('a refused argument is named, with what it must be', () => {
    const sqes = new Uint32Array(16);
    const attempt = (): void =>
      encodeAnything(sqes, 0, { op: 'read', fd: 3, buffer: 4096, length: -1, offset: 0 });
    expect(attempt).toThrow('read: length is -1. It must be an integer from 0 to 2^32-1.');
  });
});

describe('a slot', () => {
  test.each(golden)('$label: refuses a slot that the queue does not have', ({ operation, bytes }) => {
    const sqes = new Uint32Array(64).fill(0xdead_beef);
    const last = 4 - (bytes.length - 128) / 128;
    for (const slot of [-1, last, 2 ** 31]) {
      expect(() => encodeOperation(sqes, slot, operation)).toThrow(expect.objectContaining(INVALID));
    }
    expect(new Set(sqes)).toEqual(new Set([0xdead_beef]));
  });
});

describe('decode', () => {
  test('refuses an opcode outside the table', () => {
    expect(() => decode(new Uint32Array(16).fill(65), 0)).toThrow(
      expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_SQE' }),
    );
  });

  test('refuses a slot outside the queue', () => {
    expect(() => decode(new Uint32Array(16), 1)).toThrow(
      expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_SQE' }),
    );
    expect(() => decode(new Uint32Array(16), -1)).toThrow(
      expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_SQE' }),
    );
  });

  test('refuses an address that no process has', () => {
    const sqes = new Uint32Array(16);
    sqes[0] = 22;
    sqes[5] = 0xffff_ffff;
    expect(() => decode(sqes, 0)).toThrow('buffer is 0xffffffff00000000, which is no address');
  });
});

describe('encodeOperation', () => {
  test.each(['frobnicate', 'toString', '__proto__', undefined])('refuses the operation %s', (op) => {
    expect(() => encodeAnything(new Uint32Array(16), 0, { op })).toThrow(RingpoolError);
  });

  test('reaches the encoder of every operation', () => {
    expect(Object.keys(encode)).toEqual([...opcodeNames]);
    expect(opcodeNames.every((op) => typeof (encode[op] as Encoder<never>) === 'function')).toBe(true);
  });
});

describe('values', () => {
  test.each([-1, 1.5, 2 ** 30, Number.NaN])('%d is no fd', (number) => {
    expect(() => fd(number)).toThrow(expect.objectContaining(INVALID));
  });

  test.each([-1, 1.5, 2 ** 20])('%d is no fixed slot', (number) => {
    expect(() => fixedFile(number)).toThrow(expect.objectContaining(INVALID));
  });

  test.each([-1, 1.5, 2 ** 53])('%d is no address', (number) => {
    expect(() => address(number)).toThrow(expect.objectContaining(INVALID));
  });

  test.each([-1, 1.5, 2 ** 14])('%d is no index of a registered buffer', (number) => {
    expect(() => bufferIndex(number)).toThrow(expect.objectContaining(INVALID));
  });

  test('an fd and a fixed file of the same number differ', () => {
    expect(fixedFile(3)).not.toBe(fd(3));
    expect([isFixedFile(fixedFile(3)), isFixedFile(fd(3))]).toEqual([true, false]);
    expect(fixedSlotOf(fixedFile(3))).toBe(3);
  });
});
