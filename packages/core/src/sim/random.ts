// Random numbers that a seed determines: the whole of a simulation depends on nothing else.

const FRACTION = 2 ** -32;

/** A source of random numbers (xoshiro128++). Two with the same seed yield the same numbers. */
export class Random {
  readonly #state: Uint32Array = new Uint32Array(4);

  constructor(seed: number) {
    // Seeds that differ little must not begin alike: each word goes through splitmix32.
    let word = seed >>> 0;
    for (let index = 0; index < 4; index++) {
      word = (word + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      this.#state[index] = mixed ^ (mixed >>> 16) ^ Math.floor(seed * FRACTION);
    }
  }

  /** 32 random bits. */
  bits(): number {
    const state = this.#state;
    const [a, b, c, d] = [state[0], state[1], state[2], state[3]] as [number, number, number, number];
    const sum = (a + d) >>> 0;
    const result = (((sum << 7) | (sum >>> 25)) + a) >>> 0;
    state[2] = c ^ a;
    state[3] = d ^ b;
    state[1] = b ^ (state[2] as number);
    state[0] = a ^ (state[3] as number);
    state[2] = (state[2] as number) ^ (b << 9);
    state[3] = ((state[3] as number) << 11) | ((state[3] as number) >>> 21);
    return result;
  }

  /** An integer from 0 up to `limit`, which it does not reach; `limit` is at most 2^32. */
  below(limit: number): number {
    return Math.floor(this.bits() * FRACTION * limit);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.bits() * FRACTION < probability;
  }

  /** One of a list that is not empty. */
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}
