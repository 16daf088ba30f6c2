// Opening files: what a path, flags and options mean, and who owns the descriptor. Bound to the client's thread.

import { checkOptions } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { Publisher } from '../pool/diagnostics.ts';
import { invalidArgument, operationError } from '../pool/errors.ts';
import type { PathRoom } from '../pool/path-room.ts';
import type { OpenFileOptions } from '../pool/pool-types.ts';
import type { SharedFile } from '../pool/transit.ts';
import { appends, isDirect, openFlagBits } from './open-flags.ts';
import { OpenRequest } from './open-request.ts';
import { asksAgain, REPEATS_MAX } from './repeats.ts';

const MODE_DEFAULT = 0o666;
/** All bits of a mode_t, those of the file's type included: the kernel ignores what it has no use for. */
const MODE_MAX = 0o177777;
const EINVAL = -22;
const OPTIONS: readonly string[] = ['mode', 'direct', 'rewrite', 'dsync', 'placement'];

/** Opens the files of one client. */
export class Opener {
  readonly #client: Client;
  readonly #paths: PathRoom;
  /** Tells of files that were opened in a lesser form. */
  readonly #publisher = new Publisher();

  constructor(client: Client, paths: PathRoom) {
    this.#client = client;
    this.#paths = paths;
  }

  /** Opens a file, wherever the placement's code says. Throws and rejects as Pool.open. */
  async open(
    path: string,
    flags: string | number,
    options: OpenFileOptions,
    place: number,
  ): Promise<SharedFile> {
    checkOptions('open', options, OPTIONS);
    const { mode = MODE_DEFAULT, direct = false, dsync = false, rewrite: rewrites = false } = options;
    // Here and not by the encoder, which may run later, when nobody is there to be told.
    if (!Number.isInteger(mode) || mode < 0 || mode > MODE_MAX) {
      throw invalidArgument('open', `mode is ${String(mode)}`, 'It must be permission bits, as 0o644.');
    }
    for (const [name, value] of Object.entries({ direct, dsync, rewrite: rewrites })) {
      if (typeof value !== 'boolean')
        throw invalidArgument('open', `${name} is ${String(value)}`, 'It must be true or false.');
    }
    if (rewrites && !direct)
      throw invalidArgument('open', 'rewrite is for direct I/O', 'Ask for `direct`, too.');
    let openFlags = openFlagBits(flags, { direct, dsync });
    let opened = await this.#untilOpen(path, openFlags, mode, place);
    if (opened.res === EINVAL && direct) {
      openFlags = openFlagBits(flags, { direct: false, dsync });
      opened = await this.#untilOpen(path, openFlags, mode, place);
      if (opened.res >= 0) this.#tell(path);
    }
    const { res, home } = opened;
    if (res < 0) {
      const { driver } = this.#client.host;
      throw operationError(res, { op: 'open', syscall: 'open', path, direct, driver });
    }
    return { path, fd: res, direct: isDirect(openFlags), rewrites, appends: appends(openFlags), place, home };
  }

  #tell(path: string): void {
    this.#publisher.publishSoon('fallback', {
      kind: 'direct',
      worker: undefined,
      message: `'${path}' is on a file system without direct I/O: it was opened without`,
      bytes: undefined,
      error: undefined,
    });
  }

  async #untilOpen(path: string, openFlags: number, mode: number, place: number): Promise<Opened> {
    let opened = await this.#openOnce(path, openFlags, mode, place);
    for (let repeats = 0; asksAgain(opened.res) && repeats < REPEATS_MAX; repeats++) {
      opened = await this.#openOnce(path, openFlags, mode, place);
    }
    return opened;
  }

  async #openOnce(path: string, openFlags: number, mode: number, place: number): Promise<Opened> {
    const client = this.#client;
    const paths = this.#paths;
    const room = paths.write(path, 'open');
    try {
      const request = new OpenRequest({ path, paths, room, openFlags, mode }, place);
      client.start(request);
      const res = await request.promise;
      return { res, home: client.host.filesEndWithWorker ? request.generation : 0 };
    } finally {
      paths.release(room);
    }
  }
}

interface Opened {
  /** The descriptor, or a negative errno. */
  readonly res: number;
  /** Which thread of its worker has opened it, if that matters. */
  readonly home: number;
}
