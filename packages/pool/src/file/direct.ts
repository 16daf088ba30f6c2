// Direct I/O: positions, lengths and memory are to be multiples of what the file system wants. What is goes straight; reads
// that are not are widened and trimmed, through aligned memory of the pool's own; writes that are not are refused, or made by
// reading what lies around. Bound to the client's thread.

import { fstatSync, ftruncateSync } from 'node:fs';
import { type Arena, Lease, RingpoolError } from '@ringpool/core';

import { abortError } from '../pool/errors.ts';
import type { Attributes } from './attributes.ts';
import type { DirectAlignment } from './file-stats.ts';
import { type Direction, holdAll, type TransferRange } from './transfer-parts.ts';

/** What is aligned to this is aligned enough for any file system: it need not be asked. */
const STRICTEST_BYTES = 4096;
const STRICTEST: DirectAlignment = {
  memory: STRICTEST_BYTES,
  offset: STRICTEST_BYTES,
  readOffset: STRICTEST_BYTES,
};
/** Memory of the pool's own that one transfer goes through. */
const BOUNCE_BYTES_MAX = 1024 * 1024;

/** One step of a transfer: an aligned move, or the file's length. */
type Step =
  | { readonly direction: Direction; readonly range: TransferRange }
  | { readonly size: true }
  | { readonly truncate: number };

/** The steps of a transfer, each of which is answered with a number of bytes. Returns the bytes of the caller's that were moved. */
type Steps = Generator<Step, number, number>;

/** The transfers of one file that is open with O_DIRECT. */
export class DirectTransfers {
  readonly #arena: Arena;
  readonly #path: string;
  /** Unaligned writes are made. */
  readonly #rewrites: boolean;
  /** Undefined as long as nobody has asked. */
  #alignment: DirectAlignment | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(arena: Arena, path: string, rewrites: boolean) {
    this.#arena = arena;
    this.#path = path;
    this.#rewrites = rewrites;
  }

  /** Whether it may go to the kernel as it is, whatever the file system wants. `inPlace`: any memory is used where it lies. */
  isPlain(range: TransferRange, inPlace: boolean): boolean {
    const { position, length } = range;
    const address = addressIn(this.#arena, range, inPlace);
    return (position | 0 | length | (address | 0)) % STRICTEST_BYTES === 0;
  }

  /**
   * Moves a range: `move` makes one aligned transfer. `attributes` are the file's. Rejects with ERR_RINGPOOL_MISALIGNED,
   * ERR_RINGPOOL_ARENA_FULL, and as `move`.
   */
  async run(
    direction: Direction,
    range: TransferRange,
    attributes: Attributes,
    move: (direction: Direction, range: TransferRange, signal: AbortSignal | undefined) => Promise<number>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    if (range.length === 0) return 0;
    this.#alignment ??= (await attributes.stat({ signal })).direct ?? STRICTEST;
    const run = (by: AbortSignal | undefined): Promise<number> =>
      take(this.#steps(direction, range, false), async (step) => {
        if ('range' in step) return await move(step.direction, step.range, by);
        if ('truncate' in step) await attributes.truncate(step.truncate, {});
        return (await attributes.stat({})).size;
      });
    return await (this.rewrites(direction) ? this.#inTurn(() => run(undefined)) : run(signal));
  }

  /** Whether it is done to its end once it has begun, whatever the signal says: half of it may leave the file too long. */
  rewrites(direction: Direction): boolean {
    return this.#rewrites && direction === 'write';
  }

  /** As {@link run}, at once. What nobody has asked the file system is taken to be as strict as can be. */
  runSync(
    direction: Direction,
    range: TransferRange,
    fd: number,
    move: (direction: Direction, range: TransferRange) => number,
  ): number {
    if (range.length === 0) return 0;
    return takeSync(this.#steps(direction, range, true), (step) => {
      if ('range' in step) return move(step.direction, step.range);
      if ('truncate' in step) ftruncateSync(fd, step.truncate);
      return fstatSync(fd).size;
    });
  }

  /** How a range is moved. @throws ERR_RINGPOOL_MISALIGNED, ERR_RINGPOOL_ARENA_FULL. */
  #steps(direction: Direction, range: TransferRange, inPlace: boolean): Steps {
    const { memory, offset, readOffset } = this.#wanted;
    const unit = direction === 'read' ? readOffset : offset;
    const inLine = range.position % unit === 0 && range.length % unit === 0;
    const fits = addressIn(this.#arena, range, inPlace) % memory === 0;
    if (inLine && fits) return straight(direction, range);
    if (direction === 'read' || inLine) return this.#through(direction, range, unit);
    if (!this.#rewrites) throw misaligned(this.#path, range, this.#wanted);
    return this.#rewrite(range, unit);
  }

  get #wanted(): DirectAlignment {
    return this.#alignment ?? STRICTEST;
  }

  /** Does it when those are over that came before. */
  async #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const mine = (async () => {
      await before;
      return await call();
    })();
    this.#last = mine.then(
      () => undefined,
      () => undefined,
    );
    return await mine;
  }

  /** Aligned moves of aligned memory, of which the caller's bytes are a part. */
  *#through(direction: Direction, range: TransferRange, unit: number): Steps {
    const { position, length } = range;
    const view = viewOf(range);
    const from = position - (position % unit);
    const end = Math.ceil((position + length) / unit) * unit;
    const bounce = this.#bounce(end - from, unit);
    const letGo = holdBeside(bounce, this.#arena, direction, range);
    try {
      let done = 0;
      for (let at = from; at < end; ) {
        const bytes = Math.min(end - at, bounce.length);
        const start = Math.max(position, at);
        const part = Math.min(at + bytes, position + length) - start;
        if (direction === 'write') bounce.bytes.set(view.subarray(done, done + part));
        const moved = yield {
          direction,
          range: { ...range, memory: bounce, offset: 0, length: bytes, position: at },
        };
        const ours = Math.max(0, Math.min(part, at + moved - start));
        if (direction === 'read') view.set(bounce.bytes.subarray(start - at, start - at + ours), done);
        done += ours;
        if (moved < bytes) break;
        at += bytes;
      }
      return done;
    } finally {
      bounce.release();
      letGo();
    }
  }

  /** Reads the blocks that the range lies in, and writes them again with it. */
  *#rewrite(range: TransferRange, unit: number): Steps {
    const { position, length } = range;
    const view = viewOf(range);
    const from = position - (position % unit);
    const end = Math.ceil((position + length) / unit) * unit;
    const bounce = this.#bounce(end - from, unit);
    const letGo = holdBeside(bounce, this.#arena, 'write', range);
    const plain = { ...range, memory: bounce, offset: 0 };
    try {
      const size = yield { size: true };
      let done = 0;
      for (let at = from; at < end; ) {
        const bytes = Math.min(end - at, bounce.length);
        const start = Math.max(position, at);
        const part = Math.min(at + bytes, position + length) - start;
        if (part < bytes) {
          const found = yield {
            direction: 'read',
            range: { ...plain, flags: 0, length: bytes, position: at },
          };
          bounce.bytes.fill(0, found, bytes);
        }
        bounce.bytes.set(view.subarray(done, done + part), start - at);
        yield { direction: 'write', range: { ...plain, length: bytes, position: at } };
        done += part;
        at += bytes;
      }
      // The last block may be longer than the file is to be.
      const wanted = Math.max(size, position + length);
      if (end > wanted) yield { truncate: wanted };
      return done;
    } finally {
      bounce.release();
      letGo();
    }
  }

  #bounce(bytes: number, unit: number): Lease {
    const most = BOUNCE_BYTES_MAX - (BOUNCE_BYTES_MAX % unit);
    const align = Math.max(unit, this.#wanted.memory);
    return this.#arena.allocUnsafe(Math.min(bytes, most), { align });
  }
}

function* straight(direction: Direction, range: TransferRange): Steps {
  return yield { direction, range };
}

/** The caller's lease is not to be another's before this is over: its bytes are copied between two steps. */
function holdBeside(bounce: Lease, arena: Arena, direction: Direction, range: TransferRange): () => void {
  const { memory, offset, length } = range;
  try {
    const part =
      memory instanceof Lease ? memory.slice(offset, length) : memory.subarray(offset, offset + length);
    return holdAll(arena, direction, [part]);
  } catch (error) {
    bounce.release();
    throw error;
  }
}

/** As `done`, or rejects at once when it is aborted; it goes on all the same. The signal has not been aborted yet. */
export async function orAborted(done: Promise<number>, signal: AbortSignal | undefined): Promise<number> {
  if (signal === undefined) return await done;
  let onAbort!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortError('write', signal));
  });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([done, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Takes the steps one after the other. */
async function take(steps: Steps, step: (one: Step) => Promise<number>): Promise<number> {
  let next = steps.next();
  while (next.done !== true) {
    let answer: number;
    try {
      answer = await step(next.value);
    } catch (error) {
      steps.throw(error);
      throw error;
    }
    next = steps.next(answer);
  }
  return next.value;
}

/** As {@link take}, at once. */
function takeSync(steps: Steps, step: (one: Step) => number): number {
  let next = steps.next();
  while (next.done !== true) {
    let answer: number;
    try {
      answer = step(next.value);
    } catch (error) {
      steps.throw(error);
      throw error;
    }
    next = steps.next(answer);
  }
  return next.value;
}

/** The caller's bytes. */
function viewOf({ memory, offset, length }: TransferRange): Uint8Array {
  const bytes = memory instanceof Lease ? memory.bytes : memory;
  return bytes.subarray(offset, offset + length);
}

/**
 * Its address. That of memory which is not the arena's is not known: 0, which is aligned to everything, where it is copied through
 * a lease of the pool's own; 1, which is aligned to nothing, where it is used in place.
 */
function addressIn(arena: Arena, { memory, offset }: TransferRange, inPlace: boolean): number {
  if (memory instanceof Lease) return memory.address + offset;
  if (memory.buffer === arena.data) return arena.baseAddress + memory.byteOffset + offset;
  return inPlace ? 1 : 0;
}

function misaligned(
  path: string,
  { position, length }: TransferRange,
  { memory, offset }: DirectAlignment,
): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_MISALIGNED',
    `a direct write of ${length} bytes at ${position} is not aligned: position and length must be multiples of ${offset}, ` +
      `the memory's address of ${memory}, write '${path}'`,
    {
      op: 'write',
      path,
      hint: 'Write whole blocks, from leases of pool.alloc(); or open the file with `rewrite`, which reads what lies around.',
    },
  );
}
