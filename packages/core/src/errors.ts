// The one error class of Ringpool. A failure is told apart by its stable `code`, never by its message.
// Instances are branded through the global symbol registry, so that two copies of this package agree.

const BRAND = Symbol.for('ringpool.error');

/** What a {@link RingpoolError} carries besides its code and message. */
export interface RingpoolErrorDetails {
  /** The positive errno the kernel answered with, when the kernel was the one that refused. */
  readonly errno?: number | undefined;
  /** The system call, or `io_uring_register(OP)`, that failed. */
  readonly syscall?: string | undefined;
  /** The path the operation was about. */
  readonly path?: string | undefined;
  /** The Ringpool operation, such as `'read'` or `'registerBuffers'`. */
  readonly op?: string | undefined;
  /** One remedy, in a sentence that tells the reader what to do next. */
  readonly hint?: string | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * Every failure Ringpool reports.
 *
 * `code` is either `ERR_RINGPOOL_*` (the library refused) or an errno name such as `ENOENT` (the kernel did).
 *
 * @example
 * ```ts
 * import { RingpoolError } from '@ringpool/core';
 *
 * const error = new RingpoolError('ERR_RINGPOOL_CLOSED', 'the ring is closed', { op: 'submit' });
 * console.assert(error instanceof RingpoolError && error.code === 'ERR_RINGPOOL_CLOSED');
 * ```
 */
export class RingpoolError extends Error {
  /** `ERR_RINGPOOL_*`, or the errno's name. Stable across releases. */
  readonly code: string;
  /** The positive errno, when the kernel refused. */
  readonly errno: number | undefined;
  /** The system call that failed. */
  readonly syscall: string | undefined;
  /** The path the operation was about. */
  readonly path: string | undefined;
  /** The Ringpool operation that failed. */
  readonly op: string | undefined;
  /** What to do next, in one sentence. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, details: RingpoolErrorDetails = {}) {
    const hint = details.hint === undefined ? '' : ` ${details.hint}`;
    super(
      `${message}.${hint}`.replace(/\.\.(?= |$)/, '.'),
      'cause' in details ? { cause: details.cause } : undefined,
    );
    this.name = 'RingpoolError';
    this.code = code;
    this.errno = details.errno;
    this.syscall = details.syscall;
    this.path = details.path;
    this.op = details.op;
    this.hint = details.hint;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True for an instance from any copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null || (value as Record<symbol, unknown>)[BRAND] !== true) {
      return false;
    }
    // biome-ignore lint/complexity/noThisInStatic: a subclass must keep the ordinary prototype check.
    return this === RingpoolError || Object.prototype.isPrototypeOf.call(this.prototype, value);
  }
}
