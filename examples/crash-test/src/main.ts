// Looks for a seed that loses records: of the log as it is, then of one that syncs its directory. `node main.js SEED` repeats one.
import { hasLost, run, search } from './trial.ts';

const SEEDS = 1000;

function tell(
  what: string,
  { seed, acknowledged, recovered, crashedMs }: Awaited<ReturnType<typeof run>>,
): void {
  console.log(
    `${what}: seed ${seed}, ${acknowledged} records acknowledged, ${recovered} left after a crash at ${crashedMs.toFixed(3)} ms`,
  );
}

const [seed] = process.argv.slice(2);
if (seed === undefined) {
  const started = performance.now();
  const found = await search(SEEDS, false);
  if (found === undefined) throw new Error(`no bug in ${SEEDS} seeds`);
  tell('lost', found);
  console.log(
    `Found in ${Math.round(performance.now() - started)} ms. Again: node dist/main.js ${found.seed}`,
  );
  const left = await search(SEEDS, true);
  if (left !== undefined) throw new Error(`seed ${left.seed} loses records though the directory is synced`);
  console.log(`With its directory synced: nothing lost in ${SEEDS} seeds.`);
} else {
  const trial = await run(Number(seed), false);
  tell(hasLost(trial) ? 'lost' : 'kept', trial);
}
