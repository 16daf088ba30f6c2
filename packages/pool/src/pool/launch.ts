// How a pool comes up and goes down: memory, anchor, workers, in the order in which memlock is charged.
// Bound to the owner's thread.

import { Arena, RingpoolError } from '@ringpool/core';
import { addressOf, readMemlock } from '@ringpool/native';

import { Client } from './client.ts';
import { ClientLane } from './client-lane.ts';
import type { ResolvedOptions } from './options.ts';
import { Registration, segmentBytesFor } from './registration.ts';
import { Supervisor } from './supervisor.ts';
import { PoolWords } from './words.ts';
import type { WorkerReport, WorkerSpec } from './worker-protocol.ts';

const OWNER_CLIENT_ID = 1;
/** Completion queue entries for each submission queue entry: room for the worker's own poll. */
const CQ_FACTOR = 2;

/** Everything a pool is made of. */
export interface PoolParts {
  readonly words: PoolWords;
  readonly arena: Arena;
  readonly registration: Registration;
  readonly client: Client;
  readonly supervisor: Supervisor;
  readonly reports: readonly WorkerReport[];
}

/** Pools that are open: told to let their workers go when the process exits. */
const open = new Set<PoolParts>();

/** A worker that sleeps in the kernel delays the end of the process by up to 20 ms, one after another: wakes them all. */
function onExit(): void {
  for (const parts of open) stopWorkers(parts);
}

function stopWorkers({ words, client }: PoolParts): void {
  for (const lane of client.lanes) {
    words.stop(lane.worker);
    if (lane.death === undefined) lane.bell.ring();
  }
}

/** Brings a pool up. @throws see openPool. */
export async function launch(options: ResolvedOptions): Promise<PoolParts> {
  const words = new PoolWords();
  // The anchor first: where io_uring is not available, this says why, before any thread has started.
  const registration = new Registration(options.registration, words, options.workers);
  try {
    const arena = Arena.create({
      capBytes: options.arenaBytes,
      segmentBytes: segmentBytesFor(options.arenaBytes, options.registration, readMemlock()),
      addressOf,
      clientId: OWNER_CLIENT_ID,
      ...(process.env['RINGPOOL_DEBUG'] === 'leases' ? { debug: 'leases' as const } : {}),
    });
    const parts = await startWorkers(options, words, arena, registration);
    arena.onSegment = (segment) => registration.add(arena, segment);
    // Now every ring is open and charged: half of what is left of memlock may be registered.
    registration.begin(readMemlock());
    if (open.size === 0) process.on('exit', onExit);
    open.add(parts);
    return parts;
  } catch (error) {
    registration.close();
    throw error;
  }
}

async function startWorkers(
  options: ResolvedOptions,
  words: PoolWords,
  arena: Arena,
  registration: Registration,
): Promise<PoolParts> {
  const lanes = Array.from(
    { length: options.workers },
    (_, worker) => new ClientLane(worker, options.depth, words),
  );
  const client = new Client(lanes, words, options.workers);
  const supervisor = await Supervisor.spawn(options.workers, (worker, cause) => {
    client.laneDied(lanes[worker] as ClientLane, cause);
  });
  try {
    const specs = lanes.map((lane) => specOf(lane, client, words, arena, options));
    const reports = await supervisor.start(specs);
    for (const lane of lanes) lane.start(reports[lane.worker] as WorkerReport);
    return { words, arena, registration, client, supervisor, reports };
  } catch (error) {
    await supervisor.close();
    client.close();
    if (error instanceof RingpoolError) throw error;
    throw new RingpoolError('ERR_RINGPOOL_WORKER_DIED', 'an I/O worker ended while it started', {
      op: 'openPool',
      cause: error,
      hint: 'See the cause.',
    });
  }
}

function specOf(
  lane: ClientLane,
  client: Client,
  words: PoolWords,
  arena: Arena,
  options: ResolvedOptions,
): WorkerSpec {
  const { depth } = lane.handle;
  return {
    index: lane.worker,
    words: words.memory,
    arena: arena.handle,
    arenaClientId: OWNER_CLIENT_ID + 1 + lane.worker,
    bell: lane.bell.token,
    lanes: [
      {
        lane: lane.handle,
        clientThread: options.workers,
        clientBell: client.bell.token,
        fixedFiles: depth,
      },
    ],
    ringEntries: depth,
    ringCqEntries: depth * CQ_FACTOR,
  };
}

/** Takes a pool down, once nothing is in flight. */
export async function shutDown(parts: PoolParts): Promise<void> {
  open.delete(parts);
  if (open.size === 0) process.off('exit', onExit);
  stopWorkers(parts);
  await parts.supervisor.close();
  parts.client.close();
  parts.registration.close();
}
