// What goes wrong when it is asked to, and only then; the same seed, the same run.
import { expect, test } from 'vitest';
import type { SimFaults } from '../../src/sim/faults.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import type { Operation } from '../../src/sqe/operations.ts';
import { fd } from '../../src/sqe/values.ts';
import { CREAT, DIRECT, Machine, RDWR } from './support.ts';

const EINTR = -4;
const EIO = -5;
const EINVAL = -22;
const ENOSPC = -28;

/** A machine with a file that is open, on which all goes wrong that may. */
function withFaults(faults: SimFaults): { machine: Machine; file: number } {
  const calm = new Machine();
  calm.write(calm.open('f'), 'x'.repeat(4096));
  const machine = new Machine(calm.sim.reopen(calm.sim.image, { faults }));
  return { machine, file: machine.open('f') };
}

const cases: readonly [keyof SimFaults, (machine: Machine, file: number) => unknown, unknown][] = [
  ['readError', (machine, file) => machine.read(file, 10), String(EIO)],
  ['writeError', (machine, file) => machine.write(file, 'abc'), EIO],
  ['syncError', (machine, file) => machine.sync(file), EIO],
  [
    'interrupted',
    (machine, file) => [machine.read(file, 10), machine.write(file, 'abc')],
    [String(EINTR), EINTR],
  ],
  ['noSpace', (machine, file) => machine.write(file, 'abc'), ENOSPC],
  ['misdirectedWrite', (machine, file) => [machine.write(file, 'abc'), machine.read(file, 3)], [3, 'xxx']],
];
for (const [fault, play, expected] of cases) {
  test(`${fault} happens`, () => {
    const { machine, file } = withFaults({ [fault]: 1 });
    expect(play(machine, file)).toEqual(expected);
  });
}

test('openError happens', () => {
  expect(new Machine({ faults: { openError: 1 } }).open('f')).toBe(EIO);
});

test('short transfers move at least one byte, and not all', () => {
  const { machine, file } = withFaults({ shortRead: 1, shortWrite: 1 });
  for (let round = 0; round < 50; round++) {
    const read = machine.read(file, 100).length;
    const written = machine.write(file, 'y'.repeat(100));
    for (const moved of [read, written]) expect(moved > 0 && moved < 100).toBe(true);
  }
  expect(machine.write(file, 'y')).toBe(1);
});

test('a latency spike takes a hundred times as long', () => {
  const { machine, file } = withFaults({ latencySpike: 1 });
  const before = machine.sim.nowMs;
  machine.read(file, 1);
  expect(machine.sim.nowMs - before).toBeGreaterThanOrEqual(1);
});

test('a disk is full when it is', () => {
  const machine = new Machine({ capacityBytes: 1000 });
  const file = machine.open('f');
  expect([machine.write(file, 'x'.repeat(900)), machine.write(file, 'x'.repeat(200), 900)]).toEqual([
    900, 100,
  ]);
  expect([machine.write(file, 'x', 1000), machine.write(file, 'y'.repeat(1000))]).toEqual([ENOSPC, 1000]);
  expect(machine.do({ op: 'ftruncate', fd: fd(file), length: 1001 })).toBe(ENOSPC);
  expect(machine.do({ op: 'ftruncate', fd: fd(file), length: 0 })).toBe(0);
  expect(machine.write(file, 'x'.repeat(1000))).toBe(1000);
});

test('a full disk takes back what was removed', () => {
  const machine = new Machine({ capacityBytes: 1000 });
  for (let round = 0; round < 3; round++) {
    const file = machine.open('f');
    expect(machine.write(file, 'x'.repeat(900))).toBe(900);
    machine.do({ op: 'close', fd: fd(file) });
    machine.unlink('f');
  }
});

test('past the cache, all is aligned to sectors', () => {
  const machine = new Machine();
  const file = machine.open('f', RDWR | CREAT | DIRECT);
  expect([machine.write(file, 'x'.repeat(512)), machine.write(file, 'x'.repeat(511))]).toEqual([512, EINVAL]);
  expect(machine.write(file, 'x'.repeat(512), 100)).toBe(EINVAL);
});

/** A run whose course depends on nothing but chance: results, order and time. */
function run(seed: number): unknown {
  const machine = new Machine({ seed, faults: { shortRead: 0.2, interrupted: 0.1, latencySpike: 0.1 } });
  const file = machine.open('f');
  machine.write(file, 'x'.repeat(1000));
  const lease = machine.memory('\0'.repeat(1000));
  const reads = Array.from(
    { length: 30 },
    (_, index): Operation => ({
      op: 'read',
      fd: fd(file),
      buffer: lease.address,
      length: 1000,
      offset: index,
    }),
  );
  return { ...machine.play(...reads), nowMs: machine.sim.nowMs };
}

test('the same seed gives the same run, another one another', () => {
  const runs = [0, 1, 2, 3].map((seed) => JSON.stringify(run(seed)));
  expect([0, 1, 2, 3].map((seed) => JSON.stringify(run(seed)))).toEqual(runs);
  expect(new Set(runs).size).toBe(4);
});

test('operations complete in any order', () => {
  const { order } = run(1) as { order: number[] };
  expect(order).not.toEqual(order.toSorted((a, b) => a - b));
});

test.each([
  [{ seed: -1 }, 'the seed is -1'],
  [{ seed: 1.5 }, 'the seed is 1.5'],
  [{ seed: 1, capacityBytes: 0 }, 'capacityBytes is 0'],
  [{ seed: 1, latencyMs: [2, 1] }, 'latencyMs is 2 to 1'],
  [{ seed: 1, faults: { readErrors: 1 } }, 'there is no fault readErrors'],
  [{ seed: 1, faults: { readError: 2 } }, 'readError is 2'],
  [{ seed: 1, sed: 2 }, 'sed'],
])('%j is refused', (options, message) => {
  expect(() => new Simulation(options as never)).toThrow(
    expect.objectContaining({
      code: 'ERR_RINGPOOL_INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    }),
  );
});

test.each([[{ entries: 0 }], [{ entries: 8, cqEntries: 4 }], [{ entries: 65_536 }]])(
  'a ring of %j is refused',
  (size) => {
    expect(() => new Simulation({ seed: 1 }).openRing(size)).toThrow(
      expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' }),
    );
  },
);
