// Whether cached reads are made one by one, each by a system call of its own, or go to the ring, where one call makes all
// of a tick. Where system calls are cheap the first is never much slower; where they cost as much as the read, it is as
// soon as two reads are under way at a time. Bound to the client's thread.

/** What a system call costs at least, in nanoseconds, where reads are made together. See docs/performance.md. */
const COSTLY_NS = 500;
/** Reads made one by one between two looks at how many there are at a time. */
const READS_PER_LOOK = 8;

const SETTLED = Promise.resolve();

/** How a client's cached reads are made. */
export class ReadBatching {
  /** System calls are costly. */
  readonly #costly: boolean;
  /** Operations that were under way at a time when we last looked. */
  #width = 1;
  /** Operations of this tick that have gone to the kernel. */
  #tick = 0;
  /** Reads made one by one since the last look, or since the look that is due was asked for. */
  #made = 0;
  #looking = false;
  readonly #look = (): void => {
    this.#looking = false;
    this.#width = this.#made;
    this.#made = 0;
  };

  /** `systemCallNs`: what a system call costs. */
  constructor(systemCallNs: number) {
    this.#costly = systemCallNs >= COSTLY_NS;
  }

  /** Whether a read is to be made at once. */
  get atOnce(): boolean {
    return this.#width <= 1;
  }

  /**
   * A read was made at once. Now and then a microtask counts those that come before it: whoever awaits a read goes on
   * after that, so a loop that awaits each of its reads makes one, and as many loops at a time as many as they are.
   */
  made(): void {
    if (!this.#costly) return;
    this.#made++;
    if (this.#looking || this.#made < READS_PER_LOOK) return;
    this.#looking = true;
    this.#made = 1;
    void SETTLED.then(this.#look);
  }

  /** So many operations went to the kernel in one call; `more`: the tick goes on. */
  submitted(count: number, more: boolean): void {
    if (!this.#costly) return;
    this.#tick += count;
    if (more) return;
    if (this.#tick > 0) this.#width = this.#tick;
    this.#tick = 0;
  }
}
