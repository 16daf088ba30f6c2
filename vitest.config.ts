import { defineConfig } from 'vitest/config';

// One project per package; every test file gets a process of its own, because rings, fds and memlock are per process.
export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globals: false,
    reporters: ['default'],
  },
});
