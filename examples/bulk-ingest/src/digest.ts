// What is computed for each file: CRC-32, bytes and lines. The same code on the same thread for every contender.

import { crc32 } from 'node:zlib';

const LINE_FEED = 10;
const FOUR_LINE_FEEDS = 0x0a0a0a0a;
const LOW_BITS = 0x7f7f7f7f;
/** Words after which four sums of one byte each are emptied: each grows by at most one a word, to 255. */
const WORDS_PER_SUM = 252;

/** The results of many files, by the file's index. */
export class Digests {
  readonly crc: Uint32Array;
  readonly bytes: Float64Array;
  readonly lines: Float64Array;

  constructor(files: number) {
    this.crc = Uint32Array.from({ length: files }, () => 0);
    this.bytes = Float64Array.from({ length: files }, () => 0);
    this.lines = Float64Array.from({ length: files }, () => 0);
  }

  /** Takes the next bytes of a file into its results. */
  add(file: number, chunk: Uint8Array): void {
    this.crc[file] = crc32(chunk, this.crc[file]);
    this.bytes[file] = (this.bytes[file] as number) + chunk.length;
    this.lines[file] = (this.lines[file] as number) + countLines(chunk);
  }

  /** The indices of the files for which the two differ. */
  differences(other: Digests): readonly number[] {
    const different: number[] = [];
    for (let file = 0; file < this.crc.length; file++) {
      const same =
        this.crc[file] === other.crc[file] &&
        this.bytes[file] === other.bytes[file] &&
        this.lines[file] === other.lines[file];
      if (!same) different.push(file);
    }
    return different;
  }
}

/** The number of line feeds, four bytes at a time. */
export function countLines(bytes: Uint8Array): number {
  const head = Math.min(bytes.length, -bytes.byteOffset & 3);
  const words = ((bytes.length - head) >> 4) << 2;
  if (words === 0) return countByByte(bytes, 0, bytes.length);
  const tail = head + words * 4;
  let lines = countByByte(bytes, 0, head) + countByByte(bytes, tail, bytes.length);
  const view = new Int32Array(bytes.buffer, bytes.byteOffset + head, words);
  for (let word = 0; word < words; ) {
    const end = Math.min(words, word + WORDS_PER_SUM);
    let sums = 0;
    for (; word < end; word += 4) {
      sums += marks(view[word] as number) + marks(view[word + 1] as number);
      sums = (sums + marks(view[word + 2] as number) + marks(view[word + 3] as number)) | 0;
    }
    lines += (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24);
  }
  return lines;
}

/** 1 in each byte of the word that is a line feed. */
function marks(word: number): number {
  const zeroed = word ^ FOUR_LINE_FEEDS;
  return ~(((zeroed & LOW_BITS) + LOW_BITS) | zeroed | LOW_BITS) >>> 7;
}

function countByByte(bytes: Uint8Array, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at++) if (bytes[at] === LINE_FEED) lines++;
  return lines;
}
