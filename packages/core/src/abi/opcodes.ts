// The one table of the 65 operations. Everything that knows about opcodes derives from it.
// Data only, frozen by type; no memory, any thread.
import type { OpcodeEntry } from './opcode-shape.ts';
import { controlOpcodes } from './opcode-table/control.ts';
import { fileOpcodes } from './opcode-table/files.ts';
import { messageOpcodes } from './opcode-table/messages.ts';
import { pathOpcodes } from './opcode-table/paths.ts';
import { signalOpcodes } from './opcode-table/signals.ts';
import { socketOpcodes } from './opcode-table/sockets.ts';
import { transferOpcodes } from './opcode-table/transfers.ts';
import { vectorOpcodes } from './opcode-table/vectors.ts';

/** The table's type, entry by entry: `typeof opcodes.read.value` is 22. */
export type OpcodeTable = typeof controlOpcodes &
  typeof transferOpcodes &
  typeof vectorOpcodes &
  typeof fileOpcodes &
  typeof pathOpcodes &
  typeof socketOpcodes &
  typeof messageOpcodes &
  typeof signalOpcodes;

/** The name of an operation, such as `'readFixed'`. */
export type OpcodeName = keyof OpcodeTable;

/**
 * Every operation of io_uring up to Linux 7.0: number, first kernel, arguments, pointers, retry rule.
 *
 * Source: the kernel's `include/uapi/linux/io_uring.h` and the prep functions under `io_uring/`.
 *
 * @example
 * ```ts
 * import { opcodes } from '@ringpool/core';
 *
 * console.assert(opcodes.readFixed.value === 4 && opcodes.readFixed.kernel === '5.1');
 * ```
 */
export const opcodes: OpcodeTable = {
  ...controlOpcodes,
  ...transferOpcodes,
  ...vectorOpcodes,
  ...fileOpcodes,
  ...pathOpcodes,
  ...socketOpcodes,
  ...messageOpcodes,
  ...signalOpcodes,
};

/** The names of the operations, indexed by opcode number. */
export const opcodeNames: readonly OpcodeName[] = (Object.keys(opcodes) as OpcodeName[]).sort(
  (a, b) => opcodes[a].value - opcodes[b].value,
);

/** The entry of an operation, with the table's general type. */
export function opcodeEntry(name: OpcodeName): OpcodeEntry {
  return opcodes[name];
}
