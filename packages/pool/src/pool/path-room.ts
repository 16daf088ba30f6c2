// Arena memory for paths on their way to the kernel. Bound to the client's thread; the kernel reads a path when the SQE
// is issued, so a room is given back at the CQE.

import { type Arena, type Lease, RingpoolError } from '@ringpool/core';

import { invalidArgument } from './errors.ts';

/** Bytes of one room, the closing zero included. Most paths fit; a longer one gets a lease of its own. */
const ROOM_BYTES = 512;
/** Rooms taken from the arena at once. */
const ROOMS_PER_LEASE = 64;
/** PATH_MAX, the closing zero included. */
const PATH_BYTES_MAX = 4096;
/** UTF-8 needs at most this many bytes for one UTF-16 unit. */
const UTF8_BYTES_PER_UNIT = 3;
/** Numbers of rooms that are leases of their own start here. */
const LONG = 0x1000_0000;

/** Writes paths into arena memory. */
export class PathRoom {
  readonly #arena: Arena;
  readonly #leases: Lease[] = [];
  readonly #buffers: Buffer[] = [];
  readonly #free: number[] = [];
  readonly #long = new Map<number, Lease>();
  #nextLong = LONG;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /**
   * Writes a path and its closing zero. Returns the room's number, for {@link addressOf} and {@link release}.
   * Throws ERR_RINGPOOL_INVALID_ARGUMENT for what is no path, ENAMETOOLONG, ERR_RINGPOOL_ARENA_FULL.
   */
  write(path: string, op: string): number {
    if (typeof path !== 'string' || path.length === 0 || path.includes('\0')) {
      throw invalidArgument(
        op,
        `${typeof path === 'string' ? JSON.stringify(path) : `a ${typeof path}`} is no path`,
        'Pass a string that is not empty and holds no zero byte.',
      );
    }
    const mayBeLong = path.length * UTF8_BYTES_PER_UNIT >= ROOM_BYTES;
    if (mayBeLong && Buffer.byteLength(path) >= ROOM_BYTES) return this.#writeLong(path, op);
    const room = this.#free.pop() ?? this.#more();
    const buffer = this.#buffers[(room / ROOMS_PER_LEASE) | 0] as Buffer;
    const at = (room % ROOMS_PER_LEASE) * ROOM_BYTES;
    buffer[at + buffer.write(path, at, ROOM_BYTES - 1)] = 0;
    return room;
  }

  /** The path's address. */
  addressOf(room: number): number {
    if (room >= LONG) return (this.#long.get(room) as Lease).address;
    const lease = this.#leases[(room / ROOMS_PER_LEASE) | 0] as Lease;
    return lease.address + (room % ROOMS_PER_LEASE) * ROOM_BYTES;
  }

  /** Gives a room back. */
  release(room: number): void {
    if (room < LONG) {
      this.#free.push(room);
      return;
    }
    this.#long.get(room)?.release();
    this.#long.delete(room);
  }

  #more(): number {
    const lease = this.#arena.allocUnsafe(ROOMS_PER_LEASE * ROOM_BYTES);
    const first = this.#leases.push(lease) * ROOMS_PER_LEASE - ROOMS_PER_LEASE;
    this.#buffers.push(Buffer.from(this.#arena.data, lease.offset, lease.length));
    for (let room = first + ROOMS_PER_LEASE - 1; room > first; room--) this.#free.push(room);
    return first;
  }

  #writeLong(path: string, op: string): number {
    const bytes = Buffer.byteLength(path) + 1;
    if (bytes > PATH_BYTES_MAX) {
      throw new RingpoolError('ENAMETOOLONG', `a path of ${bytes} bytes is longer than the kernel takes`, {
        op,
        errno: 36,
        path,
        hint: `A path has at most ${PATH_BYTES_MAX - 1} bytes.`,
      });
    }
    const lease = this.#arena.allocUnsafe(bytes);
    const buffer = Buffer.from(this.#arena.data, lease.offset, lease.length);
    buffer[buffer.write(path, 0, bytes - 1)] = 0;
    const room = this.#nextLong++;
    this.#long.set(room, lease);
    return room;
  }
}
