// Closing descriptors of a client, wherever its driver closes them. Bound to the client's thread.

import { encode, type Fd, type RingpoolError } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import type { Lane } from '../pool/lane.ts';
import { AUTO } from '../pool/placement.ts';
import { SingleRequest } from '../pool/request.ts';

/** One CLOSE, by whichever worker has room for it. */
class CloseRequest extends SingleRequest {
  readonly #client: Client;
  readonly #descriptor: number;
  readonly #home: number;

  constructor(client: Client, descriptor: number, home: number) {
    super((sqes, slot) => encode.close(sqes, slot, { fd: descriptor as Fd }), AUTO);
    this.#client = client;
    this.#descriptor = descriptor;
    this.#home = home;
  }

  /** A file closes although the lanes are full of reads that wait for ever. */
  override get urgent(): boolean {
    return true;
  }

  /** It is the last of what was begun with the file, and never refused for want of room: the file would stay open. */
  override get begun(): boolean {
    return true;
  }

  override encode(lane: Lane): void {
    // Closed with the worker that had opened it: the number may be another file's.
    if (this.#home !== 0 && this.#home !== lane.generation) encode.nop(lane.sqes, lane.push(this, 0), {});
    else super.encode(lane);
  }

  override abandon(part: number, error: RingpoolError, started: boolean): void {
    if (this.#home !== 0) {
      // The worker that had opened it has ended, and the file with it.
      this.complete(part, 0);
      return;
    }
    // Had a worker begun to close it, the number may be another file's by now.
    if (!started) this.#drop();
    super.abandon(part, error, started);
  }

  /** No worker closes it as an operation: whoever may close it does. */
  #drop(): void {
    const { host, seat } = this.#client;
    const heir = host.ledger.newOwner();
    if (host.ledger.give(this.#descriptor, seat.descriptorOwner, heir)) host.ledger.closeAllOf(heir);
  }
}

/**
 * Closes a descriptor that is the client's in the ledger, once, whatever becomes of this thread: the result, or a promise of
 * it. 0 or a negative errno. `home`: which thread of its worker has opened it, if that matters.
 */
export function closeDescriptor(client: Client, descriptor: number, home: number): number | Promise<number> {
  const res = client.host.ledger.close(descriptor, client.seat.descriptorOwner);
  if (res !== undefined) return res;
  // It has ended with its worker, which is not started for that.
  if (home !== 0 && client.homeOf(home) === undefined) return 0;
  const request = new CloseRequest(client, descriptor, home);
  client.start(request);
  return request.promise;
}

/**
 * As {@link closeDescriptor}, for one that nobody waits for. `generation`: which thread of its worker has opened it, which may
 * have ended since.
 */
export function dropDescriptor(client: Client, descriptor: number, generation: number): void {
  const home = client.host.filesEndWithWorker ? generation : 0;
  const closing = closeDescriptor(client, descriptor, home);
  // What its pool has not closed when it ends is closed by the ledger.
  if (typeof closing !== 'number') closing.catch(() => undefined);
}
