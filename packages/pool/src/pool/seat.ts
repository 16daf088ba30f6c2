// A client's seat in the pool: which of the pool's places for clients a thread has, from connecting until the owner has
// taken back what it left. One word of shared memory says whose the seat is and how it stands; a thread that dies in
// whatever way leaves an obituary there.
//
// FREE -> TAKEN -> SEATED -> LEFT (orderly) or DEAD -> FREE, the last step by the pool's owner alone

import { RingpoolError } from '@ringpool/core';

import type { Host, HostBell, HostObituary } from '../drivers/host.ts';
import { CLIENTS_MAX, type PoolWords } from './words.ts';

const FREE = 0;
const PHASE_BITS = 3;
const PHASE_MASK = (1 << PHASE_BITS) - 1;
const TAKEN = 1;
const SEATED = 2;
const LEFT = 3;
const DEAD = 4;

/** The arena's numbers for its threads: the owner, the workers, and the other clients by their seats. */
export const ARENA_OWNER = 1;
const ARENA_WORKERS = 2;
const ARENA_CLIENTS = 128;

/** The number under which a worker's thread uses the arena. */
export function arenaIdOfWorker(worker: number): number {
  return ARENA_WORKERS + worker;
}

/** The number under which a client's thread uses the arena. */
export function arenaIdOfClient(client: number): number {
  return client === 0 ? ARENA_OWNER : ARENA_CLIENTS + client;
}

/** True while a seat's client is there, by the word of the seat. */
export function isSeated(word: number): boolean {
  return (word & PHASE_MASK) === SEATED;
}

/** True when a seat's client has gone and what it left is to be taken back. */
export function isVacated(word: number): boolean {
  const phase = word & PHASE_MASK;
  return phase === LEFT || phase === DEAD;
}

/** The number by which the ledger of descriptors knows the client of a seat. */
export function descriptorOwnerOf(word: number): number {
  return word >>> PHASE_BITS;
}

/** The owner has taken back what the client of this seat left: somebody else may have it. */
export function freeSeat(words: PoolWords, client: number, word: number): void {
  words.swapSeat(client, word, FREE);
}

/** How many clients other than the owner are in the pool. */
export function guests(words: PoolWords): number {
  let count = 0;
  for (let client = 1; client < CLIENTS_MAX; client++) if (words.seat(client) !== FREE) count++;
  return count;
}

/**
 * Rings a client, whether it sleeps or not: something beside its lanes has changed. Its parking word is left as it is: the
 * seat may be another client's by now, whose sleep nobody must claim who rings the bell of the one before.
 */
export function ringClient(host: Host, words: PoolWords, client: number): void {
  try {
    const bell = host.attachBell(words.clientBell(client));
    bell.ring();
    bell.close();
  } catch (error) {
    // It has ended since.
    if (!(error instanceof RingpoolError)) throw error;
  }
}

/** Wakes every client: the state of a worker or of the pool has changed. */
export function wakeClients(host: Host, words: PoolWords): void {
  for (let client = 0; client < CLIENTS_MAX; client++) {
    if (isSeated(words.seat(client))) ringClient(host, words, client);
  }
}

/** The seat of this thread. */
export class Seat {
  /** Which client it is. */
  readonly client: number;
  /** The number by which the ledger of descriptors knows it. */
  readonly descriptorOwner: number;
  readonly #words: PoolWords;
  readonly #obituary: HostObituary;

  private constructor(words: PoolWords, client: number, descriptorOwner: number, obituary: HostObituary) {
    this.#words = words;
    this.client = client;
    this.descriptorOwner = descriptorOwner;
    this.#obituary = obituary;
  }

  /**
   * Takes a free seat: 0 for the pool's owner, another one for others. `supervisor` is rung should this thread die.
   * @throws ERR_RINGPOOL_TOO_MANY_CLIENTS.
   */
  static take(host: Host, words: PoolWords, supervisor: HostBell, owner: boolean): Seat {
    const descriptorOwner = host.ledger.newOwner();
    const word = (phase: number): number => (descriptorOwner << PHASE_BITS) | phase;
    const [first, end] = owner ? [0, 1] : [1, CLIENTS_MAX];
    for (let client = first; client < end; client++) {
      if (words.seat(client) !== FREE) continue;
      // Written before the seat is taken: a thread that dies in between has taken nothing, or leaves its word.
      const obituary = host.writeObituary({
        ...words.clientObituary(client),
        expected: [word(TAKEN), word(SEATED)],
        storeValue: word(DEAD),
      });
      // A worker that this thread was about to wake when it died takes itself to be woken: it must be.
      obituary.setBells([supervisor.token]);
      obituary.setBellTable(words.workerBells);
      if (words.swapSeat(client, FREE, word(TAKEN)))
        return new Seat(words, client, descriptorOwner, obituary);
      obituary.cancel();
    }
    throw new RingpoolError(
      'ERR_RINGPOOL_TOO_MANY_CLIENTS',
      `all ${CLIENTS_MAX} seats of the pool are taken`,
      { op: 'connectPool', hint: 'Close clients that are not needed, or use another pool.' },
    );
  }

  /** The client is ready for workers to see: its doorbell stands in the words. */
  sit(bell: HostBell): void {
    this.#words.setClientBell(this.client, bell.token);
    this.#swap(TAKEN, SEATED);
  }

  /** Leaves in order, with nothing in flight and no lane held: the owner takes back what is left. */
  leave(supervisor: HostBell): void {
    this.#swap(SEATED, LEFT);
    this.#words.callSupervisor(supervisor);
    // Last: should this thread be terminated in here, the obituary calls the owner.
    this.#obituary.cancel();
  }

  #swap(from: number, to: number): void {
    const word = this.descriptorOwner << PHASE_BITS;
    this.#words.swapSeat(this.client, word | from, word | to);
  }
}
