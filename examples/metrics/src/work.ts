// Something to measure: reads of one file, small ones on the caller's own ring and large ones on the workers.

import type { File, Lease, Placement, Pool } from '@ringpool/pool';

const SMALL_BYTES = 4096;
const LARGE_BYTES = 256 * 1024;
const SMALL_READS = 512;
const LARGE_READS = 64;
/** Reads in flight at a time. */
const DEPTH = 16;

/** One round of reads of this file. Resolves to the bytes read. */
export async function readRound(pool: Pool, path: string): Promise<number> {
  await using file = await pool.open(path);
  const lease = pool.alloc(DEPTH * LARGE_BYTES);
  try {
    let bytes = 0;
    const read = async (reads: number, length: number, placement: Placement): Promise<void> => {
      for (let done = 0; done < reads; done += DEPTH) {
        bytes += await readBatch(file, lease, done * length, length, placement);
      }
    };
    await read(SMALL_READS, SMALL_BYTES, 'local');
    await read(LARGE_READS, LARGE_BYTES, 'workers');
    return bytes;
  } finally {
    lease.release();
  }
}

async function readBatch(
  file: File,
  lease: Lease,
  start: number,
  length: number,
  placement: Placement,
): Promise<number> {
  const read = (index: number): Promise<number> =>
    file.read(lease, { position: start + index * length, offset: index * length, length, placement });
  const bytes = await Promise.all(Array.from({ length: DEPTH }, (_, index) => read(index)));
  return bytes.reduce((sum, each) => sum + each);
}
