// Emits the argument types of one part of the table: src/sqe/args/<part>.ts.
import { choicesOf, docstring, generatedHeader, pascal, sentence } from './parts.mjs';

const TYPES = {
  file: 'Fd | FixedFile',
  'plain-file': 'Fd',
  'fixed-file': 'FixedFile',
  directory: 'Fd | CurrentDirectory',
  'closing-file': 'Fd | FixedFile',
  slot: 'FixedFile | AllocateSlot',
  'raw-slot': 'FixedFile | AllocateSlot',
  'source-slot': 'FixedFile',
  bufferIndex: 'BufferIndex',
  u16: 'number',
  u31: 'number',
  u32: 'number',
  i32: 'number',
  u64: 'number | bigint',
  offset: 'number | bigint',
  address: 'Address',
  'foreign-user-data': 'number | bigint',
  'wide-length': 'number | bigint',
  bytes: 'Uint8Array',
};

/** The type of an argument in TypeScript. */
export const typeOf = (field) => TYPES[field.kind];

function property(field) {
  const doc = docstring([sentence(field.doc)], '  ');
  return field.optional
    ? `${doc}\n  readonly ${field.arg}?: ${typeOf(field)} | undefined;`
    : `${doc}\n  readonly ${field.arg}: ${typeOf(field)};`;
}

/** One alternative of a choice: this argument and none of the others. */
function alternative(field, choice) {
  const others = choice.filter((other) => other !== field);
  const own = `/** ${sentence(field.doc)} */ readonly ${field.arg}${field.optional ? '?' : ''}: ${typeOf(field)}${field.optional ? ' | undefined' : ''}`;
  return `{ ${own}; ${others.map((other) => `readonly ${other.arg}?: undefined`).join('; ')} }`;
}

function argsType(name, entry) {
  const alone = entry.fields.filter((field) => field.choice === undefined);
  const choices = [...choicesOf(entry.fields).values()];
  const about = docstring([
    `Arguments of \`${entry.name}\` (Linux ${entry.kernel}).${entry.notes === '' ? '' : ` ${entry.notes}`}`,
  ]);
  const body = `extends SqeOptions {\n${alone.map(property).join('\n')}\n}`;
  if (choices.length === 0) return `${about}\nexport interface ${pascal(name)}Args ${body}`;
  const unions = choices.map(
    (choice) => `(${choice.map((field) => alternative(field, choice)).join(' | ')})`,
  );
  return `interface ${pascal(name)}Fields ${body}\n\n${about}\nexport type ${pascal(name)}Args = ${pascal(name)}Fields & ${unions.join(' & ')};`;
}

/** The text of src/sqe/args/<part>.ts. */
export function emitArgs(what, part) {
  const generated = Object.entries(part).filter(([, entry]) => entry.encoder !== 'custom');
  const types = generated.map(([name, entry]) => argsType(name, entry)).join('\n\n');
  const brands = ['Address', 'AllocateSlot', 'BufferIndex', 'CurrentDirectory', 'Fd', 'FixedFile'];
  const used = brands.filter((brand) => new RegExp(`: [^;]*\\b${brand}\\b`).test(types));
  const values = used.length === 0 ? '' : `import type { ${used.join(', ')} } from '../values.ts';\n`;
  return `${generatedHeader(`Arguments of the operations for ${what}.`)}${values}import type { SqeOptions } from '../write.ts';\n\n${types}\n`;
}
