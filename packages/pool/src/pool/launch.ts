// How a pool comes up, and how another thread joins it: memory, anchor, rings, in the order in which memlock is charged.

import { Arena } from '@ringpool/core';
import { readMemlock } from '@ringpool/native';
import type { DriverChoice, DriverInfo } from '../drivers/choose.ts';
import type { Host, HostObituary } from '../drivers/host.ts';
import { attachHost, hostOf } from '../drivers/hosts.ts';
import { Client } from './client.ts';
import { Publisher } from './diagnostics.ts';
import { closedError } from './errors.ts';
import { LaneMemory } from './lane-memory.ts';
import { LocalLane, localSize, STREAMS_SIZE } from './local-lane.ts';
import type { ResolvedOptions } from './options.ts';
import { Owner } from './owner.ts';
import { placementCode } from './placement.ts';
import { makePort, type PoolPort } from './port.ts';
import { Anchor, Registration, segmentBytesFor, setBudget } from './registration.ts';
import { ARENA_OWNER, arenaIdOfClient } from './seat.ts';
import type { Seating } from './seating.ts';
import { POOL_STATE, PoolWords } from './words.ts';

/** Everything a pool is made of, in one thread. */
export interface PoolParts {
  readonly words: PoolWords;
  readonly arena: Arena;
  readonly registration: Registration;
  readonly client: Client;
  /** Where operations run by default: a code of placement.ts. */
  readonly place: number;
  readonly port: () => PoolPort;
  /** What executes the operations, and why. */
  readonly driver: DriverInfo;
  /** In the thread that opened the pool. */
  readonly owner: Owner | undefined;
  /** What another thread hears when this one ends without closing the pool. */
  readonly obituary: HostObituary | undefined;
}

/** Brings a pool up. `onChange` is called when something beside operations has changed. @throws see openPool. */
export function launch(options: ResolvedOptions, choice: DriverChoice, onChange: () => void): PoolParts {
  const { depth } = options;
  const words = PoolWords.create();
  const host = hostOf(choice, words.memory);
  host.checkRegistration(options.registration);
  const workers = options.workers ?? host.workersDefault;
  const place = placementCode('openPool', options.placement, workers);
  const uring = host.driver === 'uring';
  const mode = uring ? options.registration : 'off';
  // The anchor first: where io_uring is not available, this says why.
  const anchor = Anchor.open(mode, words);
  /** How to take down what has come up, last first. */
  const down: (() => void)[] = [() => anchor?.close()];
  try {
    const bell = host.createBell();
    down.push(() => bell.close());
    words.supervisorBell = bell.token;
    const obituary = host.writeObituary({
      ...words.ownerObituary,
      expected: [POOL_STATE.OPEN, POOL_STATE.CLOSING],
      storeValue: POOL_STATE.ORPHANED,
    });
    down.push(() => obituary.cancel());
    obituary.setBellTable(words.clientBells);
    const memory = LaneMemory.create(workersOn(host, workers), depth, options);
    const arena = Arena.create({
      capBytes: options.arenaBytes,
      segmentBytes: segmentBytesFor(options.arenaBytes, mode, readMemlock()),
      addressOf: host.addressOf,
      clientId: ARENA_OWNER,
      ...(process.env['RINGPOOL_DEBUG'] === 'leases' ? { debug: 'leases' as const } : {}),
    });
    anchor?.keep(arena);
    const client = openClient({ words, host, memory, workers, owner: true, onChange }, () => arena);
    down.push(() => client.close());
    // Nobody else will: workers end with this thread, and guests have files of their own.
    obituary.setDescriptors(client.seat.descriptorOwner);
    const registration = new Registration(mode, words);
    if (uring) setBudget(words, mode, readMemlock(), { count: workers, entries: depth });
    arena.onSegment = (segment) => registration.add(arena, segment);
    const owner = new Owner(words, host, memory, arena, { anchor, registration }, bell);
    const driver = choice.info;
    const port = (): PoolPort =>
      makePort({
        words: words.memory,
        host: host.handle,
        driver,
        lanes: memory.handle,
        arena: arena.handle,
        registration: mode,
        place,
      });
    return { words, arena, registration, client, place, port, driver, owner, obituary };
  } catch (error) {
    for (const close of down.reverse()) close();
    throw error;
  }
}

/** How many workers there may be, of those that were asked for. */
function workersOn(host: Host, wanted: number): number {
  if (!host.hasWorkers) return 0;
  if (!host.filesEndWithWorker || wanted === 1) return wanted;
  new Publisher().publishSoon('fallback', {
    kind: 'workers',
    worker: undefined,
    message: 'a pool that a worker thread has opened on the driver threads has one I/O worker',
    bytes: undefined,
    error: undefined,
  });
  return 1;
}

/** Joins a pool of another thread. @throws see connectPool. */
export function join(port: PoolPort, onChange: () => void): PoolParts {
  const words = new PoolWords(port.words);
  if (words.state !== POOL_STATE.OPEN) throw closedError('connectPool', 'pool');
  const host = attachHost(port.host);
  const memory = new LaneMemory(port.lanes);
  const { workers } = port.lanes;
  let arena: Arena | undefined;
  const attach = (client: number): Arena => {
    arena = Arena.attach(port.arena, { clientId: arenaIdOfClient(client), addressOf: host.addressOf });
    return arena;
  };
  const client = openGuest({ words, host, memory, workers, owner: false, onChange }, attach);
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
    port: () => port,
    driver: port.driver,
    owner: undefined,
    obituary: undefined,
  };
}

function openGuest(seating: Seating, arenaOf: (client: number) => Arena): Client {
  try {
    const client = openClient(seating, arenaOf);
    client.announce();
    return client;
  } catch (error) {
    // Whatever it was, the pool was closed under our hands: its owner's doorbell is gone, say.
    if (seating.words.state !== POOL_STATE.OPEN) throw closedError('connectPool', 'pool');
    throw error;
  }
}

/** Takes a seat and opens the client's own ring, where the driver has one. */
function openClient(seating: Seating, arenaOf: (client: number) => Arena): Client {
  const client = new Client(seating);
  const { words, host, memory } = seating;
  try {
    const { workers, depth } = memory.handle;
    const arena = arenaOf(client.seat.client);
    if (host.hasOwnRings) {
      client.setLocal(
        new LocalLane(workers, localSize(depth), words, arena, client),
        () => new LocalLane(workers + 1, STREAMS_SIZE, words, arena, client),
      );
    }
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}
