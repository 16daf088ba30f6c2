// `pnpm bench [name...] [--record] [--rounds=N]`: asks each question, prints both sides and their ratio, and keeps the
// numbers as JSON. `--record` also writes docs/results and redraws the charts; `--charts` only redraws them.
import { mkdirSync, writeFileSync } from 'node:fs';

import { batch } from './batch.ts';
import { cachedRead } from './cached-read.ts';
import { drawCharts } from './chart.ts';
import { directRead } from './direct-read.ts';
import { drivers } from './drivers.ts';
import { encode } from './encode.ts';
import { fileRead } from './file-read.ts';
import { fioVersion } from './fio.ts';
import { heap } from './heap.ts';
import { largePool } from './large-pool.ts';
import { largeRead } from './large-read.ts';
import type { Machine } from './machine.ts';
import { describeMachine, machineLine } from './machine.ts';
import type { CaseResult, Question, QuestionResult } from './measure.ts';
import { runCase } from './measure.ts';
import { nop } from './nop.ts';
import { RECORDED_DIR, RESULTS_DIR } from './paths.ts';
import { placement } from './placement.ts';
import { registration } from './registration.ts';
import { formatTable } from './report.ts';
import { sync } from './sync.ts';
import { twinPath } from './twins.ts';

const QUESTIONS: readonly Question[] = [
  nop,
  cachedRead,
  directRead,
  largeRead,
  fileRead,
  batch,
  heap,
  sync,
  largePool,
  placement,
  registration,
  drivers,
  encode,
];
const ROUNDS_DEFAULT = 5;

interface Options {
  readonly names: readonly string[];
  readonly record: boolean;
  readonly chartsOnly: boolean;
  readonly rounds: number;
}

function parseArguments(argv: readonly string[]): Options {
  const names = argv.filter((arg) => !arg.startsWith('--'));
  const flags = argv.filter((arg) => arg.startsWith('--') && arg !== '--');
  const rounds = flags.find((flag) => flag.startsWith('--rounds='));
  const options: Options = {
    names,
    record: flags.includes('--record'),
    chartsOnly: flags.includes('--charts'),
    rounds: rounds === undefined ? ROUNDS_DEFAULT : Number(rounds.slice('--rounds='.length)),
  };
  const unknownName = names.find((name) => !QUESTIONS.some((question) => question.name === name));
  const unknownFlag = flags.find((flag) => !/^--(record|charts|rounds=[1-9]\d*)$/.test(flag));
  const unknown = unknownName ?? unknownFlag;
  if (unknown !== undefined) {
    const known = QUESTIONS.map((question) => question.name).join(', ');
    throw new Error(
      `bench does not know '${unknown}'. Questions: ${known}. Flags: --record, --charts, --rounds=N.`,
    );
  }
  return options;
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function writeJson(folder: string, result: QuestionResult): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${result.name}.json`, `${JSON.stringify(result, null, 2)}\n`);
}

async function ask(question: Question, machine: Machine, options: Options): Promise<QuestionResult> {
  const cases: CaseResult[] = [];
  for (const wanted of await question.cases())
    cases.push(await runCase(wanted, options.rounds, showProgress));
  showProgress('');
  return {
    name: question.name,
    title: question.title,
    takenAt: new Date().toISOString(),
    machine,
    rounds: options.rounds,
    fio: fioVersion(),
    cases,
  };
}

async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  if (options.chartsOnly) return drawCharts();
  const machine = describeMachine();
  console.log(
    `ringpool bench: ${options.rounds} alternating runs of each side, medians. ${machineLine(machine)}`,
  );
  console.log(
    fioVersion() === undefined
      ? 'fio is not installed: the C twins are the only other side.'
      : `Other side: ${fioVersion()}, and the C twins.`,
  );
  if ((await twinPath('nop')) === undefined)
    console.log('There is no C compiler (cc): the C twins are left out.');
  const wanted = QUESTIONS.filter((q) => options.names.length === 0 || options.names.includes(q.name));
  for (const question of wanted) {
    const result = await ask(question, machine, options);
    console.log(`\n${question.title}\n${formatTable(result.cases)}`);
    writeJson(RESULTS_DIR, result);
    if (options.record) writeJson(RECORDED_DIR, result);
  }
  if (options.record) drawCharts();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
