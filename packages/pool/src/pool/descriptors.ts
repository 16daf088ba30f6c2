// Which operations open a descriptor of the process: it has an owner in the ledger from the moment its completion is seen.

import { opcodes } from '@ringpool/core';

const OPENERS: ReadonlySet<number> = new Set([
  opcodes.openat.value,
  opcodes.openat2.value,
  opcodes.accept.value,
  opcodes.socket.value,
  opcodes.fixedFdInstall.value,
]);
/** The word of an SQE that names a fixed-file slot: then no descriptor is made. */
const FILE_INDEX_WORD = 11;

/** Whether the SQE at word `at`, of this opcode, makes a descriptor, which its result then names. */
export function opensDescriptor(sqes: Uint32Array, at: number, opcode: number): boolean {
  if (!OPENERS.has(opcode)) return false;
  return opcode === opcodes.fixedFdInstall.value || sqes[at + FILE_INDEX_WORD] === 0;
}
