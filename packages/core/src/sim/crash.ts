// The disks that could be there after a crash: each choice that it left open, taken in every way, or in some way at random.

import type { CrashChoice, Disk, DiskImage } from './disk.ts';
import { Random } from './random.ts';

/** What a crash may have left: as many images as there are ways to combine all choices. */
export class CrashImages {
  readonly #disk: Disk;
  readonly #choices: readonly CrashChoice[];
  /** How many there are. */
  readonly count: bigint;

  /** Of a disk that nobody writes to any more. */
  constructor(disk: Disk) {
    this.#disk = disk;
    this.#choices = disk.choices;
    this.count = this.#choices.reduce((count, { versions }) => count * BigInt(versions), 1n);
  }

  /** One of them, by a seed. */
  sample(seed: number): DiskImage {
    const random = new Random(seed);
    // Mostly each choice for itself; at times all alike, which is what a disk does that was quick, or slow.
    const kind = random.below(4);
    return this.#disk.after(({ versions }) => {
      if (kind === 0) return versions - 1;
      return kind === 1 ? 0 : random.below(versions);
    });
  }

  /** All of them, from the one where nothing survived that was not durable; at most `limit`. */
  *all(limit: number = Number.POSITIVE_INFINITY): Generator<DiskImage> {
    const digits = this.#choices.map(() => 0);
    for (let made = 0; made < limit; made++) {
      let next = 0;
      yield this.#disk.after(() => digits[next++] as number);
      let at = 0;
      while (at < digits.length) {
        const digit = (digits[at] as number) + 1;
        digits[at] = digit < (this.#choices[at] as CrashChoice).versions ? digit : 0;
        if (digits[at] !== 0) break;
        at++;
      }
      if (at === digits.length) return;
    }
  }
}
