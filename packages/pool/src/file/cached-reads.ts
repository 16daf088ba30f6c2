// Reads of one open file that need no ring: bytes that the kernel has cached are copied by one system call that never
// waits, and are there when the call returns. Bound to the client's thread. Nothing is in flight afterwards.

import { Lease } from '@ringpool/core';

import type { SystemCalls } from '../drivers/host.ts';
import type { Client } from '../pool/client.ts';
import type { LocalLane } from '../pool/local-lane.ts';
import { AUTO, LOCAL, LOCAL_BYTES_MAX } from '../pool/placement.ts';
import type { TransferRange } from './transfer-parts.ts';

const EAGAIN = -11;
/** After misses in a row this many reads, at most, go to the ring without a look at the cache. */
const SKIPPED_MAX = 63;

/** The cached reads of one file. */
export class CachedReads {
  readonly #client: Client;
  readonly #fd: number;
  readonly #call: SystemCalls['readCached'];
  /** Reads to come that go to the ring unasked; Infinity: all of them. */
  #skip: number;
  /** Set by a miss: the next one skips twice as many. */
  #skipNext = 0;

  /** `direct`: the file is open with O_DIRECT, where a read waits for the disk however it is made. */
  constructor(client: Client, fd: number, direct: boolean) {
    this.#client = client;
    this.#fd = fd;
    this.#call = client.host.calls.readCached;
    this.#skip = direct || this.#call === undefined ? Infinity : 0;
  }

  /**
   * Reads a range that was checked. Returns the bytes read, fewer than asked for only where the file ends; or `-1 - bytes`
   * when the rest must go through a lane: it is not cached, its placement says so, or the event loop is due for a turn.
   * Throws what a lease throws.
   */
  read(range: TransferRange, place: number): number {
    if ((place !== AUTO && place !== LOCAL) || range.length >= LOCAL_BYTES_MAX) return -1;
    if (range.position < 0) return -1;
    if (this.#skip > 0) {
      this.#skip--;
      return -1;
    }
    const { length, memory } = range;
    const leased = memory instanceof Lease;
    if (!this.#client.mayReadNow(length, !leased)) return -1;
    // Arena memory by a view: only a lease can say that it is still held.
    if (leased) memory.checkOperation('writes', range.offset, length);
    else if (memory.buffer instanceof SharedArrayBuffer) return -1;
    let done = 0;
    do {
      const res = leased ? this.#intoLease(memory, range, done) : this.#intoView(memory, range, done);
      if (res === 0) break;
      if (res < 0) return this.#missed(res, done);
      done += res;
    } while (done < length);
    this.#skipNext = 0;
    (this.#client.local as LocalLane).readNow();
    return done;
  }

  #intoLease(lease: Lease, { offset, length, position }: TransferRange, done: number): number {
    const from = offset + done;
    const local = this.#client.local as LocalLane;
    return local.readCached(this.#fd, lease.address + from, length - done, position + done);
  }

  #intoView(view: Uint8Array, { offset, length, position }: TransferRange, done: number): number {
    return (this.#call as NonNullable<SystemCalls['readCached']>)(
      this.#fd,
      view,
      offset + done,
      length - done,
      position + done,
    );
  }

  #missed(res: number, done: number): number {
    if (res === EAGAIN) {
      this.#skip = this.#skipNext;
      this.#skipNext = Math.min(SKIPPED_MAX, this.#skipNext * 2 + 1);
    } else {
      // No cached reads on this file system, a pipe, a directory: what else is wrong shows in the ring.
      this.#skip = Infinity;
    }
    return -1 - done;
  }
}
