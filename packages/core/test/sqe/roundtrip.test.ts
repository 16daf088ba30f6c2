// decode(encode(x)) = x for random operations of all 65 opcodes, in slots full of rubbish.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OpcodeEntry, OpcodeField } from '../../src/abi/opcode-shape.ts';
import { type OpcodeName, opcodeEntry, opcodeNames } from '../../src/abi/opcodes.ts';
import { decode } from '../../src/sqe/decode.ts';
import { encodeOperation } from '../../src/sqe/encode.ts';
import type { Operation } from '../../src/sqe/operations.ts';
import { ALLOCATE_SLOT, AT_FDCWD, fixedFile } from '../../src/sqe/values.ts';

const RUNS = 300;
const U32_MAX = 0xffff_ffff;
/** What an argument may not be when it is given: its default, which the decoder leaves out. */
const u32 = (min: number): fc.Arbitrary<number> => fc.integer({ min, max: U32_MAX });
const u16 = (min: number): fc.Arbitrary<number> => fc.integer({ min, max: 0xffff });
const plainFd = fc.integer({ min: 0, max: 2 ** 30 - 1 });
const slot = fc.integer({ min: 0, max: 2 ** 20 - 1 }).map(fixedFile);
/** Numbers where a number can hold the value, bigints above: the decoder's form. */
const u64 = (min: number): fc.Arbitrary<number | bigint> =>
  fc.oneof(
    fc.integer({ min, max: U32_MAX }),
    fc.integer({ min: U32_MAX, max: Number.MAX_SAFE_INTEGER }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 2n }),
  );

/** Bits of a field that other arguments set, and so its own argument may not. */
function takenBits(entry: OpcodeEntry, field: OpcodeField): number {
  let bits = entry.constants[field.sqe] ?? 0;
  for (const other of entry.fields) {
    if (other.sets?.field === field.sqe) bits |= other.sets.bits;
    if (other.fixedBit?.field === field.sqe) bits |= other.fixedBit.bits;
  }
  return bits;
}

function bitsBeside(taken: number, all: number): fc.Arbitrary<number> {
  return fc
    .integer({ min: 1, max: all })
    .map((bits) => ((bits & ~taken) >>> 0) & all)
    .filter((bits) => bits !== 0)
    .map((bits) => bits >>> 0);
}

/** Values of one argument that the decoder gives back in the same form. */
function valueArbitrary(entry: OpcodeEntry, field: OpcodeField): fc.Arbitrary<unknown> {
  const least = field.optional && field.sets === undefined ? 1 : 0;
  switch (field.kind) {
    case 'file':
    case 'closing-file':
      return fc.oneof(plainFd, slot);
    case 'plain-file':
      return plainFd;
    case 'fixed-file':
    case 'source-slot':
      return slot;
    case 'directory':
      return fc.oneof(plainFd, fc.constant(AT_FDCWD));
    case 'slot':
    case 'raw-slot':
      return fc.oneof(slot, fc.constant(ALLOCATE_SLOT));
    case 'bufferIndex':
    case 'u16':
      return field.sqe === 'ioprio' ? bitsBeside(takenBits(entry, field), 0xffff) : u16(least);
    case 'u31':
      return fc.integer({ min: least, max: 2 ** 31 - 1 });
    case 'u32': {
      const taken = takenBits(entry, field);
      if (taken !== 0 && field.sets === undefined) return bitsBeside(taken, 0x7fff_ffff);
      return u32(least).filter((value) => value !== (field.default ?? -1));
    }
    case 'i32':
      return fc.integer().filter((value) => value !== 0 || least === 0);
    case 'u64':
      return u64(least);
    case 'offset':
      return fc.oneof(u64(0), fc.constant(-1));
    case 'address':
      return fc.integer({ min: least, max: Number.MAX_SAFE_INTEGER });
    case 'foreign-user-data':
      return fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }));
    case 'wide-length':
      return u64(0);
    case 'bytes':
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .filter((bytes) => bytes.some((byte) => byte !== 0));
  }
}

const options = fc.record(
  {
    flags: fc.integer({ min: 1, max: 0x5e }).filter((flags) => (flags & 0x5e) === flags),
    personality: u16(1),
    userData: u64(1),
  },
  { requiredKeys: [] },
);

/** Operations of one opcode: required arguments always, optional ones at times, one argument of each choice. */
function operationArbitrary(op: OpcodeName): fc.Arbitrary<Operation> {
  const entry = opcodeEntry(op);
  const choices = [...new Set(entry.fields.flatMap(({ choice }) => choice ?? []))];
  return fc.tuple(fc.nat(), options).chain(([pick, given]) => {
    const chosen = choices.map((choice) => {
      const rivals = entry.fields.filter((field) => field.choice === choice);
      return rivals[pick % rivals.length]!;
    });
    const fields = entry.fields.filter((field) => field.choice === undefined || chosen.includes(field));
    const model = Object.fromEntries(fields.map((field) => [field.arg, valueArbitrary(entry, field)]));
    const requiredKeys = fields.filter(({ optional }) => !optional).map(({ arg }) => arg);
    return fc.record(model, { requiredKeys }).map(
      (args) =>
        ({
          op,
          ...(op.startsWith('uringCmd') ? command(op, args) : withoutDefaults(entry, args)),
          ...given,
        }) as Operation,
    );
  });
}

/** An argument whose bit is set only beside others is, alone and 0, the same SQE as no argument: the decoder's form. */
function withoutDefaults(entry: OpcodeEntry, args: Record<string, unknown>): Record<string, unknown> {
  const marked = entry.fields.filter(({ arg, sets }) => sets !== undefined && args[arg] !== undefined);
  const kept = Object.entries(args).filter(([arg, value]) => {
    const when = entry.fields.find((field) => field.arg === arg)?.sets?.when;
    if (when === undefined || value !== 0) return true;
    return marked.some(({ sets }) => sets?.when === undefined && ((sets?.bits ?? 0) & when) !== 0);
  });
  return Object.fromEntries(kept);
}

/** URING_CMD overlaps itself: the decoder's form depends on the command. */
function command(op: string, args: Record<string, unknown>): Record<string, unknown> {
  const { level, optname, optval, addr, addr3, cmd, ...rest } = args;
  const kept = (values: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  if (op === 'uringCmd128') {
    const padded =
      cmd === undefined
        ? {}
        : { cmd: Uint8Array.from({ length: 80 }, (_, at) => (cmd as Uint8Array)[at] ?? 0) };
    return { ...rest, ...padded };
  }
  const form = Number(args['cmdOp']) % 3;
  if (form === 0) return { ...rest, ...kept({ level, optname, optval }), cmdOp: 3 };
  if (form === 1) return { ...rest, ...kept({ addr, addr3 }), cmdOp: 0x1200 };
  return { ...rest, ...kept({ addr, cmd }), cmdOp: 0xc0de };
}

const seed = Number(process.env['RINGPOOL_SEED'] ?? Date.now()) & 0x7fff_ffff;

describe(`decode(encode(x)) = x (seed ${seed})`, () => {
  test.each(opcodeNames)('%s', (op) => {
    fc.assert(
      fc.property(operationArbitrary(op), fc.integer({ min: 0, max: 2 }), u32(0), (operation, at, dirt) => {
        const sqes = new Uint32Array(5 * 16).fill(dirt);
        if (!('userData' in operation)) sqes.fill(0, at * 16 + 8, at * 16 + 10);
        encodeOperation(sqes, at, operation);
        expect(decode(sqes, at)).toEqual(operation);
      }),
      { seed, numRuns: RUNS },
    );
  });
});
