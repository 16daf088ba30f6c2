// How rings open: the ladder of flags, the two memory modes, the flags a caller may ask for, and what is refused.

import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bufferIndex, encode, fd, IORING_NOP, IORING_SETUP, registerOps } from '@ringpool/core';
import { RING_RUNGS, Ring, type RingMemoryMode, type RingOptions, type RingRung } from '@ringpool/native';
import { describe, expect, test } from 'vitest';

import { fileWith, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE, pattern } from './support/memory.ts';
import { codeOf, collect, execute, MATRIX, minus, openAs, queue } from './support/rings.ts';

const directory = temporaryDirectory();
const MODES: readonly RingMemoryMode[] = ['shared', 'mapped'];
const nopOn = (ring: Ring) => (sqe: number) => encode.nop(ring.sqes, sqe, {});

describe('the ladder', () => {
  test.each(MATRIX)('grants the flags of its rung: $memory, $rung', (at) => {
    using ring = openAs(at);
    const asked = RING_RUNGS[at.rung];
    expect((ring.flags & asked) >>> 0).toBe(asked);
    expect((ring.flags & IORING_SETUP.NO_MMAP) !== 0).toBe(at.memory === 'shared');
    const others = IORING_SETUP.SQPOLL | IORING_SETUP.IOPOLL | IORING_SETUP.SQE128 | IORING_SETUP.CQE32;
    expect(ring.flags & others).toBe(0);
  });

  test('begins at the best rung, in shared memory', () => {
    using ring = Ring.open({ entries: 4 });
    expect([ring.memory, ring.rung]).toEqual(['shared', 'defer']);
  });

  test('climbs down on EINVAL: DEFER_TASKRUN and IOPOLL cannot keep it from opening', () => {
    using ring = Ring.open({ entries: 4, flags: IORING_SETUP.IOPOLL });
    expect(ring.flags & IORING_SETUP.IOPOLL).toBe(IORING_SETUP.IOPOLL);
  });

  test('what no rung can save is refused', () => {
    const options: RingOptions = { entries: 4, flags: IORING_SETUP.HYBRID_IOPOLL };
    expect(codeOf(() => Ring.open(options))).toBe('ERR_RINGPOOL_UNAVAILABLE');
    expect(codeOf(() => Ring.open({ ...options, memory: 'mapped', rung: 'plain' }))).toBe(
      'ERR_RINGPOOL_UNAVAILABLE',
    );
  });
});

describe('sizes', () => {
  test.each([
    [1, 1, 2],
    [3, 4, 8],
    [100, 128, 256],
    [4096, 4096, 8192],
    [32_768, 32_768, 65_536],
  ])('%i entries become %i, with %i completions', (entries, granted, completions) => {
    for (const memory of MODES) {
      using ring = Ring.open({ entries, memory });
      expect([ring.entries, ring.cqEntries]).toEqual([granted, completions]);
      expect(execute(ring, nopOn(ring))).toEqual([0]);
    }
  });

  test('the completion queue may be larger than twice the entries', () => {
    using ring = Ring.open({ entries: 2, cqEntries: 1000 });
    expect([ring.entries, ring.cqEntries]).toEqual([2, 1024]);
    for (let index = 0; index < 1024; index++) {
      queue(ring, nopOn(ring));
      ring.submit();
    }
    expect(ring.push()).toBe(-1);
    expect(collect(ring, 1024)).toHaveLength(1024);
  });

  test('as many completions as entries will do', () => {
    using ring = Ring.open({ entries: 8, cqEntries: 8 });
    for (let lap = 0; lap < 50; lap++) {
      expect(execute(ring, ...new Array(8).fill(nopOn(ring)))).toEqual(new Array(8).fill(0));
    }
  });
});

describe('arguments', () => {
  test.each<[string, Partial<Record<keyof RingOptions, unknown>>]>([
    ['no entries', { entries: 0 }],
    ['negative entries', { entries: -1 }],
    ['half an entry', { entries: 1.5 }],
    ['too many entries', { entries: 32_769 }],
    ['entries that are no number', { entries: '8' }],
    ['fewer completions than entries', { entries: 8, cqEntries: 4 }],
    ['too many completions', { entries: 8, cqEntries: 65_537 }],
    ['a rung that does not exist', { entries: 8, rung: 'top' }],
    ['a memory mode that does not exist', { entries: 8, memory: 'magnetic' }],
    ['a flag of the ladder', { entries: 8, flags: IORING_SETUP.SINGLE_ISSUER }],
    ['NO_MMAP', { entries: 8, flags: IORING_SETUP.NO_MMAP }],
    ['a flag no kernel knows', { entries: 8, flags: 2 ** 31 }],
    ['flags that are no integer', { entries: 8, flags: 0.5 }],
    ['an idle time without SQPOLL', { entries: 8, sqThreadIdleMs: 5 }],
    ['a CPU without SQPOLL', { entries: 8, sqThreadCpu: 0 }],
    ['a CPU without SQ_AFF', { entries: 8, sqThreadCpu: 0, flags: IORING_SETUP.SQPOLL }],
    ['a negative idle time', { entries: 8, sqThreadIdleMs: -1, flags: IORING_SETUP.SQPOLL }],
  ])('%s is refused', (_name, options) => {
    expect(codeOf(() => Ring.open(options as unknown as RingOptions).close())).toBe(
      'ERR_RINGPOOL_INVALID_ARGUMENT',
    );
  });

  test('attaching to something that is no ring is the kernel to refuse', () => {
    expect(codeOf(() => Ring.open({ entries: 4, attachTo: { fd: 99_999 } }))).toBe('ENXIO');
    const number = openSync(fileWith(directory, Buffer.alloc(1)), 'r');
    expect(codeOf(() => Ring.open({ entries: 4, attachTo: { fd: number } }))).not.toBe('none');
    closeSync(number);
  });

  test('a ring may share the kernel workers of another', () => {
    using first = Ring.open({ entries: 4 });
    using second = Ring.open({ entries: 4, attachTo: first });
    expect(second.flags & IORING_SETUP.ATTACH_WQ).toBe(IORING_SETUP.ATTACH_WQ);
    expect(execute(second, nopOn(second))).toEqual([0]);
  });
});

describe.each(MODES)('flags of the caller: %s memory', (memory) => {
  test('128-byte SQEs', () => {
    using ring = Ring.open({ entries: 8, memory, flags: IORING_SETUP.SQE128 });
    expect(ring.sqes).toHaveLength(8 * 32);
    for (let lap = 0; lap < 5; lap++) {
      const results = execute(
        ring,
        ...[1, 2, 3, 4, 5].map((result) => (sqe: number) => encode.nop(ring.sqes, sqe, { result })),
      );
      expect(results).toEqual([1, 2, 3, 4, 5]);
    }
    for (let index = 0; index < 8; index++) queue(ring, nopOn(ring));
    expect(ring.push()).toBe(-1);
    expect(collect(ring, 8)).toHaveLength(8);
  });

  test('32-byte CQEs carry their extra words', (context) => {
    using ring = Ring.open({ entries: 4, memory, flags: IORING_SETUP.CQE32 });
    const extra1 = 0x1122_3344_5566n;
    const extra2 = 0xfeed_face_cafe_f00dn;
    const seen: Uint32Array[] = [];
    const results: number[] = [];
    for (let lap = 0; lap < 10; lap++) {
      queue(ring, (sqe) => encode.nop(ring.sqes, sqe, { nopFlags: IORING_NOP.CQE32, extra1, extra2 }));
      ring.submitAndWait(1, 10_000);
      ring.reap((_operation, res) => {
        results.push(res);
        seen.push(Uint32Array.from(ring.cqeWords()));
      });
    }
    if (results[0] === minus('EINVAL')) context.skip('this kernel has no IORING_NOP_CQE32');
    expect(results).toEqual(new Array(10).fill(0));
    for (const words of seen) {
      expect([...words.subarray(4)]).toEqual([0x3344_5566, 0x1122, 0xcafe_f00d, 0xfeed_face]);
    }
  });

  test.each<RingRung>(['defer', 'coop', 'plain'])(
    'a disabled ring works once it is enabled: rung %s',
    (rung) => {
      using ring = Ring.open({ entries: 4, memory, rung, flags: IORING_SETUP.R_DISABLED });
      queue(ring, nopOn(ring));
      expect(codeOf(() => ring.submit())).toBe('EBADFD');
      expect(ring.register(registerOps.REGISTER_ENABLE_RINGS.value, null, 0)).toBe(0);
      expect(collect(ring, 1)[0]?.res).toBe(0);
      expect(execute(ring, nopOn(ring), nopOn(ring))).toEqual([0, 0]);
    },
  );

  test('a disabled ring that was never enabled closes, whatever was queued', () => {
    const ring = Ring.open({ entries: 4, memory, flags: IORING_SETUP.R_DISABLED });
    queue(ring, nopOn(ring));
    expect(codeOf(() => ring.submit())).toBe('EBADFD');
    ring.close();
    expect(ring.inFlight).toBe(0);
  });

  test('polled disk reads', (context) => {
    const file = path.join(directory, `polled-${memory}`);
    writeFileSync(file, pattern(16 * PAGE));
    const number = openSync(file, constants.O_RDONLY | constants.O_DIRECT);
    using ring = Ring.open({ entries: 4, memory, flags: IORING_SETUP.IOPOLL });
    const bytes = new Memory(4 * PAGE);
    ring.attachMemory(bytes.bytes);
    const [res] = execute(ring, (sqe) =>
      encode.read(ring.sqes, sqe, { fd: fd(number), buffer: bytes.at(0), length: PAGE, offset: PAGE }),
    );
    closeSync(number);
    if (res === minus('EOPNOTSUPP')) context.skip('the file system or its device does not poll');
    expect(res).toBe(PAGE);
    expect(bytes.copy(0, PAGE)).toEqual(pattern(16 * PAGE).subarray(PAGE, 2 * PAGE));
  });
});

describe.each(MODES)('a kernel thread that polls the submission queue: %s memory', (memory) => {
  const options: RingOptions = {
    entries: 8,
    cqEntries: 16,
    memory,
    flags: IORING_SETUP.SQPOLL,
    sqThreadIdleMs: 2,
  };
  let refused = '';
  try {
    Ring.open(options).close();
  } catch (error) {
    refused = String(error);
  }

  test('drops the flags that do not go with it', (context) => {
    if (refused !== '') context.skip(refused);
    using ring = Ring.open(options);
    expect(ring.flags & IORING_SETUP.SQPOLL).toBe(IORING_SETUP.SQPOLL);
    expect(
      ring.flags & (IORING_SETUP.COOP_TASKRUN | IORING_SETUP.DEFER_TASKRUN | IORING_SETUP.TASKRUN_FLAG),
    ).toBe(0);
  });

  test('completes batches, goes round, and wakes up after it slept', async (context) => {
    if (refused !== '') context.skip(refused);
    using ring = Ring.open(options);
    for (let lap = 0; lap < 40; lap++) {
      const batch = (lap % 8) + 1;
      expect(execute(ring, ...new Array(batch).fill(nopOn(ring)))).toEqual(new Array(batch).fill(0));
      if (lap % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect([ring.inFlight, ring.queued]).toEqual([0, 0]);
  });

  test('a full queue answers -1 and empties by itself', (context) => {
    if (refused !== '') context.skip(refused);
    using ring = Ring.open(options);
    let pushed = 0;
    for (let round = 0; round < 2_000 && pushed < 100; round++) {
      const sqe = ring.push();
      if (sqe >= 0) {
        encode.nop(ring.sqes, sqe, {});
        pushed++;
      } else {
        ring.submitAndWait(1, 1_000);
        ring.reap(() => {});
      }
    }
    expect(pushed).toBe(100);
    while (ring.inFlight + ring.queued > 0) {
      ring.submitAndWait(1, 1_000);
      ring.reap(() => {});
    }
  });

  test('reads files, registered buffers included, and closes with reads in flight', (context) => {
    if (refused !== '') context.skip(refused);
    const number = openSync(fileWith(directory, pattern(8 * PAGE)), 'r');
    const bytes = new Memory(8 * PAGE);
    const ring = Ring.open(options);
    ring.attachMemory(bytes.bytes);
    ring.registerBuffers([bytes.bytes]);
    const readAt = (page: number) => (sqe: number) =>
      encode.readFixed(ring.sqes, sqe, {
        fd: fd(number),
        buffer: bytes.at(page * PAGE),
        length: PAGE,
        offset: page * PAGE,
        bufferIndex: bufferIndex(0),
      });
    expect(execute(ring, readAt(0), readAt(3), readAt(7))).toEqual([PAGE, PAGE, PAGE]);
    expect(bytes.copy(3 * PAGE, PAGE)).toEqual(pattern(8 * PAGE).subarray(3 * PAGE, 4 * PAGE));
    for (let page = 0; page < 8; page++) queue(ring, readAt(page));
    ring.submit();
    ring.close();
    expect([ring.closed, ring.inFlight]).toEqual([true, 0]);
    closeSync(number);
  });
});
