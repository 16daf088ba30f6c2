// Which operations open a descriptor of the process: it has an owner in the ledger from the moment its completion is seen.

import { opcodes } from '@ringpool/core';

/** By opcode. */
const OPENERS = new Uint8Array(256); // view: a count of opcodes
for (const { value } of [
  opcodes.openat,
  opcodes.openat2,
  opcodes.accept,
  opcodes.socket,
  opcodes.fixedFdInstall,
]) {
  OPENERS[value] = 1;
}
/** The word of an SQE that names a fixed-file slot: then no descriptor is made. */
const FILE_INDEX_WORD = 11;

/** Whether the SQE at word `at`, of this opcode, makes a descriptor, which its result then names. */
export function opensDescriptor(sqes: Uint32Array, at: number, opcode: number): boolean {
  if (OPENERS[opcode] !== 1) return false;
  return opcode === opcodes.fixedFdInstall.value || sqes[at + FILE_INDEX_WORD] === 0;
}
