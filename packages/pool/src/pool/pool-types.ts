// What the methods of a pool take and tell. Types only.

import type { ArenaStats } from '@ringpool/core';

import type { LaneMetrics, WorkerMetrics } from './metrics.ts';
import type { Placement } from './placement.ts';

/** How a file is opened. */
export interface OpenFileOptions {
  /** Permission bits of a file that is created. Default: 0o666. */
  readonly mode?: number | undefined;
  /**
   * Past the page cache (O_DIRECT). Positions and lengths are to be multiples of what the file system wants, mostly 512 or 4096
   * bytes: see `file.stat()`. Reads that are not are widened; writes that are not are refused with ERR_RINGPOOL_MISALIGNED.
   * Where the file system has no direct I/O, the file is opened without, `file.direct` is false, and the channel
   * `ringpool:fallback` tells. Default: false.
   */
  readonly direct?: boolean | undefined;
  /**
   * Direct writes that are not aligned are made all the same: the blocks that they lie in are read, and written again whole. Two
   * of one `File` wait for each other; other writers of these blocks may be undone. Default: false.
   */
  readonly rewrite?: boolean | undefined;
  /** Each write is over when its bytes are on the disk (O_DSYNC). Default: false. */
  readonly dsync?: boolean | undefined;
  /** Where its operations run, and opening and closing it. Default: the pool's. */
  readonly placement?: Placement | undefined;
}

/** How a whole file is read. */
export interface ReadFileOptions {
  /** Where it runs. Default: the pool's. */
  readonly placement?: Placement | undefined;
}

/** What {@link Pool.metrics} tells. */
export interface PoolMetrics {
  /** Bytes of the arena that are registered with the kernel. */
  readonly registeredBytes: number;
  /** The arena's figures. */
  readonly arena: ArenaStats;
  /** Threads in the pool, its owner included. */
  readonly clients: number;
  /** Every lane that was ever used, of all threads. */
  readonly lanes: readonly LaneMetrics[];
  /** Every worker that the pool may have. */
  readonly workers: readonly WorkerMetrics[];
}

/** How long {@link Pool.close} waits. */
export interface ClosePoolOptions {
  /** Milliseconds. Default: 30000. */
  readonly timeoutMs?: number | undefined;
}
