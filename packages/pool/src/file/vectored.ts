// Reads and writes of one range of a file into or out of several pieces of memory. Pieces of arena memory go to the kernel as
// they are (READV, WRITEV); where any piece is not, all of them are copied through one lease. Bound to the client's thread.

import { type Address, type Arena, encode, type Fd, Lease, type RingpoolError } from '@ringpool/core';

import { Cancellation } from '../pool/cancellation.ts';
import type { Client } from '../pool/client.ts';
import { nothingWritten, operationError } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { PromisedRequest } from '../pool/request.ts';
import { CURRENT } from './checks.ts';
import { asksAgain, REPEATS_MAX } from './repeats.ts';
import type { Direction, TransferFile } from './transfer-parts.ts';

/** Pieces of one operation: `UIO_MAXIOV`. */
const PIECES_MAX = 1024;
const IOVEC_BYTES = 16;
const HIGH_WORD = 0x1_0000_0000;
const EBADF = 9;

/** One piece of arena memory. */
export interface Piece {
  readonly lease: Lease;
  readonly offset: number;
  readonly length: number;
}

/** What is moved, and how. */
export interface VectoredPlan {
  readonly direction: Direction;
  readonly pieces: readonly Piece[];
  /** Below 0: the descriptor's own. */
  readonly position: number;
  /** RWF_*. */
  readonly flags: number;
  readonly place: number;
  readonly signal: AbortSignal | undefined;
}

/** The pieces as arena memory, if all of them are. */
export function piecesOf(
  arena: Arena,
  memories: readonly (Lease | Uint8Array)[],
): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const memory of memories) {
    const lease = memory instanceof Lease ? memory : arena.leaseAt(memory);
    if (lease === undefined) return undefined;
    const offset = memory instanceof Lease ? 0 : memory.byteOffset - lease.offset;
    pieces.push({ lease, offset, length: memory.length });
  }
  return pieces;
}

/** One range of the file, until it is complete or the file ends. */
export class VectoredRequest extends PromisedRequest<number> {
  readonly #client: Client;
  readonly #file: TransferFile;
  readonly #plan: VectoredPlan;
  readonly #tickets: readonly { readonly lease: Lease; readonly ticket: number }[];
  /** The iovecs, where the kernel reads them. */
  readonly #iovecs: Lease;
  readonly #cancellation: Cancellation | undefined;
  readonly #total: number;
  #done = 0;
  #again = false;
  #repeats = 0;

  /** Takes hold of the memory. @throws what a lease throws, ERR_RINGPOOL_ARENA_FULL. */
  constructor(client: Client, arena: Arena, file: TransferFile, plan: VectoredPlan) {
    super();
    this.#client = client;
    this.#file = file;
    this.#plan = plan;
    this.place = plan.place;
    this.#total = plan.pieces.reduce((sum, { length }) => sum + length, 0);
    this.#iovecs = arena.allocUnsafe(Math.min(plan.pieces.length, PIECES_MAX) * IOVEC_BYTES);
    const held: { lease: Lease; ticket: number }[] = [
      { lease: this.#iovecs, ticket: this.#iovecs.beginOperation('reads') },
    ];
    const access = plan.direction === 'read' ? 'writes' : 'reads';
    try {
      for (const { lease, offset, length } of plan.pieces) {
        held.push({ lease, ticket: lease.beginOperation(access, offset, length) });
      }
    } catch (error) {
      this.#letGo(held);
      throw error;
    }
    this.#tickets = held;
    this.#cancellation = plan.signal === undefined ? undefined : new Cancellation(plan.signal, client, this);
  }

  get sqes(): number {
    return 1;
  }

  override get bytes(): number {
    return this.#total;
  }

  override get direct(): boolean {
    return this.#file.direct;
  }

  override get begun(): boolean {
    return this.#again;
  }

  override get path(): string {
    return this.#file.path;
  }

  encode(lane: Lane): void {
    const sqe = lane.push(this, 0);
    this.#cancellation?.startedOn(lane, lane.operationOf(sqe));
    const { home, fd } = this.#file;
    if (home !== 0 && home !== lane.generation) {
      encode.nop(lane.sqes, sqe, { result: -EBADF });
      return;
    }
    const { direction, position, flags } = this.#plan;
    const count = this.#writeIovecs();
    const args = {
      fd: fd as Fd,
      iovecs: this.#iovecs.address as Address,
      count,
      offset: position < 0 ? CURRENT : position + this.#done,
      rwFlags: flags,
    };
    if (direction === 'read') encode.readv(lane.sqes, sqe, args);
    else encode.writev(lane.sqes, sqe, args);
  }

  /** From the byte on that comes next. Returns how many there are. */
  #writeIovecs(): number {
    const { bytes } = this.#iovecs;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let before = 0;
    let count = 0;
    for (const { lease, offset, length } of this.#plan.pieces) {
      const skipped = Math.min(Math.max(this.#done - before, 0), length);
      before += length;
      if (skipped === length) continue;
      if (count === PIECES_MAX) break;
      const address = lease.address + offset + skipped;
      const at = count++ * IOVEC_BYTES;
      view.setUint32(at, address % HIGH_WORD, true);
      view.setUint32(at + 4, Math.floor(address / HIGH_WORD), true);
      view.setUint32(at + 8, length - skipped, true);
      view.setUint32(at + 12, 0, true);
    }
    return count;
  }

  complete(_part: number, res: number): void {
    if (res > 0) {
      this.#done += res;
      this.#repeats = 0;
    }
    const { direction } = this.#plan;
    if (res > 0 && this.#done < this.#total && !(direction === 'read' && this.#file.nature.isStream))
      this.#goOn();
    else if (res >= 0) this.#settle(this.#shortOf());
    else if (asksAgain(res) && this.#repeats++ < REPEATS_MAX) this.#goOn();
    else {
      const { path, direct } = this.#file;
      const syscall = direction === 'read' ? 'readv' : 'writev';
      this.#settle(
        operationError(res, { op: syscall, syscall, path, direct, driver: this.#client.host.driver }),
      );
    }
  }

  #shortOf(): RingpoolError | undefined {
    const short = this.#plan.direction === 'write' && this.#done < this.#total;
    return short ? nothingWritten(this.#file.path) : undefined;
  }

  #goOn(): void {
    if (this.#cancellation?.aborted === true) this.#settle(undefined);
    else {
      this.#again = true;
      this.#client.start(this);
    }
  }

  abandon(_part: number, error: RingpoolError): void {
    this.#settle(error);
  }

  /** The caller waits no longer. The memory stays in use until the last CQE. */
  override abort(error: RingpoolError): void {
    this.reject(error);
  }

  override strand(error: RingpoolError): void {
    this.#cancellation?.over();
    this.#file.stranded(error);
    this.reject(error);
  }

  #settle(error: RingpoolError | undefined): void {
    this.#letGo(this.#tickets);
    this.#cancellation?.over();
    this.#file.ended();
    if (error === undefined) this.resolve(this.#done);
    else this.reject(error);
  }

  #letGo(held: readonly { readonly lease: Lease; readonly ticket: number }[]): void {
    for (const { lease, ticket } of held) lease.endOperation(ticket);
    this.#iovecs.release();
  }
}

/** Copies bytes of one piece of memory into several, or out of them, from byte `from` of all of them together on. */
function scatter(memories: readonly Uint8Array[], from: number, bytes: Uint8Array): void {
  eachPart(memories, from, bytes.length, (memory, at, start, length) => {
    memory.set(bytes.subarray(start, start + length), at);
  });
}

/** The other way. */
function gather(memories: readonly Uint8Array[], from: number, bytes: Uint8Array): void {
  eachPart(memories, from, bytes.length, (memory, at, start, length) => {
    bytes.set(memory.subarray(at, at + length), start);
  });
}

function eachPart(
  memories: readonly Uint8Array[],
  from: number,
  length: number,
  copy: (memory: Uint8Array, at: number, start: number, length: number) => void,
): void {
  let before = 0;
  let start = 0;
  for (const memory of memories) {
    const at = Math.max(from + start - before, 0);
    before += memory.length;
    if (at >= memory.length || start === length) continue;
    const part = Math.min(memory.length - at, length - start);
    copy(memory, at, start, part);
    start += part;
  }
}

/** Moves a range through one lease: `move` reads or writes the first `length` bytes of it, at a position unless it is below 0. */
export async function moveThrough(
  bounce: Lease,
  direction: Direction,
  memories: readonly Uint8Array[],
  position: number,
  move: (length: number, position: number) => Promise<number>,
): Promise<number> {
  const total = memories.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  do {
    const length = Math.min(total - done, bounce.length);
    if (direction === 'write') gather(memories, done, bounce.bytes.subarray(0, length));
    const bytes = await move(length, position < 0 ? CURRENT : position + done);
    if (direction === 'read') scatter(memories, done, bounce.bytes.subarray(0, bytes));
    done += bytes;
    if (bytes < length) break;
  } while (done < total);
  return done;
}
