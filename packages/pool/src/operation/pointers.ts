// The memory that an SQE points to, found by the opcode table: its data, and what structures in memory name in turn.
// Reads arena memory only. Structures must not change until the operation is over; the ring's guard looks again, natively,
// that nothing leaves the arena.

import {
  type Arena,
  type FieldBits,
  type MemoryAccess,
  type OpcodeEntry,
  type OpcodeName,
  type OpcodePointer,
  opcodeEntry,
  type PointerSize,
  type SqeField,
  sqeFields,
} from '@ringpool/core';

import { invalidArgument } from '../pool/errors.ts';

/** One range of memory that an operation uses. */
export interface Extent {
  readonly address: number;
  readonly bytes: number;
  /** What the kernel does with it. */
  readonly access: MemoryAccess;
}

const HIGH_WORD = 2 ** 32;
const IOVEC_BYTES = 16;
const MSGHDR_BYTES = 56;
const FUTEX_WAITV_BYTES = 24;
/** What a futex word takes at most. */
const FUTEX_WORD_BYTES = 8;
const EPOLL_EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
/** PATH_MAX, the closing zero included. */
const PATH_BYTES_MAX = 4096;
/** What the kernel takes of one array of vectors (UIO_MAXIOV). */
const VECTORS_MAX = 1024;
/** What it takes of one array of futexes (FUTEX_WAITV_MAX). */
const FUTEXES_MAX = 128;
/** Operations whose vectors name memory that the kernel writes. */
const VECTORS_WRITTEN: readonly OpcodeName[] = ['readv', 'readvFixed', 'recvmsg'];

/** Lists what one encoded operation points to. Throws ERR_RINGPOOL_INVALID_ARGUMENT for what lies outside the arena. */
export function extentsOf(op: OpcodeName, sqe: Uint32Array, arena: Arena): readonly Extent[] {
  return new Walk(op, sqe, arena).extents;
}

class Walk {
  readonly extents: Extent[] = [];
  readonly #op: OpcodeName;
  readonly #sqe: Uint32Array;
  readonly #arena: Arena;
  readonly #memory: DataView;

  constructor(op: OpcodeName, sqe: Uint32Array, arena: Arena) {
    this.#op = op;
    this.#sqe = sqe;
    this.#arena = arena;
    this.#memory = new DataView(arena.data, 0, arena.data.byteLength);
    const entry: OpcodeEntry = opcodeEntry(op);
    for (const pointer of entry.pointers) this.#follow(pointer);
  }

  #field(field: SqeField): number {
    const { offset, size } = sqeFields[field];
    const word = this.#sqe[offset >>> 2] as number;
    if (size === 8) return (this.#sqe[(offset >>> 2) + 1] as number) * HIGH_WORD + word;
    if (size === 4) return word;
    return (word >>> ((offset & 3) * 8)) & (size === 2 ? 0xffff : 0xff);
  }

  #has({ field, bits }: FieldBits): boolean {
    return (this.#field(field) & bits) !== 0;
  }

  #follow(pointer: OpcodePointer): void {
    const { onlyWhen, unless, instead, nullable } = pointer;
    if (onlyWhen !== undefined && !this.#has(onlyWhen)) return;
    if (unless !== undefined && this.#has(unless)) return;
    const address = this.#field(pointer.sqe);
    if (address === 0 && nullable === true) return;
    const size = instead !== undefined && this.#has(instead.when) ? instead.size : pointer.size;
    this.#measure(address, size, pointer.direction === 'in' ? 'reads' : 'writes');
  }

  #measure(address: number, size: PointerSize, access: MemoryAccess): void {
    switch (size.rule) {
      case 'length':
        this.#add(address, this.#field(size.field), access);
        return;
      case 'wide-length':
        this.#add(address, this.#field(size.wide) || this.#field(size.field), access);
        return;
      case 'fixed':
        this.#add(address, size.bytes, access);
        return;
      case 'array':
        this.#add(address, this.#field(size.count) * size.itemBytes, access);
        return;
      case 'buffers':
        this.#add(address, this.#field(size.count) * this.#field(size.field), access);
        return;
      case 'cstring':
        this.#addString(address);
        return;
      case 'iovec':
        this.#addVectors(address, this.#field(size.count));
        return;
      case 'msghdr':
        this.#addMessage(address, access);
        return;
      default:
        this.#measureRare(address, size, access);
    }
  }

  #measureRare(address: number, size: PointerSize, access: MemoryAccess): void {
    if (size.rule === 'socklen-pointer') {
      const at = this.#field(size.field);
      if (at === 0) return;
      this.#add(at, 4, 'writes');
      this.#add(address, this.#memory.getUint32(this.#offsetOf(at, 4), true), access);
    } else if (size.rule === 'epoll-events') {
      const count = size.count === undefined ? 1 : this.#field(size.count);
      this.#add(address, count * EPOLL_EVENT_BYTES, access);
    } else if (size.rule === 'futex-waitv') {
      const count = this.#field(size.count);
      if (count > FUTEXES_MAX) this.#refuse(count, 'futexes', FUTEXES_MAX);
      this.#add(address, count * FUTEX_WAITV_BYTES, access);
      for (let index = 0; index < count; index++)
        this.#add(this.#long(address + index * FUTEX_WAITV_BYTES + 8), FUTEX_WORD_BYTES, 'reads');
    } else if (size.rule === 'attribute-pi') {
      this.#add(address, 32, access);
      this.#add(
        this.#long(address + 8),
        this.#memory.getUint32(this.#offsetOf(address + 4, 4), true),
        'writes',
      );
    }
    // 'unknown': only the driver behind the file knows, and the guard refuses what it cannot measure.
  }

  #addVectors(address: number, count: number): void {
    if (count > VECTORS_MAX) this.#refuse(count, 'vectors', VECTORS_MAX);
    this.#add(address, count * IOVEC_BYTES, 'reads');
    const access = VECTORS_WRITTEN.includes(this.#op) ? 'writes' : 'reads';
    for (let at = address; at < address + count * IOVEC_BYTES; at += IOVEC_BYTES)
      this.#add(this.#long(at), this.#long(at + 8), access);
  }

  #addMessage(address: number, access: MemoryAccess): void {
    this.#add(address, MSGHDR_BYTES, access);
    const nameBytes = this.#memory.getUint32(this.#offsetOf(address + 8, 4), true);
    if (this.#long(address) !== 0) this.#add(this.#long(address), nameBytes, access);
    if (this.#long(address + 16) !== 0) this.#addVectors(this.#long(address + 16), this.#long(address + 24));
    if (this.#long(address + 32) !== 0) this.#add(this.#long(address + 32), this.#long(address + 40), access);
  }

  #addString(address: number): void {
    const offset = this.#offsetOf(address, 1);
    const most = Math.min(PATH_BYTES_MAX, this.#memory.byteLength - offset);
    for (let length = 1; length <= most; length++) {
      if (this.#memory.getUint8(offset + length - 1) !== 0) continue;
      this.#add(address, length, 'reads');
      return;
    }
    throw invalidArgument(this.#op, 'a path has no closing zero byte', 'Write one behind its last byte.');
  }

  #add(address: number, bytes: number, access: MemoryAccess): void {
    if (bytes === 0) return;
    this.#offsetOf(address, bytes);
    this.extents.push({ address, bytes, access });
  }

  #refuse(count: number, what: string, most: number): never {
    throw invalidArgument(this.#op, `${count} ${what}`, `The kernel takes ${most} at most.`);
  }

  /** A 64-bit word of memory that is known to lie in the arena. */
  #long(address: number): number {
    const at = this.#offsetOf(address, 8);
    return this.#memory.getUint32(at + 4, true) * HIGH_WORD + this.#memory.getUint32(at, true);
  }

  #offsetOf(address: number, bytes: number): number {
    const offset = address - this.#arena.baseAddress;
    if (offset >= 0 && offset + bytes <= this.#memory.byteLength) return offset;
    throw invalidArgument(
      this.#op,
      `it points to ${bytes} bytes at 0x${address.toString(16)}, outside the pool's memory`,
      'The kernel only sees memory of pool.alloc(): use the address of a lease.',
    );
  }
}
