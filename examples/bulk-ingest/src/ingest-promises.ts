// Through fs.promises, at the same concurrency.

import { open, readFile } from 'node:fs/promises';

import { CHUNK_BYTES, CHUNKS_IN_FLIGHT, inChunks, inParallel, type Job } from './job.ts';

/** Whole files. */
export async function ingestSmall(concurrency: number, { files, digests, advance }: Job): Promise<void> {
  await inParallel(concurrency, files, async (file) => {
    const bytes = await readFile((files[file] as { path: string }).path);
    digests.add(file, bytes);
    advance(1, bytes.length);
  });
}

/** Large files one after another, by chunks that are in flight at once, into buffers that are used again. */
export async function ingestLarge({ files, digests, advance }: Job): Promise<void> {
  const chunks = Array.from({ length: CHUNKS_IN_FLIGHT }, () => Buffer.allocUnsafeSlow(CHUNK_BYTES));
  for (const [index, { path }] of files.entries()) {
    const file = await open(path);
    try {
      await inChunks(
        async (chunk, position) =>
          (await file.read(chunks[chunk] as Buffer, 0, CHUNK_BYTES, position)).bytesRead,
        (chunk, bytes) => {
          digests.add(index, (chunks[chunk] as Buffer).subarray(0, bytes));
          advance(0, bytes);
        },
      );
    } finally {
      await file.close();
    }
    advance(1, 0);
  }
}
