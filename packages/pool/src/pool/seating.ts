// Where a client of a pool takes its seat: what it is made of. Types only.

import type { Host } from '../drivers/host.ts';
import type { LaneMemory } from './lane-memory.ts';
import type { PoolWords } from './words.ts';

/** Where a client takes its seat. */
export interface Seating {
  readonly words: PoolWords;
  readonly host: Host;
  readonly memory: LaneMemory;
  /** How many workers users may place operations on. */
  readonly workers: number;
  /** Whether it is the pool's owner. */
  readonly owner: boolean;
  /** Called when something beside its operations has changed. */
  readonly onChange: () => void;
}
