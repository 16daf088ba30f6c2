// As uring.test.ts, on the driver threads: its calls are system calls of its workers.
import { describe } from 'vitest';
import type { Kind } from './faults.ts';
import { testFaults } from './suite.ts';

/** EINTR only of reads: libuv itself makes other calls again that a signal interrupts, as often as it takes. */
const KINDS: readonly Kind[] = [
  { kind: 'read', codes: ['EIO', 'EINTR', 'ENOMEM'] },
  { kind: 'write', codes: ['EIO', 'ENOSPC'] },
  { kind: 'fsync', codes: ['EIO', 'ENOSPC'] },
  { kind: 'open', codes: ['EMFILE', 'EIO', 'ENOMEM'] },
];

describe('the threads driver', () => {
  testFaults({ name: 'threads', kinds: KINDS, missing: () => undefined });
});
