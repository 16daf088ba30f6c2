// Buffers that the kernel picks from when a multishot operation receives something: parts of one lease, given to a ring
// under a group's number. Bound to the client's thread. The kernel may write to each until it has given it back or the
// group was emptied, so the lease counts as in use until then.

import { type Arena, encode, type Lease, type RingpoolError } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { operationError } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { SingleRequest } from '../pool/request.ts';

const BUFFER_ID_SHIFT = 16;
const ENOENT = -2;

/** The buffers of one multishot operation. */
export class ProvidedBuffers {
  readonly group: number;
  /** How many the kernel has. */
  available = 0;
  readonly #count: number;
  readonly #client: Client;
  readonly #lane: Lane;
  readonly #groups: Set<number>;
  readonly #lease: Lease;
  readonly #ticket: number;
  readonly #bytesEach: number;

  /** Takes memory and a number. Throws ERR_RINGPOOL_ARENA_FULL. */
  constructor(
    client: Client,
    lane: Lane,
    arena: Arena,
    groups: Set<number>,
    { bytes, count }: { readonly bytes: number; readonly count: number },
  ) {
    this.#client = client;
    this.#lane = lane;
    this.#groups = groups;
    this.#bytesEach = bytes;
    this.#count = count;
    this.#lease = arena.allocUnsafe(bytes * count);
    this.#ticket = this.#lease.beginOperation('writes');
    let group = 1;
    // Far fewer are in use than 16 bits can number: each has an operation in flight.
    while (groups.has(group)) group++;
    groups.add(group);
    this.group = group;
  }

  /** Gives all of them to the kernel. `onError` is told when it does not take them. */
  provide(onError: (error: RingpoolError) => void): void {
    this.#give(0, this.#count, onError);
  }

  /** The bytes in the buffer that a completion with these flags names: the caller's until it is given back. */
  take(flags: number, length: number): Uint8Array {
    this.available--;
    const start = (flags >>> BUFFER_ID_SHIFT) * this.#bytesEach;
    // With MSG_TRUNC the kernel tells how long the message was, of which the buffer holds the beginning.
    return this.#lease.bytes.subarray(start, start + Math.min(length, this.#bytesEach));
  }

  /** Gives the buffer of a completion back to the kernel. `onError` is told when it does not take it. */
  giveBack(flags: number, onError: (error: RingpoolError) => void): void {
    this.#give(flags >>> BUFFER_ID_SHIFT, 1, onError);
  }

  #give(firstId: number, count: number, onError: (error: RingpoolError) => void): void {
    // They are the kernel's before anything that is submitted from here on.
    this.available += count;
    void this.#run((sqes, slot) => this.#encode(sqes, slot, firstId, count)).then((res) => {
      if (res < 0) onError(failure(res));
    }, onError);
  }

  /** Takes them back from the kernel, and frees the memory. Nothing that uses them is in flight. */
  async remove(): Promise<void> {
    const bufferGroup = this.group;
    const res = await this.#run((sqes, slot) =>
      encode.removeBuffers(sqes, slot, { count: this.#count, bufferGroup }),
    );
    // ENOENT: every buffer was used. Anything else: the kernel may have some still, so their memory is kept.
    if (res >= 0 || res === ENOENT) this.forget();
  }

  /** Frees the memory, of which the kernel has none. */
  forget(): void {
    this.#lease.endOperation(this.#ticket);
    this.#lease.release();
    this.#groups.delete(this.group);
  }

  #encode(sqes: Uint32Array, slot: number, firstId: number, count: number): void {
    const buffer = this.#lease.slice(firstId * this.#bytesEach).address;
    encode.provideBuffers(sqes, slot, {
      count,
      buffer,
      length: this.#bytesEach,
      firstId,
      bufferGroup: this.group,
    });
  }

  #run(write: (sqes: Uint32Array, slot: number) => void): Promise<number> {
    const request = new SingleRequest(write, { lane: this.#lane, epoch: this.#lane.epoch });
    this.#client.start(request);
    return request.promise;
  }
}

const failure = (res: number): RingpoolError =>
  operationError(res, { op: 'multishot', syscall: 'provideBuffers', driver: 'uring' });
