// Finds every regular file below a directory. Symbolic links are not followed: pnpm's node_modules is full of them, and
// each package's files lie below node_modules/.pnpm once.

import { opendir, stat } from 'node:fs/promises';
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

/** Every regular file below `directory`, in a stable order. @throws UsageError for a path that cannot be read. */
export async function walk(directory: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await scan(next, pending, found);
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function scan(directory: string, pending: string[], found: FoundFile[]): Promise<void> {
  let now = directory;
  try {
    for await (const entry of await opendir(directory)) {
      now = path.join(directory, entry.name);
      if (entry.isDirectory()) pending.push(now);
      else if (entry.isFile()) found.push({ path: now, bytes: (await stat(now)).size });
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new UsageError(`${now} ${REASONS[code] ?? `cannot be read (${code || String(error)})`}`);
  }
}
