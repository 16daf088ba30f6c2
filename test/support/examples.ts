// Finds the runnable examples of docstrings and documents, compiles them with tsc and runs them with this Node.
// They are written beside the installed packages, in a folder that git ignores, and import the built packages by name.
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { lineOf, read, repositoryFiles, root, shippedSources } from './repository.ts';

/** One fenced example. `origin` is `path:line` of its first line of code. */
export interface Example {
  readonly origin: string;
  readonly code: string;
}

/** What came of running one example. */
export interface ExampleRun {
  readonly ok: boolean;
  readonly output: string;
}

const FOLDER = `${root}/node_modules/.ringpool-examples`;
const PACKAGES = ['core', 'native', 'pool'];
const RUN_TIMEOUT_MS = 30_000;
const COMPILE_TIMEOUT_MS = 120_000;

// Examples state their claims with console.assert, which by itself only prints.
const PRELUDE = `console.assert = (ok, ...message) => {
  if (!ok) throw new Error(['an assertion of the example failed', ...message].join(': '));
};
`;

/** A fence of \`\`\`ts runs; \`\`\`ts sketch is a signature or a fragment, shown and not run. Leading \` * \` is a docstring's. */
export function fences(path: string, text: string): readonly Example[] {
  return [...text.matchAll(/^([ \t]*(?:\* ?)?)```ts\n([\s\S]*?)^[ \t]*(?:\* ?)?```/gm)].map((match) => ({
    origin: `${path}:${lineOf(text, match.index) + 1}`,
    code: (match[2] ?? '').replace(/^[ \t]*\* ?/gm, (margin) =>
      (match[1] ?? '').includes('*') ? '' : margin,
    ),
  }));
}

/** Every example of the repository: docstrings of the packages, the README files, and docs/. */
export function findExamples(): readonly Example[] {
  const docstrings = shippedSources()
    .filter(({ path }) => path.startsWith('packages/'))
    .flatMap((file) =>
      file.comments
        .filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
        .flatMap(({ start, end }) =>
          fences(file.path, `${'\n'.repeat(lineOf(file.text, start) - 1)}${file.text.slice(start, end)}`),
        ),
    );
  const documents = repositoryFiles()
    .filter((path) => /^(?:README\.md|docs\/.*\.md|(?:packages|examples)\/[^/]+\/README\.md)$/.test(path))
    .flatMap((path) => fences(path, read(path)));
  return [...docstrings, ...documents];
}

/** Writes all examples out and compiles them in one go. Returns what tsc said about each, empty when it is content. */
export async function compileExamples(examples: readonly Example[]): Promise<readonly string[]> {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(`${FOLDER}/node_modules/@ringpool`, { recursive: true });
  for (const name of PACKAGES) {
    await symlink(`${root}/packages/${name}`, `${FOLDER}/node_modules/@ringpool/${name}`);
  }
  await writeFile(`${FOLDER}/package.json`, '{ "type": "module", "private": true }\n');
  await writeFile(`${FOLDER}/prelude.mjs`, PRELUDE);
  await Promise.all(examples.map(({ code }, index) => writeFile(`${FOLDER}/example-${index}.ts`, code)));
  const compilerOptions = {
    composite: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
    isolatedDeclarations: false,
    noUnusedLocals: false,
    rootDir: '.',
    outDir: 'out',
    types: ['node'],
  };
  const config = {
    extends: `${root}/tsconfig.base.json`,
    compilerOptions,
    files: examples.map((_, i) => `example-${i}.ts`),
  };
  await writeFile(`${FOLDER}/tsconfig.json`, JSON.stringify(config));
  const { output } = await run(
    [`${root}/node_modules/typescript/bin/tsc`, '-p', FOLDER, '--pretty', 'false'],
    COMPILE_TIMEOUT_MS,
  );
  const lines = output.split('\n');
  const general = lines.filter((line) => /^error |\btsconfig\.json\(/.test(line));
  return examples.map((_, i) =>
    [...lines.filter((line) => line.includes(`example-${i}.ts(`)), ...general].join('\n'),
  );
}

/** Runs a compiled example in `cwd`. */
export function runExample(index: number, cwd: string): Promise<ExampleRun> {
  const file = `${FOLDER}/out/example-${index}.js`;
  return run(['--enable-source-maps', '--import', `${FOLDER}/prelude.mjs`, file], RUN_TIMEOUT_MS, cwd);
}

async function run(args: readonly string[], timeout: number, cwd: string = FOLDER): Promise<ExampleRun> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      cwd,
      timeout,
      encoding: 'utf8',
    });
    return { ok: true, output: stdout + stderr };
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      signal,
    } = error as { stdout?: string; stderr?: string; signal?: string | null };
    return { ok: false, output: `${stdout}${stderr}${signal ? `\nended by ${signal}` : ''}` };
  }
}
