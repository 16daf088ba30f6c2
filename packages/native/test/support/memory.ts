// Shared memory for tests, page aligned, with the structures the kernel wants written into it.
// One thread allocates it; the rings that it is attached to keep it alive.

import { type Address, address } from '@ringpool/core';
import { addressOf } from '@ringpool/native';

export const PAGE = 4096;

/** A growable SharedArrayBuffer that is page aligned, as one view of all of it. */
export function shared(bytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes, { maxByteLength: bytes }), 0, bytes);
}

/** A block of shared memory whose addresses SQEs can name. */
export class Memory {
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly #data: DataView;

  constructor(bytes: number) {
    this.bytes = shared(bytes);
    this.base = addressOf(this.bytes);
    this.#data = new DataView(this.bytes.buffer, 0, bytes);
  }

  /** The address of a byte. */
  at(offset: number): Address {
    return address(this.base + offset);
  }

  slice(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(offset, offset + length);
  }

  /** A copy as a Buffer, for comparisons that print well. */
  copy(offset: number, length: number): Buffer {
    return Buffer.from(this.slice(offset, length));
  }

  /** Writes a text that ends with a zero byte. */
  cstring(offset: number, text: string): Address {
    this.bytes.set(Buffer.from(`${text}\0`), offset);
    return this.at(offset);
  }

  /** Writes a struct __kernel_timespec. */
  timespec(offset: number, milliseconds: number): Address {
    this.#data.setBigInt64(offset, BigInt(Math.floor(milliseconds / 1000)), true);
    this.#data.setBigInt64(offset + 8, BigInt(Math.round((milliseconds % 1000) * 1e6)), true);
    return this.at(offset);
  }

  /** Writes an array of struct iovec; the parts are offsets and lengths inside this memory. */
  iovecs(offset: number, parts: readonly (readonly [offset: number, length: number])[]): Address {
    parts.forEach(([start, length], index) => {
      this.#data.setBigUint64(offset + index * 16, BigInt(this.base + start), true);
      this.#data.setBigUint64(offset + index * 16 + 8, BigInt(length), true);
    });
    return this.at(offset);
  }

  u16(offset: number): number {
    return this.#data.getUint16(offset, true);
  }

  u64(offset: number): bigint {
    return this.#data.getBigUint64(offset, true);
  }
}

/** Bytes that are different at every offset, as far as 24 bits go. */
export function pattern(bytes: number, seed = 1): Buffer {
  const buffer = Buffer.alloc(bytes);
  for (let index = 0; index < bytes; index++) {
    buffer[index] = ((index >>> 16) * 131 + (index >>> 8) * 31 + index * 7 + seed * 97) & 0xff;
  }
  return buffer;
}
