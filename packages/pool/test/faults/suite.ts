// Which faults are gone through, for whichever driver. RINGPOOL_SOAK=1 takes every errno for each n, RINGPOOL_BRIEF=1 every
// fourth n; RINGPOOL_FAULT=<kind>:<n>:<once|ever>:<errno> repeats one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, temporaryFolder } from '../support.ts';
import { buildInjector, type Kind, type Mode, type Plan, type Report, runPlan } from './faults.ts';

const { RINGPOOL_SOAK, RINGPOOL_BRIEF, RINGPOOL_FAULT, CI } = process.env;
const LONG = RINGPOOL_SOAK === '1';
const BRIEF = RINGPOOL_BRIEF === '1' && !LONG;
const STEP = BRIEF ? 4 : 1;
/** An enter that fails for ever is one for which operations wait, and so these take longest. */
const STALLED_STEP = LONG ? 1 : 4;
const BOUND_MS = LONG ? 600_000 : 120_000;

/** What a driver's tests are told. */
export interface Driver {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Why calls cannot be made to fail here, or undefined. */
  readonly missing: () => string | undefined;
}

/** Runs a plan to its end, or skips the test with its reason. */
export type Run = (plan: Plan, skip: (reason: string) => void) => Promise<Ended>;

/** The one fault that is to be repeated, if it is of this kind. */
function repeated({ kind }: Kind, fault: string): readonly Plan[] {
  const [wanted, n, mode, code] = fault.split(':') as [string, string, Mode, string];
  if (wanted !== kind) return [];
  return [{ kind, codes: [code], modes: [mode], every: true, step: 1, only: Number(n) }];
}

/** How the calls of a kind are gone through. */
function plansOf(kind: Kind): readonly Plan[] {
  if (RINGPOOL_FAULT !== undefined) return repeated(kind, RINGPOOL_FAULT);
  // Where there are few calls, each errno has an answer of its own.
  const few = kind.kind === 'setup' || kind.kind === 'eventfd';
  const plan = { ...kind, every: LONG || (few && !BRIEF), step: STEP };
  if (kind.kind !== 'enter') return [{ ...plan, modes: ['once', 'ever'] }];
  return [
    { ...plan, modes: ['once'] },
    { ...plan, modes: ['ever'], step: STEP * STALLED_STEP },
  ];
}

/** What a run reports that went well. */
export function reportOf(ended: Ended): Report {
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  console.log(ended.stdout.trim());
  return JSON.parse(ended.stdout) as Report;
}

/** The tests of one driver. Returns what runs further plans. */
export function testFaults(driver: Driver): Run {
  let folder = '';
  let library = '';
  let missing: string | undefined;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'ringpool-faults-'));
    const built = buildInjector(folder);
    if ('library' in built) ({ library } = built);
    missing = 'missing' in built ? built.missing : driver.missing();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run: Run = async (plan, skip) => {
    if (missing !== undefined && CI === undefined) skip(missing);
    expect(missing).toBeUndefined();
    return await runPlan(plan, driver.name, { library, folder: temporaryFolder(), boundMs: BOUND_MS });
  };
  for (const kind of driver.kinds) {
    for (const plan of plansOf(kind)) {
      test(
        `${plan.kind} fails ${plan.modes.join(', and ')}`,
        async ({ skip }) => {
          const { calls, faults } = reportOf(await run(plan, skip));
          expect(calls).toBeGreaterThan(0);
          expect(faults).toBeGreaterThan(0);
        },
        BOUND_MS + 10_000,
      );
    }
  }
  return run;
}
