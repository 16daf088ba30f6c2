// Emits docs/opcodes.md: every operation with its arguments, pointers and retry rule.
import { typeOf } from './emit-args.mjs';
import { hex, sentence } from './parts.mjs';

const cell = (text) => text.replaceAll('|', '\\|');

function sizeText(size) {
  switch (size.rule) {
    case 'length':
      return `\`${size.field}\` bytes`;
    case 'wide-length':
      return `\`${size.wide}\` bytes, or \`${size.field}\` when that is 0`;
    case 'fixed':
      return `${size.bytes} bytes`;
    case 'iovec':
      return `\`${size.count}\` iovecs, and the memory they name`;
    case 'array':
      return `\`${size.count}\` × ${size.itemBytes} bytes`;
    case 'buffers':
      return `\`${size.count}\` × \`${size.field}\` bytes`;
    case 'cstring':
      return 'a string that ends with a zero byte';
    case 'socklen-pointer':
      return `what the \`socklen_t\` at \`${size.field}\` says`;
    case 'msghdr':
      return 'a `struct msghdr`, and the memory it names';
    case 'epoll-events':
      return size.count ? `\`${size.count}\` epoll events` : 'one epoll event';
    case 'futex-waitv':
      return `\`${size.count}\` futex_waitvs, and the words they name`;
    case 'attribute-pi':
      return 'a `struct io_uring_attr_pi`, and the buffer it names';
    default:
      return 'known only to the driver behind the file';
  }
}

const bitsText = ({ field, bits }) => `\`${field}\` has ${hex(bits)}`;

function pointerText(pointer) {
  const access = { in: 'read', out: 'written', inout: 'read and written' }[pointer.direction];
  const until = {
    submit: 'only until submit',
    completion: 'until completion',
    removal: 'until the group lets go of it',
  }[pointer.until];
  const conditions = [
    pointer.nullable ? '0 for none' : '',
    pointer.onlyWhen ? `only if ${bitsText(pointer.onlyWhen)}` : '',
    pointer.unless ? `not if ${bitsText(pointer.unless)}` : '',
    pointer.instead ? `${sizeText(pointer.instead.size)} if ${bitsText(pointer.instead.when)}` : '',
  ].filter((text) => text !== '');
  const tail = conditions.length === 0 ? '' : `; ${conditions.join('; ')}`;
  return `- \`${pointer.sqe}\` is ${access} by the kernel, ${sizeText(pointer.size)}, ${until}${tail}.`;
}

function retryText({ again, short }) {
  const repeat = again ? 'EINTR and EAGAIN may be submitted again' : 'never submitted again by itself';
  const shortText = {
    continue: '; a short transfer is continued',
    final: '; a short transfer is a result of its own',
    none: '',
  }[short];
  return `${repeat}${shortText}`;
}

function fieldRow(field, layout) {
  const { offset, size } = layout[field.sqe];
  const need = field.optional ? 'optional' : field.choice ? 'one of' : 'required';
  const wide = field.wide ? ` or \`${field.wide}\`` : '';
  return `| \`${field.arg}\` | ${cell(typeOf(field))} | ${need} | \`${field.sqe}\`${wide} (${offset}, ${size}) | ${cell(sentence(field.doc))} |`;
}

function section([name, entry], layout) {
  const constants = Object.entries(entry.constants)
    .filter(([sqe]) => !entry.fields.some((field) => field.sqe === sqe && field.default !== undefined))
    .map(([sqe, value]) => `\`${sqe}\` = ${value}`);
  return [
    `### ${name}`,
    '',
    `\`${entry.name}\` = ${entry.value}, Linux ${entry.kernel}, ${entry.sqeBytes} bytes.${entry.notes === '' ? '' : ` ${entry.notes}`}`,
    '',
    '| argument | type | | field (offset, bytes) | |',
    '|---|---|---|---|---|',
    ...entry.fields.map((field) => fieldRow(field, layout)),
    '',
    ...(constants.length === 0 ? [] : [`Always: ${constants.join(', ')}.`, '']),
    ...(entry.pointers.length === 0 ? [] : [...entry.pointers.map(pointerText), '']),
    `Retry: ${retryText(entry.retry)}.`,
    '',
  ];
}

/** The text of docs/opcodes.md. */
export function emitDocs(parts, layout) {
  const all = parts
    .flatMap(({ entries }) => Object.entries(entries))
    .sort(([, a], [, b]) => a.value - b.value);
  return [
    '# Operations',
    '',
    'Generated from the opcode table of `@ringpool/core` (`packages/core/src/abi/opcode-table/`): change the table, build, and run',
    '`node packages/core/scripts/generate.mjs`. A test fails when this page is not current.',
    '',
    'Every operation also takes `flags` (`IOSQE` bits; FIXED_FILE and BUFFER_SELECT are set by the arguments that need them),',
    '`personality` and `userData`. Offsets and other 64-bit values are numbers up to 2^53-1 or bigints; a file is made by',
    '`fd()` or `fixedFile()`. "Until submit" supposes FEAT_SUBMIT_STABLE (5.5). Pointers marked so may also be found in fields for',
    'which there is no argument here: the kernel reads them, and so the addon guards them.',
    '',
    '| | operation | Linux | does |',
    '|---|---|---|---|',
    ...all.map(
      ([name, entry]) =>
        `| ${entry.value} | [${name}](#${name.toLowerCase()}) | ${entry.kernel} | ${entry.fields.map(({ arg, optional }) => (optional ? `${arg}?` : arg)).join(', ')} |`,
    ),
    '',
    ...all.flatMap((entry) => section(entry, layout)),
  ].join('\n');
}
