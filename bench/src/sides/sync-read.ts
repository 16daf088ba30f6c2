// Blocking random reads of one open file, one after another: file.readSync and fs.readSync, on the main thread or on
// another one, which joins the pool of the main thread. Only the thread that reads does anything while it is timed.

import fs from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

import { connectPool, openPool, type Placement, type Pool, type PoolPort } from '@ringpool/pool';

import { failed, measure, sideArguments } from './child.ts';
import { randomPositions } from './random.ts';

const { api, file, bytes, thread, placement } = sideArguments<{
  api: 'ringpool' | 'node';
  file: string;
  bytes: number;
  thread: 'main' | 'other';
  placement: Placement;
}>();

/** Reads between two looks at the clock. */
const READS_PER_LOOK = 64;
const nextPosition = randomPositions(file, bytes);

function readUntil(untilMs: number, one: (position: number) => number): number {
  let ops = 0;
  while (performance.now() < untilMs) {
    for (let look = 0; look < READS_PER_LOOK; look++, ops++) {
      const res = one(nextPosition());
      if (res !== bytes) failed('a read', res);
    }
  }
  return ops;
}

async function ringpool(pool: Pool): Promise<void> {
  const opened = await pool.open(file, 'r', { placement });
  const lease = pool.alloc(bytes);
  // A worker is started by what waits for it, never by a thread that blocks.
  await opened.read(lease, { position: 0 });
  measure((untilMs) => readUntil(untilMs, (position) => opened.readSync(lease, { position })), bytes);
  await opened.close();
}

function node(): void {
  const fd = fs.openSync(file, 'r');
  const buffer = Buffer.allocUnsafeSlow(bytes);
  measure((untilMs) => readUntil(untilMs, (position) => fs.readSync(fd, buffer, 0, bytes, position)), bytes);
  fs.closeSync(fd);
}

/** This program once more on another thread, to its end. */
function elsewhere(port: PoolPort | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { argv: process.argv.slice(2), workerData: { port } };
    const worker = new Worker(new URL(import.meta.url), options);
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}

async function onMainThread(): Promise<void> {
  if (api === 'node') return thread === 'main' ? node() : elsewhere(undefined);
  const pool = await openPool({ workers: 1 });
  await (thread === 'main' ? ringpool(pool) : elsewhere(pool.port()));
  await pool.close();
}

async function onOtherThread(): Promise<void> {
  const { port } = workerData as { readonly port: PoolPort | undefined };
  if (port === undefined) return node();
  const pool = await connectPool(port);
  await ringpool(pool);
  await pool.close();
}

await (isMainThread ? onMainThread() : onOtherThread());
