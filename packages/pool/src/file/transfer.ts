// A read or write of a file on its way between the file and arena memory: it is continued until it is complete or the
// file ends. Bound to the client's thread. The lease is counted in flight until the last CQE, whatever its owner does
// meanwhile, and whatever became of the promise.

import {
  type Address,
  type Arena,
  type BufferIndex,
  encode,
  type Fd,
  type FixedFile,
  Lease,
  type RingpoolError,
} from '@ringpool/core';

import { Cancellation } from '../pool/cancellation.ts';
import type { Client } from '../pool/client.ts';
import { abortError, invalidArgument, nothingWritten, operationError } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { captured, Request } from '../pool/request.ts';
import { asksAgain, REPEATS_MAX } from './repeats.ts';
import {
  bounceFor,
  type Direction,
  type TransferFile,
  type TransferRange,
  type TransferSink,
} from './transfer-parts.ts';

const EAGAIN = -11;
const EINVAL = -22;
/** No device has smaller blocks. */
const BLOCK_BYTES_LEAST = 512;
/** Requests that are kept for later ones. */
const FREE_MAX = 1024;

/** The transfers of one client. */
export class Transfers {
  readonly client: Client;
  readonly arena: Arena;
  /** Requests of former transfers: one object less to collect for each new one. */
  readonly #free: Transfer[] = [];

  constructor(client: Client, arena: Arena) {
    this.client = client;
    this.arena = arena;
  }

  /** Starts a transfer, wherever the placement's code says. Resolves to the bytes moved. Throws what a lease throws. */
  start(
    direction: Direction,
    file: TransferFile,
    range: TransferRange,
    place: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    if (signal?.aborted === true) throw abortError(direction, signal);
    const transfer = this.#free.pop() ?? new Transfer(this);
    // Where it throws, the request is left to the collector.
    transfer.begin(direction, file, range, place, signal);
    const promise = transfer.promised();
    this.client.start(transfer);
    return promise;
  }

  /** Starts a transfer that reports to a batch. Throws what a lease throws. */
  startFor(
    sink: TransferSink,
    entry: number,
    direction: Direction,
    file: TransferFile,
    range: TransferRange,
    place: number,
    signal: AbortSignal | undefined,
  ): void {
    const transfer = this.#free.pop() ?? new Transfer(this);
    transfer.begin(direction, file, range, place, signal);
    transfer.report(sink, entry);
    this.client.start(transfer);
  }

  /** Takes a request back that is over. */
  recycle(transfer: Transfer): void {
    if (this.#free.length < FREE_MAX) this.#free.push(transfer);
  }
}

interface TransferArguments {
  fd: Fd | FixedFile;
  buffer: Address;
  length: number;
  offset: number;
  bufferIndex: BufferIndex;
  rwFlags: number;
}

/** The encoders read their arguments and keep nothing: one object for all, where a new one was 80 bytes of each read. */
const ARGUMENTS: TransferArguments = {
  fd: 0 as Fd,
  buffer: 0 as Address,
  length: 0,
  offset: 0,
  bufferIndex: 0 as BufferIndex,
  rwFlags: 0,
};

/** One transfer at a time. */
class Transfer extends Request {
  readonly #transfers: Transfers;
  #resolve: ((bytes: number) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #sink: TransferSink | undefined;
  #entry = 0;
  #file: TransferFile | undefined;
  #direction: Direction = 'read';
  /** The lease in flight: its slot in the arena. */
  #slot = 0;
  #ticket = 0;
  #segment = 0;
  /** The caller's own memory, when it is not the arena's; then the lease is the bounce buffer. */
  #own: Uint8Array | undefined;
  #bounce: Lease | undefined;
  #length = 0;
  #address = 0;
  #position = 0;
  #flags = 0;
  #once = false;
  #done = 0;
  /** It was in flight already. */
  #again = false;
  /** How often in a row it was made again without having moved anything. */
  #repeats = 0;
  #cancellation: Cancellation | undefined;

  constructor(transfers: Transfers) {
    super();
    this.#transfers = transfers;
  }

  /** Takes hold of the memory. */
  begin(
    direction: Direction,
    file: TransferFile,
    range: TransferRange,
    place: number,
    signal: AbortSignal | undefined,
  ): void {
    const { memory, offset, length } = range;
    const access = direction === 'read' ? 'writes' : 'reads';
    if (memory instanceof Lease) {
      this.#ticket = memory.beginOperation(access, offset, length);
      this.#slot = memory.slot;
      this.#segment = memory.segment;
      this.#address = memory.address + offset;
    } else this.#beginView(memory, offset, length, access);
    this.#file = file;
    this.#direction = direction;
    this.#length = length;
    this.#position = range.position;
    this.#flags = range.flags;
    this.#once = range.once;
    this.#done = 0;
    this.#again = false;
    this.#repeats = 0;
    this.place = place;
    if (signal !== undefined) this.#cancellation = new Cancellation(signal, this.#transfers.client, this);
  }

  /** It settles a promise: this one. */
  promised(): Promise<number> {
    const promise = new Promise<number>(captured.executor);
    this.#resolve = captured.resolve;
    this.#reject = captured.reject;
    return promise;
  }

  /** It reports to a batch. */
  report(sink: TransferSink, entry: number): void {
    this.#sink = sink;
    this.#entry = entry;
  }

  #beginView(view: Uint8Array, offset: number, length: number, access: 'reads' | 'writes'): void {
    const { arena } = this.#transfers;
    const borrowed = arena.leaseAt(view);
    const lease = borrowed ?? bounceFor(arena, view, length);
    const from = borrowed === undefined ? 0 : view.byteOffset - lease.offset + offset;
    this.#ticket = lease.beginOperation(access, from, borrowed === undefined ? lease.length : length);
    this.#slot = lease.slot;
    this.#segment = lease.segment;
    this.#address = lease.address + from;
    if (borrowed !== undefined) return;
    this.#own = view.subarray(offset, offset + length);
    this.#bounce = lease;
  }

  get sqes(): number {
    return 1;
  }

  override get bytes(): number {
    return this.#length;
  }

  override get direct(): boolean {
    return this.#file?.direct === true;
  }

  override get begun(): boolean {
    return this.#again;
  }

  override get path(): string | undefined {
    return this.#file?.path;
  }

  encode(lane: Lane): void {
    const bounce = this.#bounce;
    const left = this.#length - this.#done;
    const length = bounce !== undefined && bounce.length < left ? bounce.length : left;
    const sqe = lane.push(this, 0);
    if (this.#cancellation !== undefined) this.#cancellation.startedOn(lane, lane.operationOf(sqe));
    if (this.#direction === 'write') {
      // Nothing is written in the place of bytes that are gone: complete() says so.
      if (this.#detached) encode.nop(lane.sqes, sqe, {});
      else this.#encodeWrite(lane, sqe, length);
      return;
    }
    encode.readFixed(lane.sqes, sqe, this.#argumentsFor(lane, length));
  }

  #argumentsFor(lane: Lane, length: number): TransferArguments {
    ARGUMENTS.fd = (this.#file as TransferFile).fixed.on(lane);
    ARGUMENTS.buffer = this.#address as Address;
    ARGUMENTS.length = length;
    ARGUMENTS.offset = this.#position;
    ARGUMENTS.bufferIndex = this.#segment as BufferIndex;
    ARGUMENTS.rwFlags = this.#flags;
    return ARGUMENTS;
  }

  /** True when the caller's own memory was transferred away since: it has no bytes any more. */
  get #detached(): boolean {
    return this.#own?.byteLength === 0 && this.#length > 0;
  }

  #encodeWrite(lane: Lane, sqe: number, length: number): void {
    if (this.#bounce !== undefined) this.#fill(this.#bounce, length);
    encode.writeFixed(lane.sqes, sqe, this.#argumentsFor(lane, length));
  }

  #fill(bounce: Lease, length: number): void {
    const own = this.#own as Uint8Array;
    const room = new Uint8Array(this.#transfers.arena.data, bounce.offset, length);
    room.set(own.subarray(this.#done, this.#done + length));
  }

  complete(_part: number, res: number): void {
    if (res >= 0 && this.#detached) {
      const hint = 'Do not transfer it before the operation is over.';
      this.#settle(invalidArgument(this.#direction, 'the memory was detached while it was in use', hint));
    } else if (res > 0) {
      this.#advance(res);
      if (this.#done < this.#length && !this.#isOneRead) this.#goOn();
      else this.#settle(undefined);
    } else if (res === 0) this.#settle(this.#zeroError());
    else if (res === EINVAL && this.#isPastDirectEnd) this.#settle(undefined);
    else if (asksAgain(res) && !(this.#once && res === EAGAIN) && this.#repeats++ < REPEATS_MAX) this.#goOn();
    else {
      const { path, direct } = this.#file as TransferFile;
      const op = this.#direction;
      this.#settle(
        operationError(res, { op, syscall: op, path, direct, driver: this.#transfers.client.host.driver }),
      );
    }
  }

  /** A direct read went on where the file had ended, which is no place to read from. */
  get #isPastDirectEnd(): boolean {
    const goesOn = this.#done > 0 && this.#position % BLOCK_BYTES_LEAST !== 0;
    return goesOn && this.#direction === 'read' && (this.#file as TransferFile).direct;
  }

  /** One operation was asked for; or what one read of a pipe, a terminal, a socket gave is all that there is just now. */
  get #isOneRead(): boolean {
    return this.#once || (this.#direction === 'read' && (this.#file as TransferFile).nature.isStream);
  }

  /** 0 bytes: the end of a file that is read, or nothing was wanted; a write of something never is of nothing. */
  #zeroError(): RingpoolError | undefined {
    if (this.#direction === 'read' || this.#once || this.#done === this.#length) return undefined;
    return nothingWritten((this.#file as TransferFile).path);
  }

  #goOn(): void {
    // Nobody waits for what was aborted.
    if (this.#cancellation?.aborted === true) this.#settle(undefined);
    else {
      this.#again = true;
      this.#transfers.client.start(this);
    }
  }

  abandon(_part: number, error: RingpoolError): void {
    this.#settle(error);
  }

  /** The caller waits no longer. The memory stays in use until the last CQE. */
  override abort(error: RingpoolError): void {
    this.#reject?.(error);
  }

  /** Its memory stays in use, and with it this object. */
  override strand(error: RingpoolError): void {
    this.#cancellation?.over();
    (this.#file as TransferFile).stranded(error);
    this.abort(error);
    this.#sink?.transferred(this.#entry, this.#done, error);
  }

  #advance(bytes: number): void {
    const bounce = this.#bounce;
    if (bounce === undefined) this.#address += bytes;
    else if (this.#direction === 'read') {
      this.#own?.set(new Uint8Array(this.#transfers.arena.data, bounce.offset, bytes), this.#done);
    }
    if (this.#position >= 0) this.#position += bytes;
    this.#done += bytes;
    this.#repeats = 0;
  }

  #settle(error: RingpoolError | undefined): void {
    const transfers = this.#transfers;
    transfers.arena.endOperation(this.#slot, this.#ticket);
    if (this.#bounce !== undefined) this.#giveBounceBack(this.#bounce);
    if (this.#cancellation !== undefined) {
      this.#cancellation.over();
      this.#cancellation = undefined;
    }
    const done = this.#done;
    (this.#file as TransferFile).ended();
    if (this.#sink !== undefined) {
      this.#tell(this.#sink, done, error);
      return;
    }
    const resolve = this.#resolve as (bytes: number) => void;
    const reject = this.#reject as (error: unknown) => void;
    this.#resolve = undefined;
    this.#reject = undefined;
    // From here on it may be another transfer.
    transfers.recycle(this);
    if (error === undefined) resolve(done);
    else reject(error);
  }

  #tell(sink: TransferSink, done: number, error: RingpoolError | undefined): void {
    const entry = this.#entry;
    this.#sink = undefined;
    this.#transfers.recycle(this);
    sink.transferred(entry, done, error);
  }

  #giveBounceBack(bounce: Lease): void {
    bounce.release();
    this.#bounce = undefined;
    this.#own = undefined;
  }
}
