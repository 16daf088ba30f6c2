// What a ring without a kernel refuses, as errors.

import { RingpoolError } from '../errors.ts';

export function drainTimeout(active: number, timeoutMs: number): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_DRAIN_TIMEOUT',
    `${active} operations are still in flight after ${timeoutMs} ms`,
    { op: 'close', hint: 'Their memory stays theirs. Call close() again.' },
  );
}

export function closed(op: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_CLOSED', 'the ring is closed', { op, hint: 'Open another one.' });
}

export function outsideFiles(start: number): RingpoolError {
  return new RingpoolError('EINVAL', `slots ${start} and on are outside the table of files`, {
    op: 'updateFiles',
    hint: 'Make a table with registerFilesSparse(), large enough.',
  });
}

export function wrongWait(op: string, timeoutMs: number): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', `it is to wait ${timeoutMs} ms`, {
    op,
    hint: 'Give numbers that are not below 0: completions, and milliseconds.',
  });
}
