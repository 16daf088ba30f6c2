// Our side of the NOP question: push a batch, one native call, reap it.
import { encode } from '@ringpool/core';
import { Ring } from '@ringpool/native';

import { failed, measure, sideArguments } from './child.ts';

const BATCHES_PER_CLOCK = 16;

const { batch } = sideArguments<{ batch: number }>();
const ring = Ring.open({ entries: batch, cqEntries: batch * 2 });
const sqes = ring.sqes;
/** One counter per operation number, as the C twin has. */
const results = new Int32Array(ring.cqEntries);

function onCompletion(operation: number, res: number): void {
  if (res !== 0) failed('a NOP', res);
  results[operation]!++;
}

function loop(untilMs: number): number {
  let ops = 0;
  do {
    for (let round = 0; round < BATCHES_PER_CLOCK; round++) {
      for (let index = 0; index < batch; index++) encode.nop(sqes, ring.push());
      ring.submit(); // NOPs complete inside the submission
      ops += ring.reap(onCompletion);
    }
  } while (performance.now() < untilMs);
  return ops;
}

measure(loop, 0);
ring.close();
