// Methods that block, in a simulation: an operation on a ring of their own, and simulated time that passes till it is over.

import {
  type Address,
  Arena,
  type DriverRing,
  encode,
  fd,
  IORING_FSYNC,
  type Lease,
  type Simulation,
} from '@ringpool/core';

import type { SystemCalls } from '../host.ts';

const MIB = 1024 * 1024;
const EBADF = -9;

/** System calls of a simulated thread. */
export class SimCalls implements SystemCalls {
  readonly readCached = undefined;
  readonly #simulation: Simulation;
  #ring: DriverRing | undefined;
  #lease: Lease | undefined;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  read(file: number, view: Uint8Array, offset: number, length: number, position: number): number {
    const lease = this.#memory();
    const bytes = Math.min(length, lease.length);
    const res = this.#run(file, (sqes, sqe) =>
      encode.read(sqes, sqe, {
        fd: fd(file),
        buffer: lease.address as Address,
        length: bytes,
        offset: position,
      }),
    );
    if (res > 0) view.set(lease.bytes.subarray(0, res), offset);
    return res;
  }

  write(file: number, view: Uint8Array, offset: number, length: number, position: number): number {
    const lease = this.#memory();
    const bytes = Math.min(length, lease.length);
    lease.bytes.set(view.subarray(offset, offset + bytes));
    return this.#run(file, (sqes, sqe) =>
      encode.write(sqes, sqe, {
        fd: fd(file),
        buffer: lease.address as Address,
        length: bytes,
        offset: position,
      }),
    );
  }

  sync(file: number, dataOnly: boolean): number {
    this.#memory();
    return this.#run(file, (sqes, sqe) =>
      encode.fsync(sqes, sqe, { fd: fd(file), fsyncFlags: dataOnly ? IORING_FSYNC.DATASYNC : 0 }),
    );
  }

  /** A simulated disk has nothing of the kind. */
  isStream(): boolean {
    return false;
  }

  #run(file: number, write: (sqes: Uint32Array, sqe: number) => void): number {
    if (file < 0) return EBADF;
    const ring = this.#ring as DriverRing;
    write(ring.sqes, ring.push());
    ring.submitAndWait(1, Number.POSITIVE_INFINITY);
    let result = 0;
    ring.reap((_operation, res) => {
      result = res;
    });
    return result;
  }

  /** Memory to copy through: the first call makes it. */
  #memory(): Lease {
    if (this.#lease !== undefined) return this.#lease;
    this.#ring = this.#simulation.openRing({ entries: 1 });
    const arena = Arena.create({ capBytes: MIB, segmentBytes: MIB });
    this.#lease = arena.allocUnsafe(MIB);
    this.#ring.attachMemory(new Uint8Array(arena.data, 0, MIB));
    return this.#lease;
  }
}
