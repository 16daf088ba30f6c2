// What each contender gets: the files, where results go, and whom to tell how far it came.

import type { Digests } from './digest.ts';
import type { FoundFile } from './walk.ts';

/** Files up to this many bytes are read whole; larger ones in chunks. */
export const SMALL_BYTES_MAX: number = 128 * 1024;
/** Bytes of one read of a large file. */
export const CHUNK_BYTES: number = 1024 * 1024;
/** Chunks in flight on one large file. */
export const CHUNKS_IN_FLIGHT = 4;

/** One pass over a group of files. */
export interface Job {
  readonly files: readonly FoundFile[];
  readonly digests: Digests;
  /** Called after each file, or each chunk of a large one. */
  readonly advance: (files: number, bytes: number) => void;
}

/** Runs `slots` loops at once, each taking the next file until none is left. `slot` counts from 0. */
export async function inParallel(
  slots: number,
  files: readonly FoundFile[],
  ingest: (file: number, slot: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const loop = async (slot: number): Promise<void> => {
    while (next < files.length) await ingest(next++, slot);
  };
  await Promise.all(Array.from({ length: Math.min(slots, files.length) }, (_, slot) => loop(slot)));
}

/** Reads a large file by chunks, some of them in flight at once, and takes them in order. */
export async function inChunks(
  read: (buffer: number, position: number) => Promise<number>,
  take: (buffer: number, bytes: number) => void,
): Promise<void> {
  const reads = Array.from({ length: CHUNKS_IN_FLIGHT }, (_, buffer) => read(buffer, buffer * CHUNK_BYTES));
  for (let position = 0, buffer = 0; ; buffer = (buffer + 1) % CHUNKS_IN_FLIGHT) {
    const bytes = await (reads[buffer] as Promise<number>);
    take(buffer, bytes);
    if (bytes < CHUNK_BYTES) break;
    reads[buffer] = read(buffer, position + CHUNKS_IN_FLIGHT * CHUNK_BYTES);
    position += CHUNK_BYTES;
  }
  // Those behind the end of the file are still in flight, and their buffers will be used for the next file.
  await Promise.all(reads);
}
