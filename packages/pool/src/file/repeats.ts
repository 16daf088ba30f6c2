// Results that move nothing and ask for the same operation again. Pure; any thread.

const EINTR = -4;
const EAGAIN = -11;

/**
 * How often in a row an operation is made again that was interrupted, or told to come again. Then it fails with that errno:
 * one that is refused for ever would never end otherwise, and a blocked thread never come back.
 */
export const REPEATS_MAX = 64;

/** Whether an operation with this result may be made again as it was. */
export function asksAgain(res: number): boolean {
  return res === EINTR || res === EAGAIN;
}
