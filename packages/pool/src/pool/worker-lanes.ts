// The lanes that a worker holds: it takes hold of those whose clients want it, and lets go of those they leave.
// Bound to the worker's thread. Labels are those of models/lanes.pml.

import {
  type DriverRing,
  generationOfTicket,
  LaneAttachment,
  type LaneTerms,
  RingpoolError,
} from '@ringpool/core';

import type { Host, HostBell } from '../drivers/host.ts';
import type { LaneMemory } from './lane-memory.ts';
import type { WorkerMeter } from './metrics.ts';
import { makeFileTable } from './pool-ring.ts';
import { isSeated, ringClient } from './seat.ts';
import { CLIENTS_MAX, type PoolWords } from './words.ts';
import { type Routes, WorkerLane } from './worker-lane.ts';
import type { WorkerSpec } from './worker-protocol.ts';

/** The ring's table of fixed files has room for so many lanes; further ones have none. */
const LANES_WITH_FILES = 16;

/** The lanes of one worker. */
export class WorkerLanes {
  /** Those it holds, in no order that matters. */
  readonly all: WorkerLane[] = [];
  /** Slots of the ring's table of fixed files; 0 where there is none. */
  readonly fileSlots: number;
  /** By client. */
  readonly #held: (WorkerLane | undefined)[] = [];
  readonly #attachments: (LaneAttachment | undefined)[] = [];
  readonly #worker: number;
  readonly #generation: number;
  readonly #words: PoolWords;
  readonly #memory: LaneMemory;
  readonly #meter: WorkerMeter;
  readonly #ring: DriverRing;
  readonly #host: Host;
  readonly #supervisor: HostBell;
  /** Parts of the table of fixed files that belong to no lane: where each starts. */
  readonly #freeFiles: number[] = [];
  #version = 0;
  #leaving = 0;

  constructor(
    { index, generation }: WorkerSpec,
    words: PoolWords,
    memory: LaneMemory,
    ring: DriverRing,
    { host, supervisor }: { readonly host: Host; readonly supervisor: HostBell },
  ) {
    this.#host = host;
    this.#worker = index;
    this.#generation = generation;
    this.#words = words;
    this.#memory = memory;
    this.#meter = memory.meters.worker(index);
    this.#ring = ring;
    this.#supervisor = supervisor;
    const { depth } = memory.handle;
    this.fileSlots = makeFileTable(ring, depth * LANES_WITH_FILES, depth);
    for (let first = this.fileSlots - depth; first >= 0; first -= depth) this.#freeFiles.push(first);
  }

  /** The lane of a client that the worker holds. */
  of(client: number): WorkerLane {
    return this.#held[client] as WorkerLane;
  }

  /** True when a client has wanted or left a lane since the last {@link refresh}. */
  get changed(): boolean {
    return this.#words.lanesVersion(this.#worker) !== this.#version;
  }

  /** Takes hold of what is wanted, lets go of what is left. Call it whenever {@link changed}, and while any is leaving. */
  refresh(routes: Routes): void {
    const version = this.#words.lanesVersion(this.#worker);
    if (version !== this.#version) {
      this.#version = version;
      for (let client = 0; client < CLIENTS_MAX; client++) this.#look(client);
    }
    if (this.#leaving === 0) return;
    for (const lane of this.all.filter(({ leaving }) => leaving)) {
      if (lane.busy) lane.cancelLate(this.#ring, routes);
      else this.#release(lane);
    }
  }

  /** True while lanes that were left have operations in the ring. */
  get leaving(): boolean {
    return this.#leaving > 0;
  }

  #look(client: number): void {
    if (!this.#memory.has(client)) return;
    this.#attachments[client] ??= new LaneAttachment(this.#memory.lane(client, this.#worker));
    const { wanted } = this.#attachments[client];
    const held = this.#held[client];
    if (held === undefined) {
      if (generationOfTicket(wanted) === this.#generation) this.#hold(client, wanted);
    } else if (wanted !== held.ticket && !held.leaving) {
      held.leave(); // E1
      this.#leaving++;
    }
  }

  /** B1 */
  #hold(client: number, ticket: number): void {
    const attachment = this.#attachments[client] as LaneAttachment;
    const first = this.#freeFiles.pop();
    const terms = {
      filesFirst: first ?? 0,
      filesCount: first === undefined ? 0 : this.#memory.handle.depth,
      descriptors: this.#host.ledger.newOwner(),
    };
    // Everything of the client is read once the lane is held: until then the seat may change hands.
    const lane = attachment.tryHold(ticket, terms) ? this.#open(client, ticket, terms) : undefined;
    if (lane === undefined) {
      if (first !== undefined) this.#freeFiles.push(first);
      this.#sayFree(client); // B4
      return;
    }
    this.#held[client] = lane;
    this.all.push(lane);
    lane.wake();
  }

  #open(client: number, ticket: number, terms: LaneTerms): WorkerLane | undefined {
    try {
      return new WorkerLane(
        this.#memory.lane(client, this.#worker),
        client,
        ticket,
        terms,
        this.#words,
        this.#meter,
        this.#host,
      );
    } catch (error) {
      if (!(error instanceof RingpoolError)) throw error;
      // Its doorbell is gone: the client has ended, and its heir waits for the lane.
      (this.#attachments[client] as LaneAttachment).release();
      return undefined;
    }
  }

  #release(lane: WorkerLane): void {
    this.#leaving--;
    this.all.splice(this.all.indexOf(lane), 1);
    this.#held[lane.client] = undefined;
    const { filesFirst, filesCount } = lane.terms;
    if (filesCount > 0) {
      // A client that died may have left files open there.
      this.#ring.updateFiles(filesFirst, new Array<number>(filesCount).fill(-1));
      this.#freeFiles.push(filesFirst);
    }
    (this.#attachments[lane.client] as LaneAttachment).release(); // E2
    lane.close();
    this.#sayFree(lane.client); // E3
  }

  /** Tells whoever waits for a lane that it is free: the client, or the owner, if the client has gone. */
  #sayFree(client: number): void {
    if (isSeated(this.#words.seat(client))) ringClient(this.#host, this.#words, client);
    else this.#words.callSupervisor(this.#supervisor);
  }

  /** Lets go of all doorbells, when the worker ends. */
  close(): void {
    for (const lane of this.all) lane.close();
  }
}
