// The memory that SQEs of a ring without a kernel point into. There is no address without the addon: addresses are the arena's
// nominal ones, a base plus an offset. The arena owns the memory; any thread reads and writes it.

import { NOMINAL_BASE_ADDRESS } from '../arena/layout.ts';

const HIGH_WORD = 0x1_0000_0000;
const EFAULT = 14;
const ENAMETOOLONG = 36;
const EINVAL = 22;
/** Bytes of a path with the zero that ends it (`PATH_MAX`). */
const PATH_BYTES_MAX = 4096;
const IOVEC_BYTES = 16;
/** `UIO_MAXIOV`. */
const IOVECS_MAX = 1024;
const NONE = new Uint8Array(0);

/** The arena as a ring without a kernel sees it. */
export class SoftMemory {
  /** All of it: byte 0 has the arena's base address. */
  bytes: Uint8Array = NONE;

  /** `view` begins where the arena's data does. */
  attach(view: Uint8Array): void {
    if (view.byteLength > this.bytes.byteLength) this.bytes = view;
  }

  /** Where in `bytes` memory lies that an SQE names by the two words of an address; -EFAULT when it is not all there. */
  locate(low: number, high: number, length: number): number {
    const offset = high * HIGH_WORD + low - NOMINAL_BASE_ADDRESS;
    return offset >= 0 && offset + length <= this.bytes.byteLength ? offset : -EFAULT;
  }

  /** The path at an address, up to its zero byte: a copy of its bytes, which need not be UTF-8; or a negative errno. */
  path(low: number, high: number): Uint8Array | number {
    const offset = this.locate(low, high, 1);
    if (offset < 0) return offset;
    const longest = this.bytes.subarray(offset, offset + PATH_BYTES_MAX);
    const length = longest.indexOf(0);
    if (length >= 0) return longest.slice(0, length);
    return longest.length < PATH_BYTES_MAX ? -EFAULT : -ENAMETOOLONG;
  }

  /** The pieces of memory that `count` iovecs at an address name; or a negative errno. */
  pieces(low: number, high: number, count: number): Uint8Array[] | number {
    if (count > IOVECS_MAX) return -EINVAL;
    const offset = this.locate(low, high, count * IOVEC_BYTES);
    if (offset < 0) return offset;
    const pieces: Uint8Array[] = [];
    for (let index = 0; index < count; index++) {
      const at = offset + index * IOVEC_BYTES;
      if (this.word(at + 12) !== 0) return -EINVAL;
      const length = this.word(at + 8);
      const start = this.locate(this.word(at), this.word(at + 4), length);
      if (start < 0) return start;
      pieces.push(this.bytes.subarray(start, start + length));
    }
    return pieces;
  }

  /** Milliseconds of the `struct __kernel_timespec` at an address; a negative errno. */
  milliseconds(low: number, high: number): number {
    const at = this.locate(low, high, 16);
    if (at < 0) return at;
    const seconds = (this.word(at + 4) | 0) * HIGH_WORD + this.word(at);
    const nanoseconds = (this.word(at + 12) | 0) * HIGH_WORD + this.word(at + 8);
    return seconds < 0 || nanoseconds < 0 ? -EINVAL : seconds * 1e3 + nanoseconds / 1e6;
  }

  /** Four bytes as a number without a sign. */
  word(at: number): number {
    const { bytes } = this;
    const byte = (index: number): number => bytes[at + index] as number;
    return (byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24)) >>> 0;
  }
}
