// Reading a whole file in one trip to a lane: open, read and a probe for the end as one linked chain of SQEs, on a
// fixed-file slot of the worker's ring, so that no descriptor is made. Bound to the client's thread.
//
// open --link--> read --hardlink--> probe of one byte behind what was read
//
// A failed open cancels the rest. The probe tells that the file ended where the read did: a short read alone does not,
// and costs no trip of its own. The file is closed by one more SQE, after the promise has settled.

import {
  type Address,
  AT_FDCWD,
  type BufferIndex,
  encode,
  type FixedFile,
  fixedFile,
  IOSQE,
  type Lease,
  type RingpoolError,
} from '@ringpool/core';
import { NO_FIXED_FILES, operationError } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { PromisedRequest } from '../pool/request.ts';
import { CloseSlot } from './close-slot.ts';
import { FileContents } from './contents.ts';
import type { FileReader } from './file-reader.ts';
import { asksAgain } from './repeats.ts';

const OPEN = 0;
const READ = 1;
const PROBE = 2;
/** The position of the open file, which each read moves. */
const CURRENT = -1;

/** One `pool.readFile()`. */
export class ReadFileRequest extends PromisedRequest<FileContents> {
  readonly #reader: FileReader;
  readonly #path: string;
  readonly #room: number;
  readonly #lease: Lease;
  readonly #owned: boolean;
  readonly #ticket: number;
  #file = -1;
  #on: Lane | undefined;
  /** Which ring of that lane has the file. */
  #epoch = 0;
  #left = 3;
  #opened = 0;
  #read = 0;
  #probed = 0;
  #death: RingpoolError | undefined;

  constructor(reader: FileReader, path: string, room: number, lease: Lease, owned: boolean) {
    super();
    this.#reader = reader;
    this.#path = path;
    this.#room = room;
    this.#lease = lease;
    this.#owned = owned;
    this.#ticket = lease.beginOperation('writes');
  }

  get sqes(): number {
    return 3;
  }

  override get files(): number {
    return 1;
  }

  override get bytes(): number {
    return this.#lease.length;
  }

  override get path(): string {
    return this.#path;
  }

  encode(lane: Lane): void {
    const { sqes } = lane;
    const lease = this.#lease;
    const slot = lane.files.take();
    const file = fixedFile(slot);
    this.#on = lane;
    this.#epoch = lane.epoch;
    this.#file = slot;
    encode.openat(sqes, lane.push(this, OPEN), {
      dirfd: AT_FDCWD,
      path: this.#reader.paths.addressOf(this.#room) as Address,
      openFlags: 0, // O_RDONLY: a fixed file is in no descriptor table, so O_CLOEXEC is refused
      directSlot: file,
      flags: IOSQE.IO_LINK,
    });
    encode.readFixed(sqes, lane.push(this, READ), {
      fd: file,
      buffer: lease.address as Address,
      length: lease.length,
      offset: CURRENT,
      bufferIndex: lease.segment as BufferIndex,
      flags: IOSQE.IO_HARDLINK,
    });
    this.#reader.encodeProbe(sqes, lane.push(this, PROBE), lane, file as FixedFile, slot);
  }

  complete(part: number, res: number): void {
    if (part === OPEN) this.#opened = res;
    else if (part === READ) this.#read = res;
    else this.#probed = res;
    if (--this.#left === 0) this.#finish();
  }

  abandon(_part: number, error: RingpoolError): void {
    this.#death = error;
    if (--this.#left === 0) this.#finish();
  }

  #finish(): void {
    this.#reader.paths.release(this.#room);
    this.#lease.endOperation(this.#ticket);
    const failed = this.#opened < 0 ? this.#opened : this.#read < 0 ? this.#read : Math.min(0, this.#probed);
    // What a read or a probe has taken from a pipe is gone: only where nothing was opened is it begun anew.
    const interrupted = this.#death === undefined && asksAgain(this.#opened);
    if (this.#death === NO_FIXED_FILES || interrupted) this.#readPlain();
    else if (this.#death !== undefined) this.#fail(this.#death);
    else if (failed >= 0) {
      this.#succeed();
      return;
    } else {
      const syscall = this.#opened < 0 ? 'open' : 'read';
      this.#fail(
        operationError(failed, {
          op: 'readFile',
          syscall,
          path: this.#path,
          driver: this.#reader.client.host.driver,
        }),
      );
    }
    this.#close();
  }

  #succeed(): void {
    if (this.#probed > 0) {
      this.#goOn();
      return;
    }
    try {
      this.resolve(new FileContents(this.#lease, this.#read, this.#owned));
    } catch (error) {
      // The caller has released the lease meanwhile. Thrown on, it would end every other operation's completion.
      this.reject(error);
    }
    this.#close();
  }

  #fail(error: RingpoolError): void {
    if (this.#owned) this.#lease.release();
    this.reject(error);
  }

  /** Through a descriptor, by one operation after the other. */
  #readPlain(): void {
    const target = this.#owned ? undefined : this.#lease;
    if (this.#owned) this.#lease.release();
    void this.#reader.readPlain(this.#path, target, this.place).then(this.resolve, this.reject);
  }

  /** The file is larger than the lease: reads the rest into a larger one. */
  #goOn(): void {
    const lane = this.#on as Lane;
    const { client } = this.#reader;
    client.rest.enter();
    const start = {
      path: this.#path,
      lane,
      epoch: this.#epoch,
      slot: this.#file,
      lease: this.#lease,
      bytes: this.#read,
    };
    void this.#reader
      .readOn(start)
      .then(this.resolve, this.reject)
      .finally(() => {
        if (this.#owned) this.#lease.release();
        this.#close();
        client.rest.leave();
      });
  }

  /** Nobody waits for this one but the slot. */
  #close(): void {
    const lane = this.#on;
    if (lane === undefined || lane.epoch !== this.#epoch) return;
    const slot = this.#file;
    if (this.#opened < 0) {
      lane.files.give(slot);
      return;
    }
    this.#reader.client.start(new CloseSlot(lane, slot));
  }
}
