// Emits what joins the parts: src/sqe/operations.ts (the union of all operations) and src/sqe/encode.ts (the object).
import { generatedHeader, pascal } from './parts.mjs';

const CUSTOM_MODULE = 'uring-cmd';

/** `import { a, b } from './folder/part.ts'` for every part, and for the encoders written by hand. */
function imports(parts, folder, kind, nameOf) {
  const lines = parts.map(({ file, entries }) => {
    const names = Object.keys(entries).filter((name) => entries[name].encoder !== 'custom');
    return `import ${kind}{ ${names.map(nameOf).sort().join(', ')} } from './${folder}/${file}.ts';`;
  });
  const custom = parts.flatMap(({ entries }) =>
    Object.keys(entries).filter((name) => entries[name].encoder === 'custom'),
  );
  return [
    ...lines,
    `import ${kind}{ ${custom.map(nameOf).sort().join(', ')} } from './${CUSTOM_MODULE}.ts';`,
  ].join('\n');
}

const byValue = (parts) =>
  parts.flatMap(({ entries }) => Object.entries(entries)).sort(([, a], [, b]) => a.value - b.value);

/** The text of src/sqe/operations.ts. */
export function emitOperations(parts) {
  const members = byValue(parts).map(([name]) => `  readonly ${name}: ${pascal(name)}Args;`);
  return `${generatedHeader('Every operation as a typed value: a union over `op`.')}import type { OpcodeName } from '../abi/opcodes.ts';
${imports(parts, 'args', 'type ', (name) => `${pascal(name)}Args`)}

/** The arguments of every operation, by its name. */
export interface OperationArgs {
${members.join('\n')}
}

/** One operation and its arguments, such as \`OperationOf<'read'>\`. */
export type OperationOf<Op extends OpcodeName> = OperationArgs[Op] & { readonly op: Op };

/** Any operation; \`op\` tells which. An operation can be passed as the arguments of its own encoder. */
export type Operation = { readonly [Op in OpcodeName]: OperationOf<Op> }[OpcodeName];
`;
}

/** The text of src/sqe/encode.ts. */
export function emitEncode(parts) {
  const names = byValue(parts).map(([name]) => name);
  return `${generatedHeader('The encoders of all operations in one object.')}import type { OpcodeName } from '../abi/opcodes.ts';
${imports(parts, 'encode', '', (name) => name)}
import type { Operation, OperationArgs } from './operations.ts';

/** Writes one operation into a slot of the queue. */
export type Encoder<Args> = (sqes: Uint32Array, slot: number, args: Args) => void;

/** The type of {@link encode}: NOP, whose arguments are all optional, may be called without them. */
export type Encoders = {
  readonly [Op in OpcodeName]: Op extends 'nop' | 'nop128'
    ? (sqes: Uint32Array, slot: number, args?: OperationArgs[Op]) => void
    : Encoder<OperationArgs[Op]>;
};

/**
 * One encoder per operation: \`encode.read(sqes, slot, args)\` fills the 64 bytes of a slot, word \`slot * 16\` onwards.
 *
 * \`slot\` counts 64-byte slots in every ring; a 128-byte SQE fills \`slot\` and \`slot + 1\`, so that in a SETUP_SQE128
 * ring slots are even. Every field that no argument sets is cleared, except words 8 and 9 (user_data), which
 * \`ring.push()\` writes and only \`userData\` overwrites. Nothing is allocated. For speed, give one call site arguments of
 * one shape.
 *
 * Throws \`ERR_RINGPOOL_INVALID_ARGUMENT\` for an argument of a wrong type or out of its field's range; the slot then holds
 * a NOP, so that one already pushed cannot run what it held before.
 *
 * @example
 * \`\`\`ts
 * import { type Address, bufferIndex, encode, fd } from '@ringpool/core';
 *
 * const sqes = new Uint32Array(16);
 * encode.readFixed(sqes, 0, {
 *   fd: fd(3), buffer: 0x7000_0000 as Address, length: 4096, offset: 8192, bufferIndex: bufferIndex(0),
 * });
 * console.assert(sqes[6] === 4096);
 * \`\`\`
 */
export const encode: Encoders = { ${names.join(', ')} };

/**
 * Encodes an operation by its \`op\`. Throws as {@link encode} does, and for an \`op\` that does not exist.
 *
 * @example
 * \`\`\`ts
 * import { decode, encodeOperation, fd } from '@ringpool/core';
 *
 * const sqes = new Uint32Array(16);
 * encodeOperation(sqes, 0, { op: 'fsync', fd: fd(3), fsyncFlags: 1 });
 * console.assert(decode(sqes, 0).op === 'fsync');
 * \`\`\`
 */
export function encodeOperation(sqes: Uint32Array, slot: number, operation: Operation): void {
  if (!Object.hasOwn(encode, operation.op)) {
    refuseArgument('encodeOperation', 'op', operation.op, 'the name of an operation in the opcode table');
  }
  (encode[operation.op] as Encoder<Operation>)(sqes, slot, operation);
}
`.replace(
    "import type { Operation, OperationArgs } from './operations.ts';\n",
    "import type { Operation, OperationArgs } from './operations.ts';\nimport { refuseArgument } from './write.ts';\n",
  );
}
