// The files the read questions read: random bytes, really allocated, made once and kept outside git's sight.

import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';

import type { Readings } from './measure.ts';
import { DATA_DIR } from './paths.ts';
import { runTwin } from './twins.ts';

const CHUNK_BYTES = 4 * 2 ** 20;

/** Read through the page cache; small enough to stay there. */
export const CACHED_BYTES: number = 256 * 2 ** 20;
/** Read with O_DIRECT. */
export const DIRECT_BYTES: number = 2 ** 30;

/** The path of a file of random bytes of this size, made when it is not there yet. */
export function dataFile(bytes: number): string {
  const path = `${DATA_DIR}random-${bytes / 2 ** 20}m.bin`;
  if (statSync(path, { throwIfNoEntry: false })?.size === bytes) return path;
  mkdirSync(DATA_DIR, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  const fd = openSync(unfinished, 'w');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let written = 0; written < bytes; ) {
      randomFillSync(chunk);
      written += writeSync(fd, chunk, 0, Math.min(CHUNK_BYTES, bytes - written));
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(unfinished, path);
  return path;
}

/**
 * Reads the whole file so that it is in the page cache, then asks the kernel how much of it really is.
 * Idle cache goes cold by itself on some hosts, hence before every run.
 */
export async function warmUp(path: string): Promise<Readings> {
  const fd = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    while (readSync(fd, chunk, 0, CHUNK_BYTES, null) > 0);
  } finally {
    closeSync(fd);
  }
  const seen = await runTwin('resident', { file: path });
  const { pages, resident } = seen ?? {};
  return pages === undefined || resident === undefined ? {} : { residentShare: resident / pages };
}
