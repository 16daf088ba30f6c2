// Through Ringpool: reads land in the arena, which is registered with the kernel and shared with the workers.

import type { Lease, Pool } from '@ringpool/pool';

import { CHUNK_BYTES, CHUNKS_IN_FLIGHT, inChunks, inParallel, type Job, SMALL_BYTES_MAX } from './job.ts';

/** Room behind a small file of the largest size: a file that grew by a little is still read in one trip. */
const SPARE_BYTES = 4096;

/** How much arena the two functions below take. */
export function arenaBytesFor(concurrency: number): number {
  return concurrency * (SMALL_BYTES_MAX + SPARE_BYTES) + CHUNKS_IN_FLIGHT * CHUNK_BYTES;
}

/** Whole files, each into the lease of its slot: one trip to a worker for open, read and the look for the end. */
export async function ingestSmall(pool: Pool, concurrency: number, job: Job): Promise<void> {
  const { files, digests, advance } = job;
  const slots = Math.min(concurrency, files.length);
  const leases = Array.from({ length: slots }, () => pool.allocUnsafe(SMALL_BYTES_MAX + SPARE_BYTES));
  try {
    await inParallel(slots, files, async (file, slot) => {
      const contents = await pool.readFile((files[file] as { path: string }).path, leases[slot] as Lease);
      digests.add(file, contents.bytes);
      advance(1, contents.length);
      contents.release();
    });
  } finally {
    for (const lease of leases) lease.release();
  }
}

/** Large files one after another, by chunks that are in flight at once. */
export async function ingestLarge(pool: Pool, { files, digests, advance }: Job): Promise<void> {
  const chunks = Array.from({ length: CHUNKS_IN_FLIGHT }, () => pool.allocUnsafe(CHUNK_BYTES));
  try {
    for (const [index, { path }] of files.entries()) {
      await using file = await pool.open(path);
      await inChunks(
        (chunk, position) => file.read(chunks[chunk] as Lease, { position }),
        (chunk, bytes) => {
          digests.add(index, (chunks[chunk] as Lease).bytes.subarray(0, bytes));
          advance(0, bytes);
        },
      );
      advance(1, 0);
    }
  } finally {
    for (const chunk of chunks) chunk.release();
  }
}
