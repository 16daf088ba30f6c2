// The repository as the house tests see it: its files, its packages, and its sources as syntax trees.
// Pure reading; everything is parsed once per test process.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Comment, type EcmaScriptModule, type Program, parseSync } from 'oxc-parser';

/** The repository's root folder, without a trailing slash. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** One parsed source file. `path` is relative to the root, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly module: EcmaScriptModule;
  readonly comments: readonly Comment[];
}

/** A syntax node, as loosely as a walker needs it. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** The parts of a package.json that the house rules speak about. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly gypfile?: boolean;
  readonly bin?: string | Record<string, string>;
  readonly engines?: Record<string, string>;
  readonly files?: readonly string[];
  readonly scripts?: Record<string, string>;
  readonly exports?: Record<string, string | Record<string, string>>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

let files: readonly string[] | undefined;
const parsed = new Map<string, Source>();

/** Every file that git tracks, and every new one it does not ignore, so that a violation shows before it is committed. */
export function repositoryFiles(): readonly string[] {
  files ??= execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
    .split('\0')
    .filter((path) => path !== '' && existsSync(`${root}/${path}`))
    .sort();
  return files;
}

/** The text of a file of the repository. */
export function read(path: string): string {
  return readFileSync(`${root}/${path}`, 'utf8');
}

/** Parses TypeScript or JavaScript text. Throws on a syntax error. */
export function parse(path: string, text: string): Source {
  const { program, module, comments, errors } = parseSync(path, text, { sourceType: 'module' });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return { path, text, program, module, comments };
}

/** The parsed file at `path`. */
export function source(path: string): Source {
  const known = parsed.get(path);
  if (known !== undefined) return known;
  const fresh = parse(path, read(path));
  parsed.set(path, fresh);
  return fresh;
}

/** Every TypeScript source that ships or runs: packages, examples and the bench, without their tests. */
export function shippedSources(): readonly Source[] {
  return repositoryFiles()
    .filter((path) => /^(?:packages\/[^/]+|examples\/[^/]+|bench)\/src\/.*\.ts$/.test(path))
    .map(source);
}

/** Every test file and fixture. */
export function testSources(): readonly Source[] {
  return repositoryFiles()
    .filter((path) => /^(?:(?:packages|examples)\/[^/]+\/)?test\/.*\.(?:ts|mjs)$/.test(path))
    .map(source);
}

/** The folder of the package a path belongs to, such as `packages/core`; undefined at the root. */
export function packageOf(path: string): string | undefined {
  return /^(?:packages|examples)\/[^/]+|^bench(?=\/)/.exec(path)?.[0];
}

/** Every package.json of the repository, by its folder ('' is the root). */
export function manifests(): ReadonlyMap<string, Manifest> {
  const found = repositoryFiles().filter((path) => /(?:^|\/)package\.json$/.test(path));
  return new Map(
    found.map((path) => [path.replace(/\/?package\.json$/, ''), JSON.parse(read(path)) as Manifest]),
  );
}

/** The source files behind a package's `exports` and `bin`: `./dist/index.js` is `src/index.ts`. */
export function entryPoints(folder: string, manifest: Manifest): readonly string[] {
  const targets = [
    ...Object.values(manifest.exports ?? {}).map((entry) =>
      typeof entry === 'string' ? entry : entry['default'],
    ),
    ...(typeof manifest.bin === 'string' ? [manifest.bin] : Object.values(manifest.bin ?? {})),
  ];
  return targets
    .filter((target) => target?.startsWith('./dist/') === true)
    .map((target) => `${folder}/${target?.replace('./dist/', 'src/').replace(/\.js$/, '.ts')}`);
}

/** Calls `visit` for every node under `node`, parents first. */
export function walk(node: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && typeof node.type === 'string' && 'start' in node) visit(node as Node);
  for (const value of Object.values(node)) if (typeof value === 'object') walk(value, visit);
}

/** The 1-based line of a character offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** `path:line`, as editors and terminals open it. */
export function at(file: Source, offset: number): string {
  return `${file.path}:${lineOf(file.text, offset)}`;
}
