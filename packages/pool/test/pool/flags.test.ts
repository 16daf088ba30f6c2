// A pool opens whatever flags its program was started with.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const PROGRAM = `
  import { openPool } from '@ringpool/pool';
  const pool = await openPool({ workers: 1 });
  const contents = await pool.readFile('package.json');
  console.log(contents.length > 0);
  await pool.close();
`;

test.each([
  [['--expose-gc']],
  [['--max-old-space-size=512']],
  [['--no-warnings', '--conditions', 'development']],
  [['--enable-source-maps', '--title=program']],
])('%j', (flags) => {
  const words = [...flags, '--input-type=module', '--eval', PROGRAM];
  const cwd = new URL('../..', import.meta.url);
  expect(execFileSync(process.execPath, words, { cwd, encoding: 'utf8' })).toBe('true\n');
});
