// Reads and writes that block the calling thread until they are complete: one system call each where that is quicker
// than any ring, which is everywhere but on a worker that was asked for. Bound to the client's thread.

import { type Address, type BufferIndex, encode, type Fd, Lease, type RingpoolError } from '@ringpool/core';
import { readSync, syncSync, writeSync } from '@ringpool/native';

import type { Client } from '../pool/client.ts';
import { nothingWritten, operationError } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { AUTO, LOCAL } from '../pool/placement.ts';
import { Request } from '../pool/request.ts';
import { asksAgain, REPEATS_MAX } from './repeats.ts';
import {
  bounceFor,
  type Direction,
  type TransferFile,
  type TransferRange,
  type Transfers,
} from './transfer.ts';

const SYSTEM_CALLS = { read: readSync, write: writeSync };

/** Moves bytes and waits for it. Returns how many: all, or fewer where a file that is read ends. */
export function transferSync(
  transfers: Transfers,
  direction: Direction,
  file: TransferFile,
  range: TransferRange,
  place: number,
): number {
  const lane = place === AUTO || place === LOCAL ? undefined : transfers.client.readyWorker(place);
  return lane === undefined
    ? transferDirectly(direction, file, range)
    : transferThrough(transfers, lane, direction, file, range);
}

/** By system calls of this thread. */
function transferDirectly(direction: Direction, file: TransferFile, range: TransferRange): number {
  const { memory, offset, length, position } = range;
  // A system call that is over has let go of the memory: nothing is in flight, and any memory will do.
  const view = memory instanceof Lease ? memory.bytes : memory;
  const call = SYSTEM_CALLS[direction];
  let done = 0;
  let repeats = 0;
  do {
    const res = call(file.fd, view, offset + done, length - done, position + done);
    if (res > 0) {
      done += res;
      repeats = 0;
    } else if (!asksAgain(res) || repeats++ === REPEATS_MAX) return ended(direction, file, done, length, res);
  } while (done < length);
  return done;
}

/** What a result of 0 or an errno means. */
function ended(direction: Direction, file: TransferFile, done: number, length: number, res: number): number {
  const { path, direct } = file;
  if (res < 0) throw operationError(res, { op: direction, syscall: direction, path, direct });
  if (direction === 'write' && done < length) throw nothingWritten(path);
  return done;
}

/** Through a worker's lane, waiting in Atomics.wait. */
function transferThrough(
  { client, arena }: Transfers,
  lane: Lane,
  direction: Direction,
  file: TransferFile,
  { memory, offset, length, position }: TransferRange,
): number {
  const held = memory instanceof Lease ? memory : arena.leaseAt(memory);
  const lease = held ?? bounceFor(arena, memory as Uint8Array, length);
  const from =
    held === undefined ? 0 : memory instanceof Lease ? offset : memory.byteOffset - held.offset + offset;
  const own = held === undefined ? (memory as Uint8Array) : undefined;
  const ticket = lease.beginOperation(
    direction === 'read' ? 'writes' : 'reads',
    from,
    Math.min(length, lease.length),
  );
  const call = SYSTEM_CALLS[direction];
  try {
    let done = 0;
    let repeats = 0;
    do {
      const at = own === undefined ? from + done : 0;
      const bytes = Math.min(length - done, lease.length - at);
      if (direction === 'write' && own !== undefined) {
        lease.slice(0, bytes).bytes.set(own.subarray(offset + done, offset + done + bytes));
      }
      const waiting = new Waiting(direction, file.fd, lease, at, bytes, position + done);
      // A worker that died before it took the operation leaves it to us.
      const res = waiting.run(client, lane) ?? call(file.fd, lease.bytes, at, bytes, position + done);
      if (asksAgain(res) && repeats++ < REPEATS_MAX) continue;
      if (res <= 0) return ended(direction, file, done, length, res);
      repeats = 0;
      if (direction === 'read' && own !== undefined) own.set(lease.slice(0, res).bytes, offset + done);
      done += res;
    } while (done < length);
    return done;
  } finally {
    lease.endOperation(ticket);
    if (held === undefined) lease.release();
  }
}

/** One READ or WRITE for which its thread waits. */
class Waiting extends Request {
  readonly #direction: Direction;
  readonly #fd: number;
  readonly #lease: Lease;
  readonly #at: number;
  readonly #bytes: number;
  readonly #position: number;
  #over = false;
  #result: number | undefined;
  #error: RingpoolError | undefined;

  constructor(direction: Direction, fd: number, lease: Lease, at: number, bytes: number, position: number) {
    super();
    this.#direction = direction;
    this.#fd = fd;
    this.#lease = lease;
    this.#at = at;
    this.#bytes = bytes;
    this.#position = position;
  }

  get sqes(): number {
    return 1;
  }

  /** This thread may be the one that has to start the next worker: it must not wait for it. */
  override get movable(): boolean {
    return false;
  }

  /** Runs on a lane. The result, or a negative errno; undefined: it never began. @throws ERR_RINGPOOL_WORKER_DIED. */
  run(client: Client, lane: Lane): number | undefined {
    this.place = lane.index;
    client.start(this);
    client.waitUntil(() => this.#over);
    if (this.#error !== undefined) throw this.#error;
    return this.#result;
  }

  encode(lane: Lane): void {
    const sqe = lane.push(this, 0);
    const write = this.#direction === 'write' ? encode.writeFixed : encode.readFixed;
    write(lane.sqes, sqe, {
      fd: this.#fd as Fd,
      buffer: (this.#lease.address + this.#at) as Address,
      length: this.#bytes,
      offset: this.#position,
      bufferIndex: this.#lease.segment as BufferIndex,
    });
  }

  complete(_part: number, res: number): void {
    this.#over = true;
    this.#result = res;
  }

  abandon(_part: number, error: RingpoolError, started: boolean): void {
    this.#over = true;
    if (started) this.#error = error;
  }
}

/** Waits until what was written to a file is on the disk. */
export function fileSyncSync(file: TransferFile, dataOnly: boolean): void {
  const res = syncSync(file.fd, dataOnly);
  const op = dataOnly ? 'datasync' : 'sync';
  if (res < 0) throw operationError(res, { op, syscall: dataOnly ? 'fdatasync' : 'fsync', path: file.path });
}
