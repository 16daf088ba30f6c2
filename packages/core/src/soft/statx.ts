// Writes a `struct statx`, as statx(2) lays it out: what a ring without a kernel answers to STATX.

import { STATX } from '../abi/system.ts';
import type { FileStatus } from './file-system.ts';

/** Bytes of the structure. */
export const STATX_BYTES = 256;
const HIGH_WORD = 0x1_0000_0000;

/** Where each field lies, in bytes. */
const FIELD = {
  mask: 0,
  blockBytes: 4,
  links: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  inode: 32,
  bytes: 40,
  blocks: 48,
  accessed: 64,
  born: 80,
  changed: 96,
  modified: 112,
} as const;

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
  view.setUint32(FIELD.mask, STATX.BASIC_STATS | STATX.BTIME, true);
  view.setUint32(FIELD.blockBytes, status.blockBytes, true);
  view.setUint32(FIELD.links, status.links, true);
  view.setUint32(FIELD.uid, status.uid, true);
  view.setUint32(FIELD.gid, status.gid, true);
  view.setUint16(FIELD.mode, status.mode, true);
  wide(FIELD.inode, status.inode);
  wide(FIELD.bytes, status.bytes);
  wide(FIELD.blocks, status.blocks);
  time(FIELD.accessed, status.accessedMs);
  time(FIELD.born, status.bornMs);
  time(FIELD.changed, status.changedMs);
  time(FIELD.modified, status.modifiedMs);
}
