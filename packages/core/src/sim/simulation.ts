// A simulated machine: a disk that knows what is durable, a clock of its own, and rings that execute the SQEs of all drivers.
// The same seed and the same program give the same run. Bound to the thread that made it.

import type { OpenFlags } from '../abi/system.ts';
import { openFlagsFor } from '../abi/system.ts';
import type { Driver, DriverRing, DriverRingOptions } from '../driver.ts';
import { RingpoolError } from '../errors.ts';
import { checkOptions } from '../options.ts';
import { Interpreter } from '../soft/interpreter.ts';
import { SoftMemory } from '../soft/memory.ts';
import { SoftRing } from '../soft/ring.ts';
import { softRingSize } from '../soft/size.ts';
import { SoftBuffers, SoftFiles } from '../soft/tables.ts';
import { CrashImages } from './crash.ts';
import { Disk, type DiskImage } from './disk.ts';
import { SimExecutor } from './executor.ts';
import { FAULTS, type SimFaults } from './faults.ts';
import { Random } from './random.ts';
import { World } from './world.ts';

/** How a simulation is made. */
export interface SimulationOptions {
  /** From which everything follows that is left to chance: an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** What goes wrong, and how often. Default: nothing. */
  readonly faults?: SimFaults | undefined;
  /** How many bytes its files may have. Default: no limit. */
  readonly capacityBytes?: number | undefined;
  /** How long an operation takes, at least and at most, in simulated milliseconds. Default: 0.01 and 0.2. */
  readonly latencyMs?: readonly [number, number] | undefined;
  /** What is on its disk. Default: an empty directory. */
  readonly image?: DiskImage | undefined;
  /** The open flags of the programs that use it. Default: those of x86-64. */
  readonly openFlags?: OpenFlags | undefined;
}

const OPTIONS: readonly string[] = ['seed', 'faults', 'capacityBytes', 'latencyMs', 'image', 'openFlags'];
const LATENCY_MS: readonly [number, number] = [0.01, 0.2];

function refuse(what: string, hint: string): never {
  throw new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', what, { op: 'Simulation', hint });
}

/**
 * A simulated machine, as a driver.
 *
 * `crash()` is the end of it: whatever the disk has in flight ends with ESHUTDOWN, and the disk images that could have survived are
 * there to be looked at, or to go on from with another simulation.
 *
 * @example
 * ```ts
 * import { Arena, AT_FDCWD, encode, Simulation } from '@ringpool/core';
 *
 * const sim = new Simulation({ seed: 1 });
 * const ring = sim.openRing({ entries: 8 });
 * const arena = Arena.create({ capBytes: 1024 * 1024 });
 * const lease = arena.alloc(4096);
 * lease.bytes.set([0x2f, 0x66, 0]); // "/f" and the zero that ends it
 * ring.attachMemory(new Uint8Array(arena.data, 0, arena.data.byteLength));
 * encode.mkdirat(ring.sqes, ring.push(), { dirfd: AT_FDCWD, path: lease.address, mode: 0o755 });
 * ring.submitAndWait(1, 1000);
 * ring.reap((_operation, res) => console.assert(res === 0));
 * // Nobody has made the name durable, so both disks are possible: with it and without.
 * console.assert(sim.crash().count === 2n);
 * ```
 */
export class Simulation implements Driver {
  /** Which driver it is. */
  readonly name = 'sim';
  readonly #world: World;
  readonly #options: SimulationOptions;
  #images: CrashImages | undefined;

  /** @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
  constructor(options: SimulationOptions) {
    checkOptions('Simulation', options, OPTIONS);
    const { seed, faults = {}, capacityBytes = Number.POSITIVE_INFINITY, latencyMs = LATENCY_MS } = options;
    if (!(Number.isSafeInteger(seed) && seed >= 0))
      refuse(`the seed is ${seed}`, 'Give an integer from 0 to 2^53 - 1.');
    if (!(capacityBytes > 0)) refuse(`capacityBytes is ${capacityBytes}`, 'Give a number of bytes above 0.');
    checkLatency(latencyMs);
    checkFaults(faults);
    this.#options = options;
    this.#world = new World({
      disk: new Disk(options.image),
      openFlags: options.openFlags ?? openFlagsFor('x64'),
      capacityBytes,
      random: new Random(seed),
      faults,
      latencyMs,
    });
  }

  /** Simulated milliseconds since it was made. */
  get nowMs(): number {
    return this.#world.nowMs;
  }

  /** True after {@link Simulation.crash}. */
  get crashed(): boolean {
    return this.#world.crashed;
  }

  /** Opens a ring. Its `submitAndWait()` lets simulated time pass. @throws ERR_RINGPOOL_INVALID_ARGUMENT. */
  openRing(options: DriverRingOptions): DriverRing {
    const size = softRingSize(options);
    const memory = new SoftMemory();
    const buffers = new SoftBuffers();
    const files = new SoftFiles((file) => this.#world.system.close(file));
    const interpreter = new Interpreter(memory, buffers, files, this.#world.system);
    const executor = new SimExecutor(this.#world, interpreter, size.cqEntries);
    return new SoftRing({ ...size, memory, buffers, files, executor });
  }

  /**
   * Cuts the power. What is in flight may have happened in part; no more of it completes than has. Returns the disks that
   * could be there afterwards. Once: later calls return the same ones.
   */
  crash(): CrashImages {
    this.#world.crash();
    this.#images ??= new CrashImages(this.#world.disk);
    return this.#images;
  }

  /** A machine with this disk, and otherwise with the same options, unless others are given. */
  reopen(image: DiskImage, options: Partial<SimulationOptions> = {}): Simulation {
    return new Simulation({ ...this.#options, ...options, image });
  }

  /** What is on the disk now, were it taken out without a crash: all that was written. */
  get image(): DiskImage {
    return this.#world.disk.after(({ versions }) => versions - 1);
  }
}

function checkLatency(latencyMs: readonly [number, number]): void {
  const [least, most] = latencyMs;
  if (least >= 0 && most >= least && most < Number.POSITIVE_INFINITY) return;
  refuse(`latencyMs is ${latencyMs.join(' to ')}`, 'Give two numbers of milliseconds, the lower one first.');
}

function checkFaults(faults: SimFaults): void {
  for (const [name, probability] of Object.entries(faults)) {
    if (!(FAULTS as readonly string[]).includes(name))
      refuse(`there is no fault ${name}`, `Those there are: ${FAULTS.join(', ')}.`);
    if (!(probability >= 0 && probability <= 1))
      refuse(`${name} is ${probability}`, 'Give a probability from 0 to 1.');
  }
}
