// Has spin search the models of models/: every configuration that must hold, and every control, a model with one guard
// taken out, that must fail for the reason given here. A search that was cut short proves nothing and counts as a failure.
// Words as arguments choose configurations by name; --deep adds the searches that take minutes and gigabytes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const models = fileURLToPath(new URL('../models/', import.meta.url));
const MEMORY_MIB = 2048;
const DEEP_MEMORY_MIB = 12_288;
const LIMIT_MS = 120_000;
const DEEP_LIMIT_MS = 1_800_000;
/** Steps of one run. None of the models comes near; if one did, spin would say so, and that is a failure. */
const DEPTH = 20_000;
/** How much of a run that should not exist is shown. */
const STEPS_SHOWN = 60;
const HOLDS = 'holds';

const CLIENT = {
  eventfd: 'CLIENT_PARK=PARK_EVENTFD',
  wait: 'CLIENT_PARK=PARK_WAIT',
  either: 'CLIENT_PARK=PARK_EITHER',
};
const WORKER = { eventfd: 'WORKER_PARK=PARK_EVENTFD', wait: 'WORKER_PARK=PARK_WAIT' };

/** How spin words it: somebody sleeps for ever. */
const HANG = /invalid end state|assertion violated \(slotState\[i\]==0\)/;
const LANE_STILL_HELD = /assertion violated +!\(held/;
const KERNEL_STILL_AT_IT = /assertion violated \(inRing\[.*\]==0\)/;
const HANG_OR_HELD = new RegExp(`${HANG.source}|${LANE_STILL_HELD.source}`);
const SLOT_IN_USE = /assertion violated +(?:\(user\[s\]!=0\)|!\(living)/;

/** One configuration: the model, how client and worker sleep, further macros, and how spin must find it. */
function holds(model, name, client, worker, macros, size = 'small') {
  return { model, name: `${model}: ${name}`, macros: [CLIENT[client], WORKER[worker], ...macros], size };
}

function fails(model, macro, client, worker, macros, reason) {
  const last = macros.includes('NO_RESTART') ? ', NO_RESTART' : '';
  const name = `${model}: ${macro}, client ${client}, worker ${worker}${last}`;
  return { model, name, macros: [CLIENT[client], WORKER[worker], macro, ...macros], size: 'small', reason };
}

const TWO_CLIENTS = ['CLIENTS=2', 'OPS=2', 'DEPTH=1'];
const TWO_WORKERS = ['CLIENTS=1', 'WORKERS=2', 'OPS=2', 'DEPTH=1'];
const TWO_OF_BOTH = ['CLIENTS=2', 'WORKERS=2', 'OPS=1', 'DEPTH=1'];
const ONE_OF_BOTH = ['CLIENTS=1', 'WORKERS=1', 'OPS=2', 'DEPTH=2'];
const BATCHES = ['CLIENTS=1', 'WORKERS=1', 'OPS=3', 'DEPTH=2'];

const PARKING = [
  holds('parking', 'clients on eventfds, worker on eventfd', 'eventfd', 'eventfd', TWO_CLIENTS, 'large'),
  holds('parking', 'clients in Atomics.wait, worker on eventfd', 'wait', 'eventfd', TWO_CLIENTS, 'large'),
  holds('parking', 'clients in either, worker on eventfd', 'either', 'eventfd', TWO_CLIENTS, 'large'),
  holds('parking', 'clients on eventfds, worker in Atomics.wait', 'eventfd', 'wait', TWO_CLIENTS),
  holds('parking', 'clients in Atomics.wait, worker in Atomics.wait', 'wait', 'wait', TWO_CLIENTS),
  holds('parking', 'clients in either, worker in Atomics.wait', 'either', 'wait', TWO_CLIENTS, 'large'),
  holds('parking', 'two workers wake one client', 'either', 'eventfd', TWO_WORKERS, 'large'),
  holds('parking', 'a batch, and more while parked', 'either', 'eventfd', BATCHES),
  holds(
    'parking',
    'an operation outlasts all others',
    'either',
    'eventfd',
    [...TWO_CLIENTS, 'LONG_OPERATION'],
    'large',
  ),
  holds(
    'parking',
    'STORE_THEN_RING is harmless on eventfds',
    'eventfd',
    'eventfd',
    ['STORE_THEN_RING', ...TWO_WORKERS],
    'large',
  ),
  holds(
    'parking',
    'STORE_THEN_RING is harmless in Atomics.wait',
    'wait',
    'eventfd',
    ['STORE_THEN_RING', ...TWO_WORKERS],
    'large',
  ),
  holds('parking', 'batches of two clients', 'either', 'eventfd', ['CLIENTS=2', 'OPS=2', 'DEPTH=2'], 'deep'),
  holds('parking', 'two workers and two clients, all in Atomics.wait', 'wait', 'wait', TWO_OF_BOTH, 'deep'),
  holds('parking', 'two workers and two clients on eventfds', 'eventfd', 'eventfd', TWO_OF_BOTH, 'deep'),

  fails('parking', 'CLIENT_DOES_NOT_LOOK', 'eventfd', 'eventfd', ONE_OF_BOTH, HANG),
  fails('parking', 'CLIENT_DOES_NOT_LOOK', 'wait', 'eventfd', ONE_OF_BOTH, HANG),
  fails('parking', 'WORKER_DOES_NOT_LOOK', 'eventfd', 'eventfd', ONE_OF_BOTH, HANG),
  fails('parking', 'WORKER_DOES_NOT_LOOK', 'eventfd', 'wait', ONE_OF_BOTH, HANG),
  fails('parking', 'RING_THEN_STORE', 'eventfd', 'eventfd', ONE_OF_BOTH, HANG),
  fails('parking', 'RING_THEN_STORE', 'wait', 'eventfd', ONE_OF_BOTH, HANG),
  fails('parking', 'RING_THEN_STORE', 'eventfd', 'wait', ONE_OF_BOTH, HANG),
  fails('parking', 'STORE_THEN_RING', 'either', 'eventfd', TWO_WORKERS, HANG),
  fails('parking', 'WAKE_BEFORE_TAIL', 'eventfd', 'eventfd', ONE_OF_BOTH, HANG),
  fails('parking', 'WAIT_DOES_NOT_COMPARE', 'wait', 'eventfd', ONE_OF_BOTH, HANG),
  fails('parking', 'CLIENT_DOES_NOT_PARK_AGAIN', 'either', 'eventfd', ONE_OF_BOTH, HANG),
];

const ONE = ['CLIENTS=1'];
const SUCCESSION = ['CLIENTS=2'];
const CLIENT_DIES = 'CLIENT_DEATHS=1';
const WORKER_DIES = 'WORKER_DEATHS=1';

const LANES = [
  holds('lanes', 'a slot passes from client to client', 'eventfd', 'eventfd', SUCCESSION),
  holds('lanes', 'the same, and a client dies', 'eventfd', 'eventfd', [...SUCCESSION, CLIENT_DIES], 'large'),
  holds('lanes', 'the same, without eventfds', 'wait', 'wait', [...SUCCESSION, CLIENT_DIES], 'large'),
  holds(
    'lanes',
    'a slot passes on, and the worker dies',
    'eventfd',
    'eventfd',
    [...SUCCESSION, WORKER_DIES],
    'large',
  ),
  holds('lanes', 'the worker dies, client in either', 'either', 'eventfd', [...ONE, WORKER_DIES], 'large'),
  holds('lanes', 'the worker dies twice', 'eventfd', 'eventfd', [...ONE, 'WORKER_DEATHS=2'], 'large'),
  holds('lanes', 'the worker dies and none follows', 'wait', 'eventfd', [...ONE, WORKER_DIES, 'NO_RESTART']),
  holds('lanes', 'client and worker die', 'eventfd', 'eventfd', [...ONE, CLIENT_DIES, WORKER_DIES], 'large'),
  holds(
    'lanes',
    'client in Atomics.wait and worker die',
    'wait',
    'eventfd',
    [...ONE, CLIENT_DIES, WORKER_DIES],
    'large',
  ),
  holds(
    'lanes',
    'both die, and a slot passes on',
    'eventfd',
    'eventfd',
    [...SUCCESSION, CLIENT_DIES, WORKER_DIES],
    'deep',
  ),
  holds('lanes', 'two slots', 'eventfd', 'eventfd', [...SUCCESSION, 'SLOTS=2'], 'deep'),
  holds(
    'lanes',
    'two slots, and a client dies',
    'wait',
    'wait',
    [...SUCCESSION, 'SLOTS=2', CLIENT_DIES],
    'deep',
  ),
  holds('lanes', 'two workers', 'eventfd', 'eventfd', [...ONE, 'WORKERS=2'], 'deep'),
  holds(
    'lanes',
    'two workers, one dies',
    'eventfd',
    'wait',
    [...ONE, 'WORKERS=2', WORKER_DIES, 'NO_RESTART'],
    'deep',
  ),

  fails('lanes', 'NO_B3', 'eventfd', 'eventfd', SUCCESSION, LANE_STILL_HELD),
  fails('lanes', 'B4_WAKES_NOBODY', 'eventfd', 'eventfd', ONE, HANG),
  fails('lanes', 'A2_ALWAYS_CLEARS', 'eventfd', 'eventfd', SUCCESSION, LANE_STILL_HELD),
  fails('lanes', 'COUNTS_AFTER_THE_LOOK', 'eventfd', 'eventfd', ONE, HANG),
  fails('lanes', 'STATE_BEFORE_GENERATION', 'eventfd', 'eventfd', [...ONE, WORKER_DIES], HANG_OR_HELD),
  fails('lanes', 'DEATH_IS_A_STATE', 'eventfd', 'eventfd', [...ONE, WORKER_DIES], HANG),
  fails('lanes', 'LEAVES_IN_FLIGHT', 'eventfd', 'eventfd', [...ONE, CLIENT_DIES], KERNEL_STILL_AT_IT),
  fails('lanes', 'FREES_AT_ONCE', 'eventfd', 'eventfd', [...ONE, CLIENT_DIES], LANE_STILL_HELD),
  fails('lanes', 'E3_WAKES_NO_OWNER', 'eventfd', 'eventfd', [...ONE, CLIENT_DIES], HANG),
  fails('lanes', 'OWNER_CLAIMS', 'eventfd', 'eventfd', [...ONE, CLIENT_DIES], HANG),
  fails('lanes', 'OWNER_CLAIMS', 'wait', 'wait', [...ONE, CLIENT_DIES], HANG),
  fails('lanes', 'O2_DOES_NOT_STORE', 'eventfd', 'wait', [...ONE, CLIENT_DIES], HANG),
  fails('lanes', 'DEATH_RINGS_ATTACHED', 'eventfd', 'eventfd', [...ONE, WORKER_DIES], HANG),
  fails(
    'lanes',
    'DEAD_BEFORE_THE_DRAIN',
    'eventfd',
    'eventfd',
    [...ONE, CLIENT_DIES, WORKER_DIES],
    KERNEL_STILL_AT_IT,
  ),
  fails('lanes', 'NO_SLICES', 'wait', 'eventfd', [...ONE, WORKER_DIES], HANG),
  fails('lanes', 'NO_SLICES', 'wait', 'eventfd', [...ONE, WORKER_DIES, 'NO_RESTART'], HANG),
  fails('lanes', 'BELL_PER_CLIENT', 'eventfd', 'eventfd', SUCCESSION, HANG),
  fails('lanes', 'BELL_PER_GENERATION', 'eventfd', 'eventfd', [...ONE, WORKER_DIES], HANG),
  fails('lanes', 'HOOK_STAYS', 'eventfd', 'eventfd', [...SUCCESSION, CLIENT_DIES], SLOT_IN_USE),
];

/** Why the searches cannot run here, or undefined. */
function missing() {
  const absent = ['spin', 'gcc'].find((tool) => spawnSync(tool, ['--version']).error !== undefined);
  return absent === undefined ? undefined : `${absent} is not installed`;
}

/** Runs a tool in `folder`; its output, and whether it ended by itself. */
function run(folder, tool, args, timeout) {
  const { status, stdout, stderr, error } = spawnSync(tool, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 256 << 20,
    timeout,
  });
  const ended = error === undefined && status !== null;
  return { ok: status === 0, ended, output: ended ? `${stdout}${stderr}` : 'was not done in time' };
}

/** What spin's search found, in a word of its own or of ours. */
function verdict({ ended, output }) {
  if (!ended) return output;
  const cut = /max search depth too small|reached -DMEMLIM bound|out of memory|Search not completed/.exec(
    output,
  );
  const error = /^pan:\d+: (.*?)(?: \(at depth \d+\))?$/m.exec(output);
  if (error !== null) return error[1];
  if (cut !== null) return `was cut short: ${cut[0]}`;
  return /errors: 0$/m.test(output) ? HOLDS : `says: ${output.trim().split('\n').at(-1)}`;
}

/** Makes the search of a configuration in `folder`: what went wrong, or undefined. */
function make({ model, macros, size }, folder) {
  const made = run(folder, 'spin', ['-a', ...defines(macros), `${models}${model}.pml`], LIMIT_MS);
  if (!made.ok) return `does not parse: ${made.output.trim()}`;
  const deep = size === 'deep';
  const flags = [
    '-DSAFETY',
    `-DMEMLIM=${deep ? DEEP_MEMORY_MIB : MEMORY_MIB}`,
    ...(deep ? ['-DCOLLAPSE'] : []),
  ];
  // What is searched in no time is compiled in little.
  const optimize = size === 'small' ? '-O0' : '-O1';
  const compiled = run(folder, 'gcc', [optimize, '-w', ...flags, '-o', 'pan', 'pan.c'], LIMIT_MS);
  return compiled.ok ? undefined : `does not compile: ${compiled.output.trim()}`;
}

function defines(macros) {
  return macros.map((macro) => `-D${macro}`);
}

/** The end of the run that the search found: which process took which step of the model. */
function steps({ model, macros }, folder) {
  const trail = ['-k', `${model}.pml.trail`, '-t', '-p', ...defines(macros), `${models}${model}.pml`];
  const { output } = run(folder, 'spin', trail, LIMIT_MS);
  const taken = output.split('\n').filter((line) => /^ *\d+:\s+proc/.test(line));
  return taken.slice(-STEPS_SHOWN).map((line) => line.replace(models, ''));
}

/** Searches one configuration and prints its line. True when it came out as it must. */
function check(configuration) {
  const { name, macros, size, reason } = configuration;
  const started = performance.now();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ringpool-models-'));
  try {
    let found = make(configuration, folder);
    let states = 0;
    if (found === undefined) {
      const result = run(folder, './pan', [`-m${DEPTH}`, '-n'], size === 'deep' ? DEEP_LIMIT_MS : LIMIT_MS);
      states = Number(/^\s*([\d.e+]+) states, stored/m.exec(result.output)?.[1] ?? 0);
      found = verdict(result);
    }
    const good = reason === undefined ? found === HOLDS : reason.test(found);
    const word = good && reason !== undefined ? 'fails, as it must' : found;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `${name.padEnd(67)} ${String(states).padStart(9)} states ${seconds.padStart(6)} s  ${good ? '' : 'SURPRISE: '}${word}`,
    );
    if (!good) {
      console.log(`  with ${defines(macros).join(' ')}`);
      if (found.includes('violated') || found.includes('invalid'))
        console.log(steps(configuration, folder).join('\n'));
    }
    return good;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const absent = missing();
if (absent !== undefined) {
  console.log(`skip: ${absent}`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
const words = process.argv.slice(2).filter((word) => word !== '--deep');
const deepToo = process.argv.includes('--deep');
const chosen = [...PARKING, ...LANES].filter(
  ({ name, size }) => (size !== 'deep' || deepToo) && words.every((word) => name.includes(word)),
);
const surprises = chosen.filter((configuration) => !check(configuration));
console.log(`${chosen.length} configurations, ${surprises.length} surprises`);
process.exit(surprises.length > 0 || chosen.length === 0 ? 1 : 0);
