// The registered files of one ring: descriptors looked up once, and then named by their index in SQEs.

import { RingpoolError, registerOps } from '@ringpool/core';

import { addressOf, type NativeRing } from './addon.ts';
import { registerError } from './kernel-errors.ts';

/** The largest table of registered files the kernel takes. */
const REGISTERED_FILES_MAX = 1_048_576;

/** The registered files of one {@link Ring}. */
export class RegisteredFiles {
  readonly #native: NativeRing;
  readonly #assertOpen: () => void;
  #length = 0;

  constructor(native: NativeRing, assertOpen: () => void) {
    this.#native = native;
    this.#assertOpen = assertOpen;
  }

  /** Slots of the table. */
  get length(): number {
    return this.#length;
  }

  /**
   * Registers descriptors; -1 leaves a slot empty. The kernel keeps each file open until its slot is emptied.
   *
   * @throws RingpoolError EBUSY (registered already), EBADF, EMFILE, ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED.
   */
  register(fds: readonly number[]): void {
    this.#assertOpen();
    const list = descriptors(fds, 'registerFiles');
    const bytes = new Uint8Array(list.buffer, 0, list.byteLength);
    this.#call('registerFiles', registerOps.REGISTER_FILES.value, bytes, list.length);
    this.#length = list.length;
  }

  /** Registers a table of `count` empty slots (Linux 5.6; the way that needs no 5.19). */
  registerSparse(count: number): void {
    if (!Number.isInteger(count) || count < 1 || count > REGISTERED_FILES_MAX) {
      throw invalid('registerFilesSparse', `${count} is no count of slots from 1 to ${REGISTERED_FILES_MAX}`);
    }
    this.register(new Array<number>(count).fill(-1));
  }

  /**
   * Exchanges the files from slot `start` on: -1 empties a slot, -2 leaves it as it is (Linux 5.12).
   *
   * @throws RingpoolError EBADF, ENXIO (none registered), ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED.
   */
  update(start: number, fds: readonly number[]): void {
    this.#assertOpen();
    const list = descriptors(fds, 'updateFiles');
    if (!Number.isInteger(start) || start < 0) throw invalid('updateFiles', `${start} is no slot`);
    // struct io_uring_rsrc_update: offset, resv, and the address of the descriptors.
    const argument = new DataView(new ArrayBuffer(16));
    let done = 0;
    while (done < list.length) {
      const rest = list.subarray(done);
      argument.setUint32(0, start + done, true);
      argument.setBigUint64(
        8,
        BigInt(addressOf(new Uint8Array(list.buffer, done * 4, rest.byteLength))),
        true,
      );
      // The kernel stops at a descriptor it refuses and answers how far it came: the next round hears why.
      const bytes = new Uint8Array(argument.buffer, 0, 16);
      done += this.#call('updateFiles', registerOps.REGISTER_FILES_UPDATE.value, bytes, rest.length);
    }
  }

  /** Unregisters all files. Operations in flight keep theirs open until they complete. */
  unregister(): void {
    this.#assertOpen();
    this.#call('unregisterFiles', registerOps.UNREGISTER_FILES.value, null, 0);
    this.#length = 0;
  }

  #call(name: string, op: number, argument: Uint8Array | null, count: number): number {
    const result = this.#native.register(op, argument, count);
    if (result < 0) throw registerError(name, -result);
    return result;
  }
}

function descriptors(fds: readonly number[], op: string): Int32Array {
  if (fds.length === 0 || fds.some((fd) => !Number.isInteger(fd) || fd < -2 || fd > 0x7fff_ffff)) {
    throw invalid(op, `${fds.length} descriptors, each an integer of at least -1`);
  }
  return Int32Array.from(fds);
}

function invalid(op: string, message: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', message, { op });
}
