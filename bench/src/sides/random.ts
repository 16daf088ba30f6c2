// What the sides that read one file share: the same random positions for all of them, and the loops that ask for them.
import { statSync } from 'node:fs';

import { failed } from './child.ts';

const SEED = 0x9e3779b9 | 0;

/** Random positions of whole blocks in a file. */
export function randomPositions(file: string, bytes: number): () => number {
  const blockMask = 2 ** Math.floor(Math.log2(statSync(file).size / bytes)) - 1;
  let random = SEED;
  return () => {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    return (random & blockMask) * bytes;
  };
}

/** False until that time. */
export function alarm(untilMs: number): { readonly over: boolean } {
  const state = { over: false };
  setTimeout(() => {
    state.over = true;
  }, untilMs - performance.now());
  return state;
}

/** Runs `depth` loops of reads, each with its slot, until the time is over; says how many reads they did. */
export async function loops(
  depth: number,
  bytes: number,
  untilMs: number,
  one: (slot: number) => Promise<number>,
): Promise<number> {
  const time = alarm(untilMs);
  let ops = 0;
  const loop = async (slot: number): Promise<void> => {
    while (!time.over) {
      const res = await one(slot);
      if (res !== bytes) failed('a read', res);
      ops++;
    }
  };
  await Promise.all(Array.from({ length: depth }, (_, slot) => loop(slot)));
  return ops;
}
