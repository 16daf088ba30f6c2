// Closing descriptors of a client, wherever its driver closes them. Bound to the client's thread.

import { encode, type Fd } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { AUTO } from '../pool/placement.ts';
import { SingleRequest } from '../pool/request.ts';

/**
 * Closes a descriptor that is the client's in the ledger, once, whatever becomes of this thread: the result, or a promise of
 * it. 0 or a negative errno.
 */
export function closeDescriptor(client: Client, descriptor: number): number | Promise<number> {
  const res = client.host.ledger.close(descriptor, client.seat.descriptorOwner);
  if (res !== undefined) return res;
  const write = (sqes: Uint32Array, slot: number): void => encode.close(sqes, slot, { fd: descriptor as Fd });
  const request = new SingleRequest(write, AUTO);
  client.start(request);
  return request.promise;
}

/** As {@link closeDescriptor}, for one that nobody waits for. */
export function dropDescriptor(client: Client, descriptor: number): void {
  const closing = closeDescriptor(client, descriptor);
  // What its pool has not closed when it ends is closed by the ledger.
  if (typeof closing !== 'number') closing.catch(() => undefined);
}
