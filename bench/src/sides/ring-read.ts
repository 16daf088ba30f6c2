// Our side of every read question: submit up to a batch, wait for one, take up to a batch of completions, as fio does
// with iodepth_batch_submit and iodepth_batch_complete_max. Each operation number has its own block of the memory.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';

import { type Address, type BufferIndex, encode, fd, fixedFile } from '@ringpool/core';
import { Ring } from '@ringpool/native';

import { failed, measure, sharedMemory, sideArguments } from './child.ts';

const WAIT_MS = 1000;
const ROUNDS_PER_CLOCK = 16;

const { file, bytes, depth, batch, fixed, direct } = sideArguments<{
  file: string;
  bytes: number;
  depth: number;
  batch: number;
  fixed: boolean;
  direct: boolean;
}>();

const plain = openSync(file, constants.O_RDONLY | (direct ? constants.O_DIRECT : 0));
const blocks = 2 ** Math.floor(Math.log2(fstatSync(plain).size / bytes));
const ring = Ring.open({ entries: depth, cqEntries: depth * 2 });
const { view, address } = sharedMemory(bytes * ring.cqEntries);
ring.attachMemory(view);
if (fixed) {
  ring.registerBuffers([view]);
  ring.registerFiles([plain]);
}

const sqes = ring.sqes;
const target = fixed ? fixedFile(0) : fd(plain);
const wholeBuffer = 0 as BufferIndex;
const blockMask = blocks - 1;
let random = 0x9e3779b9 | 0;
let inFlight = 0;

function nextOffset(): number {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return (random & blockMask) * bytes;
}

function pushFixed(): void {
  const slot = ring.push();
  const buffer = (address + ring.operationOf(slot) * bytes) as Address;
  encode.readFixed(sqes, slot, {
    fd: target,
    buffer,
    length: bytes,
    offset: nextOffset(),
    bufferIndex: wholeBuffer,
  });
}

function pushPlain(): void {
  const slot = ring.push();
  const buffer = (address + ring.operationOf(slot) * bytes) as Address;
  encode.read(sqes, slot, { fd: target, buffer, length: bytes, offset: nextOffset() });
}

function onCompletion(_operation: number, res: number): void {
  if (res !== bytes) failed('a read', res);
}

const push = fixed ? pushFixed : pushPlain;

function loop(untilMs: number): number {
  let ops = 0;
  do {
    for (let round = 0; round < ROUNDS_PER_CLOCK; round++) {
      const room = Math.min(batch, depth - inFlight);
      for (let index = 0; index < room; index++) push();
      ring.submitAndWait(1, WAIT_MS);
      const reaped = ring.reap(onCompletion, batch);
      inFlight += room - reaped;
      ops += reaped;
    }
  } while (performance.now() < untilMs);
  return ops;
}

measure(loop, bytes);
ring.close();
closeSync(plain);
