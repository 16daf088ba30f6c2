// Copies of what is written, many in one piece of memory: a small allocation for each costs more than the copy.

const CHUNK_BYTES = 1024 * 1024;

/** Copies bytes that nobody writes to any more. A chunk lives as long as any copy in it. */
export class Copies {
  #chunk: Uint8Array = new Uint8Array(0);
  #used = 0;

  of(memory: Uint8Array, offset: number, length: number): Uint8Array {
    if (length > CHUNK_BYTES / 4) return memory.slice(offset, offset + length);
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = new Uint8Array(CHUNK_BYTES); // view: a count of bytes
      this.#used = 0;
    }
    const copy = this.#chunk.subarray(this.#used, this.#used + length);
    copy.set(memory.subarray(offset, offset + length));
    this.#used += length;
    return copy;
  }
}
