// Random reads of one open file. By promises: `depth` loops, each with a block of its own: Ringpool's file.read, and what
// Node has, FileHandle.read and the callbacks of fs.read. Blocking: file.readSync and fs.readSync, one after another.

import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { openPool, type Placement } from '@ringpool/pool';

import { failed, measure, measureAsync, sideArguments } from './child.ts';

const { api, file, bytes, depth, placement, workers } = sideArguments<{
  api: 'ringpool' | 'promises' | 'callbacks' | 'ringpoolSync' | 'nodeSync';
  file: string;
  bytes: number;
  depth: number;
  placement: Placement;
  workers: number;
}>();

const blocks = 2 ** Math.floor(Math.log2(fs.statSync(file).size / bytes));
const blockMask = blocks - 1;
/** Blocking reads between two looks at the clock. */
const READS_PER_LOOK = 64;
let random = 0x9e3779b9 | 0;

function nextPosition(): number {
  random ^= random << 13;
  random ^= random >>> 17;
  random ^= random << 5;
  return (random & blockMask) * bytes;
}

/** Runs `depth` loops until the time is over; says how many reads they did. */
async function loops(
  untilMs: number,
  one: (slot: number, position: number) => Promise<number>,
): Promise<number> {
  let ops = 0;
  let stop = false;
  setTimeout(() => {
    stop = true;
  }, untilMs - performance.now());
  const loop = async (slot: number): Promise<void> => {
    while (!stop) {
      const res = await one(slot, nextPosition());
      if (res !== bytes) failed('a read', res);
      ops++;
    }
  };
  await Promise.all(Array.from({ length: depth }, (_, slot) => loop(slot)));
  return ops;
}

async function ringpool(): Promise<void> {
  const pool = await openPool({ workers, placement, arenaBytes: Math.max(16 * 2 ** 20, 2 * bytes * depth) });
  const opened = await pool.open(file);
  const leases = Array.from({ length: depth }, () => pool.alloc(bytes));
  await measureAsync(
    (untilMs) =>
      loops(untilMs, (slot, position) => opened.read(leases[slot] as (typeof leases)[number], { position })),
    bytes,
  );
  await pool.close();
}

async function promises(): Promise<void> {
  const handle: FileHandle = await open(file);
  const buffers = Array.from({ length: depth }, () => Buffer.allocUnsafeSlow(bytes));
  await measureAsync(
    (untilMs) =>
      loops(
        untilMs,
        async (slot, position) => (await handle.read(buffers[slot] as Buffer, 0, bytes, position)).bytesRead,
      ),
    bytes,
  );
  await handle.close();
}

async function callbacks(): Promise<void> {
  const fd = fs.openSync(file, 'r');
  const buffers = Array.from({ length: depth }, () => Buffer.allocUnsafeSlow(bytes));
  const run = (untilMs: number): Promise<number> =>
    new Promise((resolve) => {
      let ops = 0;
      let stop = false;
      let left = depth;
      setTimeout(() => {
        stop = true;
      }, untilMs - performance.now());
      const next = (slot: number): void => {
        if (stop) {
          if (--left === 0) resolve(ops);
          return;
        }
        fs.read(fd, buffers[slot] as Buffer, 0, bytes, nextPosition(), (error, count) => {
          if (error !== null || count !== bytes) failed('a read', count);
          ops++;
          next(slot);
        });
      };
      for (let slot = 0; slot < depth; slot++) next(slot);
    });
  await measureAsync(run, bytes);
  fs.closeSync(fd);
}

/** Reads until the time is over, looking at the clock now and then. */
function blockingLoop(one: (position: number) => number): (untilMs: number) => number {
  return (untilMs) => {
    let ops = 0;
    while (performance.now() < untilMs) {
      for (let look = 0; look < READS_PER_LOOK; look++, ops++) {
        const res = one(nextPosition());
        if (res !== bytes) failed('a read', res);
      }
    }
    return ops;
  };
}

async function ringpoolSync(): Promise<void> {
  const pool = await openPool({ workers, placement });
  const opened = await pool.open(file);
  const lease = pool.alloc(bytes);
  measure(
    blockingLoop((position) => opened.readSync(lease, { position })),
    bytes,
  );
  await pool.close();
}

function nodeSync(): void {
  const fd = fs.openSync(file, 'r');
  const buffer = Buffer.allocUnsafeSlow(bytes);
  measure(
    blockingLoop((position) => fs.readSync(fd, buffer, 0, bytes, position)),
    bytes,
  );
  fs.closeSync(fd);
}

await { ringpool, promises, callbacks, ringpoolSync, nodeSync }[api]();
