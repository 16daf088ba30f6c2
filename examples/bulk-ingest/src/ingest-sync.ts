// Through readFileSync, one file after another: also the reference that the others are checked against.

import { readFileSync } from 'node:fs';

import type { Job } from './job.ts';

/** Whole files of any size. */
export function ingest({ files, digests, advance }: Job): void {
  for (const [index, { path }] of files.entries()) {
    const bytes = readFileSync(path);
    digests.add(index, bytes);
    advance(1, bytes.length);
  }
}
