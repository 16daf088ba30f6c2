// Where the conformance suite plays: one driver's ring, its arena, a folder that the driver can use, and hands to submit with.
import {
  Arena,
  AT_FDCWD,
  type CurrentDirectory,
  type DriverName,
  type DriverRing,
  encodeOperation,
  errnoName,
  type FixedFile,
  fd,
  type Lease,
  type OpenFlags,
  type Operation,
} from '@ringpool/core';

const MIB = 1024 * 1024;
const ARENA_BYTES = 4 * MIB;
const SEGMENT_BYTES = MIB;
/** A bound on anything that must not hang. */
const HANG_MS = 10_000;

/** What a driver brings to the stage. */
export interface Cast {
  readonly name: DriverName;
  readonly openRing: (entries: number) => DriverRing;
  readonly addressOf: ((view: Uint8Array) => number) | undefined;
  /** An empty folder of its file system; no slash at its end. */
  readonly folder: string;
  readonly openFlags: OpenFlags;
  /** Behaviours that it does not have, by design, and what it does instead. */
  readonly instead?: Readonly<Record<string, (stage: Stage) => void>>;
  /** Removes the folder. */
  readonly clear: () => void;
}

/** An operation without the paths and buffers that the stage puts into the arena. */
export type Step = Operation;

/** What a step came to: the result, or the errno's name. */
export type Outcome = number | string;

/** One driver on the stage. */
export class Stage {
  readonly ring: DriverRing;
  readonly arena: Arena;
  readonly flags: OpenFlags;
  readonly driver: DriverName;
  readonly #folder: string;
  readonly #clear: () => void;
  /** What was leased for steps. */
  readonly #leases: Lease[] = [];

  constructor(cast: Cast) {
    this.driver = cast.name;
    this.flags = cast.openFlags;
    this.#folder = cast.folder;
    this.#clear = cast.clear;
    this.ring = cast.openRing(64);
    this.arena = Arena.create({
      capBytes: ARENA_BYTES,
      segmentBytes: SEGMENT_BYTES,
      addressOf: cast.addressOf,
    });
    // All of it from the beginning: what lies behind its end is outside.
    const all = Array.from({ length: ARENA_BYTES / SEGMENT_BYTES }, () =>
      this.arena.allocUnsafe(SEGMENT_BYTES),
    );
    for (const lease of all) lease.release();
    this.ring.attachMemory(new Uint8Array(this.arena.data, 0, ARENA_BYTES));
  }

  /** The address of a path in the folder. */
  path(name: string): Lease['address'] {
    return this.text(`${this.#folder}/${name}`);
  }

  /** The address of a text, ended by a zero byte. */
  text(text: string): Lease['address'] {
    const bytes = Buffer.from(`${text}\0`);
    const lease = this.arena.allocUnsafe(bytes.length);
    this.#leases.push(lease);
    lease.bytes.set(bytes);
    return lease.address;
  }

  /** Memory that holds these bytes, or so many zeros. */
  memory(content: string | number): Lease {
    const bytes = typeof content === 'number' ? Buffer.alloc(content) : Buffer.from(content, 'latin1');
    const lease = this.arena.alloc(Math.max(bytes.length, 1));
    this.#leases.push(lease);
    lease.bytes.set(bytes);
    return lease;
  }

  /** The address of a `struct __kernel_timespec`. */
  time(ms: number): Lease['address'] {
    const lease = this.memory(16);
    const view = new DataView(lease.bytes.buffer, lease.bytes.byteOffset, 16);
    view.setBigInt64(0, BigInt(Math.floor(ms / 1e3)), true);
    view.setBigInt64(8, BigInt(Math.floor((ms % 1e3) * 1e6)), true);
    return lease.address;
  }

  /** The address of an array of iovecs. */
  vector(pieces: readonly { readonly address: number; readonly length: number }[]): Lease['address'] {
    const lease = this.memory(pieces.length * 16);
    const view = new DataView(lease.bytes.buffer, lease.bytes.byteOffset, pieces.length * 16);
    for (const [index, { address, length }] of pieces.entries()) {
      view.setBigUint64(index * 16, BigInt(address), true);
      view.setBigUint64(index * 16 + 8, BigInt(length), true);
    }
    return lease.address;
  }

  /** Pushes operations; returns their numbers. */
  push(steps: readonly Step[]): number[] {
    return steps.map((step) => {
      const sqe = this.ring.push();
      if (sqe < 0) throw new Error('the submission queue is full');
      encodeOperation(this.ring.sqes, sqe, step);
      return this.ring.operationOf(sqe);
    });
  }

  /** Submits operations together and waits for all of them: what each came to, and in which order they completed. */
  play(...steps: readonly Step[]): { outcomes: Outcome[]; order: number[] } {
    const numbers = this.push(steps);
    const results = new Map<number, number>();
    const order: number[] = [];
    while (results.size < numbers.length) {
      if (this.ring.submitAndWait(1, HANG_MS) === 0) throw new Error(`hangs: ${[...results]} of ${numbers}`);
      this.ring.reap((operation, res) => {
        results.set(operation, res);
        order.push(numbers.indexOf(operation));
      });
    }
    return { outcomes: numbers.map((number) => outcome(results.get(number) as number)), order };
  }

  /** What operations came to that were submitted together. */
  run(...steps: readonly Step[]): Outcome[] {
    return this.play(...steps).outcomes;
  }

  /** What one operation came to. */
  one(step: Step): Outcome {
    return this.run(step)[0] as Outcome;
  }

  /** Opens a file; fails if that fails. */
  open(name: string, openFlags: number = this.flags.RDWR | this.flags.CREAT): number {
    return mustWork(
      this.one({ op: 'openat', dirfd: AT_FDCWD, path: this.path(name), openFlags, mode: 0o644 }),
    );
  }

  /** Makes a file that holds this text. */
  file(name: string, content: string): void {
    const file = this.open(name);
    this.write(file, content, 0);
    this.close(file);
  }

  write(file: number, content: string, offset: number): Outcome {
    const { address } = this.memory(content);
    return this.one({ op: 'write', fd: fd(file), buffer: address, length: content.length, offset });
  }

  /** Reads up to so many bytes: the text, or the errno's name with a minus. */
  read(file: number | FixedFile, length: number, offset: number): string {
    const lease = this.memory(Math.max(length, 1));
    const res = this.one({ op: 'read', fd: file as FixedFile, buffer: lease.address, length, offset });
    return typeof res === 'string' ? `-${res}` : Buffer.from(lease.bytes.subarray(0, res)).toString('latin1');
  }

  close(file: number): Outcome {
    return this.one({ op: 'close', fd: fd(file) });
  }

  /** Names relative to the current directory. */
  get here(): CurrentDirectory {
    return AT_FDCWD;
  }

  /** Gives back the memory of all steps so far. */
  sweep(): void {
    for (const lease of this.#leases.splice(0)) lease.release();
  }

  end(): void {
    this.ring.close({ timeoutMs: HANG_MS });
    this.#clear();
  }
}

function outcome(res: number): Outcome {
  return res < 0 ? (errnoName(-res) ?? `errno ${-res}`) : res;
}

function mustWork(what: Outcome): number {
  if (typeof what === 'string') throw new Error(`it must work, and is ${what}`);
  return what;
}
