// Random reads of one open file, by promises or callbacks: `depth` loops, each with a block of its own. Ringpool's
// file.read, and what Node has: FileHandle.read and the callbacks of fs.read.

import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { openPool, type Placement } from '@ringpool/pool';

import { failed, measureAsync, sideArguments } from './child.ts';
import { alarm, loops, randomPositions } from './random.ts';

const { api, file, bytes, depth, placement, workers, driver, direct, nodeUring } = sideArguments<{
  api: 'ringpool' | 'promises' | 'callbacks';
  file: string;
  bytes: number;
  depth: number;
  placement: Placement;
  workers: number;
  /** Default: io_uring. */
  driver?: 'uring' | 'threads';
  /** Past the page cache. */
  direct?: boolean;
  /** Node's own reads are to go through a ring of libuv's. */
  nodeUring?: boolean;
}>();

const nextPosition = randomPositions(file, bytes);

async function ringpool(): Promise<void> {
  const pool = await openPool({
    driver: driver ?? 'uring',
    workers,
    placement,
    arenaBytes: Math.max(16 * 2 ** 20, 2 * bytes * depth),
  });
  const opened = await pool.open(file, 'r', { direct });
  const leases = Array.from({ length: depth }, () => pool.alloc(bytes));
  await measureAsync(
    (untilMs) =>
      loops(depth, bytes, untilMs, (slot) =>
        opened.read(leases[slot] as (typeof leases)[number], { position: nextPosition() }),
      ),
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
        depth,
        bytes,
        untilMs,
        async (slot) => (await handle.read(buffers[slot] as Buffer, 0, bytes, nextPosition())).bytesRead,
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
      const time = alarm(untilMs);
      let ops = 0;
      let left = depth;
      const next = (slot: number): void => {
        if (time.over) {
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

/**
 * Throws unless a kernel thread has read for libuv's ring (SQPOLL): the side would go by a name that is not its own.
 * It is a thread of this process, so getrusage counts its time with the others' (as it does the io-wq workers').
 */
function assertNodeUring(): void {
  const tasks = '/proc/self/task/';
  const names = fs.readdirSync(tasks).map((task) => fs.readFileSync(`${tasks}${task}/comm`, 'utf8'));
  if (!names.some((name) => name.startsWith('iou-sqp-')))
    throw new Error(`Node ${process.version} made no SQPOLL ring, although UV_USE_IO_URING is set`);
}

await { ringpool, promises, callbacks }[api]();
if (nodeUring === true) assertNodeUring();
