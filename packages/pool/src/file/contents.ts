// What pool.readFile resolves to: a file's bytes in arena memory. Bound to the client's thread.

import type { Lease } from '@ringpool/core';

/** The bytes of a whole file. Release them when they are no longer needed; `using` does it by itself. */
export class FileContents {
  /** The file's bytes, in arena memory: valid until {@link FileContents.release}. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Where the bytes lie: the caller's own lease, or one of their own. */
  readonly lease: Lease;
  readonly #owned: boolean;

  /** @internal Made by the pool. */
  constructor(lease: Lease, length: number, owned: boolean) {
    const { bytes } = lease;
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, length);
    this.lease = lease;
    this.#owned = owned;
  }

  /** How many bytes. */
  get length(): number {
    return this.bytes.length;
  }

  /** Gives the memory back, unless it is a lease that the caller brought. */
  release(): void {
    if (this.#owned) this.lease.release();
  }

  /** `using contents = await pool.readFile(path)`. */
  [Symbol.dispose](): void {
    this.release();
  }
}
