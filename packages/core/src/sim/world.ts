// What all rings of a simulation share: the disk, the clock, the random numbers. Bound to the thread that simulates.

import type { OpenFlags } from '../abi/system.ts';
import type { Disk } from './disk.ts';
import type { SimFaults } from './faults.ts';
import { SimFileSystem } from './file-system.ts';
import type { Random } from './random.ts';

/** Somebody who has something under way when the power goes. */
interface Victim {
  crash(): void;
}

/** How a world is made. */
export interface WorldParts {
  readonly disk: Disk;
  readonly openFlags: OpenFlags;
  readonly capacityBytes: number;
  readonly random: Random;
  readonly faults: SimFaults;
  /** How long an operation takes, at least and at most. */
  readonly latencyMs: readonly [number, number];
}

/** A simulated machine. */
export class World {
  readonly disk: Disk;
  readonly random: Random;
  readonly latencyMs: readonly [number, number];
  readonly faults: SimFaults;
  /** Simulated milliseconds since it was switched on. */
  nowMs = 0;
  crashed = false;
  readonly system: SimFileSystem;
  readonly #victims: Victim[] = [];
  #order = 0;

  constructor({ disk, openFlags, capacityBytes, random, faults, latencyMs }: WorldParts) {
    this.disk = disk;
    this.system = new SimFileSystem({ disk, openFlags, capacityBytes, now: () => this.nowMs });
    this.random = random;
    this.faults = faults;
    this.latencyMs = latencyMs;
  }

  join(victim: Victim): void {
    this.#victims.push(victim);
  }

  /** The next number in the order of all events. */
  nextOrder(): number {
    return this.#order++;
  }

  /** Time passes, if it has not yet. */
  advance(untilMs: number): void {
    if (untilMs > this.nowMs && untilMs < Number.POSITIVE_INFINITY) this.nowMs = untilMs;
  }

  /** The power goes. */
  crash(): void {
    if (this.crashed) return;
    for (const victim of this.#victims) victim.crash();
    this.crashed = true;
  }
}
