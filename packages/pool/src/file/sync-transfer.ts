// Reads and writes that block the calling thread until they are complete: one system call each where that is quicker
// than any ring, which is everywhere but on a worker that was asked for. Bound to the client's thread.

import {
  type Address,
  type BufferIndex,
  type DriverName,
  encode,
  type Fd,
  IORING_FSYNC,
  Lease,
  type RingpoolError,
  RWF,
} from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { endedWithWorker, nothingWritten, operationError, queueFull } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { AUTO, LOCAL } from '../pool/placement.ts';
import { Request } from '../pool/request.ts';
import { CURRENT } from './checks.ts';
import { asksAgain, REPEATS_MAX } from './repeats.ts';
import type { Transfers } from './transfer.ts';
import { bounceFor, type Direction, type TransferFile, type TransferRange } from './transfer-parts.ts';

const EBADF = -9;
const EINVAL = -22;
const ESPIPE = -29;

/** Moves bytes and waits for it. Returns how many: all, or fewer where a file that is read ends. */
export function transferSync(
  transfers: Transfers,
  direction: Direction,
  file: TransferFile,
  range: TransferRange,
  place: number,
): number {
  const { client } = transfers;
  const lane = laneFor(client, direction, file, place);
  return lane === undefined
    ? transferDirectly(client, direction, file, range)
    : transferThrough(transfers, lane, direction, file, range);
}

/** The worker that is to do it; undefined: this thread. Throws EBADF for a file that has ended with its worker. */
function laneFor(client: Client, op: string, { home, path }: TransferFile, place: number): Lane | undefined {
  if (home !== 0) {
    const lane = client.homeOf(home);
    if (lane === undefined) throw endedWithWorker(op, path);
    // It may be full of what this thread alone can end: a blocked thread never waits for room.
    if (client.readyWorker(lane.index) === undefined) throw queueFull(lane.inFlight);
    return lane;
  }
  const here = place === AUTO || place === LOCAL || !client.host.mayBlockOnWorkers;
  return here ? undefined : client.readyWorker(place);
}

/** By system calls of this thread. */
function transferDirectly(
  { host }: Client,
  direction: Direction,
  file: TransferFile,
  range: TransferRange,
): number {
  const { memory, offset, length } = range;
  let { position } = range;
  // A system call that is over has let go of the memory: nothing is in flight, and any memory will do.
  const view = memory instanceof Lease ? memory.bytes : memory;
  let done = 0;
  let repeats = 0;
  do {
    const at = position < 0 ? CURRENT : position + done;
    const res = host.calls[direction](file.fd, view, offset + done, length - done, at);
    if (res > 0) {
      done += res;
      repeats = 0;
    } else if (res === ESPIPE && at !== CURRENT) position = CURRENT;
    // A direct read went on where the file had ended.
    else if (res === EINVAL && done > 0 && direction === 'read' && file.direct) return done;
    else if (!asksAgain(res) || repeats++ === REPEATS_MAX)
      return ended(host.driver, direction, file, { done, length, res });
  } while (done < length && !(done > 0 && isOneRead(direction, file)));
  if ((range.flags & RWF.DSYNC) === 0) return done;
  const synced = host.calls.sync(file.fd, true);
  // A pipe has nothing to be synced.
  return synced < 0 && synced !== EINVAL
    ? ended(host.driver, direction, file, { done, length, res: synced })
    : done;
}

/** Of a pipe, a terminal, a socket: what one read gave is all that there is just now. */
function isOneRead(direction: Direction, file: TransferFile): boolean {
  return direction === 'read' && file.nature.isStream;
}

/** What a result of 0 or an errno means. */
function ended(
  driver: DriverName,
  direction: Direction,
  file: TransferFile,
  { done, length, res }: { readonly done: number; readonly length: number; readonly res: number },
): number {
  const { path, direct } = file;
  if (res < 0) throw operationError(res, { op: direction, syscall: direction, path, direct, driver });
  if (direction === 'write' && done < length) throw nothingWritten(path);
  return done;
}

/** Through a worker's lane, waiting in Atomics.wait. */
function transferThrough(
  { client, arena }: Transfers,
  lane: Lane,
  direction: Direction,
  file: TransferFile,
  { memory, offset, length, position, flags }: TransferRange,
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
  try {
    let done = 0;
    let repeats = 0;
    do {
      const start = own === undefined ? from + done : 0;
      const bytes = Math.min(length - done, lease.length - start);
      const at = position < 0 ? CURRENT : position + done;
      if (direction === 'write' && own !== undefined) {
        lease.slice(0, bytes).bytes.set(own.subarray(offset + done, offset + done + bytes));
      }
      const waiting = new Waiting(file, (sqes, slot) => {
        const write = direction === 'write' ? encode.writeFixed : encode.readFixed;
        write(sqes, slot, {
          fd: file.fd as Fd,
          buffer: (lease.address + start) as Address,
          length: bytes,
          offset: at,
          bufferIndex: lease.segment as BufferIndex,
          rwFlags: flags,
        });
      });
      const taken = waiting.run(client, lane);
      if (taken === undefined && file.home !== 0) throw endedWithWorker(direction, file.path);
      // A worker that died before it took the operation leaves it to us.
      const res = taken ?? client.host.calls[direction](file.fd, lease.bytes, start, bytes, at);
      if (asksAgain(res) && repeats++ < REPEATS_MAX) continue;
      if (res <= 0) return ended(client.host.driver, direction, file, { done, length, res });
      repeats = 0;
      if (direction === 'read' && own !== undefined) own.set(lease.slice(0, res).bytes, offset + done);
      done += res;
    } while (done < length && !isOneRead(direction, file));
    return done;
  } finally {
    lease.endOperation(ticket);
    if (held === undefined) lease.release();
  }
}

/** One operation for which its thread waits. */
class Waiting extends Request {
  readonly #home: number;
  readonly #write: (sqes: Uint32Array, slot: number) => void;
  #over = false;
  #result: number | undefined;
  #error: RingpoolError | undefined;

  constructor({ home }: TransferFile, write: (sqes: Uint32Array, slot: number) => void) {
    super();
    this.#home = home;
    this.#write = write;
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
    const slot = lane.push(this, 0);
    if (this.#home !== 0 && this.#home !== lane.generation) encode.nop(lane.sqes, slot, { result: EBADF });
    else this.#write(lane.sqes, slot);
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
export function fileSyncSync(client: Client, file: TransferFile, dataOnly: boolean): void {
  const op = dataOnly ? 'datasync' : 'sync';
  const lane = file.home === 0 ? undefined : laneFor(client, op, file, AUTO);
  const { host } = client;
  const res =
    lane === undefined ? host.calls.sync(file.fd, dataOnly) : syncThrough(client, lane, file, dataOnly);
  const syscall = dataOnly ? 'fdatasync' : 'fsync';
  if (res < 0) throw operationError(res, { op, syscall, path: file.path, driver: host.driver });
}

function syncThrough(client: Client, lane: Lane, file: TransferFile, dataOnly: boolean): number {
  const fsyncFlags = dataOnly ? IORING_FSYNC.DATASYNC : 0;
  const waiting = new Waiting(file, (sqes, slot) =>
    encode.fsync(sqes, slot, { fd: file.fd as Fd, fsyncFlags }),
  );
  return waiting.run(client, lane) ?? EBADF;
}
