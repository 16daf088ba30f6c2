// What the thread that opened a pool does for all of its clients: starts the workers that are wanted, takes back what
// clients left that went or died, and closes the pool. Bound to that thread.

import { AsyncResource } from 'node:async_hooks';

import { type Arena, generationOfTicket, LaneAttachment } from '@ringpool/core';

import type { Host, HostBell } from '../drivers/host.ts';
import { Publisher } from './diagnostics.ts';
import { ringFallback } from './fallbacks.ts';
import type { LaneMemory } from './lane-memory.ts';
import type { Anchor, Registration } from './registration.ts';
import {
  arenaIdOfClient,
  arenaIdOfWorker,
  descriptorOwnerOf,
  freeSeat,
  guests,
  isVacated,
  wakeClients,
} from './seat.ts';
import { Supervisor } from './supervisor.ts';
import { takeBackTransit } from './transit.ts';
import { CLIENTS_MAX, POOL_STATE, type PoolWords } from './words.ts';

/** The seat of the client in the owner's own thread. */
const OWN_SEAT = 0;

/** Pools that are open: told to let their workers go when the process exits. */
const open = new Set<Owner>();

/** A worker that sleeps in the kernel delays the end of the process by up to 20 ms, one after another: wakes them all. */
function onExit(): void {
  for (const owner of open) owner.stopWorkers();
}

/** What a pool needs of its owner. */
export class Owner {
  readonly #words: PoolWords;
  readonly #host: Host;
  readonly #memory: LaneMemory;
  readonly #arena: Arena;
  readonly #anchor: Anchor | undefined;
  readonly #registration: Registration;
  readonly #context = new AsyncResource('ringpool.owner');
  readonly #publisher = new Publisher();
  readonly #bell: HostBell;
  readonly #supervisor: Supervisor;
  /** One for each worker, whatever threads come and go there: who rings late rings the one that sleeps. */
  readonly #workerBells: readonly HostBell[];
  #guestsGone: (() => void) | undefined;

  /** `bell` is the supervisor's: it stands in the pool's words already. */
  constructor(
    words: PoolWords,
    host: Host,
    memory: LaneMemory,
    arena: Arena,
    { anchor, registration }: { readonly anchor: Anchor | undefined; readonly registration: Registration },
    bell: HostBell,
  ) {
    this.#words = words;
    this.#host = host;
    this.#memory = memory;
    this.#arena = arena;
    this.#anchor = anchor;
    this.#registration = registration;
    this.#bell = bell;
    this.#workerBells = makeWorkerBells(host, words, memory.handle.workers);
    this.#supervisor = new Supervisor(
      words,
      host,
      memory.handle.workers,
      (index, generation) => ({
        index,
        generation,
        words: words.memory,
        host: host.handle,
        lanes: memory.handle,
        arena: arena.handle,
        arenaClientId: arenaIdOfWorker(index),
      }),
      {
        failed: (failure) => {
          this.#publisher.publish('workerCrash', failure);
          this.#look();
        },
        fellBack: (worker, fallback) =>
          this.#publisher.publishSoon('fallback', ringFallback(fallback, worker)),
      },
    );
    bell.watch(() => this.#lookAfterAll());
    bell.hold(false);
    if (open.size === 0) process.on('exit', onExit);
    open.add(this);
  }

  /** In the context of the pool, whoever calls: what it starts, workers above all, lives longer than that one. */
  #look(): void {
    this.#context.runInAsyncScope(this.#lookAfterAll, this);
  }

  #lookAfterAll(): void {
    this.#supervisor.startWanted();
    for (let client = 1; client < CLIENTS_MAX; client++) {
      const seat = this.#words.seat(client);
      if (isVacated(seat)) this.#takeBack(client, seat);
    }
    const others = guests(this.#words);
    this.#host.watchOver(others > 0);
    if (others === 0) this.#guestsGone?.();
  }

  /** Frees a seat whose client has gone, once no worker has anything of it any more. */
  #takeBack(client: number, seat: number): void {
    let held = false;
    const { workers } = this.#memory.handle;
    for (let worker = 0; worker < workers && this.#memory.has(client); worker++) {
      if (this.#isHeld(client, worker)) held = true;
    }
    // Whoever lets go of the last lane calls again.
    if (held) return;
    // Its own ring was drained when its thread ended or left, and the workers' operations of it are over.
    this.#memory.meters.left(client);
    this.#arena.reclaimClient(arenaIdOfClient(client), { drained: true });
    this.#registration.inherit(this.#arena, arenaIdOfClient(client));
    const { ledger } = this.#host;
    ledger.closeAllOf(descriptorOwnerOf(seat));
    takeBackTransit(this.#words, ledger, descriptorOwnerOf(seat));
    // What workers opened for it, and it has not seen.
    for (let worker = 0; worker < workers && this.#memory.has(client); worker++) {
      const { descriptors } = new LaneAttachment(this.#memory.lane(client, worker)).terms;
      if (descriptors !== 0) ledger.closeAllOf(descriptors);
    }
    // Some drivers have what is left closed by the workers.
    for (const bell of this.#workerBells) bell.ring();
    this.#host.forgetBell(this.#words.clientBell(client));
    freeSeat(this.#words, client, seat);
  }

  /** Takes the wish for a lane back, and says whether a live worker still holds it. */
  #isHeld(client: number, worker: number): boolean {
    const words = this.#words;
    const attachment = new LaneAttachment(this.#memory.lane(client, worker));
    if (attachment.wanted !== 0) {
      attachment.leave(); // D1
      words.raiseLanesVersion(worker); // D2
    }
    // O2. Whatever its parking word says: the client may have died after it had claimed this worker's sleep.
    this.#workerBells[worker]?.ring();
    const { held } = attachment; // D4
    return held !== 0 && words.workerLives(worker, generationOfTicket(held));
  }

  /** Tells every client to finish and leave. Resolves when all have gone but the owner itself. */
  async sendGuestsAway(): Promise<void> {
    this.#words.setState(POOL_STATE.CLOSING);
    wakeClients(this.#host, this.#words);
    if (guests(this.#words) === 0) return;
    await new Promise<void>((resolve) => {
      this.#guestsGone = resolve;
      this.#look();
    });
    this.#guestsGone = undefined;
  }

  /** Asks every worker to stop. */
  stopWorkers(): void {
    for (let worker = 0; worker < this.#memory.handle.workers; worker++) {
      this.#words.stop(worker);
      this.#workerBells[worker]?.ring();
    }
  }

  /** Ends the workers. Nothing is in flight on them. */
  async endWorkers(): Promise<void> {
    open.delete(this);
    if (open.size === 0) process.off('exit', onExit);
    this.stopWorkers();
    await this.#supervisor.close();
  }

  /** Gives up what is left, once the owner's own client has gone. */
  close(): void {
    // What a worker was to close when it died, and nobody knows whether it has.
    const client = descriptorOwnerOf(this.#words.seat(OWN_SEAT));
    if (client !== 0) this.#host.ledger.closeAllOf(client);
    takeBackTransit(this.#words, this.#host.ledger, 0);
    this.#anchor?.close();
    for (const bell of this.#workerBells) bell.close();
    this.#bell.close();
    this.#host.close();
  }
}

/** @throws EMFILE, ENFILE: then none is left open. */
function makeWorkerBells(host: Host, words: PoolWords, workers: number): HostBell[] {
  const bells: HostBell[] = [];
  try {
    for (let worker = 0; worker < workers; worker++) {
      const bell = host.createBell();
      bells.push(bell);
      words.setWorkerBell(worker, bell.token);
    }
    return bells;
  } catch (error) {
    for (const bell of bells) bell.close();
    throw error;
  }
}
