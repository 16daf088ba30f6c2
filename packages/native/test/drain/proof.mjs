// One proof in a process of its own: reads in flight, an event, the memory reused, and a look at what changed in it.
// Prints one line of JSON. RINGPOOL_ADDON chooses the addon, and so whether this is the proof or its negative control.
import os from 'node:os';
import { happen } from './events.mjs';
import {
  baseline,
  clear,
  countRewritten,
  dataFile,
  fill,
  held,
  landed,
  leftovers,
  READ_BYTES,
  READS,
  sharedBytes,
  sleep,
} from './support.mjs';

/** Long enough for every read that was in flight to reach memory. */
const LOOK_AFTER_MS = 600;
/** The first worker is only there to have come up, with little to read. */
const WARM_UP_BYTES = 1024 * 1024;

/** Before everything else that runs, where that is allowed: on a busy machine the disk is done before the event happens. */
function hurry() {
  try {
    os.setPriority(os.constants.priority.PRIORITY_HIGHEST);
  } catch (error) {
    if (error.code !== 'ERR_SYSTEM_ERROR') throw error;
  }
}

hurry();
const how = JSON.parse(process.argv[2]);
const file = dataFile();
const bytes = sharedBytes(READS * READ_BYTES);
clear(bytes);
const pristine = held();
// The first worker starts threads and opens descriptors that Node keeps.
await happen({ ...how, event: 'natural end' }, file, bytes.subarray(0, WARM_UP_BYTES), 1);
const before = await baseline(pristine);
clear(bytes);

const started = performance.now();
const after = await happen(how, file, bytes, READS);
const tookMs = performance.now() - started;
const whole = landed(bytes);
fill(bytes);
await sleep(LOOK_AFTER_MS);
const rewritten = countRewritten(bytes);
if (typeof after === 'function') after();
console.log(
  JSON.stringify({
    rewritten,
    landed: whole,
    tookMs: Math.round(tookMs),
    leftovers: await leftovers(before),
  }),
);
