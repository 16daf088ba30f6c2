// Opening files: what a path, flags and options mean, and who owns the descriptor. Bound to the client's thread.

import { checkOptions } from '@ringpool/core';

import type { Client } from '../pool/client.ts';
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
const OPTIONS: readonly string[] = ['mode', 'direct', 'dsync', 'placement'];

/** Opens a file, wherever the placement's code says. Throws and rejects as Pool.open. */
export async function openFile(
  client: Client,
  paths: PathRoom,
  path: string,
  flags: string | number,
  options: OpenFileOptions,
  place: number,
): Promise<SharedFile> {
  checkOptions('open', options, OPTIONS);
  const { mode = MODE_DEFAULT, direct = false, dsync = false } = options;
  // Here and not by the encoder, which may run later, when nobody is there to be told.
  if (!Number.isInteger(mode) || mode < 0 || mode > MODE_MAX) {
    throw invalidArgument('open', `mode is ${String(mode)}`, 'It must be permission bits, as 0o644.');
  }
  const openFlags = openFlagBits(flags, { direct, dsync });
  let { res, home } = await openOnce(client, paths, path, openFlags, mode, place);
  for (let repeats = 0; asksAgain(res) && repeats < REPEATS_MAX; repeats++) {
    ({ res, home } = await openOnce(client, paths, path, openFlags, mode, place));
  }
  if (res < 0)
    throw operationError(res, { op: 'open', syscall: 'open', path, direct, driver: client.host.driver });
  return { path, fd: res, direct: isDirect(openFlags), appends: appends(openFlags), place, home };
}

interface Opened {
  /** The descriptor, or a negative errno. */
  readonly res: number;
  /** Which thread of its worker has opened it, if that matters. */
  readonly home: number;
}

async function openOnce(
  client: Client,
  paths: PathRoom,
  path: string,
  openFlags: number,
  mode: number,
  place: number,
): Promise<Opened> {
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
