// Which part of the generated sources each operation belongs to, and the helpers the emitters share.
// Pure functions over the opcode table; nothing here touches a file.

/** Words of a 64-byte slot, and how the fields lie in them. */
export const SQE_WORDS = 16;

export const pascal = (name) => name[0].toUpperCase() + name.slice(1);
export const hex = (value) => `0x${value.toString(16)}`;

/** Wraps a sentence into a docstring. */
export function docstring(lines, indent = '') {
  const wrapped = lines.flatMap((line) => wrap(line, 112 - indent.length));
  if (wrapped.length === 1) return `${indent}/** ${wrapped[0]} */`;
  return [`${indent}/**`, ...wrapped.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`].join(
    '\n',
  );
}

function wrap(text, width) {
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line.length > 0 && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line.length === 0 ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

/** `the file` becomes `The file.` */
export const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`;

/** The arguments that belong together in a choice, by its name. */
export function choicesOf(fields) {
  const choices = new Map();
  for (const field of fields) {
    if (field.choice === undefined) continue;
    choices.set(field.choice, [...(choices.get(field.choice) ?? []), field]);
  }
  return choices;
}

export const generatedHeader = (what) =>
  `// ${what}\n// Generated from the opcode table by scripts/generate.mjs: change the table, then run it; a test compares.\n`;
