// Operations of one ring of a simulated machine: a file of some megabytes, written or read at random, so many at a time.
import { type Address, Arena, AT_FDCWD, encode, fd, openFlagsFor } from '@ringpool/core';
import { Simulation } from '@ringpool/pool/sim';

import { failed, measure, sideArguments } from './child.ts';

const { operation, depth } = sideArguments<{ operation: 'write' | 'read'; depth: number }>();
const BYTES = 4096;
const BLOCKS = 1024;
const MIB = 1024 * 1024;
const PATH = Buffer.from('/file\0');
const CLOCK_EVERY = 64;

const sim = new Simulation({ seed: 1 });
const ring = sim.openRing({ entries: 64 });
const arena = Arena.create({ capBytes: MIB, segmentBytes: MIB });
const path = arena.alloc(PATH.length);
path.bytes.set(PATH);
const memory = arena.alloc(depth * BYTES);
ring.attachMemory(new Uint8Array(arena.data, 0, MIB));
const { CREAT, RDWR } = openFlagsFor('x64');

function once(write: (sqe: number) => void): number {
  write(ring.push());
  ring.submitAndWait(1, Number.POSITIVE_INFINITY);
  let result = 0;
  ring.reap((_operation, res) => {
    result = res;
  });
  return result;
}

const file = once((sqe) =>
  encode.openat(ring.sqes, sqe, {
    dirfd: AT_FDCWD,
    path: path.address,
    openFlags: CREAT | RDWR,
    mode: 0o644,
  }),
);
const move = operation === 'write' ? encode.write : encode.read;
const transfer = (sqe: number, slot: number, block: number, run: typeof move): void =>
  run(ring.sqes, sqe, {
    fd: fd(file),
    buffer: (memory.address + slot * BYTES) as Address,
    length: BYTES,
    offset: block * BYTES,
  });
for (let block = 0; block < BLOCKS; block++) once((sqe) => transfer(sqe, 0, block, encode.write));

let state = 1;
const nextBlock = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state >>> 8) % BLOCKS;
};
measure((untilMs) => {
  let ops = 0;
  const onCompletion = (_operation: number, res: number): void => {
    if (res !== BYTES) failed(operation, res);
    ops++;
  };
  for (let round = 0; round % CLOCK_EVERY !== 0 || performance.now() < untilMs; round++) {
    for (let slot = ring.inFlight; slot < depth; slot++) transfer(ring.push(), slot, nextBlock(), move);
    ring.submitAndWait(1, Number.POSITIVE_INFINITY);
    ring.reap(onCompletion);
  }
  return ops;
}, BYTES);
