// What a transfer is made of: the file, the memory, where they meet, and who is told. Bound to the client's thread.

import { type Arena, Lease, type RingpoolError } from '@ringpool/core';

import { invalidArgument } from '../pool/errors.ts';
import type { FixedSlots } from './fixed-slots.ts';
import type { Nature } from './nature.ts';

/** Memory of the caller's own is copied through leases of at most this size. */
const BOUNCE_BYTES_MAX = 1024 * 1024;

/** Which way the bytes go. */
export type Direction = 'read' | 'write';

/** What a transfer is about: the file's side of it. */
export interface TransferFile {
  readonly fd: number;
  readonly path: string;
  readonly direct: boolean;
  /** Which thread of its worker must have it; 0: any thread. */
  readonly home: number;
  /** The file's slots in tables of fixed files. */
  readonly fixed: FixedSlots;
  readonly nature: Nature;
  /** An operation on it begins that is no transfer. */
  begin(): void;
  /** Called once when an operation is over. */
  ended(): void;
  /** An operation on it is lost with its ring. */
  stranded(error: RingpoolError): void;
}

/** What a transfer moves, checked. */
export interface TransferRange {
  readonly memory: Lease | Uint8Array;
  readonly offset: number;
  readonly length: number;
  /** Below 0: the descriptor's own. */
  readonly position: number;
  /** RWF_*. */
  readonly flags: number;
  /** One operation, whatever it moves. */
  readonly once: boolean;
}

/** Who is told of transfers that have no promise of their own: a batch. */
export interface TransferSink {
  /** One is over: the bytes moved, or why not. */
  transferred(entry: number, bytes: number, error: RingpoolError | undefined): void;
}

/** Holds on to those that are the arena's, while their bytes are copied between two operations. Returns what lets go of them. */
export function holdAll(
  arena: Arena,
  direction: Direction,
  memories: readonly (Lease | Uint8Array)[],
): () => void {
  const held: { readonly lease: Lease; readonly ticket: number }[] = [];
  const letGo = (): void => {
    for (const { lease, ticket } of held) lease.endOperation(ticket);
  };
  const access = direction === 'read' ? 'writes' : 'reads';
  try {
    for (const memory of memories) {
      const lease = memory instanceof Lease ? memory : arena.leaseAt(memory);
      if (lease === undefined) continue;
      const from = memory instanceof Lease ? 0 : memory.byteOffset - lease.offset;
      held.push({ lease, ticket: lease.beginOperation(access, from, memory.length) });
    }
  } catch (error) {
    letGo();
    throw error;
  }
  return letGo;
}

/** A lease to copy through. Refuses arena memory that is no lease: it was released. */
export function bounceFor(arena: Arena, view: Uint8Array, length: number): Lease {
  if (view.buffer === arena.data) {
    throw invalidArgument(
      'transfer',
      'that is arena memory that no one lease holds',
      'Was its lease released? Give the lease itself.',
    );
  }
  return arena.allocUnsafe(Math.min(Math.max(length, 1), BOUNCE_BYTES_MAX));
}
