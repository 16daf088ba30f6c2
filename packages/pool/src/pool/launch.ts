// How a pool comes up, and how another thread joins it: memory, anchor, rings, in the order in which memlock is charged.

import { Arena } from '@ringpool/core';
import { addressOf, Doorbell, Obituary, readMemlock } from '@ringpool/native';

import { Client } from './client.ts';
import { closedError } from './errors.ts';
import { LaneMemory } from './lane-memory.ts';
import { LocalLane, localSize, STREAMS_SIZE } from './local-lane.ts';
import type { ResolvedOptions } from './options.ts';
import { Owner } from './owner.ts';
import { makePort, type PoolPort } from './port.ts';
import { Anchor, Registration, segmentBytesFor, setBudget } from './registration.ts';
import { ARENA_OWNER, arenaIdOfClient } from './seat.ts';
import { POOL_STATE, PoolWords } from './words.ts';

/** Everything a pool is made of, in one thread. */
export interface PoolParts {
  readonly words: PoolWords;
  readonly arena: Arena;
  readonly registration: Registration;
  readonly client: Client;
  /** Where operations run by default: a code of placement.ts. */
  readonly place: number;
  readonly port: PoolPort;
  /** In the thread that opened the pool. */
  readonly owner: Owner | undefined;
  /** What another thread hears when this one ends without closing the pool. */
  readonly obituary: Obituary | undefined;
}

/** Brings a pool up. `onChange` is called when something beside operations has changed. @throws see openPool. */
export function launch(options: ResolvedOptions, onChange: () => void): PoolParts {
  const { registration: mode, depth, workers, place } = options;
  const words = PoolWords.create();
  // The anchor first: where io_uring is not available, this says why.
  const anchor = Anchor.open(mode, words);
  /** How to take down what has come up, last first. */
  const down: (() => void)[] = [() => anchor?.close()];
  try {
    const bell = Doorbell.create();
    down.push(() => bell.close());
    words.supervisorBell = bell.token;
    const obituary = Obituary.write({
      ...words.ownerObituary,
      expected: [POOL_STATE.OPEN, POOL_STATE.CLOSING],
      storeValue: POOL_STATE.ORPHANED,
    });
    down.push(() => obituary.cancel());
    obituary.setBellTable(words.clientBells);
    const memory = LaneMemory.create(workers, depth, options);
    const arena = Arena.create({
      capBytes: options.arenaBytes,
      segmentBytes: segmentBytesFor(options.arenaBytes, mode, readMemlock()),
      addressOf,
      clientId: ARENA_OWNER,
      ...(process.env['RINGPOOL_DEBUG'] === 'leases' ? { debug: 'leases' as const } : {}),
    });
    anchor?.keep(arena);
    const client = openClient(words, memory, () => arena, true, onChange);
    down.push(() => client.close());
    // Nobody else will: workers end with this thread, and guests have files of their own.
    obituary.setDescriptors(client.seat.descriptorOwner);
    const registration = new Registration(mode, words);
    setBudget(words, mode, readMemlock(), { count: workers, entries: depth });
    arena.onSegment = (segment) => registration.add(arena, segment);
    const owner = new Owner(words, memory, arena, { anchor, registration }, bell);
    const port = makePort({
      words: words.memory,
      lanes: memory.handle,
      arena: arena.handle,
      registration: mode,
      place,
    });
    return { words, arena, registration, client, place, port, owner, obituary };
  } catch (error) {
    for (const close of down.reverse()) close();
    throw error;
  }
}

/** Joins a pool of another thread. @throws see connectPool. */
export function join(port: PoolPort, onChange: () => void): PoolParts {
  const words = new PoolWords(port.words);
  if (words.state !== POOL_STATE.OPEN) throw closedError('connectPool', 'pool');
  const memory = new LaneMemory(port.lanes);
  let arena: Arena | undefined;
  const attach = (client: number): Arena => {
    arena = Arena.attach(port.arena, { clientId: arenaIdOfClient(client), addressOf });
    return arena;
  };
  const client = openGuest(words, memory, attach, onChange);
  // It may have begun to close before the seat was taken: then nobody waits for this client.
  if (words.state !== POOL_STATE.OPEN) {
    client.close();
    throw closedError('connectPool', 'pool');
  }
  const joined = arena as unknown as Arena;
  const registration = new Registration(port.registration, words);
  joined.onSegment = (segment) => registration.add(joined, segment);
  return {
    words,
    arena: joined,
    registration,
    client,
    place: port.place,
    port,
    owner: undefined,
    obituary: undefined,
  };
}

function openGuest(
  words: PoolWords,
  memory: LaneMemory,
  arenaOf: (client: number) => Arena,
  onChange: () => void,
): Client {
  try {
    return openClient(words, memory, arenaOf, false, onChange);
  } catch (error) {
    // Whatever it was, the pool was closed under our hands: its owner's doorbell is gone, say.
    if (words.state !== POOL_STATE.OPEN) throw closedError('connectPool', 'pool');
    throw error;
  }
}

/** Takes a seat and opens the client's own ring. */
function openClient(
  words: PoolWords,
  memory: LaneMemory,
  arenaOf: (client: number) => Arena,
  owner: boolean,
  onChange: () => void,
): Client {
  const client = new Client(words, memory, owner, onChange);
  try {
    const { workers, depth } = memory.handle;
    const arena = arenaOf(client.seat.client);
    client.setLocal(
      new LocalLane(workers, localSize(depth), words, arena, client),
      () => new LocalLane(workers + 1, STREAMS_SIZE, words, arena, client),
    );
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}
