// System calls that a client's own thread makes by node:fs, for methods that block. Where one would have to wait for somebody
// else, the thread sleeps a little and makes it again: so it can be ended.

import { WOULD_WAIT } from '@ringpool/core';
import type { SystemCalls } from '../host.ts';
import { isStream } from '../is-stream.ts';
import type { DescriptorLedger } from './descriptor-ledger.ts';
import { NodeFileSystem } from './node-file-system.ts';

const EBADF = -9;
/** Between two calls that would have to wait. */
const AGAIN_MS = 1;

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4), 0, 1);

/** System calls without a ring and without the addon. */
export interface ThreadsCalls extends SystemCalls {
  readonly readCached: undefined;
}

/** The system calls of a thread of a pool with this ledger. */
export function threadsCalls(ledger: DescriptorLedger): ThreadsCalls {
  // It opens nothing.
  const system = new NodeFileSystem(ledger, 0);
  return {
    read: (file, view, offset, length, position) =>
      file < 0 ? EBADF : waited(() => system.read(file, view, offset, length, position)),
    write: (file, view, offset, length, position) =>
      file < 0 ? EBADF : waited(() => system.write(file, view, offset, length, position, 0)),
    sync: (file, dataOnly) => system.sync(file, dataOnly),
    isStream,
    readCached: undefined,
  };
}

function waited(call: () => number): number {
  for (;;) {
    const res = call();
    if (res !== WOULD_WAIT) return res;
    Atomics.wait(nobodyWakes, 0, 0, AGAIN_MS);
  }
}
