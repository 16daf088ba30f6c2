// One encoder under tinybench, typed or as the stores a person would write by hand for the same operation.
import { type Address, type BufferIndex, encode, fixedFile } from '@ringpool/core';
import { Bench } from 'tinybench';

import { print, sideArguments } from './child.ts';

const SLOTS = 256;
const SQE_WORDS = 16;
const NS_PER_MS = 1e6;
const LENGTH = 4096;
const BASE = 0x7f00_0000_0000;
const HIGH_WORD = 2 ** -32;
const IOSQE_FIXED_FILE = 1;

type Operation = 'nop' | 'read' | 'readFixed' | 'writeFixed';

const OPCODES: Readonly<Record<Operation, number>> = { nop: 0, read: 22, readFixed: 4, writeFixed: 5 };

const { operation, typed } = sideArguments<{ operation: Operation; typed: boolean }>();
const sqes = new Uint32Array(SLOTS * SQE_WORDS);
const file = fixedFile(3);
const bufferIndex = 7 as BufferIndex;

function storeByHand(slot: number, opcode: number, address: number, offset: number, index: number): void {
  const at = slot * SQE_WORDS;
  sqes[at] = opcode | (IOSQE_FIXED_FILE << 8);
  sqes[at + 1] = 3;
  sqes[at + 2] = offset;
  sqes[at + 3] = offset * HIGH_WORD;
  sqes[at + 4] = address;
  sqes[at + 5] = address * HIGH_WORD;
  sqes[at + 6] = LENGTH;
  sqes[at + 7] = 0;
  sqes[at + 10] = index;
  for (let word = 11; word < SQE_WORDS; word++) sqes[at + word] = 0;
}

function storeNopByHand(slot: number): void {
  const at = slot * SQE_WORDS;
  sqes[at] = 0;
  sqes[at + 1] = 0xffff_ffff;
  for (let word = 2; word < SQE_WORDS; word++) if (word !== 8 && word !== 9) sqes[at + word] = 0;
}

const TYPED: Readonly<Record<Operation, (slot: number) => void>> = {
  nop: (slot) => encode.nop(sqes, slot, {}),
  read: (slot) =>
    encode.read(sqes, slot, {
      fd: file,
      buffer: (BASE + slot * LENGTH) as Address,
      length: LENGTH,
      offset: slot * LENGTH,
    }),
  readFixed: (slot) =>
    encode.readFixed(sqes, slot, {
      fd: file,
      buffer: (BASE + slot * LENGTH) as Address,
      length: LENGTH,
      offset: slot * LENGTH,
      bufferIndex,
    }),
  writeFixed: (slot) =>
    encode.writeFixed(sqes, slot, {
      fd: file,
      buffer: (BASE + slot * LENGTH) as Address,
      length: LENGTH,
      offset: slot * LENGTH,
      bufferIndex,
    }),
};

function byHand(slot: number): void {
  if (operation === 'nop') storeNopByHand(slot);
  else {
    const index = operation === 'read' ? 0 : bufferIndex;
    storeByHand(slot, OPCODES[operation], BASE + slot * LENGTH, slot * LENGTH, index);
  }
}

const one = typed ? TYPED[operation] : byHand;
const bench = new Bench({ time: 500, warmupTime: 200 });
bench.add(operation, () => {
  for (let slot = 0; slot < SLOTS; slot++) one(slot);
});
bench.run().then(([task]) => {
  const result = task?.result;
  if (result === undefined || !('latency' in result))
    throw new Error(`tinybench measured nothing: ${String(result)}`);
  print({ nsPerEncode: (result.latency.p50 * NS_PER_MS) / SLOTS });
});
