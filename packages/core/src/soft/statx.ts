// Writes a `struct statx`, as statx(2) lays it out: what a ring without a kernel answers to STATX.

import { STATX_BYTES, STATX_FIELD } from '../abi/statx.ts';
import { STATX } from '../abi/system.ts';
import type { FileStatus } from './file-system.ts';

const HIGH_WORD = 0x1_0000_0000;

/** Writes what is known of a file at `offset`; the rest of the structure becomes 0. */
export function writeStatx(memory: Uint8Array, offset: number, status: FileStatus): void {
  memory.fill(0, offset, offset + STATX_BYTES);
  const view = new DataView(memory.buffer, memory.byteOffset + offset, STATX_BYTES);
  const wide = (at: number, value: number): void => {
    view.setUint32(at, value % HIGH_WORD, true);
    view.setUint32(at + 4, Math.floor(value / HIGH_WORD), true);
  };
  const time = (at: number, ms: number): void => {
    wide(at, Math.floor(ms / 1e3));
    view.setUint32(at + 8, Math.floor((ms % 1e3) * 1e6), true);
  };
  view.setUint32(STATX_FIELD.mask, STATX.BASIC_STATS | STATX.BTIME, true);
  view.setUint32(STATX_FIELD.blockBytes, status.blockBytes, true);
  view.setUint32(STATX_FIELD.links, status.links, true);
  view.setUint32(STATX_FIELD.uid, status.uid, true);
  view.setUint32(STATX_FIELD.gid, status.gid, true);
  view.setUint16(STATX_FIELD.mode, status.mode, true);
  wide(STATX_FIELD.inode, status.inode);
  wide(STATX_FIELD.bytes, status.bytes);
  wide(STATX_FIELD.blocks, status.blocks);
  time(STATX_FIELD.accessed, status.accessedMs);
  time(STATX_FIELD.born, status.bornMs);
  time(STATX_FIELD.changed, status.changedMs);
  time(STATX_FIELD.modified, status.modifiedMs);
}
