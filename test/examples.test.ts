// Every example in a docstring, a README or docs/ compiles under the strictest settings and runs.
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileExamples, fences, findExamples, runExample } from './support/examples.ts';
import { root } from './support/repository.ts';

const examples = findExamples();
// Two more that must fail: one does not compile, one asserts what is not so.
const BROKEN = [
  { origin: 'wrong type', code: `const answer: number = 'forty-two';\nconsole.log(answer);\n` },
  { origin: 'wrong claim', code: `console.assert(1 + 1 === 3, 'arithmetic');\n` },
];

describe('examples', () => {
  let complaints: readonly string[] = [];
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringpool-examples-'));
    complaints = await compileExamples([...examples, ...BROKEN]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(examples.map(({ origin }, index) => [origin, index] as const))('%s', async (_, index) => {
    expect(complaints[index], 'tsc').toBe('');
    const cwd = await mkdtemp(join(folder, 'run-'));
    await copyFile(`${root}/package.json`, join(cwd, 'package.json')); // a file that examples may read
    const { ok, output } = await runExample(index, cwd);
    expect(ok, output).toBe(true);
  });

  test('the check can fail: a type error and a false assertion are both found', async () => {
    expect(complaints[examples.length]).toMatch(/TS2322/);
    expect(complaints[examples.length + 1]).toBe('');
    const { ok, output } = await runExample(examples.length + 1, folder);
    expect(ok).toBe(false);
    expect(output).toMatch(/an assertion of the example failed: arithmetic/);
  });

  test('are found in docstrings and in documents, and sketches are left alone', () => {
    const fence = '```';
    const doc = `/**\n * Text.\n * @example\n * ${fence}ts\n * const a = 2 * 3;\n *\n * f(a);\n * ${fence}\n */`;
    expect(fences('a.ts', doc)).toEqual([{ origin: 'a.ts:5', code: 'const a = 2 * 3;\n\nf(a);\n' }]);
    const page = `# T\n${fence}ts\n * 2;\n${fence}\n${fence}ts sketch\nno\n${fence}\n${fence}sh\nls\n${fence}\n`;
    expect(fences('a.md', page)).toEqual([{ origin: 'a.md:3', code: ' * 2;\n' }]);
    expect(examples.length).toBeGreaterThan(0);
  });
});
