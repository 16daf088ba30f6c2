// Writes addon/opcode_pointers.h, by which the addon's guard finds the memory an SQE points to, from the opcode table
// of @ringpool/core. Run after a build: node packages/native/scripts/generate-pointers.mjs
// With --check it writes nothing and fails if it would.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { opcodeEntry, opcodeNames, sqeFields } from '@ringpool/core';

const target = fileURLToPath(new URL('../addon/opcode_pointers.h', import.meta.url));

const ACCESS = { in: 'kRead', out: 'kWritten', inout: 'kBoth' };
const UNTIL = { submit: 'kSubmit', completion: 'kCompletion', removal: 'kRemoval' };

const pascal = (field) => field.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
const fields = new Set();

/** Names a field of the SQE, and notes that it must be declared. */
function field(name) {
  fields.add(name);
  return `k${pascal(name)}`;
}

function extent(size) {
  switch (size.rule) {
    case 'length':
      return `Length(${field(size.field)})`;
    case 'wide-length':
      return `WideLength(${field(size.wide)}, ${field(size.field)})`;
    case 'fixed':
      return `Fixed(${size.bytes})`;
    case 'iovec':
      return `IoVecs(${field(size.count)})`;
    case 'array':
      return `Array(${field(size.count)}, ${size.itemBytes})`;
    case 'buffers':
      return `Buffers(${field(size.count)}, ${field(size.field)})`;
    case 'cstring':
      return 'CString()';
    case 'socklen-pointer':
      return `SocklenAt(${field(size.field)})`;
    case 'msghdr':
      return 'Msghdr()';
    case 'epoll-events':
      return size.count ? `Array(${field(size.count)}, kEpollEventBytes)` : 'Fixed(kEpollEventBytes)';
    case 'futex-waitv':
      return `FutexWaitv(${field(size.count)})`;
    case 'attribute-pi':
      return 'AttributePi()';
    case 'unknown':
      return 'Unknown()';
    default:
      throw new Error(`no extent for ${size.rule}`);
  }
}

const test = ({ field: name, bits }) => `Bits{${field(name)}, 0x${bits.toString(16)}}`;

function pointer(entry) {
  const parts = [
    `Pointer(${field(entry.sqe)}, Access::${ACCESS[entry.direction]}, Until::${UNTIL[entry.until]}, ${extent(entry.size)})`,
  ];
  if (entry.nullable) parts.push('Nullable()');
  if (entry.onlyWhen) parts.push(`OnlyWhen(${test(entry.onlyWhen)})`);
  if (entry.unless) parts.push(`Unless(${test(entry.unless)})`);
  if (entry.instead) parts.push(`Instead(${test(entry.instead.when)}, ${extent(entry.instead.size)})`);
  return parts.join('\n           .');
}

/** When the operation uses the registered buffer that buf_index names. */
function bufferUse({ fields: args }) {
  const index = args.find(({ kind }) => kind === 'bufferIndex');
  if (index === undefined) return 'BufferUse::kNever, {}';
  return index.optional ? `BufferUse::kWhen, ${test(index.sets)}` : 'BufferUse::kAlways, {}';
}

function row(name) {
  const entry = opcodeEntry(name);
  const pointers = entry.pointers.map((each) => `\n          ${pointer(each)}`);
  return `    /* ${entry.value} ${name} */\n    {${bufferUse(entry)}, ${pointers.length}, {${pointers.join(',')}}},\n`;
}

const rows = opcodeNames.map(row).join('');
const mostPointers = Math.max(...opcodeNames.map((name) => opcodeEntry(name).pointers.length));
const declarations = [...fields]
  .sort((a, b) => sqeFields[a].offset - sqeFields[b].offset || a.localeCompare(b))
  .map(
    (name) =>
      `inline constexpr Field k${pascal(name)}{${sqeFields[name].offset}, ${sqeFields[name].size}};\n`,
  )
  .join('');

const text = `// The memory that each operation lets the kernel touch, by its SQE.
// Generated from the opcode table of @ringpool/core by scripts/generate-pointers.mjs: change the table, then run it; a
// test compares. Constants only: no memory, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringpool {

/** A field of the SQE: byte offset and size. */
struct Field {
  uint8_t offset;
  uint8_t bytes;
};

/** Bits of a field. A test holds when one of them is set; without bits it never holds. */
struct Bits {
  Field field{0, 0};
  uint32_t mask = 0;
};

enum class Access : uint8_t { kRead, kWritten, kBoth };

/** How long the memory at the pointer is used: until submit, until the last CQE, or until its buffer group lets go. */
enum class Until : uint8_t { kSubmit, kCompletion, kRemoval };

/** How the size of what a pointer points to is known. */
enum class Size : uint8_t {
  kLength,       // the bytes in \`field\`
  kWideLength,   // the bytes in \`field\`, or in \`other\` when that is 0
  kFixed,        // \`bytes\`
  kArray,        // \`field\` items of \`bytes\` each
  kBuffers,      // \`field\` buffers of \`other\` bytes each
  kCString,      // up to a zero byte, kPathBytesMax at most with it
  kSocklenAt,    // \`field\` holds a pointer to a uint32_t with the bytes
  kIoVecs,       // \`field\` struct iovec of 16 bytes, each naming memory that is used until completion
  kMsghdr,       // a struct msghdr of 56 bytes: name, iovecs and control data are used until completion; with
                 // IOSQE_BUFFER_SELECT the data go elsewhere, and no iov_base is used
  kFutexWaitv,   // \`field\` struct futex_waitv of 24 bytes; the words they name are used until completion
  kAttributePi,  // a struct io_uring_attr_pi of 32 bytes: u64 address at 8, u32 bytes at 4, used until completion
  kUnknown,      // only the driver behind the file knows: refuse, unless the ring's owner allows it
};

struct Extent {
  Size size = Size::kFixed;
  Field field{0, 0};
  Field other{0, 0};
  uint32_t bytes = 0;
};

inline constexpr uint32_t kPathBytesMax = 4096;
#if defined(__x86_64__)
inline constexpr uint32_t kEpollEventBytes = 12;  // packed, as on i386
#else
inline constexpr uint32_t kEpollEventBytes = 16;
#endif

constexpr Extent Length(Field bytes) { return {Size::kLength, bytes, {0, 0}, 0}; }
constexpr Extent WideLength(Field wide, Field bytes) { return {Size::kWideLength, wide, bytes, 0}; }
constexpr Extent Fixed(uint32_t bytes) { return {Size::kFixed, {0, 0}, {0, 0}, bytes}; }
constexpr Extent Array(Field count, uint32_t bytes) { return {Size::kArray, count, {0, 0}, bytes}; }
constexpr Extent Buffers(Field count, Field bytes) { return {Size::kBuffers, count, bytes, 0}; }
constexpr Extent CString() { return {Size::kCString, {0, 0}, {0, 0}, 0}; }
constexpr Extent SocklenAt(Field pointer) { return {Size::kSocklenAt, pointer, {0, 0}, 0}; }
constexpr Extent IoVecs(Field count) { return {Size::kIoVecs, count, {0, 0}, 16}; }
constexpr Extent Msghdr() { return {Size::kMsghdr, {0, 0}, {0, 0}, 56}; }
constexpr Extent FutexWaitv(Field count) { return {Size::kFutexWaitv, count, {0, 0}, 24}; }
constexpr Extent AttributePi() { return {Size::kAttributePi, {0, 0}, {0, 0}, 32}; }
constexpr Extent Unknown() { return {Size::kUnknown, {0, 0}, {0, 0}, 0}; }

/** One pointer of an operation. */
struct Pointer {
  Field address{0, 0};
  Access access = Access::kRead;
  Until until = Until::kSubmit;
  Extent extent;
  /** An address of 0 means that there is none. */
  bool nullable = false;
  /** With bits: the field is a pointer only when the test holds. */
  Bits only_when;
  /** The field is no pointer when the test holds. */
  Bits unless;
  /** When the test holds, the pointer points to \`instead\`. */
  Bits instead_when;
  Extent instead;

  constexpr Pointer() = default;
  constexpr Pointer(Field where, Access how, Until when, Extent what)
      : address(where), access(how), until(when), extent(what) {}

  constexpr Pointer Nullable() const {
    Pointer copy = *this;
    copy.nullable = true;
    return copy;
  }
  constexpr Pointer OnlyWhen(Bits bits) const {
    Pointer copy = *this;
    copy.only_when = bits;
    return copy;
  }
  constexpr Pointer Unless(Bits bits) const {
    Pointer copy = *this;
    copy.unless = bits;
    return copy;
  }
  constexpr Pointer Instead(Bits bits, Extent what) const {
    Pointer copy = *this;
    copy.instead_when = bits;
    copy.instead = what;
    return copy;
  }
};

/** Whether the operation uses the registered buffer that buf_index names. */
enum class BufferUse : uint8_t { kNever, kAlways, kWhen };

inline constexpr size_t kPointersMax = ${mostPointers};

/**
 * What one operation touches. While it uses a registered buffer, the kernel itself checks the data against that buffer:
 * the memory at addr, or, where addr names iovecs or a msghdr, the memory their iovecs name.
 */
struct OpcodePointers {
  BufferUse buffer_use;
  Bits buffer_when;
  uint8_t count;
  Pointer pointers[kPointersMax];
};

${declarations}
inline constexpr size_t kOpcodes = ${opcodeNames.length};

/** By opcode number. */
inline constexpr OpcodePointers kOpcodePointers[kOpcodes] = {
${rows}};

}  // namespace ringpool
`;

let current = '';
try {
  current = readFileSync(target, 'utf8');
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
if (current === text) console.log('generate-pointers: opcode_pointers.h was current');
else if (process.argv.includes('--check')) {
  console.log('generate-pointers: opcode_pointers.h is not current');
  process.exitCode = 1;
} else {
  writeFileSync(target, text);
  console.log('generate-pointers: wrote opcode_pointers.h');
}
