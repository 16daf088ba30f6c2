// A directory for one test file, removed when the file's tests are over.

import { execFileSync } from 'node:child_process';
import { chmodSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

/** Makes the directory, readable by every user, and removes it after the tests. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'ringpool-test-'));
  chmodSync(directory, 0o755);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

let counter = 0;

/** Writes a file with this content. Returns its path. */
export function fileWith(directory: string, content: Uint8Array): string {
  const file = path.join(directory, `file-${counter++}`);
  writeFileSync(file, content);
  return file;
}

/** A named pipe, open at both ends, so that a read waits until something is written. Returns its descriptor. */
export function openPipe(directory: string): number {
  const file = path.join(directory, `pipe-${counter++}`);
  execFileSync('mkfifo', [file]);
  return openSync(file, constants.O_RDWR);
}
