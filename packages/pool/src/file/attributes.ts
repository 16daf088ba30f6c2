// What a file is told and asked beside its bytes: sync, length, room on the disk, what it is. Bound to the client's thread.

import { ftruncate } from 'node:fs';
import {
  type Address,
  type Arena,
  checkOptions,
  encode,
  IORING_FSYNC,
  type RingpoolError,
  STATX_BYTES,
} from '@ringpool/core';

import type { Client } from '../pool/client.ts';
import { invalidArgument, operationError } from '../pool/errors.ts';
import { checkSignal } from '../pool/options.ts';
import { type Placement, placementCode } from '../pool/placement.ts';
import type { Advice, AdviseOptions, FileOperationOptions, PreallocateOptions } from './file-options.ts';
import { type FileOperation, type Manner, operate } from './file-request.ts';
import { type FileStats, STATX_WANTED, statsFrom } from './file-stats.ts';
import type { TransferFile } from './transfer-parts.ts';

const OPTIONS: readonly string[] = ['placement', 'signal'];
/** `AT_EMPTY_PATH`. */
const EMPTY_PATH = 0x1000;
/** `FALLOC_FL_KEEP_SIZE`. */
const KEEP_SIZE = 1;
/** The kernel takes the length of an advice as 32 bits before 6.11; 0 is the rest of the file. */
const ADVISED_MAX = 0xffff_ffff;

/** The operations of one open file. */
export class Attributes {
  readonly #client: Client;
  readonly #arena: Arena;
  readonly #file: TransferFile;
  readonly #place: number;

  /** `place` is the file's placement, as a code. */
  constructor(client: Client, arena: Arena, file: TransferFile, place: number) {
    this.#client = client;
    this.#arena = arena;
    this.#file = file;
    this.#place = place;
  }

  #how(op: string, options: FileOperationOptions, known = OPTIONS): Manner {
    checkOptions(op, options, known);
    const { signal, placement } = options;
    if (signal !== undefined) checkSignal(op, signal);
    return { place: this.#placeOf(op, placement), signal };
  }

  async #run(manner: Manner, operation: FileOperation): Promise<void> {
    await operate(this.#client, this.#file, manner, () => operation);
  }

  #placeOf(op: string, placement: Placement | undefined): number {
    return placement === undefined ? this.#place : placementCode(op, placement, this.#client.workers);
  }

  async sync(dataOnly: boolean, options: FileOperationOptions): Promise<void> {
    const op = dataOnly ? 'datasync' : 'sync';
    const how = this.#how(op, options);
    const fsyncFlags = dataOnly ? IORING_FSYNC.DATASYNC : 0;
    await this.#run(how, {
      op,
      syscall: dataOnly ? 'fdatasync' : 'fsync',
      write: (sqes, slot, fd) => encode.fsync(sqes, slot, { fd, fsyncFlags }),
    });
  }

  async truncate(length: number, options: FileOperationOptions): Promise<void> {
    const how = this.#how('truncate', options);
    checkBytes('truncate', 'length', length);
    try {
      await this.#run(how, {
        op: 'truncate',
        syscall: 'ftruncate',
        write: (sqes, slot, fd) => encode.ftruncate(sqes, slot, { fd, length }),
      });
    } catch (error) {
      // Or the kernel has no such operation (before 6.9).
      const maybeUnknown = this.#client.host.driver === 'uring' && (error as RingpoolError).code === 'EINVAL';
      if (!maybeUnknown) throw error;
      await this.#truncateByNode(length);
    }
  }

  /** On a thread of libuv's. */
  async #truncateByNode(length: number): Promise<void> {
    const { fd, path } = this.#file;
    this.#file.begin();
    try {
      await new Promise<void>((resolve, reject) => {
        ftruncate(fd, length, (error) => (error === null ? resolve() : reject(error)));
      });
    } catch (error) {
      const res = (error as NodeJS.ErrnoException).errno as number;
      throw operationError(res, {
        op: 'truncate',
        syscall: 'ftruncate',
        path,
        driver: this.#client.host.driver,
      });
    } finally {
      this.#file.ended();
    }
  }

  async preallocate(offset: number, length: number, options: PreallocateOptions): Promise<void> {
    const how = this.#how('preallocate', options, [...OPTIONS, 'keepSize']);
    checkBytes('preallocate', 'offset', offset);
    checkBytes('preallocate', 'length', length);
    const mode = options.keepSize === true ? KEEP_SIZE : 0;
    await this.#run(how, {
      op: 'preallocate',
      syscall: 'fallocate',
      write: (sqes, slot, fd) => encode.fallocate(sqes, slot, { fd, offset, length, mode }),
    });
  }

  async advise(wanted: Advice, options: AdviseOptions): Promise<void> {
    const how = this.#how('advise', options, [...OPTIONS, 'offset', 'length']);
    const { offset = 0, length = 0 } = options;
    checkBytes('advise', 'offset', offset);
    checkBytes('advise', 'length', length);
    const advice = ADVICE.get(wanted);
    if (advice === undefined) {
      const known = [...ADVICE.keys()].join(', ');
      throw invalidArgument('advise', `advice is ${String(wanted)}`, `It is one of ${known}.`);
    }
    await this.#run(how, {
      op: 'advise',
      syscall: 'fadvise',
      write: (sqes, slot, fd) =>
        encode.fadvise(sqes, slot, { fd, offset, length: length > ADVISED_MAX ? 0 : length, advice }),
    });
  }

  async stat(options: FileOperationOptions): Promise<FileStats> {
    const how = this.#how('stat', options);
    let stats: FileStats | undefined;
    await operate(this.#client, this.#file, how, () =>
      statx(this.#arena, (found) => {
        stats = found;
      }),
    );
    return stats as FileStats;
  }
}

/** The structure lies in a lease of its own, which the kernel may write until it is over, and an empty path behind it. */
function statx(arena: Arena, found: (stats: FileStats) => void): FileOperation {
  const lease = arena.alloc(STATX_BYTES + 1);
  const ticket = lease.beginOperation('writes');
  return {
    op: 'stat',
    syscall: 'statx',
    write: (sqes, slot, dirfd) =>
      encode.statx(sqes, slot, {
        dirfd,
        path: (lease.address + STATX_BYTES) as Address,
        mask: STATX_WANTED,
        statxBuffer: lease.address as Address,
        statxFlags: EMPTY_PATH,
      }),
    over(res) {
      lease.endOperation(ticket);
      if (res === 0) found(statsFrom(lease.bytes));
      lease.release();
    },
  };
}

/** `POSIX_FADV_*`. */
const ADVICE: ReadonlyMap<string, number> = new Map<Advice, number>([
  ['normal', 0],
  ['random', 1],
  ['sequential', 2],
  ['willneed', 3],
  ['dontneed', 4],
  ['noreuse', 5],
]);

function checkBytes(op: string, name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw invalidArgument(op, `${name} is ${String(value)}`, 'It must be a safe integer from 0, in bytes.');
}
