// A read of a file into arena memory, on its way: it is continued until it is complete or the file ends.
// Bound to the client's thread. The lease is counted in flight until the last CQE, whatever its owner does meanwhile.

import {
  type Address,
  type Arena,
  type BufferIndex,
  encode,
  type Fd,
  Lease,
  type RingpoolError,
} from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { invalidArgument, operationError } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { PromisedRequest } from '../pool/request.ts';

/** Memory of the caller's own is copied through leases of at most this size. */
const BOUNCE_BYTES_MAX = 1024 * 1024;
const EINTR = -4;
const EAGAIN = -11;

/** What a transfer is about: the file's side of it. */
export interface TransferFile {
  readonly fd: number;
  readonly path: string;
  readonly direct: boolean;
  /** Called once when the transfer is over. */
  ended(): void;
}

/** One `file.read()`. */
export class ReadRequest extends PromisedRequest<number> {
  readonly #client: Client;
  readonly #arena: Arena;
  readonly #file: TransferFile;
  /** The lease in flight: its slot in the arena. */
  readonly #slot: number;
  readonly #ticket: number;
  readonly #segment: number;
  /** The caller's own memory, when it is not the arena's; then the lease is the bounce buffer. */
  readonly #own: Uint8Array | undefined;
  readonly #bounce: Lease | undefined;
  readonly #length: number;
  #address: number;
  #position: number;
  #done = 0;

  constructor(
    client: Client,
    arena: Arena,
    file: TransferFile,
    target: Lease | Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) {
    super();
    this.#client = client;
    this.#arena = arena;
    this.#file = file;
    this.#length = length;
    this.#position = position;
    if (target instanceof Lease) {
      this.#ticket = target.beginOperation('writes', offset, length);
      this.#slot = target.slot;
      this.#segment = target.segment;
      this.#address = target.address + offset;
      return;
    }
    const borrowed = arena.leaseAt(target);
    const lease = borrowed ?? bounceFor(arena, target, length);
    if (borrowed === undefined) {
      this.#own = target.subarray(offset, offset + length);
      this.#bounce = lease;
    }
    const from = borrowed === undefined ? 0 : target.byteOffset - lease.offset + offset;
    this.#ticket = lease.beginOperation('writes', from, borrowed === undefined ? lease.length : length);
    this.#slot = lease.slot;
    this.#segment = lease.segment;
    this.#address = lease.address + from;
  }

  get sqes(): number {
    return 1;
  }

  override get bytes(): number {
    return this.#length;
  }

  encode(lane: Lane): void {
    const left = this.#length - this.#done;
    const bounce = this.#bounce;
    encode.readFixed(lane.sqes, lane.push(this, 0), {
      fd: this.#file.fd as Fd,
      buffer: this.#address as Address,
      length: bounce !== undefined && bounce.length < left ? bounce.length : left,
      offset: this.#position,
      bufferIndex: this.#segment as BufferIndex,
    });
  }

  complete(_part: number, res: number): void {
    if (res > 0) {
      if (this.#own?.byteLength === 0) {
        this.#settle(invalidArgument('read', 'the target was detached while the read was in flight'));
        return;
      }
      this.#advance(res);
      if (this.#done < this.#length) this.#client.start(this);
      else this.#settle(undefined);
    } else if (res === 0) this.#settle(undefined);
    else if (res === EINTR || res === EAGAIN) this.#client.start(this);
    else {
      const { path, direct } = this.#file;
      this.#settle(operationError(res, { op: 'read', syscall: 'read', path, direct }));
    }
  }

  abandon(_part: number, error: RingpoolError): void {
    this.#settle(error);
  }

  #advance(bytes: number): void {
    if (this.#bounce === undefined) this.#address += bytes;
    else this.#own?.set(new Uint8Array(this.#arena.data, this.#bounce.offset, bytes), this.#done);
    this.#position += bytes;
    this.#done += bytes;
  }

  #settle(error: RingpoolError | undefined): void {
    this.#arena.endOperation(this.#slot, this.#ticket);
    this.#bounce?.release();
    this.#file.ended();
    if (error === undefined) this.resolve(this.#done);
    else this.reject(error);
  }
}

/** A lease to copy through. Refuses arena memory that is no lease: it was released. */
function bounceFor(arena: Arena, target: Uint8Array, length: number): Lease {
  if (target.buffer === arena.data) {
    throw invalidArgument(
      'read',
      'the target is arena memory that no one lease holds',
      'Was its lease released? Read into the lease itself.',
    );
  }
  return arena.allocUnsafe(Math.min(Math.max(length, 1), BOUNCE_BYTES_MAX));
}
