// How the sources must look: sizes, explicit-length views, honest tests, no dead exports, nothing of one machine.
// Each rule is a pure function over one file and is also shown a file that breaks it.
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  at,
  entryPoints,
  lineOf,
  manifests,
  type Node,
  packageOf,
  parse,
  read,
  repositoryFiles,
  type Source,
  shippedSources,
  testSources,
  walk,
} from './support/repository.ts';

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

const VIEW = /^(?:(?:Uint|Int|Float|BigInt|BigUint)(?:8|16|32|64)(?:Clamped)?Array|DataView)$/;
const VIEW_ARGUMENTS = 3;

/** Absolute paths of somebody's machine. Spelled in parts, so that this file does not name one. */
const MACHINE_FOLDERS = ['home', 'root', 'Users', 'work', 'workspace', 'mnt', 'tmp/(?!ringpool)'];
const MACHINE_PATH = new RegExp(`(?<![\\w.@*)\\]}-])/(?:${MACHINE_FOLDERS.join('/|')})[\\w.-]`);
/** Words that put work off. In parts, for the same reason. */
const PROMISE = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME'].join('|')})\\b`);
const REGISTRY_HOST =
  /https?:\/\/[^\s'"`)]*(?:registry|npmjs|yarnpkg|npmmirror|artifactory|nexus)[^\s'"`)]*/i;

/** Functions of TypeScript longer than the limit. */
function longFunctions(file: Source): readonly string[] {
  const found: string[] = [];
  walk(file.program, (node) => {
    if (!/^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const lines = lineOf(file.text, node.end) - lineOf(file.text, node.start) + 1;
    if (lines > FUNCTION_LINES_MAX) found.push(`${at(file, node.start)} has ${lines} lines`);
  });
  return found;
}

/** The same of C and C++: from the last line that began in the first column to a lone brace there. A type ends in `};`. */
function longCppFunctions(path: string, text: string): readonly string[] {
  const found: string[] = [];
  let start = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^[A-Za-z]/.test(line)) start = index;
    if (line !== '}') continue;
    const lines = index - start + 1;
    if (lines > FUNCTION_LINES_MAX) found.push(`${path}:${start + 1} has ${lines} lines`);
    start = index + 1;
  }
  return found;
}

/** A first argument that can never be a shared buffer: a count, an expression of counts, a list, a fresh plain buffer. */
function isCount(argument: Node): boolean {
  if (argument.type === 'Literal') return typeof argument['value'] === 'number';
  if (argument.type === 'BinaryExpression') return true;
  if (argument.type === 'ArrayExpression') return true;
  // SCREAMING_CASE is a named limit of ours, and limits are numbers.
  if (argument.type === 'Identifier') return /^[A-Z][A-Z0-9_]*$/.test(String(argument['name']));
  if (argument.type === 'NewExpression') return (argument['callee'] as Node)['name'] === 'ArrayBuffer';
  return argument.type === 'MemberExpression' && /(?:length|size|entries|count)$/i.test(memberName(argument));
}

function memberName(node: Node): string {
  return String((node['property'] as Node | undefined)?.['name'] ?? '');
}

/**
 * Views that name no length. Over a growable SharedArrayBuffer such a view tracks the buffer's length, and every access
 * through it is 2.5 to 45 times slower. What is certainly not a buffer passes; anything else says offset and length, or
 * carries a `// view: <reason>` on its line.
 */
function viewsWithoutLength(file: Source): readonly string[] {
  const lines = file.text.split('\n');
  const found: string[] = [];
  walk(file.program, (node) => {
    if (node.type !== 'NewExpression') return;
    const { callee, arguments: args } = node as unknown as { callee: Node; arguments: Node[] };
    if (!VIEW.test(String(callee['name']))) return;
    const first = args[0];
    if (first === undefined || args.length >= VIEW_ARGUMENTS || isCount(first)) return;
    if (/\/\/ view: \S/.test(lines[lineOf(file.text, node.start) - 1] ?? '')) return;
    found.push(`${at(file, node.start)} ${file.text.slice(node.start, node.end)}`);
  });
  return found;
}

/** Tests that are narrowed, promised, emptied, or skipped without a reason. */
function dishonestTests(file: Source): readonly string[] {
  const found: string[] = [];
  walk(file.program, (node) => {
    if (node.type !== 'CallExpression') return;
    const { callee, arguments: args } = node as unknown as { callee: Node; arguments: Node[] };
    const object = String((callee['object'] as Node | undefined)?.['name'] ?? '');
    const name = memberName(callee);
    const narrowed = /^(?:test|it|describe)$/.test(object) && /^(?:only|todo|skip|fails)$/.test(name);
    const unexplained = name === 'skip' && args.length === 0;
    const empty = callee['name'] === 'expect' && args[0]?.type === 'Literal' && args[0]['value'] === true;
    if (narrowed || unexplained || empty)
      found.push(`${at(file, node.start)} ${file.text.slice(node.start, node.start + 60)}`);
  });
  return found;
}

/** Exports that no other file names and no entry point carries. Tests count as users: pure internals are tested directly. */
function unusedExports(
  sources: readonly Source[],
  users: readonly Source[],
  entries: ReadonlySet<string>,
): readonly string[] {
  const used = new Set<string>();
  for (const file of [...sources, ...users]) {
    for (const { moduleRequest, entries: names } of file.module.staticImports) {
      const target = resolve(file.path, moduleRequest.value);
      for (const { importName } of names) used.add(`${target}#${importName.name ?? '*'}`);
    }
    for (const { entries: names } of file.module.staticExports) {
      for (const { moduleRequest, importName } of names) {
        if (moduleRequest) used.add(`${resolve(file.path, moduleRequest.value)}#${importName.name ?? '*'}`);
      }
    }
  }
  return sources
    .filter((file) => !entries.has(file.path) && !used.has(`${file.path}#*`))
    .flatMap((file) =>
      file.module.staticExports.flatMap(({ entries: names }) =>
        names
          // A default export is a worker's: the file that starts the worker names it as a path.
          .filter(
            ({ exportName }) => exportName.name !== null && !used.has(`${file.path}#${exportName.name}`),
          )
          // A type may be exported for the signatures beside it.
          .filter(({ exportName, isType }) => !isType || mentions(file, exportName.name ?? '') < 2)
          .map(
            ({ start, exportName }) => `${at(file, start)} exports ${exportName.name}, which nothing imports`,
          ),
      ),
    );
}

/** How often a name stands in the code of a file, its comments aside. */
function mentions(file: Source, name: string): number {
  const code = file.comments.reduceRight(
    (text, { start, end }) => text.slice(0, start) + text.slice(end),
    file.text,
  );
  return code.split(new RegExp(`\\b${name}\\b`)).length - 1;
}

function resolve(importer: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(importer), specifier) : specifier;
}

function publicEntries(): ReadonlySet<string> {
  return new Set([...manifests()].flatMap(([folder, manifest]) => entryPoints(folder, manifest)));
}

/** Source files that neither an entry point nor another file reaches, by an import or as a worker's file name. */
function unreachable(sources: readonly Source[], entries: ReadonlySet<string>): readonly string[] {
  const reached = new Set<string>(entries);
  for (const file of sources) {
    for (const [, name] of file.text.matchAll(/['"](\.{1,2}\/[^'"\n]+?)\.(?:ts|js)['"]/g)) {
      reached.add(resolve(file.path, `${name}.ts`));
    }
  }
  return sources
    .map((file) => file.path)
    .filter((path) => packageOf(path)?.startsWith('packages/') && !reached.has(path));
}

const textFiles = (): readonly string[] =>
  repositoryFiles().filter((path) => !/(?:^|\/)pnpm-lock\.yaml$|\.(?:png|bin|tgz|node)$/.test(path));

describe('sizes', () => {
  test(`a file has at most ${FILE_LINES_MAX} lines`, () => {
    const long = repositoryFiles()
      .filter((path) => /\.(?:ts|mjs|cc|c|h)$/.test(path))
      .map((path) => ({ path, lines: read(path).split('\n').length - 1 }))
      .filter(({ lines }) => lines > FILE_LINES_MAX)
      .map(({ path, lines }) => `${path} has ${lines} lines`);
    expect(long).toEqual([]);
  });

  test(`a function has at most ${FUNCTION_LINES_MAX} lines`, () => {
    const native = repositoryFiles().filter((path) => /\.(?:cc|c|h)$/.test(path));
    const long = [
      ...shippedSources().flatMap(longFunctions),
      ...native.flatMap((path) => longCppFunctions(path, read(path))),
    ];
    expect(long).toEqual([]);
  });

  test('the rules can fail', () => {
    const body = '  a();\n'.repeat(FUNCTION_LINES_MAX);
    expect(longFunctions(parse('a.ts', `const f = (): void => {\n${body}};\n`))).toHaveLength(1);
    expect(longFunctions(parse('a.ts', `class A {\n  m(): void {\n${body}}\n}\n`))).toHaveLength(1);
    expect(longCppFunctions('a.cc', `namespace a {\nint f(int x) {\n${body}}\n}\n`)).toEqual([
      'a.cc:2 has 72 lines',
    ]);
    expect(longCppFunctions('a.cc', `int f(int x,\n      int y) {\n${body}}\n`)).toEqual([
      'a.cc:1 has 73 lines',
    ]);
    expect(longCppFunctions('a.cc', `int f() {\n}\nint a[] = {\n${body}};\nint g() {\n}\n`)).toEqual([]);
  });
});

describe('views over shared memory', () => {
  test('name their length', () => {
    expect(shippedSources().flatMap(viewsWithoutLength)).toEqual([]);
  });

  test.each([
    ['new Uint8Array(sab)', 1],
    ['new Int32Array(this.control)', 1],
    ['new Uint8Array(lease.bytes.buffer, offset)', 1],
    ['new DataView(arena.buffer)', 1],
    ['new Uint8Array(arena, 0, 4096)', 0],
    ['new Uint8Array(4096)', 0],
    ['new Uint8Array(entries * 16)', 0],
    ['new Uint32Array(LANE_DEPTH_MAX)', 0],
    ['new Uint8Array([1, 2, 3])', 0],
    ['new Uint8Array(values.length)', 0],
    ['new Int32Array(this.cqEntries)', 0],
    ['new DataView(new ArrayBuffer(16))', 0],
    ['new DataView(new SharedArrayBuffer(16))', 1],
    ['new Uint8Array(count) // view: a count of bytes, never a buffer', 0],
    ['new Uint8Array(count) // view:', 1],
  ])('the rule judges %s', (text, violations) => {
    expect(viewsWithoutLength(parse('a.ts', `f(${text}\n);`))).toHaveLength(violations);
  });
});

describe('tests', () => {
  test('are whole: none narrowed, promised, emptied, or skipped in silence', () => {
    expect(testSources().flatMap(dishonestTests)).toEqual([]);
  });

  test.each(['only', 'todo', 'skip'])('the rule can fail: it.%s', (name) => {
    expect(dishonestTests(parse('a.ts', `it.${name}('x', () => {});`))).toHaveLength(1);
  });

  test('the rule can fail: nothing expected, no reason given', () => {
    expect(dishonestTests(parse('a.ts', `expect(${true}).toBe(true);`))).toHaveLength(1);
    expect(dishonestTests(parse('a.ts', `context.skip();`))).toHaveLength(1);
    expect(dishonestTests(parse('a.ts', `context.skip('needs Linux');`))).toHaveLength(0);
  });
});

describe('exports', () => {
  const users = (): readonly Source[] => testSources();

  test('are all used', () => {
    expect(unusedExports(shippedSources(), users(), publicEntries())).toEqual([]);
  });

  test('sit in files that something reaches', () => {
    expect(unreachable(shippedSources(), publicEntries())).toEqual([]);
  });

  test('the rules can fail', () => {
    const a = parse(
      'packages/core/src/a.ts',
      `export const used = 1; export const dead = 2; export type Gone = 3; export type Own = 4; const own: Own = 4;`,
    );
    const index = parse(
      'packages/core/src/index.ts',
      `export { used } from './a.ts'; export const open = 1;`,
    );
    const entries = new Set(['packages/core/src/index.ts']);
    expect(unusedExports([a, index], [], entries).map((line) => line.split(' ')[2])).toEqual([
      'dead,',
      'Gone,',
    ]);
    expect(unreachable([a, index], entries)).toEqual([]);
    expect(unreachable([parse('packages/core/src/b.ts', ''), index], entries)).toEqual([
      'packages/core/src/b.ts',
    ]);
  });
});

describe('every tracked file', () => {
  test('belongs to no one machine and names no registry host', () => {
    const found = textFiles().flatMap((path) =>
      read(path)
        .split('\n')
        .flatMap((line, index) =>
          MACHINE_PATH.test(line) || REGISTRY_HOST.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
    expect(found).toEqual([]);
  });

  test('promises nothing for later', () => {
    const found = repositoryFiles()
      .filter((path) => /\.(?:ts|mjs|cc|c|h|md)$/.test(path))
      .flatMap((path) =>
        read(path)
          .split('\n')
          .flatMap((line, index) => (PROMISE.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
      );
    expect(found).toEqual([]);
  });

  test('the rules can fail', () => {
    for (const folder of ['home/someone', 'root/project', 'tmp/scratch'])
      expect(MACHINE_PATH.test(`cd /${folder}`)).toBe(true);
    for (const path of ['./home/x', 'src/work/x', '/tmp/ringpool-1', '/proc/self/status'])
      expect(MACHINE_PATH.test(path)).toBe(false);
    expect(REGISTRY_HOST.test(`https://${'registry'}.example.org/x`)).toBe(true);
    expect(REGISTRY_HOST.test('https://man7.org/linux/man-pages/')).toBe(false);
  });
});
