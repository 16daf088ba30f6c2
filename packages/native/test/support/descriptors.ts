// Which descriptors of this process are open on a file.

import { readdirSync, readlinkSync } from 'node:fs';

/** The descriptors whose target starts with `path`, ascending. */
export function descriptorsOn(path: string): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((number) => {
      try {
        return readlinkSync(`/proc/self/fd/${number}`).startsWith(path);
      } catch {
        return false; // the directory's own, closed since
      }
    })
    .sort((a, b) => a - b);
}
