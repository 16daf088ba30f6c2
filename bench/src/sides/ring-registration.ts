// Our side of the registration question: the same buffer registered, cloned into a second ring, and unregistered.
import { Ring } from '@ringpool/native';

import { medianOf, print, sharedMemory, sideArguments } from './child.ts';

const US_PER_MS = 1000;
const SMALL_RING = { entries: 8, cqEntries: 16 };

const { bytes, rounds } = sideArguments<{ bytes: number; rounds: number }>();

function timed(times: number[], work: () => void): void {
  const start = performance.now();
  work();
  times.push((performance.now() - start) * US_PER_MS);
}

// A SINGLE_ISSUER ring cannot be cloned from by other threads: the source stands on the rung a pool's anchor uses.
const source = Ring.open({ ...SMALL_RING, rung: 'coop' });
const target = Ring.open(SMALL_RING);
const { view } = sharedMemory(bytes);
const times = { register: [] as number[], clone: [] as number[], unregister: [] as number[] };
for (let round = 0; round < rounds; round++) {
  timed(times.register, () => source.registerBuffers([view]));
  timed(times.clone, () => target.cloneBuffersFrom(source, { fallback: false }));
  target.unregisterBuffers();
  timed(times.unregister, () => source.unregisterBuffers());
}
print({
  registerUs: medianOf(times.register),
  cloneUs: medianOf(times.clone),
  unregisterUs: medianOf(times.unregister),
});
target.close();
source.close();
