// Files on their way from one thread of a pool to another. Each has an owner of its own in the ledger of descriptors, a
// number that never comes twice, so that a token can be adopted once and never means another file. The owners stand in the
// pool's words with the client that shared them: what nobody adopted is taken back with that client, or with the pool.

import { RingpoolError } from '@ringpool/core';

import type { Ledger } from '../drivers/host.ts';
import { closedError, invalidArgument } from './errors.ts';
import type { PoolWords } from './words.ts';

const KIND = 'ringpool.file';

/** A file on its way to another thread of the pool: `pool.adoptFile(token)`, once. Structured-cloneable. Opaque. */
export interface FileToken {
  /** @internal */
  readonly kind: 'ringpool.file';
  /** @internal Tells pools apart. */
  readonly pool: number;
  /** @internal Where it stands in the pool's words. */
  readonly slot: number;
  /** @internal Its owner in the ledger. */
  readonly owner: number;
  /** @internal */
  readonly fd: number;
  /** @internal */
  readonly path: string;
  /** @internal */
  readonly direct: boolean;
  /** @internal Unaligned direct writes are made. */
  readonly rewrites: boolean;
  /** @internal It is open to append. */
  readonly appends: boolean;
  /** @internal The code of its placement. */
  readonly place: number;
  /** @internal Which thread of the worker must have it: see {@link Host.filesEndWithWorker}. 0: any. */
  readonly home: number;
}

/** What a token says of the file itself. */
export type SharedFile = Pick<
  FileToken,
  'fd' | 'path' | 'direct' | 'rewrites' | 'appends' | 'place' | 'home'
>;

/** The files in transit of one pool, as one client deals with them. */
export class Transit {
  readonly #words: PoolWords;
  readonly #ledger: Ledger;
  readonly #pool: number;
  readonly #client: number;

  /** `pool` tells pools apart, `client` is this client's number in the ledger. */
  constructor(words: PoolWords, ledger: Ledger, pool: number, client: number) {
    this.#words = words;
    this.#ledger = ledger;
    this.#pool = pool;
    this.#client = client;
  }

  /** Gives a file of this client away. @throws ERR_RINGPOOL_TOO_MANY_SHARED. */
  share(file: SharedFile): FileToken {
    const owner = this.#ledger.newOwner();
    const slot = this.#words.takeTransit(this.#client, owner);
    if (slot < 0) {
      throw new RingpoolError('ERR_RINGPOOL_TOO_MANY_SHARED', 'too many files of the pool are on their way', {
        op: 'share',
        path: file.path,
        hint: 'At most 256 that no thread has adopted.',
      });
    }
    // In the words first: a thread that dies in between has given nothing away.
    if (!this.#ledger.give(file.fd, this.#client, owner)) {
      this.#words.endTransit(slot, owner);
      throw closedError('share', 'file', file.path);
    }
    return { kind: KIND, pool: this.#pool, slot, owner, ...file };
  }

  /** Takes a file that another client gave away. @throws ERR_RINGPOOL_INVALID_ARGUMENT, ERR_RINGPOOL_CLOSED. */
  adopt(token: FileToken): SharedFile {
    if (token?.kind !== KIND || token.pool !== this.#pool) {
      throw invalidArgument(
        'adoptFile',
        'that is no file token of this pool',
        'Pass what file.share() returned.',
      );
    }
    const { slot, owner, fd, path, direct, rewrites, appends, place, home } = token;
    if (!this.#ledger.give(fd, owner, this.#client)) {
      throw new RingpoolError('ERR_RINGPOOL_CLOSED', 'the file was adopted already, or taken back', {
        op: 'adoptFile',
        path,
        hint: 'A token is good for one thread; what nobody adopts is closed with the thread that shared it.',
      });
    }
    this.#words.endTransit(slot, owner);
    return { fd, path, direct, rewrites, appends, place, home };
  }
}

/** Closes what a client gave away and nobody has adopted; of all clients with 0. */
export function takeBackTransit(words: PoolWords, ledger: Ledger, client: number): void {
  for (const { slot, owner } of words.transitOf(client)) {
    ledger.closeAllOf(owner);
    words.endTransit(slot, owner);
  }
}
