// The tables of @ringpool/core against the running kernel, and what diagnose() says about this machine.

import { readdirSync } from 'node:fs';
import os from 'node:os';
import { IORING_FEAT, opcodes } from '@ringpool/core';
import { diagnose, probeOpcodes, Ring } from '@ringpool/native';
import { describe, expect, test } from 'vitest';

/** `'6.18.44-x'` as a number that compares. */
function version(text: string): number {
  const [major = 0, minor = 0] = text.split('.').map((part) => Number.parseInt(part, 10));
  return major * 1000 + minor;
}
const running = version(os.release());

describe('the running kernel agrees with the table', () => {
  test('on every opcode', () => {
    using ring = Ring.open({ entries: 4 });
    const known = probeOpcodes(ring);
    const wrong = Object.entries(opcodes)
      .filter(([, { value, kernel }]) => known.has(value) !== version(kernel) <= running)
      .map(([name, { kernel }]) => `${name} (${kernel})`);
    expect(wrong).toEqual([]);
  });

  test('on no opcode beyond the table, up to the versions that the table knows', (context) => {
    const newest = Math.max(...Object.values(opcodes).map(({ kernel }) => version(kernel)));
    if (running > newest) context.skip(`the kernel ${os.release()} is newer than the table`);
    using ring = Ring.open({ entries: 4 });
    const values = new Set<number>(Object.values(opcodes).map(({ value }) => value));
    expect([...probeOpcodes(ring)].filter((value) => !values.has(value))).toEqual([]);
  });

  test('on the features that the floor, Linux 5.11, already has', () => {
    using ring = Ring.open({ entries: 4 });
    const floor = ['SINGLE_MMAP', 'NODROP', 'SUBMIT_STABLE', 'RW_CUR_POS', 'FAST_POLL', 'EXT_ARG'] as const;
    for (const name of floor) expect(ring.features & IORING_FEAT[name], name).toBe(IORING_FEAT[name]);
    const known = Object.values(IORING_FEAT).reduce((bits, bit) => bits | bit, 0);
    if (running <= version('6.18')) expect(ring.features & ~known).toBe(0);
  });
});

describe('diagnose()', () => {
  const diagnosis = diagnose();

  test('finds io_uring here, and the ring that Ring.open gets', () => {
    using ring = Ring.open({ entries: 4 });
    expect([diagnosis.available, diagnosis.error]).toEqual([true, undefined]);
    expect([diagnosis.memory, diagnosis.rung]).toEqual([ring.memory, ring.rung]);
    expect(diagnosis.kernel).toBe(os.release());
    expect(diagnosis.flags).toContain('CQSIZE');
    expect(diagnosis.features).toContain('EXT_ARG');
  });

  test('sorts every opcode of the table into known and missing', () => {
    expect([...diagnosis.opcodes, ...diagnosis.missingOpcodes].sort()).toEqual(Object.keys(opcodes).sort());
    expect(diagnosis.opcodes).toContain('readFixed');
  });

  test('registers and clones where the kernel can', () => {
    expect(diagnosis.registeredBuffers).toBe(true);
    expect(diagnosis.cloneBuffers).toBe(running >= version('6.12'));
  });

  test('asks about a file only when told to, and refuses what is none', () => {
    const about = ({ findings }: typeof diagnosis) => findings.filter(({ name }) => name === 'O_DIRECT');
    expect([about(diagnosis).length, about(diagnose({ path: import.meta.filename })).length]).toEqual([0, 1]);
    const refused = { code: 'ERR_RINGPOOL_INVALID_ARGUMENT' };
    for (const options of [{ path: '' }, { path: 5 }, { file: 'x' }, null]) {
      expect(() => diagnose(options as never)).toThrow(expect.objectContaining(refused));
    }
  });

  test('leaves nothing open', () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let round = 0; round < 10; round++) diagnose({ path: import.meta.filename });
    expect(open()).toBe(before);
  });

  test('gives every finding that is not well a remedy', () => {
    for (const { state, remedy } of diagnosis.findings)
      if (state !== 'ok') expect(remedy).not.toBe(undefined);
  });
});
