// An operation checked and encoded, and what must live until it is over: the leases it points to, the files it names.
// Bound to the client's thread.

import {
  type Arena,
  encodeOperation,
  type Fd,
  type FieldKind,
  isFixedFile,
  type Lease,
  type OpcodeEntry,
  type OpcodeName,
  type Operation,
  opcodeEntry,
  type RingpoolError,
  SQE_WORDS,
} from '@ringpool/core';

import type { Host, Ledger } from '../drivers/host.ts';
import type { Handle } from '../file/handle.ts';
import { invalidArgument } from '../pool/errors.ts';
import { checkFlags, checkSupported, type FilePatch, filePatchesOf } from './admission.ts';
import { extentsOf } from './pointers.ts';

/** The open files of a client, by descriptor. */
export type OpenFiles = ReadonlyMap<number, { readonly handle: Handle }>;

/** An operation that may be pushed, again and again. */
export interface Prepared {
  readonly op: OpcodeName;
  /** Its SQE. The words of user_data are the lane's. */
  readonly sqe: Uint32Array;
  readonly files: readonly FilePatch[];
}

const HIGH_WORD = 2 ** 32;
const ADDRESS_WORD = 4;
const USER_DATA_WORD = 8;
/** What `pipe` writes: two descriptors. */
const PAIR_BYTES = 8;
/** Kinds of arguments that may be a descriptor of the process. */
const DESCRIPTORS: readonly FieldKind[] = ['file', 'plain-file', 'directory', 'closing-file'];

/**
 * Checks and encodes an operation for a host. Throws ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_UNSUPPORTED.
 */
export function prepare(api: string, operation: Operation, { driver, ledger }: Host): Prepared {
  if (typeof operation !== 'object' || operation === null) {
    throw invalidArgument(api, 'that is no operation', "Pass { op: 'fsync', fd: ... } and the like.");
  }
  checkSupported(api, operation, driver);
  const sqe = new Uint32Array(SQE_WORDS);
  encodeOperation(sqe, 0, operation);
  checkFlags(api, operation, sqe);
  const files = filePatchesOf(api, operation);
  if (operation.op === 'close' && files.length === 0 && ledger.isHeld(operation.fd)) {
    throw invalidArgument(
      api,
      `descriptor ${operation.fd} is an open file's of a pool`,
      'Call close() of that file.',
    );
  }
  return { op: operation.op, sqe, files };
}

/** Writes a prepared operation at an SQE of a lane; `slots` are those of the chain's files. */
export function write(
  { sqe, files }: Prepared,
  sqes: Uint32Array,
  slot: number,
  slots: readonly number[],
): void {
  const at = slot * SQE_WORDS;
  for (let word = 0; word < SQE_WORDS; word++) {
    if (word !== USER_DATA_WORD && word !== USER_DATA_WORD + 1) sqes[at + word] = sqe[word] as number;
  }
  for (const { word, file, plusOne } of files) {
    sqes[at + word] = (slots[file] as number) + (plusOne ? 1 : 0);
  }
}

/** Descriptors of the process that an operation names. */
function descriptorsIn(operation: Operation): number[] {
  const args = operation as unknown as Readonly<Record<string, unknown>>;
  const entry: OpcodeEntry = opcodeEntry(operation.op);
  return entry.fields.flatMap(({ arg, kind }) => {
    const value = args[arg];
    const named = DESCRIPTORS.includes(kind) && typeof value === 'number' && value >= 0;
    return named && !isFixedFile(value as Fd) ? [value] : [];
  });
}

/** Where a `pipe` writes its descriptors, and where its caller wants them: offsets in the arena. */
interface Pipe {
  readonly sqe: Uint32Array;
  readonly from: number;
  readonly to: number;
}

/** What operations under way keep: released once, when the last of them is over. */
export class Holds {
  readonly #arena: Arena;
  readonly #ledger: Ledger;
  readonly #leases: { readonly lease: Lease; readonly ticket: number }[] = [];
  readonly #files: Handle[] = [];
  readonly #pipes: Pipe[] = [];

  constructor(arena: Arena, ledger: Ledger) {
    this.#arena = arena;
    this.#ledger = ledger;
  }

  /**
   * Keeps what an operation uses. Throws ERR_RINGPOOL_INVALID_ARGUMENT (it points outside the leases of the pool),
   * ERR_RINGPOOL_CLOSED (its file is closed), ERR_RINGPOOL_LEASE_BUSY, ERR_RINGPOOL_OVERLAP.
   */
  take(operation: Operation, { op, sqe }: Prepared, open: OpenFiles): void {
    for (const { address, bytes, access } of extentsOf(op, sqe, this.#arena)) {
      const view = new Uint8Array(this.#arena.data, address - this.#arena.baseAddress, bytes);
      const lease = this.#arena.leaseAt(view);
      if (lease === undefined) {
        throw invalidArgument(
          op,
          `it points to ${bytes} bytes that do not lie in one lease`,
          'Was the lease released, or is the length beyond its end?',
        );
      }
      const ticket = lease.beginOperation(access, view.byteOffset - lease.offset, bytes);
      this.#leases.push({ lease, ticket });
    }
    for (const fd of descriptorsIn(operation)) {
      const file = open.get(fd)?.handle;
      if (file !== undefined) {
        file.reserve();
        this.#files.push(file);
        file.checkHome(op);
      } else if (this.#ledger.isHeld(fd)) {
        // Its owner may close it before this has begun, and the number be another file's then.
        throw invalidArgument(op, `descriptor ${fd} is another thread's file`, 'Hand it over: file.share().');
      }
    }
    if (op === 'pipe') this.#redirect(sqe);
  }

  /** Whether files of the pool are among what it keeps. */
  get hasFiles(): boolean {
    return this.#files.length > 0;
  }

  /** Keeps a lease of the pool's own. */
  takeLease(lease: Lease, access: 'reads' | 'writes'): void {
    this.#leases.push({ lease, ticket: lease.beginOperation(access) });
  }

  /**
   * Has `pipe` write its descriptors to memory of the pool's own: what the caller does to his meanwhile must not have us
   * close a stranger's.
   */
  #redirect(sqe: Uint32Array): void {
    const own = this.#arena.alloc(PAIR_BYTES);
    try {
      this.takeLease(own, 'writes');
    } finally {
      // Freed when it is over.
      own.release();
    }
    const to = (sqe[ADDRESS_WORD + 1] as number) * HIGH_WORD + (sqe[ADDRESS_WORD] as number);
    const address = this.#arena.baseAddress + own.offset;
    sqe[ADDRESS_WORD] = address % HIGH_WORD;
    sqe[ADDRESS_WORD + 1] = Math.floor(address / HIGH_WORD);
    this.#pipes.push({ sqe, from: own.offset, to: to - this.#arena.baseAddress });
  }

  /** The two descriptors that the `pipe` of this SQE has made. Puts them where its caller wants them. */
  pairOf(sqe: Uint32Array): readonly number[] {
    const { from, to } = this.#pipes.find((pipe) => pipe.sqe === sqe) as Pipe;
    new Uint8Array(this.#arena.data, to, PAIR_BYTES).set(new Uint8Array(this.#arena.data, from, PAIR_BYTES));
    const pair = new DataView(this.#arena.data, from, PAIR_BYTES);
    return [pair.getInt32(0, true), pair.getInt32(4, true)];
  }

  /** Its ring is lost: files are told, leases stay in use. */
  strand(error: RingpoolError): void {
    for (const file of this.#files.splice(0)) file.strand(error);
  }

  /** Lets go of everything. */
  release(): void {
    for (const { lease, ticket } of this.#leases.splice(0)) lease.endOperation(ticket);
    for (const file of this.#files.splice(0)) file.unreserve();
  }
}
