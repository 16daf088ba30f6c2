// What the kernel answered to one operation. A value; it belongs to whoever has it.

import type { DriverName, OpcodeName, RingpoolError } from '@ringpool/core';

import { operationError } from '../pool/errors.ts';

/**
 * The answer to one operation of {@link Pool.submit} or {@link Pool.multishot}.
 *
 * @example
 * ```ts
 * import { constants } from 'node:fs';
 * import { AT_FDCWD } from '@ringpool/core';
 * import { openPool } from '@ringpool/pool';
 *
 * await using pool = await openPool();
 * using path = pool.alloc(64);
 * path.bytes.set(new TextEncoder().encode('no such file'));
 * const completion = await pool.submit({
 *   op: 'openat', dirfd: AT_FDCWD, path: path.address, openFlags: constants.O_RDONLY,
 * });
 * console.assert(completion.result === -2 && completion.error?.code === 'ENOENT');
 * ```
 */
export class Completion {
  /** The operation it answers. */
  readonly op: OpcodeName;
  /** The CQE's `res`: what the operation's manual page says, or a negative errno. */
  readonly result: number;
  /** The CQE's `flags`, `IORING_CQE_F_*`. */
  readonly flags: number;
  /** True when the operation was ended because its `timeoutMs` was over. */
  readonly timedOut: boolean;
  /**
   * The bytes that a multishot operation received, in arena memory that is its buffer's again when the next completion is
   * asked for. Copy what is needed longer. Undefined for all others.
   */
  readonly bytes: Uint8Array | undefined;
  readonly #driver: DriverName;

  /** @internal Made by the pool. */
  constructor(
    op: OpcodeName,
    result: number,
    flags: number,
    timedOut: boolean,
    driver: DriverName,
    bytes?: Uint8Array,
  ) {
    this.#driver = driver;
    this.op = op;
    this.result = result;
    this.flags = flags;
    this.timedOut = timedOut;
    this.bytes = bytes;
  }

  /** The failure as an error, with its remedy; undefined when there was none. Made anew each time. */
  get error(): RingpoolError | undefined {
    return this.result < 0
      ? operationError(this.result, { op: this.op, syscall: this.op, driver: this.#driver })
      : undefined;
  }
}
