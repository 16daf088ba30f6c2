// What the simulation's tests share: a machine with a ring and an arena, and short names for what is done on it.
import { openFlagsFor } from '../../src/abi/system.ts';
import { Arena } from '../../src/arena/arena.ts';
import type { DriverRing } from '../../src/driver.ts';
import type { DiskImage } from '../../src/sim/disk.ts';
import { Simulation, type SimulationOptions } from '../../src/sim/simulation.ts';
import { encodeOperation } from '../../src/sqe/encode.ts';
import type { Operation } from '../../src/sqe/operations.ts';
import { type Address, AT_FDCWD, fd } from '../../src/sqe/values.ts';

const MIB = 1024 * 1024;
/** Simulated: nothing takes longer. */
const LONG_MS = 1e6;

export const { RDWR, CREAT, DSYNC, RDONLY, APPEND, DIRECT } = openFlagsFor('x64');

/** A simulated machine with a program on it. */
export class Machine {
  readonly sim: Simulation;
  readonly ring: DriverRing;
  readonly #arena: Arena;

  constructor(options: Partial<SimulationOptions> | Simulation = {}) {
    this.sim = options instanceof Simulation ? options : new Simulation({ seed: 1, ...options });
    this.ring = this.sim.openRing({ entries: 64 });
    this.#arena = Arena.create({ capBytes: MIB, segmentBytes: MIB });
    this.#arena.allocUnsafe(MIB).release();
    this.ring.attachMemory(new Uint8Array(this.#arena.data, 0, MIB));
  }

  /** Memory that holds these bytes. */
  memory(text: string): { readonly address: Address; readonly bytes: Uint8Array } {
    const lease = this.#arena.alloc(Math.max(text.length, 1));
    lease.bytes.set(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    return lease;
  }

  path(name: string): Address {
    return this.memory(`${name}\0`).address;
  }

  /** Submits operations: their results, and the order in which they completed. */
  play(...operations: readonly Operation[]): { results: number[]; order: number[] } {
    const numbers = operations.map((operation) => this.begin(operation));
    const results: number[] = [];
    const order: number[] = [];
    while (order.length < numbers.length) {
      if (this.ring.submitAndWait(1, LONG_MS) === 0) throw new Error(`hangs: ${results} of ${numbers}`);
      this.ring.reap((number, res) => {
        results[numbers.indexOf(number)] = res;
        order.push(numbers.indexOf(number));
      });
    }
    return { results, order };
  }

  /** Pushes an operation, and does not wait for it. */
  begin(operation: Operation): number {
    const sqe = this.ring.push();
    encodeOperation(this.ring.sqes, sqe, operation);
    return this.ring.operationOf(sqe);
  }

  do(operation: Operation): number {
    return this.play(operation).results[0] as number;
  }

  open(name: string, openFlags: number = RDWR | CREAT): number {
    return this.do({ op: 'openat', dirfd: AT_FDCWD, path: this.path(name), openFlags, mode: 0o644 });
  }

  write(file: number, text: string, offset = 0): number {
    return this.do(this.writing(file, text, offset));
  }

  writing(file: number, text: string, offset = 0): Operation {
    const buffer = this.memory(text).address;
    return { op: 'write', fd: fd(file), buffer, length: text.length, offset };
  }

  sync(file: number): number {
    return this.do({ op: 'fsync', fd: fd(file) });
  }

  rename(from: string, to: string): number {
    return this.do({
      op: 'renameat',
      oldDirfd: AT_FDCWD,
      oldPath: this.path(from),
      newDirfd: AT_FDCWD,
      newPath: this.path(to),
    });
  }

  unlink(name: string): number {
    return this.do({ op: 'unlinkat', dirfd: AT_FDCWD, path: this.path(name), unlinkFlags: 0 });
  }

  mkdir(name: string): number {
    return this.do({ op: 'mkdirat', dirfd: AT_FDCWD, path: this.path(name), mode: 0o755 });
  }

  /** Makes the names in a directory durable. */
  syncDirectory(name: string): void {
    const directory = this.open(name, RDONLY);
    this.sync(directory);
    this.do({ op: 'close', fd: fd(directory) });
  }

  read(file: number, length: number, offset = 0): string {
    const lease = this.memory('\0'.repeat(length));
    const res = this.do({ op: 'read', fd: fd(file), buffer: lease.address, length, offset });
    return res < 0 ? String(res) : String.fromCharCode(...lease.bytes.subarray(0, res));
  }
}

/** What files an image holds, by path: their text; directories have a slash at their end. */
export function filesOf(image: DiskImage): Record<string, string> {
  const byNumber = new Map(image.inodes.map((inode) => [inode.number, inode]));
  const found: Record<string, string> = {};
  const look = (number: number, path: string): void => {
    for (const [name, target] of byNumber.get(number)?.entries ?? []) {
      const inode = byNumber.get(target);
      if (inode === undefined) throw new Error(`${path}${name} leads nowhere`);
      if (inode.kind === 'directory') {
        found[`${path}${name}/`] = '';
        look(target, `${path}${name}/`);
      } else found[`${path}${name}`] = String.fromCharCode(...inode.bytes);
    }
  };
  look(1, '');
  return found;
}

/** All disks that a crash may leave, each once, as text. */
export function possible(machine: Machine): string[] {
  const all = [...machine.sim.crash().all()].map((image) => JSON.stringify(filesOf(image)));
  return [...new Set(all)].sort();
}
