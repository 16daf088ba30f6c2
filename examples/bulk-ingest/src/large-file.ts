// The one large file of the demo: text lines that no two chunks share, made once and kept.

import { rmSync } from 'node:fs';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import path from 'node:path';

import type { Progress } from './progress.ts';
import type { FoundFile } from './walk.ts';

const MEBIBYTE = 1024 * 1024;

/** Makes `<folder>/large-<mib>-mib.txt` unless it is there, and returns it. */
export async function largeFile(folder: string, mib: number, progress: Progress): Promise<FoundFile> {
  const file = path.join(folder, `large-${mib}-mib.txt`);
  const bytes = mib * MEBIBYTE;
  const found = await stat(file).catch(() => undefined);
  if (found?.size === bytes) return { path: file, bytes };
  await mkdir(folder, { recursive: true });
  progress.begin('generating the large file', bytes);
  // Under another name until it is whole: what is killed leaves nothing that looks finished.
  const unfinished = `${file}.unfinished`;
  const discard = (): void => rmSync(unfinished, { force: true });
  const interrupted = (): void => {
    discard();
    process.kill(process.pid, 'SIGINT');
  };
  const handle = await open(unfinished, 'w');
  process.once('SIGINT', interrupted);
  try {
    for (let chunk = 0; chunk < mib; chunk++) {
      await handle.write(chunkOf(chunk), 0, MEBIBYTE, chunk * MEBIBYTE);
      progress.advance(0, MEBIBYTE);
    }
    await rename(unfinished, file);
  } catch (error) {
    discard();
    throw error;
  } finally {
    process.off('SIGINT', interrupted);
    await handle.close();
  }
  return { path: file, bytes };
}

/** One MiB of text: printable characters by a xorshift generator, with a line feed now and then. */
function chunkOf(chunk: number): Buffer {
  const buffer = Buffer.allocUnsafe(MEBIBYTE);
  let state = (chunk + 1) * 0x9e3779b1;
  for (let at = 0; at < MEBIBYTE; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    buffer[at] = (state & 63) === 0 ? 10 : 33 + ((state >>> 8) % 90);
  }
  return buffer;
}
