// A ring without a kernel over a file system that writes down what is asked of it: who closes which file, and how long it waits.
import { expect, test } from 'vitest';
import { IOSQE } from '../../src/abi/flags.ts';
import { Arena } from '../../src/arena/arena.ts';
import type { DriverRing } from '../../src/driver.ts';
import { openRingAtOnce } from '../../src/soft/at-once.ts';
import type { FileSystem } from '../../src/soft/file-system.ts';
import { encodeOperation } from '../../src/sqe/encode.ts';
import type { Operation } from '../../src/sqe/operations.ts';
import { type Address, AT_FDCWD, type FixedFile, fixedFile } from '../../src/sqe/values.ts';

const MIB = 1024 * 1024;

interface Scene {
  readonly ring: DriverRing;
  readonly path: Address;
  /** Descriptors that were closed. */
  readonly closed: number[];
  readonly run: (operation: Operation) => number | undefined;
}

function scene(): Scene {
  const closed: number[] = [];
  let files = 10;
  const system = {
    open: () => files++,
    close(file: number) {
      closed.push(file);
      return 0;
    },
  } as unknown as FileSystem;
  let now = 0;
  const clock = {
    now: () => now,
    today: () => now,
    sleep(untilMs: number) {
      now = untilMs;
    },
  };
  const ring = openRingAtOnce({ entries: 8 }, system, clock);
  ring.registerFilesSparse(4);
  const arena = Arena.create({ capBytes: MIB, segmentBytes: MIB });
  const lease = arena.alloc(16);
  lease.bytes.set([0x66, 0]);
  ring.attachMemory(new Uint8Array(arena.data, 0, MIB));
  const run = (operation: Operation): number | undefined => {
    encodeOperation(ring.sqes, ring.push(), operation);
    ring.submit();
    let result: number | undefined;
    ring.reap((_operation, res) => {
      result = res;
    });
    return result;
  };
  return { ring, path: lease.address, closed, run };
}

const open = (path: Address, slot: FixedFile): Operation => ({
  op: 'openat',
  dirfd: AT_FDCWD,
  path,
  openFlags: 0,
  directSlot: slot,
});

test('what was opened into a slot is closed with it, once', () => {
  const { ring, path, closed, run } = scene();
  for (const slot of [0, 1, 2, 3]) expect(run(open(path, fixedFile(slot)))).toBe(0);
  expect(run(open(path, fixedFile(0)))).toBe(0); // replaced
  ring.updateFiles(1, [-1]); // emptied
  expect(run({ op: 'close', fd: fixedFile(2) })).toBe(0);
  expect(closed).toEqual([10, 11, 12]);
  ring.close();
  expect(closed).toEqual([10, 11, 12, 14, 13]);
});

test("a descriptor that is registered stays its owner's", () => {
  const { ring, path, closed, run } = scene();
  ring.updateFiles(0, [7, 8, 9]);
  expect(run({ op: 'close', fd: fixedFile(0) })).toBe(0);
  expect(run(open(path, fixedFile(1)))).toBe(0);
  ring.updateFiles(2, [-1]);
  expect(run({ op: 'close', fd: fixedFile(2) })).toBe(-9);
  ring.close();
  expect(closed).toEqual([10]);
});

test('a wait for what never comes is over at once, or when its time is', () => {
  const { ring } = scene();
  expect(ring.submitAndWait(1, Number.POSITIVE_INFINITY)).toBe(0);
  expect(ring.submitAndWait(1, 1000)).toBe(0);
});

test.each([
  [1, Number.NaN],
  [1, -1],
  [Number.NaN, 1],
])('a wait for %j completions, %j ms, is refused', (count, ms) => {
  const { ring } = scene();
  const refusal = expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' });
  expect(() => ring.submitAndWait(count, ms)).toThrow(refusal);
  if (count === 1) expect(() => ring.close({ timeoutMs: ms })).toThrow(refusal);
});

test('a ring that closes cancels what begins only because of that, too', () => {
  const { ring, path } = scene();
  // Whatever number those have that come later, lower ones or higher ones, none is left.
  for (let index = 0; index < 7; index++) ring.push();
  ring.submit();
  ring.reap(() => undefined);
  for (const flags of [IOSQE.IO_HARDLINK, IOSQE.IO_HARDLINK, 0]) {
    encodeOperation(ring.sqes, ring.push(), { op: 'timeout', timespec: path, flags });
  }
  ring.submit();
  ring.close({ timeoutMs: 0 });
  const results: number[] = [];
  ring.reap((_operation, res) => results.push(res));
  expect(results).toEqual([-125, -125, -125]);
});
