// Reads and writes of descriptors that the pool has not opened. They may wait in a system call for ever, where no thread could
// be ended: so it is looked at first what they are. A pipe or a terminal is opened once more for each call, by Linux's name
// for the descriptor, without waiting.

import fs from 'node:fs';

import { WOULD_WAIT } from '@ringpool/core';

import { errnoOf } from './node-errors.ts';

const EAGAIN = -11;
const EOPNOTSUPP = -95;

/** Makes a transfer at a position, null for the current one, by a descriptor that cannot wait: a result, or a negative errno. */
export function throughOther(
  file: number,
  position: number | null,
  writes: boolean,
  transfer: (file: number, position: number | null) => number,
): number {
  try {
    const stats = fs.fstatSync(file);
    if (stats.isFile() || stats.isBlockDevice() || stats.isDirectory()) return transfer(file, position);
    if (process.platform !== 'linux' || stats.isSocket()) return EOPNOTSUPP;
    const { O_RDONLY, O_WRONLY, O_NONBLOCK, O_NOCTTY } = fs.constants;
    const flags = (writes ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_NOCTTY;
    const own = fs.openSync(`/proc/self/fd/${file}`, flags);
    try {
      return transfer(own, null);
    } finally {
      fs.closeSync(own);
    }
  } catch (error) {
    const res = errnoOf(error);
    return res === EAGAIN ? WOULD_WAIT : res;
  }
}
