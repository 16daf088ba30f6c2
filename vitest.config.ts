import { defineConfig } from 'vitest/config';

/** Where CI wants the counts of a run, as JSON. */
const { RINGPOOL_TEST_REPORT: report, RINGPOOL_BRIEF: brief, LD_PRELOAD: preloaded } = process.env;

// Every test file gets a process of its own, because rings, descriptors and locked memory are counted per process.
export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // In brief, tests wait more than they compute; with a sanitizer they do not.
    maxWorkers: brief === '1' && preloaded === undefined ? 3 : 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globals: false,
    reporters: [
      'default',
      ...(report === undefined ? [] : [['json', { outputFile: report }] as ['json', object]]),
    ],
  },
});
