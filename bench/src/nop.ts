// What does one operation through the ring cost when there is no I/O behind it?
import type { Question, Side } from './measure.ts';
import { CPU_PER_OP, OPS } from './measure.ts';
import { runSide } from './processes.ts';
import { TWIN_SIDE, twinSide } from './twins.ts';

const BATCHES = [64, 8, 1];
const TARGET_BATCH = 64;
/** The twin that also does what the ring does for safety: slots, generations, a look at every SQE. */
const CAREFUL_SIDE = 'C, as careful';

export const nop: Question = {
  name: 'nop',
  title: 'NOP: submit a batch, reap it, from TypeScript and from C',
  cases: () =>
    Promise.all(
      BATCHES.map(async (batch) => ({
        name: `batch of ${batch}`,
        metrics: [OPS, CPU_PER_OP],
        ours: { name: 'ringpool', run: () => runSide('ring-nop', { batch }) } satisfies Side,
        others: [
          ...(await twinSide('nop', { batch })),
          ...(await twinSide('nop', { batch, careful: 1 }, CAREFUL_SIDE)),
        ],
        targets: batch === TARGET_BATCH ? [{ metric: OPS.key, against: TWIN_SIDE, ratio: 0.85 }] : [],
      })),
    ),
};
