// What is registered with a ring without a kernel: pieces of the arena by index, and open files by slot.
// Bound to the ring's thread.

import { RingpoolError } from '../errors.ts';

const EBADF = 9;
const EFAULT = 14;
const EINVAL = 22;
const ENFILE = 23;
/** No file. */
const NONE = -1;
/** As many as the kernel allows (`IORING_MAX_REG_BUFFERS`, `IORING_MAX_FIXED_FILES`). */
const BUFFERS_MAX = 1 << 14;
const FILES_MAX = 1 << 20;

function refuse(op: string, code: string, message: string, hint: string): never {
  throw new RingpoolError(code, message, { op, hint });
}

/** The table of registered buffers. */
export class SoftBuffers {
  /** Where each starts in the arena's memory, and how long it is; 0 for an empty one. */
  #starts: Float64Array | undefined;
  #lengths: Float64Array | undefined;

  registerSparse(count: number): void {
    if (this.#starts !== undefined) {
      refuse(
        'registerBuffers',
        'EBUSY',
        'buffers are registered already',
        'Update the table, or unregister it.',
      );
    }
    if (!Number.isInteger(count) || count < 1 || count > BUFFERS_MAX) {
      refuse('registerBuffers', 'EINVAL', `a table of ${count} buffers`, `Give 1 to ${BUFFERS_MAX}.`);
    }
    this.#starts = new Float64Array(count); // view: one for each buffer
    this.#lengths = new Float64Array(count); // view: one for each buffer
  }

  update(start: number, views: readonly (Uint8Array | null)[]): void {
    if (this.#starts === undefined || this.#lengths === undefined) {
      refuse('updateBuffers', 'ENXIO', 'no buffers are registered', 'Call registerBuffersSparse() first.');
    }
    if (!(start >= 0 && start + views.length <= this.#starts.length)) {
      refuse(
        'updateBuffers',
        'EINVAL',
        `slots ${start} and on are outside the table`,
        'Make a larger table.',
      );
    }
    for (const [index, view] of views.entries()) {
      this.#starts[start + index] = view?.byteOffset ?? 0;
      this.#lengths[start + index] = view?.byteLength ?? 0;
    }
  }

  /** 0 when a range of the arena's memory lies inside the buffer of this index, else -EFAULT. */
  check(index: number, offset: number, length: number): number {
    const start = this.#starts?.[index];
    const bytes = this.#lengths?.[index];
    if (start === undefined || bytes === undefined || bytes === 0) return -EFAULT;
    return offset >= start && offset + length <= start + bytes ? 0 : -EFAULT;
  }
}

/** The table of registered files. What was opened into a slot is the slot's; a registered descriptor stays its owner's. */
export class SoftFiles {
  readonly #close: (file: number) => number;
  #files: Int32Array | undefined;
  /** By slot: 1 when its file was opened into it. */
  #owned = new Uint8Array(0);

  /** `close` closes a file that was opened into a slot. */
  constructor(close: (file: number) => number) {
    this.#close = close;
  }

  registerSparse(count: number): void {
    if (this.#files !== undefined) {
      refuse('registerFiles', 'EBUSY', 'files are registered already', 'Update the table, or unregister it.');
    }
    if (!Number.isInteger(count) || count < 1 || count > FILES_MAX) {
      refuse('registerFiles', 'EINVAL', `a table of ${count} files`, `Give 1 to ${FILES_MAX}.`);
    }
    this.#files = new Int32Array(count).fill(NONE); // view: one for each file
    this.#owned = new Uint8Array(count); // view: one for each file
  }

  /** Replaces files from `start` on by descriptors: how many, or a negative errno. */
  update(start: number, files: ArrayLike<number>): number {
    if (this.#files === undefined) return -EBADF;
    if (!(start >= 0 && start + files.length <= this.#files.length)) return -EINVAL;
    for (let index = 0; index < files.length; index++) this.#set(start + index, files[index] as number, 0);
    return files.length;
  }

  #set(slot: number, file: number, owned: number): number {
    const files = this.#files as Int32Array;
    const res = this.#owned[slot] === 1 ? this.#close(files[slot] as number) : 0;
    files[slot] = file;
    this.#owned[slot] = owned;
    return res;
  }

  /** The file of a slot, or -EBADF. */
  of(slot: number): number {
    const file = this.#files?.[slot] ?? NONE;
    return file === NONE ? -EBADF : file;
  }

  /** The slot where a file is to go that is opened for `slot` (`-1`: any that is free); or a negative errno. */
  room(slot: number): number {
    if (this.#files === undefined) return slot < 0 ? -ENFILE : -EBADF;
    if (slot >= 0) return slot < this.#files.length ? slot : -EINVAL;
    const free = this.#files.indexOf(NONE);
    return free < 0 ? -ENFILE : free;
  }

  /** Puts a file that was opened into its slot. */
  put(slot: number, file: number): void {
    this.#set(slot, file, 1);
  }

  /** Empties a slot: 0, or a negative errno. */
  empty(slot: number): number {
    const file = this.of(slot);
    return file < 0 ? file : this.#set(slot, NONE, 0);
  }

  /** Empties all slots. */
  close(): void {
    for (let slot = 0; slot < this.#owned.length; slot++) this.#set(slot, NONE, 0);
  }
}
