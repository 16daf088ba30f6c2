// What one file of a simulated disk holds: its bytes now, those that are durable, and every change between the two. A crash
// keeps of each sector that was changed some version, from the durable one to the newest, and likewise of the length.

/** What a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;
/** Bytes of changes that are kept apart: older ones count as durable. */
const CHANGED_BYTES_MAX = 16 * 1024 * 1024;
const NONE = new Uint8Array(0);

/** A change that is not durable: bytes were written, or (`bytes` are zeros) cut off. */
interface Change {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The file's length afterwards. */
  readonly length: number;
}

/** A place of a file that a crash may leave in one of several ways. */
export interface Choice {
  /** Which sector, or `'length'`. */
  readonly what: number | 'length';
  /** In how many ways; the last one is the newest. */
  readonly versions: number;
}

/** Bytes that may grow: memory that is larger than what is in use. */
class Bytes {
  memory: Uint8Array;
  length: number;

  constructor(bytes: Uint8Array) {
    this.memory = bytes.slice();
    this.length = bytes.length;
  }

  /** Writes; the length becomes what it is said to be, and what is then behind it reads as zeros. */
  write(bytes: Uint8Array, offset: number, length: number): void {
    const end = Math.max(length, offset + bytes.length);
    if (end > this.memory.length) {
      const larger = zeros(Math.max(end, this.memory.length * 2));
      larger.set(this.memory.subarray(0, this.length));
      this.memory = larger;
    }
    this.memory.set(bytes, offset);
    if (length < this.length) this.memory.fill(0, length, this.length);
    this.length = length;
  }
}

/** The bytes of one file. */
export class Content {
  readonly #now: Bytes;
  readonly #durable: Bytes;
  #changes: Change[] = [];
  #changedBytes = 0;

  /** A file that holds these bytes, all of them durable. */
  constructor(bytes: Uint8Array = NONE) {
    this.#now = new Bytes(bytes);
    this.#durable = new Bytes(bytes);
  }

  get length(): number {
    return this.#now.length;
  }

  /** Reads into `memory`: how many bytes there were. */
  read(memory: Uint8Array, at: number, length: number, position: number): number {
    const bytes = Math.max(0, Math.min(length, this.length - position));
    memory.set(this.#now.memory.subarray(position, position + bytes), at);
    return bytes;
  }

  /** `bytes` belong to the file from now on. */
  write(bytes: Uint8Array, position: number): void {
    this.#change({ offset: position, bytes, length: Math.max(this.length, position + bytes.length) });
  }

  truncate(length: number): void {
    this.#change({ offset: length, bytes: zeros(Math.max(0, this.length - length)), length });
  }

  #change(change: Change): void {
    this.#now.write(change.bytes, change.offset, change.length);
    this.#changes.push(change);
    this.#changedBytes += change.bytes.length;
    // A page cache does not grow for ever either: the oldest changes reach the disk by themselves.
    if (this.#changedBytes > CHANGED_BYTES_MAX) this.#writeBack(this.#changes.length >> 1);
  }

  #writeBack(count: number): void {
    for (const { offset, bytes, length } of this.#changes.splice(0, count)) {
      this.#durable.write(bytes, offset, length);
      this.#changedBytes -= bytes.length;
    }
  }

  /** Makes everything durable. */
  sync(): void {
    this.#writeBack(this.#changes.length);
    // What an fsync that failed has lost is lost, but the length is known.
    this.#durable.write(NONE, 0, this.length);
  }

  /** An fsync failed: what it was to make durable counts as clean, and never will be. */
  loseSync(): void {
    this.#changes = [];
    this.#changedBytes = 0;
  }

  /** Makes the newest write durable, and the length with it: what O_DSYNC does. Others stay as they are. */
  syncLast(): void {
    const last = this.#changes.at(-1);
    if (last === undefined) return;
    // Sectors are written whole, with what else was changed in them.
    const from = Math.floor(last.offset / SECTOR_BYTES) * SECTOR_BYTES;
    const whole = Math.ceil((last.offset + last.bytes.length) / SECTOR_BYTES) * SECTOR_BYTES;
    const end = Math.min(whole, this.length);
    this.#durable.write(this.#now.memory.slice(from, end), from, this.length);
    // What is left of the others did not make the file as long, and its length is durable now.
    this.#changes = this.#changes.flatMap((change) => without(change, from, end, this.length));
    this.#changedBytes = this.#changes.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** What a crash leaves open. */
  choices(): Choice[] {
    const versions = new Map<number, number>();
    const lengths = new Set([this.#durable.length]);
    for (const { offset, bytes, length } of this.#changes) {
      lengths.add(length);
      for (const sector of sectorsOf(offset, bytes.length)) {
        versions.set(sector, (versions.get(sector) ?? 1) + 1);
      }
    }
    const choices: Choice[] = [...versions].map(([what, count]) => ({ what, versions: count }));
    if (lengths.size > 1) choices.push({ what: 'length', versions: this.#lengths().length });
    return choices;
  }

  #lengths(): number[] {
    return [this.#durable.length, ...this.#changes.map(({ length }) => length)];
  }

  /** The bytes after a crash: `version` says which one is left of each of {@link Content.choices}, from 0, the durable one. */
  after(version: (choice: Choice) => number): Uint8Array {
    const choices = this.choices();
    const versions = choices.map(version);
    const lengths = this.#lengths();
    const ofLength = choices.findIndex(({ what }) => what === 'length');
    const length = lengths[ofLength < 0 ? 0 : (versions[ofLength] as number)] as number;
    const bytes = zeros(lengths.reduce((most, one) => Math.max(most, one), 0));
    bytes.set(this.#durable.memory.subarray(0, this.#durable.length));
    for (const [index, { what }] of choices.entries()) {
      if (what !== 'length') this.#restore(bytes, what, versions[index] as number);
    }
    return bytes.slice(0, length);
  }

  /** Writes the first so many changes of a sector. */
  #restore(bytes: Uint8Array, sector: number, version: number): void {
    const from = sector * SECTOR_BYTES;
    const end = from + SECTOR_BYTES;
    let left = version;
    for (const change of this.#changes) {
      if (left === 0) return;
      const start = Math.max(from, change.offset);
      const stop = Math.min(end, change.offset + change.bytes.length);
      if (start >= stop) continue;
      left--;
      bytes.set(change.bytes.subarray(start - change.offset, stop - change.offset), start);
    }
  }

  /** The bytes as they are now. */
  get bytes(): Uint8Array {
    return this.#now.memory.slice(0, this.length);
  }
}

function* sectorsOf(offset: number, length: number): Generator<number> {
  const last = Math.ceil((offset + length) / SECTOR_BYTES);
  for (let sector = Math.floor(offset / SECTOR_BYTES); sector < last; sector++) {
    if (length > 0) yield sector;
  }
}

/** What is left of a change outside a range. */
function without({ offset, bytes }: Change, from: number, end: number, length: number): Change[] {
  const before = bytes.subarray(0, Math.max(0, Math.min(bytes.length, from - offset)));
  const skip = Math.max(0, Math.min(bytes.length, end - offset));
  const pieces = [
    { offset, bytes: before, length },
    { offset: offset + skip, bytes: bytes.subarray(skip), length },
  ];
  return pieces.filter((piece) => piece.bytes.length > 0);
}

function zeros(count: number): Uint8Array {
  return new Uint8Array(count); // view: a count of bytes
}
