// What all whole-file reads of one client share: path memory, the byte behind each file where probes land, and the slow
// paths (a file larger than its lease, a ring without fixed files). Bound to the client's thread.

import {
  type Address,
  type Arena,
  type BufferIndex,
  encode,
  type FixedFile,
  fixedFile,
  type Lease,
  type RingpoolError,
} from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { operationError } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { checkLease } from '../pool/options.ts';
import type { PathRoom } from '../pool/path-room.ts';
import { SingleRequest } from '../pool/request.ts';
import { FileContents } from './contents.ts';
import type { File } from './file.ts';
import { ReadFileRequest } from './read-file.ts';

/** The lease that a file gets when the caller brought none. */
const FIRST_BYTES = 64 * 1024;
const GROWTH = 4;
/** One read asks for at most this much, so that it does not hold up the others on its ring. */
const READ_BYTES_MAX = 4 * 1024 * 1024;
const CURRENT = -1;

/** Where a whole-file read stands when the lease turned out to be too small: its probe has read one byte more. */
export interface Unfinished {
  readonly path: string;
  readonly lane: Lane;
  /** Which ring of that lane. */
  readonly epoch: number;
  readonly slot: number;
  readonly lease: Lease;
  readonly bytes: number;
}

/** Reads whole files. */
export class FileReader {
  readonly client: Client;
  readonly paths: PathRoom;
  readonly #arena: Arena;
  readonly #open: (path: string, place: number) => Promise<File>;
  /** By lane: one byte for each fixed-file slot. */
  readonly #probes: (Lease | undefined)[] = [];

  /** `open` opens a file for whole-file reads where no ring has fixed files. */
  constructor(
    client: Client,
    arena: Arena,
    paths: PathRoom,
    open: (path: string, place: number) => Promise<File>,
  ) {
    this.client = client;
    this.#arena = arena;
    this.paths = paths;
    this.#open = open;
  }

  /** Reads a file into `target`, or into a lease of its own when there is none or it is too small. */
  read(path: string, target: Lease | undefined, place: number): Promise<FileContents> {
    if (target !== undefined) checkLease('readFile', target, this.#arena);
    if (!this.client.mayRun({ place, files: 1 })) return this.readPlain(path, target, place);
    // Here, where the caller can be told that the arena is full.
    for (const { index } of this.client.lanes) this.#probes[index] ??= this.#arena.alloc(this.client.depth);
    const lease = target ?? this.#arena.allocUnsafe(FIRST_BYTES);
    let room = -1;
    try {
      room = this.paths.write(path, 'readFile');
      const request = new ReadFileRequest(this, path, room, lease, target === undefined);
      request.place = place;
      this.client.start(request);
      return request.promise;
    } catch (error) {
      if (room >= 0) this.paths.release(room);
      if (target === undefined) lease.release();
      throw error;
    }
  }

  /** As {@link read}, through a descriptor of the process. */
  async readPlain(path: string, target: Lease | undefined, place: number): Promise<FileContents> {
    this.client.rest.enter();
    try {
      const file = await this.#open(path, place);
      try {
        return await this.#readWhole(file, target);
      } finally {
        await file.close();
      }
    } finally {
      this.client.rest.leave();
    }
  }

  async #readWhole(file: File, target: Lease | undefined): Promise<FileContents> {
    let lease = target ?? this.#arena.allocUnsafe(FIRST_BYTES);
    let owned = target === undefined;
    try {
      let length = 0;
      for (;;) {
        length += await file.read(lease, { position: length, offset: length });
        if (length < lease.length) return new FileContents(lease, length, owned);
        const larger = this.#grow(lease, length);
        if (owned) lease.release();
        lease = larger;
        owned = true;
      }
    } catch (error) {
      if (owned) lease.release();
      throw error;
    }
  }

  /** Reads one byte at the file's position into the slot's own byte. */
  encodeProbe(sqes: Uint32Array, at: number, lane: Lane, file: FixedFile, slot: number): void {
    const { first } = lane.files;
    const probes = this.#probes[lane.index] as Lease;
    encode.readFixed(sqes, at, {
      fd: file,
      buffer: (probes.address + slot - first) as Address,
      length: 1,
      offset: CURRENT,
      bufferIndex: probes.segment as BufferIndex,
    });
  }

  /** Reads on from where the chain stopped, into leases that grow. */
  async readOn(unfinished: Unfinished): Promise<FileContents> {
    const { path, lane, slot, lease, bytes } = unfinished;
    const probe = (this.#probes[lane.index] as Lease).bytes[slot - lane.files.first] as number;
    let grown = this.#grow(lease, bytes);
    grown.bytes[bytes] = probe;
    let length = bytes + 1;
    try {
      for (;;) {
        const res = await this.#readSlot(unfinished, grown, length);
        const { driver } = this.client.host;
        if (res < 0) throw operationError(res, { op: 'readFile', syscall: 'read', path, driver });
        if (res === 0) return new FileContents(grown, length, true);
        length += res;
        if (length < grown.length) continue;
        const larger = this.#grow(grown, length);
        grown.release();
        grown = larger;
      }
    } catch (error) {
      grown.release();
      throw error;
    }
  }

  #grow(lease: Lease, bytes: number): Lease {
    const larger = this.#arena.allocUnsafe(Math.max(FIRST_BYTES, bytes * GROWTH));
    try {
      larger.bytes.set(lease.bytes.subarray(0, bytes));
      return larger;
    } catch (error) {
      // The caller has released the lease meanwhile.
      larger.release();
      throw error;
    }
  }

  #readSlot(bound: Unfinished, lease: Lease, at: number): Promise<number> {
    const request = new SlotRead(bound, lease, at);
    this.client.start(request);
    return request.promise;
  }
}

/** One read of a slot's file at its position. The memory is in use until the kernel says that it is done. */
class SlotRead extends SingleRequest {
  readonly #lease: Lease;
  readonly #ticket: number;

  constructor(bound: Unfinished, lease: Lease, at: number) {
    super(
      (sqes, index) =>
        encode.readFixed(sqes, index, {
          fd: fixedFile(bound.slot),
          buffer: (lease.address + at) as Address,
          length: Math.min(lease.length - at, READ_BYTES_MAX),
          offset: CURRENT,
          bufferIndex: lease.segment as BufferIndex,
        }),
      bound,
    );
    this.#lease = lease;
    this.#ticket = lease.beginOperation('writes', at);
  }

  override complete(part: number, res: number): void {
    this.#lease.endOperation(this.#ticket);
    super.complete(part, res);
  }

  override abandon(part: number, error: RingpoolError, started: boolean): void {
    this.#lease.endOperation(this.#ticket);
    super.abandon(part, error, started);
  }
}
