// RingQueues against a kernel that a test plays: every order of completions, messages, late CQEs, indices and generations
// that wrap, callbacks that throw, reap or close.

import { describe, expect, test } from 'vitest';

import { GENERATION_MASK } from '../../src/ring/slots.ts';
import { FakeKernel, type FakeOptions } from './fake-kernel.ts';

const SIZES: FakeOptions = { entries: 4, cqEntries: 8 };
const MORE = 2;
const NOTIF = 8;
const FOREIGN = 0x8000_0000 | 0;
const [EINVAL, ECANCELED, EFAULT] = [-22, -125, -14];

/** Where indices and generations begin: at zero, and shortly before they wrap. */
const STARTS: readonly Partial<FakeOptions>[] = [
  {},
  { firstIndex: 0x7fff_fffd },
  { firstIndex: 0xffff_fffd },
  { firstGeneration: GENERATION_MASK },
  { firstIndex: 0xffff_fffe, firstGeneration: GENERATION_MASK - 1 },
];

interface Seen {
  readonly operation: number;
  readonly res: number;
  readonly flags: number;
}

function kernel(options: Partial<FakeOptions> = {}): FakeKernel {
  return new FakeKernel({ ...SIZES, ...options });
}

/** Pushes `count` SQEs; their operations. */
function push(fake: FakeKernel, count: number): number[] {
  return Array.from({ length: count }, () => {
    const sqe = fake.queues.push();
    if (sqe < 0) throw new Error('no SQE');
    return fake.queues.operationOf(sqe);
  });
}

function reapAll(fake: FakeKernel, max?: number): Seen[] {
  const seen: Seen[] = [];
  fake.queues.reap((operation, res, flags) => void seen.push({ operation, res, flags }), max);
  return seen;
}

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [index, item] of items.entries()) {
    const rest = [...items.slice(0, index), ...items.slice(index + 1)];
    for (const tail of permutations(rest)) yield [item, ...tail];
  }
}

describe.each(STARTS)('from %o', (start) => {
  test('every order of completions comes out as it was posted', () => {
    const fake = kernel(start);
    for (const order of permutations([0, 1, 2, 3])) {
      const operations = push(fake, 4);
      expect(fake.enter()).toBe(4);
      expect([fake.queues.queued, fake.queues.inFlight]).toEqual([0, 4]);
      const taken = [...fake.inFlight];
      expect(taken.map(({ operation }) => operation)).toEqual(operations);
      for (const index of order) fake.complete(taken[index]!, index * 10);
      expect(fake.queues.ready).toBe(4);
      expect(reapAll(fake)).toEqual(
        order.map((index) => ({ operation: operations[index], res: index * 10, flags: 0 })),
      );
      expect([fake.queues.inFlight, fake.queues.ready]).toEqual([0, 0]);
    }
    expect(fake.queues.counters).toEqual({ overflow: 0, lost: 0, foreign: 0 });
  });

  test('no operation number is given to two operations in flight', () => {
    const fake = kernel(start);
    for (let lap = 0; lap < 100; lap++) {
      while (fake.queues.push() >= 0);
      fake.enter();
      const numbers = fake.inFlight.map(({ operation }) => operation);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(fake.queues.inFlight).toBe(numbers.length);
      const some = fake.inFlight.filter((_taken, index) => (index + lap) % 3 !== 0);
      for (const taken of some) fake.complete(taken);
      expect(reapAll(fake)).toHaveLength(some.length);
    }
  });

  test('push ends at the size of the queue, and at as many operations as there are completions', () => {
    const fake = kernel(start);
    push(fake, 4);
    expect(fake.queues.push()).toBe(-1);
    fake.enter();
    push(fake, 4);
    fake.enter();
    expect([fake.queues.inFlight, fake.queues.push()]).toEqual([8, -1]);
    fake.complete(fake.inFlight[3]!);
    expect(fake.queues.push()).toBe(-1);
    reapAll(fake);
    push(fake, 1);
    expect(fake.queues.push()).toBe(-1);
  });

  test('an operation with F_MORE keeps its number until its last completion', () => {
    const fake = kernel(start);
    const [shooting = -1, single = -1] = push(fake, 2);
    fake.enter();
    const [many, one] = [...fake.inFlight];
    fake.complete(many!, 1, MORE);
    fake.complete(one!, 5);
    fake.complete(many!, 2, MORE);
    expect(reapAll(fake)).toEqual([
      { operation: shooting, res: 1, flags: MORE },
      { operation: single, res: 5, flags: 0 },
      { operation: shooting, res: 2, flags: MORE },
    ]);
    expect(fake.queues.inFlight).toBe(1);
    for (let lap = 0; lap < 20; lap++) {
      expect(push(fake, 3)).not.toContain(shooting);
      fake.enter();
      for (const taken of fake.inFlight.filter(({ operation }) => operation !== shooting))
        fake.complete(taken);
      reapAll(fake);
    }
    fake.complete(many!, 0);
    expect(reapAll(fake)).toEqual([{ operation: shooting, res: 0, flags: 0 }]);
    expect(fake.queues.inFlight).toBe(0);
  });

  test('a late CQE of an earlier generation answers nobody, and is counted', () => {
    const fake = kernel(start);
    const [operation = -1] = push(fake, 1);
    fake.enter();
    const [first] = [...fake.inFlight];
    fake.complete(first!);
    expect(reapAll(fake)).toHaveLength(1);
    fake.enter();
    while (!push(fake, 1).includes(operation)) fake.enter();
    fake.enter();
    const before = fake.queues.inFlight;
    fake.post(first!.operation, first!.generation, 99);
    expect(reapAll(fake)).toEqual([]);
    expect([fake.queues.counters.foreign, fake.queues.inFlight]).toEqual([1, before]);
  });

  test('the notification of a send that has ended without one to come answers nobody', () => {
    const fake = kernel(start);
    const [broken = -1, sent = -1] = push(fake, 2);
    fake.enter();
    const [first, second] = [...fake.inFlight];
    fake.complete(first!, ECANCELED);
    fake.post(first!.operation, first!.generation, 0, NOTIF);
    fake.complete(second!, 5, MORE);
    fake.complete(second!, 0, NOTIF);
    expect(reapAll(fake)).toEqual([
      { operation: broken, res: ECANCELED, flags: 0 },
      { operation: sent, res: 5, flags: MORE },
      { operation: sent, res: 0, flags: NOTIF },
    ]);
    expect([fake.queues.counters.foreign, fake.queues.inFlight]).toEqual([1, 0]);
  });

  test('the userData of an operation is a safe integer, and its own', () => {
    const fake = kernel(start);
    const operations = push(fake, 4);
    fake.enter();
    for (const [index, { operation, generation }] of fake.inFlight.entries()) {
      expect(operation).toBe(operations[index]);
      const userData = fake.queues.userDataOf(operation);
      expect(Number.isSafeInteger(userData)).toBe(true);
      expect(BigInt(userData)).toBe((BigInt(generation) << 32n) | BigInt(operation));
    }
  });
});

describe('foreign completions', () => {
  test('with the bits of an operation in flight are not taken for it', () => {
    const fake = kernel();
    push(fake, 4);
    fake.enter();
    const foreign: number[][] = [];
    fake.queues.onForeign = (low, high, res, flags) => void foreign.push([low, high, res, flags]);
    for (const { operation, generation } of fake.inFlight) fake.post(operation, generation | FOREIGN, 7, 1);
    expect(reapAll(fake)).toEqual([]);
    expect(foreign).toEqual(fake.inFlight.map(({ operation }) => [operation, 0x8000_0000, 7, 1]));
    expect(fake.queues.inFlight).toBe(4);
  });

  test.each([
    [-1, -1],
    [8, 0],
    [0x7fff_ffff, 0],
    [FOREIGN, 0],
    [0, GENERATION_MASK + 1],
    [0, 1 << 30],
    [0, 1 << 29],
    [0, FOREIGN],
  ])('user_data %d, %d names no slot and is only counted', (low, high) => {
    const fake = kernel();
    push(fake, 1);
    fake.enter();
    fake.post(low, high);
    expect(reapAll(fake)).toEqual([]);
    expect([fake.queues.counters.foreign, fake.queues.inFlight]).toEqual([1, 1]);
    fake.complete(fake.inFlight[0]!);
    expect(reapAll(fake)).toHaveLength(1);
  });

  test('count against the bound of a reap', () => {
    const fake = kernel();
    push(fake, 1);
    fake.enter();
    fake.post(0, FOREIGN);
    fake.complete(fake.inFlight[0]!);
    expect(reapAll(fake, 1)).toEqual([]);
    expect(reapAll(fake, 1)).toHaveLength(1);
  });
});

describe('refused operations', () => {
  test('tell EFAULT for the opcode that stood in, and the word of a broken chain as it is', () => {
    const fake = kernel();
    const operations = push(fake, 3);
    fake.enter();
    for (const operation of operations) fake.refuse(operation);
    const taken = [...fake.inFlight];
    fake.complete(taken[0]!, EINVAL);
    fake.complete(taken[1]!, ECANCELED);
    fake.complete(taken[2]!, -5);
    expect(reapAll(fake).map(({ res }) => res)).toEqual([EFAULT, ECANCELED, -5]);
    expect(fake.queues.inFlight).toBe(0);
    for (let lap = 0; lap < 10; lap++) {
      push(fake, 4);
      fake.enter();
      for (const next of [...fake.inFlight]) fake.complete(next, EINVAL);
      expect(reapAll(fake).map(({ res }) => res)).toEqual(new Array(4).fill(EINVAL));
    }
  });
});

describe('reaping', () => {
  const completed = (count: number): FakeKernel => {
    const fake = kernel();
    push(fake, count);
    fake.enter();
    for (const taken of [...fake.inFlight]) fake.complete(taken);
    return fake;
  };

  test('gives its CQEs back at the next crossing, not before', () => {
    const fake = completed(4);
    const before = fake.publishedHead;
    reapAll(fake, 3);
    expect(fake.publishedHead).toBe(before);
    fake.enter();
    expect(fake.publishedHead).toBe(before + 3);
  });

  test('a callback that throws has had its completion, and the rest waits', () => {
    const fake = completed(4);
    let seen = 0;
    const failing = (): void => {
      if (++seen === 2) throw new Error('mine');
    };
    expect(() => fake.queues.reap(failing)).toThrow('mine');
    expect([fake.queues.ready, fake.queues.inFlight]).toEqual([2, 2]);
    fake.enter();
    expect([fake.publishedHead, fake.queues.reap(failing)]).toEqual([2, 2]);
  });

  test('a reap inside a reap takes the rest, and the outer one ends', () => {
    const fake = completed(4);
    const inner: number[] = [];
    const outer: number[] = [];
    const taken = fake.queues.reap((operation) => {
      outer.push(operation);
      if (outer.length === 1) fake.queues.reap((nested) => void inner.push(nested));
    });
    expect([taken, outer.length, inner.length]).toEqual([1, 1, 3]);
    expect([fake.queues.ready, fake.queues.inFlight, fake.queues.counters.foreign]).toEqual([0, 0, 0]);
  });

  test('a callback that submits, completes and reaps again does not confuse the outer reap', () => {
    const fake = completed(3);
    const seen: number[] = [];
    let rounds = 0;
    const callback = (operation: number): void => {
      seen.push(operation);
      if (rounds++ >= 5) return;
      push(fake, 1);
      fake.enter();
      fake.complete(fake.inFlight[0]!);
      if (rounds % 2 === 0) fake.queues.reap(callback);
    };
    while (fake.queues.ready > 0) fake.queues.reap(callback);
    expect(seen).toHaveLength(8);
    expect([fake.queues.inFlight, fake.queues.counters.foreign]).toEqual([0, 0]);
  });

  test('closing ends the reap that is under way, and what is owed is told by the table', () => {
    const fake = completed(3);
    push(fake, 2);
    fake.enter();
    let seen = 0;
    expect(
      fake.queues.reap(() => {
        seen++;
        fake.queues.retire();
      }),
    ).toBe(1);
    expect([seen, fake.queues.ready, fake.queues.queued, fake.queues.push()]).toEqual([1, 0, 0, -1]);
    expect(reapAll(fake)).toEqual([]);
  });
});

describe('flags', () => {
  test('the kernel is entered when it holds something back', () => {
    const fake = kernel();
    expect(fake.queues.mustEnter).toBe(false);
    for (const [flags, must] of [
      [1, false],
      [2, true],
      [4, true],
      [7, true],
    ] as const) {
      fake.sqFlags = flags;
      expect(fake.queues.mustEnter).toBe(must);
    }
    fake.queues.setCqFlags(1);
    expect(fake.cqFlags).toBe(1);
  });

  test('128-byte SQEs take two slots of sixteen words each', () => {
    const fake = kernel({ flags: 1 << 10 });
    expect([0, 1, 2, 3].map(() => fake.queues.push())).toEqual([0, 2, 4, 6]);
    fake.enter();
    expect(fake.queues.push()).toBe(0);
  });

  test('32-byte CQEs hand over their extra words in the callback', () => {
    const fake = kernel({ flags: 1 << 11 });
    for (let lap = 0; lap < 10; lap++) {
      push(fake, 1);
      fake.enter();
      const [taken] = fake.inFlight;
      fake.post(taken!.operation, taken!.generation, lap, 0, [1, 2, 3, lap]);
      fake.inFlight.pop();
      const extras: number[][] = [];
      fake.queues.reap(() => void extras.push([...fake.queues.cqeWords().subarray(4)]));
      expect(extras).toEqual([[1, 2, 3, lap]]);
    }
  });
});
