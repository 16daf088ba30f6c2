// Many lives and deaths of rings with reads in flight in one process: every event, both memory modes, both kinds of
// read, in turn. Memory is reused as soon as an event is over and looked at when its turn comes again. Prints what was
// rewritten and what the process holds more than before as one line of JSON. Needs --expose-gc.
import { happen, WORKER_EVENTS } from './events.mjs';
import {
  baseline,
  collectGarbage,
  countRewritten,
  dataFile,
  fill,
  held,
  leftovers,
  MIB,
  openRing,
  sharedBytes,
  sleep,
} from './support.mjs';

const READS = 4;
const REGION_BYTES = 4 * MIB;
/** So many events lie between the release of memory and the look at it. */
const REGIONS = 32;
const LOOK_AFTER_MS = 500;

const EVENTS = ['close', 'unregister', 'collect', ...WORKER_EVENTS];
const CASES = ['shared', 'mapped']
  .flatMap((memory) =>
    ['read', 'readFixed'].flatMap((kind) => EVENTS.map((event) => ({ event, memory, kind }))),
  )
  .filter(({ event, kind }) => event !== 'unregister' || kind === 'readFixed');

const cycles = Number(process.argv[2]);
const file = dataFile();
const regions = Array.from({ length: REGIONS }, () => ({ bytes: sharedBytes(REGION_BYTES), filledAt: 0 }));
for (const { bytes } of regions) fill(bytes);

let rewritten = 0;
let lookedAfterMs = Number.POSITIVE_INFINITY;

async function look(region) {
  if (region.filledAt === 0) return;
  const waited = performance.now() - region.filledAt;
  if (waited < LOOK_AFTER_MS) await sleep(LOOK_AFTER_MS - waited);
  lookedAfterMs = Math.min(lookedAfterMs, performance.now() - region.filledAt);
  rewritten += countRewritten(region.bytes);
  region.filledAt = 0;
}

async function cycle(number) {
  const how = CASES[number % CASES.length];
  if (how.event === 'collect') {
    // Memory that only the addon keeps after this: nobody can look at it, but it must not stay.
    await happen(how, file, sharedBytes(REGION_BYTES), READS);
    return;
  }
  const region = regions[number % REGIONS];
  await look(region);
  const after = await happen(how, file, region.bytes, READS);
  fill(region.bytes);
  region.filledAt = performance.now();
  if (typeof after === 'function') after();
}

/** A ring that opens sweeps away the ones that were collected with operations in flight. */
function sweep() {
  openRing({ memory: 'shared', kind: 'read' }, regions[0].bytes).close();
}

const pristine = held();
for (let number = 0; number < WORKER_EVENTS.length + 3; number++) await cycle(number);
await collectGarbage();
await sleep(LOOK_AFTER_MS);
sweep();
const before = await baseline(pristine);

const started = performance.now();
for (let number = 0; number < cycles; number++) await cycle(number);
for (const region of regions) await look(region);
await collectGarbage();
sweep();
console.log(
  JSON.stringify({
    cycles,
    rewritten,
    lookedAfterMs: Math.round(lookedAfterMs),
    leftovers: await leftovers(before),
    seconds: Math.round((performance.now() - started) / 1000),
  }),
);
