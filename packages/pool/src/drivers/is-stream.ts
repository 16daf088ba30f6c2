// Whether a descriptor of this process leads to a file without positions. Any thread.

import { fstatSync } from 'node:fs';

/** True of pipes, terminals and other character devices, and sockets. Of what cannot be told, false. */
export function isStream(file: number): boolean {
  try {
    const status = fstatSync(file);
    return status.isFIFO() || status.isCharacterDevice() || status.isSocket();
  } catch {
    return false;
  }
}
