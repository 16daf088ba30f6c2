// A process ends, and ends as it was told, with disk reads in flight on its workers' rings or on its own.

import { describe, expect, test } from 'vitest';
import { runToEnd } from './fixtures.ts';

const BOUND_MS = 15_000;

const PARKED = { workers: 4, parked: true };
const LOOPING = { workers: 4, parked: false };
const ALONE = { workers: 0, parked: false };

// Workers parked for ever have no natural end.
const CASES = [
  ['four workers parked in the kernel', PARKED, 'exit', 7],
  ['four workers parked in the kernel', PARKED, 'throw', 1],
  ['four workers in their event loops', LOOPING, 'exit', 7],
  ['four workers in their event loops', LOOPING, 'throw', 1],
  ['four workers in their event loops', LOOPING, 'natural end', 0],
  ['a lone ring of the main thread', ALONE, 'exit', 7],
  ['a lone ring of the main thread', ALONE, 'throw', 1],
  ['a lone ring of the main thread', ALONE, 'natural end', 0],
] as const;

describe.each(['shared', 'mapped'])('queues in %s memory', (memory) => {
  test.each(CASES)('$0: the process ends ($2)', async (_name, shape, event, code) => {
    const how = JSON.stringify({ event, memory, kind: 'read', ...shape });
    const ending = await runToEnd('process.mjs', [how], { boundMs: BOUND_MS });
    expect(ending).toMatchObject({ code, signal: null });
    expect(ending.output).toContain('"inFlight":16');
  });
});
