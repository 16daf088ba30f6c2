// How a pool comes up and goes down: memory, anchor, workers, in the order in which memlock is charged.
// Bound to the owner's thread.

import { Arena, RingpoolError } from '@ringpool/core';
import { addressOf, readMemlock } from '@ringpool/native';

import { Client } from './client.ts';
import { LocalLane } from './local-lane.ts';
import type { ResolvedOptions } from './options.ts';
import { Registration, segmentBytesFor } from './registration.ts';
import { RemoteLane } from './remote-lane.ts';
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
  /** Where operations run by default: a code of placement.ts. */
  readonly place: number;
}

/** Pools that are open: told to let their workers go when the process exits. */
const open = new Set<PoolParts>();

/** A worker that sleeps in the kernel delays the end of the process by up to 20 ms, one after another: wakes them all. */
function onExit(): void {
  for (const parts of open) stopWorkers(parts);
}

function stopWorkers({ words, client }: PoolParts): void {
  for (const lane of client.remotes) {
    words.stop(lane.index);
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
    (_, worker) => new RemoteLane(worker, options.depth, words),
  );
  const client = new Client(lanes, words, options.workers);
  const supervisor = await Supervisor.spawn(options.workers, (worker, cause) => {
    client.laneDied(lanes[worker] as RemoteLane, cause);
  });
  try {
    const specs = lanes.map((lane) => specOf(lane, client, words, arena, options));
    const reports = await supervisor.start(specs);
    for (const lane of lanes) lane.start(reports[lane.index] as WorkerReport);
    client.setLocal(openLocal(lanes.length, options.depth, words, arena, client));
    return { words, arena, registration, client, supervisor, reports, place: options.place };
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

/** The client's own lane, or why there is none: memlock may be short of one ring more. */
function openLocal(
  index: number,
  depth: number,
  words: PoolWords,
  arena: Arena,
  client: Client,
): LocalLane | RingpoolError {
  try {
    return new LocalLane(index, depth, words, arena, client.bell);
  } catch (error) {
    if (error instanceof RingpoolError) return error;
    throw error;
  }
}

function specOf(
  lane: RemoteLane,
  client: Client,
  words: PoolWords,
  arena: Arena,
  options: ResolvedOptions,
): WorkerSpec {
  const { depth } = lane.handle;
  return {
    index: lane.index,
    words: words.memory,
    arena: arena.handle,
    arenaClientId: OWNER_CLIENT_ID + 1 + lane.index,
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
