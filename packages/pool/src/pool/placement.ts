// Where an operation runs: what users say, checked, and the number by which clients know it. Pure.

import { invalidArgument } from './errors.ts';

/**
 * Where operations run: `'local'` on the calling thread: at once where the kernel has the bytes, else on its own ring, `'workers'` on the least loaded I/O worker,
 * `{ worker }` on that one, `'auto'` on what measurements say is best for the operation.
 */
export type Placement = 'auto' | 'local' | 'workers' | { readonly worker: number };

/** `'auto'`: operations that move fewer bytes run on the caller's own ring. See docs/performance.md. */
export const LOCAL_BYTES_MAX: number = 64 * 1024;
/** The same for an operation that is alone: the hop to a worker and back would be most of its time. */
export const LONE_BYTES_MAX: number = 256 * 1024 + 1;
/**
 * What is read or written past the page cache runs there too, since no CPU copies it, while about so many bytes at most are
 * in flight: a disk whose queue is full blocks who submits more, for tens of milliseconds and longer.
 */
export const DIRECT_BYTES_MAX: number = 16 * 1024 * 1024;

/** Codes of placements; from 0 on: the worker's index. */
export const AUTO = -1;
export const LOCAL = -2;
const WORKERS = -3;

/** The code of a placement. @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
export function placementCode(op: string, placement: Placement, workers: number): number {
  if (placement === 'auto') return AUTO;
  if (placement === 'local') return LOCAL;
  if (placement === 'workers') return WORKERS;
  const worker = typeof placement === 'object' && placement !== null ? placement.worker : undefined;
  if (Number.isInteger(worker) && (worker as number) >= 0 && (worker as number) < workers)
    return worker as number;
  throw invalidArgument(
    op,
    `there is no placement ${JSON.stringify(placement) ?? String(placement)}`,
    `It must be 'auto', 'local', 'workers' or { worker: 0 to ${workers - 1} }.`,
  );
}
