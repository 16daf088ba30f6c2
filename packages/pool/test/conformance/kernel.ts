// What the kernel at hand lacks of what the conformance suite plays on io_uring. The kernel is asked, by opening rings and by
// its list of opcodes; its version is never looked at.
import { errno, RingpoolError } from '@ringpool/core';
import { diagnose, Ring } from '@ringpool/native';

const { flags, missingOpcodes } = diagnose();

/** The behaviour that takes truncating. */
export const TRUNCATION = 'a length is what it is set to, and what is cut off is gone';

/** Behaviours that an older kernel does not have, by what they say. */
const LATER_BEHAVIOURS: Readonly<Record<string, string | undefined>> = {
  [TRUNCATION]: missingOpcodes.includes('ftruncate') ? 'the kernel has no FTRUNCATE (6.9)' : undefined,
  // No bit tells of these two. Each came with the release that brought what is asked for here.
  'what waits is cancelled by its opcode': flags.includes('NO_SQARRAY')
    ? undefined
    : 'the kernel is older than cancelling by opcode (6.6)',
  'what follows a drain waits until that is over': missingOpcodes.includes('pipe')
    ? 'on a kernel without PIPE (6.16), what follows a drain may overtake it'
    : undefined,
};

/** Why the kernel gives no ring queues in memory that JavaScript shares with it, or undefined. */
function refusesSharedQueues(): string | undefined {
  try {
    Ring.open({ entries: 8, memory: 'shared' }).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof RingpoolError) || ![errno.EINVAL, errno.EFAULT].includes(error.errno as number))
      throw error;
    // CI knows its kernel: there, it is a fault of ours that it refuses.
    return process.env['CI'] === undefined
      ? 'the kernel takes no memory of ours for queues (6.5, any memory from 6.10)'
      : undefined;
  }
}

const sharedQueues = refusesSharedQueues();

/** Why a driver of the suite cannot play on this kernel at all, or one behaviour; undefined when it can. */
export function lacks(cast: string, behaviour?: string): string | undefined {
  if (!cast.startsWith('uring')) return undefined;
  if (cast.includes('shared') && sharedQueues !== undefined) return sharedQueues;
  return behaviour === undefined ? undefined : LATER_BEHAVIOURS[behaviour];
}
