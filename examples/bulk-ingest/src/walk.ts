// Finds every regular file below a directory that can be read. Symbolic links are not followed: pnpm's node_modules is full of them, and
// each package's files lie below node_modules/.pnpm once.

import { constants } from 'node:fs';
import { access, opendir, stat } from 'node:fs/promises';
import path from 'node:path';

import { UsageError } from './args.ts';

/** One file to ingest. */
export interface FoundFile {
  readonly path: string;
  readonly bytes: number;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'is not a directory',
  EACCES: 'may not be read (permission denied)',
};

/** What a walk found. */
export interface Walked {
  /** Every regular file, in a stable order. */
  readonly files: readonly FoundFile[];
  /** What below the directory cannot be read, each with the reason. */
  readonly skipped: readonly string[];
}

/** Every regular file below `directory`. @throws UsageError when `directory` itself cannot be read. */
export async function walk(directory: string): Promise<Walked> {
  const files: FoundFile[] = [];
  const skipped: string[] = [];
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    try {
      await scan(next, pending, files, skipped);
    } catch (error) {
      if (next === directory) throw new UsageError(reason(next, error));
      skipped.push(reason(next, error));
    }
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), skipped };
}

async function scan(
  directory: string,
  pending: string[],
  files: FoundFile[],
  skipped: string[],
): Promise<void> {
  for await (const entry of await opendir(directory)) {
    const name = path.join(directory, entry.name);
    if (entry.isDirectory()) pending.push(name);
    else if (entry.isFile()) {
      try {
        await access(name, constants.R_OK);
        files.push({ path: name, bytes: (await stat(name)).size });
      } catch (error) {
        const gone = (error as NodeJS.ErrnoException).code === 'ENOENT';
        // Deleted meanwhile, or listed under a name that Node could not decode.
        skipped.push(gone ? `${name} does not exist, or its name is no UTF-8` : reason(name, error));
      }
    }
  }
}

function reason(name: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return `${name} ${REASONS[code] ?? `cannot be read (${code || String(error)})`}`;
}
