// Emits the encoders of one part of the table: src/sqe/encode/<part>.ts.
// A plain encoder clears the slot, then checks and stores one argument after the other, the opcode last. A hot one
// takes the required arguments only, checks them at once, stores the words in a straight line, and leaves whatever is
// unusual or wrong to its plain twin, which also says exactly what is wrong. It is kept below the 460 bytes of bytecode
// up to which V8 inlines a function, so that the object with its arguments is never allocated.
import { choicesOf, docstring, generatedHeader, hex, pascal, SQE_WORDS } from './parts.mjs';

const FLAGS = 'flags';
const SLOT_MASK = '0x3fff_ffff';

/** Fields of the SQE whose bits come from more than one argument, and a variable for each. */
function accumulators(entry) {
  const found = new Map([[FLAGS, 'flags']]);
  for (const field of entry.fields) {
    if (field.sets) found.set(field.sets.field, variable(field.sets.field));
    if (field.kind === 'file') found.set(fixedBit(field).field, variable(fixedBit(field).field));
    if (field.sqe === 'ioprio') found.set('ioprio', 'ioprio');
  }
  for (const field of Object.keys(entry.constants)) {
    if (field === 'ioprio') found.set(field, variable(field));
  }
  return found;
}

const variable = (sqe) => sqe.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
const fixedBit = (field) => field.fixedBit ?? { field: FLAGS, bits: 1 };

/** Bits of an accumulated field that arguments other than its own set. */
function takenBits(entry, sqe) {
  let bits = entry.constants[sqe] ?? 0;
  for (const field of entry.fields) {
    if (field.sets?.field === sqe) bits |= field.sets.bits;
    if (field.kind === 'file' && fixedBit(field).field === sqe) bits |= fixedBit(field).bits;
  }
  return bits >>> 0;
}

export class Emitter {
  constructor(name, entry, layout) {
    this.op = name;
    this.entry = entry;
    this.layout = layout;
    this.bits = accumulators(entry);
    this.used = new Set(['begin', 'flagsOf', 'putOptions']);
  }

  /** Names a helper of write.ts and notes that it must be imported. */
  call(helper, ...args) {
    this.used.add(helper);
    return `${helper}(${args.join(', ')})`;
  }

  word(sqe) {
    const index = this.layout[sqe].offset / 4;
    return index === 0 ? 'at' : `at + ${index}`;
  }

  store(sqe, value) {
    return `sqes[${this.word(sqe)}] = ${value};`;
  }

  check(helper, field, value = `args.${field.arg}`) {
    return this.call(helper, value, `'${this.op}'`, `'${field.arg}'`);
  }

  put(helper, field) {
    return `${this.call(helper, 'sqes', this.word(field.sqe), `args.${field.arg}`, `'${this.op}'`, `'${field.arg}'`)};`;
  }

  /** The statements that write one argument that was given. */
  write(field) {
    switch (field.kind) {
      case 'file':
        return this.writeFile(field);
      case 'closing-file':
        this.used.add('FIXED_FILE_BIT');
        return [
          `const file = ${this.check('fileOf', field)};`,
          `if (file >= FIXED_FILE_BIT) ${this.store('file_index', `(file & ${SLOT_MASK}) + 1`)} else ${this.store('fd', 'file')}`,
        ];
      case 'fixed-file':
        return [this.store(field.sqe, this.check('slotOf', field)), 'flags |= 0x1;'];
      case 'plain-file':
        return [this.store(field.sqe, this.check('plainFileOf', field))];
      case 'directory':
        return [this.store(field.sqe, this.check('directoryOf', field))];
      case 'slot':
        return [this.store(field.sqe, this.check('fileIndexOf', field))];
      case 'raw-slot':
        return [this.store(field.sqe, this.check('slotOrAllocate', field))];
      case 'source-slot':
        return [this.store(field.sqe, this.check('slotOf', field))];
      case 'bufferIndex':
        return [this.store(field.sqe, this.check('u16', field))];
      case 'u16':
      case 'u31':
      case 'u32':
      case 'i32':
        return [this.store(field.sqe, this.check(field.kind, field))];
      case 'u64':
        return [this.put('put64', field)];
      case 'offset':
        return [this.put('putOffset', field)];
      case 'address':
        return [this.put('putAddress', field)];
      case 'foreign-user-data':
        return [this.put('putForeign', field)];
      case 'wide-length':
        return [
          `${this.call('putWideLength', 'sqes', this.word(field.sqe), this.word(field.wide), `args.${field.arg}`, `'${this.op}'`, `'${field.arg}'`)};`,
        ];
      default:
        throw new Error(`${this.op}: no way to write a ${field.kind}`);
    }
  }

  writeFile(field) {
    const name = field.arg === 'fd' ? 'file' : `${field.arg}File`;
    const bit = fixedBit(field);
    const target = this.bits.get(bit.field);
    const mark =
      bit.field === FLAGS
        ? `${target} |= ${name} >>> 30;`
        : `if (${name} >= FIXED_FILE_BIT) ${target} |= ${hex(bit.bits)};`;
    if (bit.field !== FLAGS) this.used.add('FIXED_FILE_BIT');
    return [
      `const ${name} = ${this.check('fileOf', field)};`,
      this.store(field.sqe, `${name} & ${SLOT_MASK}`),
      mark,
    ];
  }

  /** The statements for one argument, given or not. */
  argument(field) {
    if (this.bits.has(field.sqe) && !field.sets) return [];
    const statements = this.write(field);
    if (field.sets && field.sets.when === undefined) {
      statements.push(`${this.bits.get(field.sets.field)} |= ${hex(field.sets.bits)};`);
    }
    if (!field.optional && field.choice === undefined) return statements;
    const fallback = field.default ? ` else ${this.store(field.sqe, field.default)}` : '';
    const body = statements.length === 1 ? statements[0] : `{ ${statements.join('\n')} }`;
    const block = fallback !== '' && statements.length === 1 ? `{ ${body} }` : body;
    return [`if (args.${field.arg} !== undefined) ${block}${fallback}`];
  }

  /** `let` statements of the fields that collect bits. */
  declarations() {
    const lines = [];
    for (const [sqe, name] of this.bits) {
      const own = this.entry.fields.find((field) => field.sqe === sqe && !field.sets);
      if (sqe === FLAGS) lines.push(`let flags = ${this.call('flagsOf', 'args.flags', `'${this.op}'`)};`);
      else if (own === undefined) lines.push(`let ${name} = ${hex(this.entry.constants[sqe] ?? 0)};`);
      else {
        const helper = sqe === 'ioprio' ? 'bits16Without' : 'bitsWithout';
        const checked = this.call(
          helper,
          `args.${own.arg}`,
          hex(takenBits(this.entry, sqe)),
          `'${this.op}'`,
          `'${own.arg}'`,
        );
        lines.push(
          `let ${name} = ${this.entry.constants[sqe] ? `${hex(this.entry.constants[sqe])} | ` : ''}${checked};`,
        );
      }
    }
    return lines;
  }

  /** The statements that refuse none or several arguments of a choice; every choice is between two. */
  choices() {
    return [...choicesOf(this.entry.fields).values()].map(([one, other]) => {
      const wrong = one.optional
        ? `args.${one.arg} !== undefined && args.${other.arg} !== undefined`
        : `(args.${one.arg} === undefined) === (args.${other.arg} === undefined)`;
      const wanted = one.optional ? 'left out for one of the two' : 'given for exactly one of the two';
      this.used.add('refuseArgument');
      return `if (${wrong}) refuseArgument('${this.op}', '${one.arg} or ${other.arg}', '${one.optional ? 'both' : 'neither or both'}', '${wanted}');`;
    });
  }

  body() {
    const { entry } = this;
    const lines = [];
    lines.push(`const at = begin(sqes, slot, '${this.op}', args, ${entry.sqeBytes / 4});`);
    lines.push(...this.choices(), ...this.declarations());
    for (const [sqe, value] of Object.entries(entry.constants)) {
      const byArgument = entry.fields.some((field) => field.sqe === sqe);
      if (!byArgument && !this.bits.has(sqe)) lines.push(this.store(sqe, value));
    }
    for (const field of entry.fields) lines.push(...this.argument(field));
    for (const field of entry.fields) {
      if (field.sets?.when === undefined) continue;
      const name = this.bits.get(field.sets.field);
      lines.push(
        `if (args.${field.arg} !== undefined && (${name} & ${hex(field.sets.when)}) !== 0) ${name} |= ${hex(field.sets.bits)};`,
      );
    }
    for (const [sqe, name] of this.bits) {
      if (sqe !== FLAGS && sqe !== 'ioprio') lines.push(this.store(sqe, name));
    }
    lines.push(`putOptions(sqes, at, args, '${this.op}');`);
    const ioprio = this.bits.has('ioprio') ? ' | (ioprio << 16)' : '';
    lines.push(`sqes[at] = ${entry.value} | (flags << 8)${ioprio};`);
    const text = lines.join('\n');
    // A collected word that nothing changes is a constant.
    return text.replace(/^let (\w+) = /gm, (all, name) =>
      new RegExp(`\\b${name} \\|= `).test(text) ? all : `const ${name} = `,
    );
  }
}

function plainEncoder(name, entry, emitter, as = name) {
  // Only a NOP says something without arguments.
  const parameter = entry.constants.fd === -1 && name.startsWith('nop') ? ' = {}' : '';
  const doc =
    as === name
      ? docstring([`Encodes \`${entry.name}\` (Linux ${entry.kernel}).`])
      : `/** ${pascal(name)} with every argument, checked one by one. */`;
  const visible = as === name ? 'export ' : '';
  return `${doc}\n${visible}function ${as}(sqes: Uint32Array, slot: number, args: ${pascal(name)}Args${as === name ? parameter : ''}): void {\n${emitter.body()}\n}`;
}

/** What a hot encoder refuses, per kind. The halves of 64 bits are exact only for integers from 0 to 2^53-1. */
const HOT_REFUSALS = {
  file: (v) => `(${v} & 0x7fff_ffff) !== ${v}`,
  u32: (v) => `(${v} >>> 0) !== ${v}`,
  bufferIndex: (v) => `(${v} & 0xffff) !== ${v}`,
  address: (v) => `(${v}High & 0x1f_ffff) !== ${v}High`,
  offset: (v) => `(${v}High & 0x1f_ffff) !== ${v}High`,
};

/** Arguments a hot encoder leaves to its plain twin. 0 is the default of numbers, but a value for these kinds. */
function unusual(arg, field) {
  const zeroIsGiven =
    field === undefined
      ? arg === 'userData'
      : field.sets !== undefined || /^(?:file|address)$/.test(field.kind);
  return zeroIsGiven ? `args.${arg} !== undefined` : `args.${arg}`;
}

/** The value of each word that is not 0. */
function hotWords(entry, required, layout) {
  const words = new Map(
    Object.entries(entry.constants).map(([sqe, value]) => [layout[sqe].offset / 4, String(value)]),
  );
  words.set(0, String(entry.value));
  for (const { arg, kind, sqe } of required) {
    const word = layout[sqe].offset / 4;
    words.set(word, arg);
    if (kind === 'file') {
      words.set(word, `${arg} & ${SLOT_MASK}`);
      words.set(0, `${entry.value} | ((${arg} >>> 30) << 8)`);
    }
    if (kind === 'address' || kind === 'offset') {
      words.set(word, `${arg}Low`);
      words.set(word + 1, `${arg}High`);
    }
  }
  return words;
}

function hotEncoder(name, entry, layout) {
  const required = entry.fields.filter((field) => !field.optional && field.sets === undefined);
  const rest = entry.fields.filter((field) => !required.includes(field));
  const words = hotWords(entry, required, layout);
  const leave = `{ ${name}Checked(sqes, slot, args); return; }`;
  const first = [
    ...required.map(({ arg }) => `typeof ${arg} !== 'number'`),
    ...['flags', 'userData', 'personality'].map((arg) => unusual(arg)),
    ...rest.map((field) => unusual(field.arg, field)),
  ];
  const halves = required
    .filter(({ kind }) => kind === 'address' || kind === 'offset')
    .flatMap(({ arg }) => [
      `const ${arg}Low = ${arg} >>> 0;`,
      `const ${arg}High = (${arg} - ${arg}Low) * 2 ** -32;`,
    ]);
  const second = [
    ...required.map((field) => HOT_REFUSALS[field.kind](field.arg)),
    `(at >>> 0) + ${SQE_WORDS} > sqes.length`,
  ];
  const stores = [];
  for (let word = 0; word < SQE_WORDS; word++) {
    if (word === 8 || word === 9) continue;
    stores.push(`sqes[at${word === 0 ? '' : ` + ${word}`}] = ${words.get(word) ?? 0};`);
  }
  const parameter = required.length === 0 ? ' = {}' : '';
  return [
    docstring([
      `Encodes \`${entry.name}\` (Linux ${entry.kernel}): straight-line stores for the required arguments. Anything else, and anything wrong, goes to the checked encoder.`,
    ]),
    `export function ${name}(sqes: Uint32Array, slot: number, args: ${pascal(name)}Args${parameter}): void {`,
    `const at = slot << 4;`,
    required.length === 0 ? '' : `const { ${required.map(({ arg }) => arg).join(', ')} } = args;`,
    `if (${first.join(' || ')}) ${leave}`,
    ...halves,
    `if (${second.join(' || ')}) ${leave}`,
    ...stores,
    '}',
  ].join('\n');
}

/** The text of src/sqe/encode/<part>.ts. */
export function emitEncoders(what, file, part, layout) {
  const used = new Set();
  const functions = [];
  for (const [name, entry] of Object.entries(part)) {
    if (entry.encoder === 'custom') continue;
    const emitter = new Emitter(name, entry, layout);
    if (entry.encoder === 'hot') {
      functions.push(hotEncoder(name, entry, layout));
      functions.push(plainEncoder(name, entry, emitter, `${name}Checked`));
    } else functions.push(plainEncoder(name, entry, emitter));
    for (const helper of emitter.used) used.add(helper);
  }
  const types = Object.keys(part)
    .filter((name) => part[name].encoder !== 'custom')
    .map((name) => `${pascal(name)}Args`);
  const bit = used.delete('FIXED_FILE_BIT') ? "import { FIXED_FILE_BIT } from '../values.ts';\n" : '';
  return [
    generatedHeader(`Encoders for ${what}. The caller owns the queue, and its thread calls.`),
    `import type { ${types.sort().join(', ')} } from '../args/${file}.ts';\n${bit}import { ${[...used].sort().join(', ')} } from '../write.ts';\n`,
    functions.join('\n\n'),
    '',
  ].join('\n');
}
