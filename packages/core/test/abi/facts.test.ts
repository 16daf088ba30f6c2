// The tables against the facts collected from the kernel's header and manual pages (test/golden/*.csv).
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { errno, errnoName, errnoText } from '../../src/abi/errno.ts';
import { featureNames, features } from '../../src/abi/features.ts';
import * as flags from '../../src/abi/flags.ts';
import { type SqeField, sqeFields } from '../../src/abi/layout.ts';
import { opcodeEntry, opcodeNames, opcodes } from '../../src/abi/opcodes.ts';
import { registerOps } from '../../src/abi/register-ops.ts';

const OPCODES = 65;

/** Rows of a CSV file with quoted cells; a last cell that nobody quoted may hold commas. */
function rows(name: string, columns: number): readonly (readonly string[])[] {
  const text = readFileSync(new URL(`../golden/${name}.csv`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const cells = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted ?? plain ?? '',
      );
      return [...cells.slice(0, columns - 1), cells.slice(columns - 1).join(',')];
    });
}

/** The fields of the SQE an entry of the table uses. */
function usedFields(name: (typeof opcodeNames)[number]): ReadonlySet<string> {
  const entry = opcodeEntry(name);
  const used = new Set<string>(Object.keys(entry.constants));
  for (const field of entry.fields) {
    used.add(field.sqe);
    if (field.wide) used.add(field.wide);
    if (field.sets) used.add(field.sets.field);
    if (field.fixedBit) used.add(field.fixedBit.field);
    if (field.kind === 'closing-file') used.add('file_index');
    if (field.kind === 'fixed-file') used.add('flags');
  }
  return used;
}

describe('opcodes', () => {
  test('are numbered from 0 to 64 without a gap', () => {
    expect(opcodeNames.map((name) => opcodes[name].value)).toEqual(
      Array.from({ length: OPCODES }, (_, value) => value),
    );
  });

  test.each(rows('opcodes', 5))('%s has its number, kernel and fields', (name, value, kernel, fields) => {
    const op = opcodeNames[Number(value)]!;
    const entry = opcodeEntry(op);
    expect([entry.name, entry.kernel]).toEqual([name, kernel]);
    // Fields that the fact sheet names only to say that they are 0 need no argument; clearing covers them.
    const facts = [...fields!.matchAll(/(?:^|;)(\w+)=(?!0(?:;|$))/g)].map(([, field]) => field!);
    const used = usedFields(op);
    expect(facts.filter((field) => !used.has(field) && !isZero(op, field))).toEqual([]);
  });

  /** `fd` is named for these although they take none. */
  function isZero(op: string, field: string): boolean {
    return field === 'fd' && ['setxattr', 'getxattr', 'futexWaitv', 'pipe'].includes(op);
  }

  test.each(opcodeNames)('%s: pointers are fields of its own or attributes of transfers', (op) => {
    const entry = opcodeEntry(op);
    const addresses = new Set(entry.fields.filter(({ kind }) => kind === 'address').map(({ sqe }) => sqe));
    const pointers = new Set(entry.pointers.map(({ sqe }) => sqe));
    const unguarded = [...addresses].filter((sqe) => !pointers.has(sqe));
    // What a driver makes of a URING_CMD is UNKNOWN as a whole.
    expect(entry.encoder === 'custom' ? [] : unguarded).toEqual([]);
    const unasked = [...pointers].filter((sqe) => !addresses.has(sqe) && sqe !== 'attr_ptr');
    expect(entry.encoder === 'custom' ? [] : unasked).toEqual([]);
  });
});

describe('layout', () => {
  test.each(rows('sqe_layout', 3))('%s lies at byte %s', (field, offset, size) => {
    expect(sqeFields[field as SqeField]).toEqual({
      offset: Number(offset),
      size: Number.parseInt(size!, 10),
    });
  });

  test('holds nothing else', () => {
    expect(Object.keys(sqeFields)).toHaveLength(rows('sqe_layout', 3).length);
  });
});

describe('flags', () => {
  /** Every flag under its kernel name. */
  const named = new Map(
    Object.entries(flags).flatMap(([group, members]) =>
      typeof members === 'function'
        ? []
        : Object.entries(members as Record<string, number>).map(([name, value]) => [
            `${group}_${name}`,
            value,
          ]),
    ),
  );
  /** In the kernel's header, not in the fact sheet. */
  const MORE = ['FILE', 'FIXED_FILE', 'FIXED_BUFFER', 'TW'].map((name) => `IORING_NOP_${name}`);

  test.each(rows('flags', 5))('%s %s = %s', (_, name, value) => {
    expect(named.get(name!)).toBe(Number(value));
  });

  test('hold nothing else', () => {
    expect([...named.keys()].toSorted()).toEqual(
      [...rows('flags', 5).map(([, name]) => name!), ...MORE].toSorted(),
    );
  });

  test('have names for messages', () => {
    expect(flags.flagNames(flags.IOSQE, 0x85)).toEqual(['FIXED_FILE', 'IO_LINK', '0x80']);
    expect(flags.flagNames(flags.SPLICE_F, 0x8000_0000)).toEqual(['FD_IN_FIXED']);
    expect(flags.flagNames(flags.IORING_OFF, 0)).toEqual([]);
  });

  test('features have the kernels of the fact sheet', () => {
    const facts = rows('flags', 5).filter(([group]) => group === 'feature');
    expect(Object.keys(features)).toHaveLength(facts.length);
    for (const [, name, , kernel] of facts) {
      expect(features[name!.replace('IORING_FEAT_', '') as keyof typeof features].kernel).toBe(kernel);
    }
    expect(featureNames(0x3)).toEqual(['SINGLE_MMAP', 'NODROP']);
  });
});

describe('register operations', () => {
  test.each(rows('register_ops', 5))('%s = %s since %s', (name, value, kernel) => {
    const entry = registerOps[name!.replace('IORING_', '') as keyof typeof registerOps];
    expect([entry.value, entry.kernel]).toEqual([Number(value), kernel]);
  });

  test('hold nothing else', () => {
    expect(Object.keys(registerOps)).toHaveLength(rows('register_ops', 5).length);
  });
});

describe('errno', () => {
  /** Second names of EAGAIN and EOPNOTSUPP. */
  const SECOND = ['EWOULDBLOCK', 'ENOTSUP'];

  test('has every name and number of this system', ({ skip }) => {
    if (process.platform !== 'linux') skip('the numbers are those of Linux');
    const system = Object.entries(constants.errno).filter(([name]) => !SECOND.includes(name));
    expect(system.map(([name]) => [name, errno[name as keyof typeof errno]])).toEqual(system);
  });

  test('names and explains a number', () => {
    expect(errnoName(28)).toBe('ENOSPC');
    expect(errnoText(28)).toBe('no space left on device');
    expect(errnoName(4000)).toBe('E4000');
    expect(errnoText(4000)).toBe('unknown error 4000');
  });
});
