// The named limits of a ring.

/** The longest single sleep inside the kernel: a thread blocked in a native call cannot be terminated. */
export const PARK_TIMEOUT_MS = 20;
/** How long {@link Ring.close} waits for operations in flight by default. */
export const CLOSE_TIMEOUT_MS = 30_000;
/** How long {@link Ring.unregisterBuffers} waits for operations on registered buffers by default. */
export const UNREGISTER_TIMEOUT_MS = 30_000;

/** Options of {@link Ring.close}. */
export interface CloseOptions {
  /** How long to wait for operations in flight, in milliseconds. Default: 30000. */
  readonly timeoutMs?: number;
}
