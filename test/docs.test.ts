// The documents and the code say the same: every public export has a docstring, and every error code has its entry.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  at,
  entryPoints,
  manifests,
  type Node,
  parse,
  read,
  repositoryFiles,
  root,
  type Source,
  shippedSources,
  source,
  walk,
} from './support/repository.ts';

const CODE = /\bERR_RINGPOOL_[A-Z0-9_]+\b/g;
/** In docs/errors.md each code has a heading of its own: `### ERR_RINGPOOL_CLOSED`. */
const HEADING = /^### `?(ERR_RINGPOOL_[A-Z0-9_]+)`?$/gm;

/** A declared name that users can reach, with its node. */
interface Declared {
  readonly name: string;
  readonly file: Source;
  readonly node: Node;
}

/** The declarations behind the exports of `file`, followed through re-exports. */
function declarations(file: Source, load: (path: string) => Source): readonly Declared[] {
  return file.module.staticExports.flatMap(({ entries }) =>
    entries.flatMap((entry) => {
      const name = entry.exportName.name ?? 'default';
      if (entry.moduleRequest === null) return declared(file, entry.localName.name ?? name, name, load);
      const specifier = entry.moduleRequest.value;
      if (!specifier.startsWith('.')) return [];
      const target = load(posix.join(posix.dirname(file.path), specifier));
      const wanted = entry.importName.kind === 'AllButDefault' ? undefined : (entry.importName.name ?? name);
      return declarations(target, load).filter((found) => wanted === undefined || found.name === wanted);
    }),
  );
}

/** The local declaration of `local`, or, when it was imported here, where it came from. */
function declared(
  file: Source,
  local: string,
  name: string,
  load: (path: string) => Source,
): readonly Declared[] {
  for (const statement of file.program.body as unknown as Node[]) {
    const inner = (statement['declaration'] ?? statement) as Node;
    const names =
      inner.type === 'VariableDeclaration'
        ? (inner['declarations'] as Node[]).map((item) => (item['id'] as Node)['name'])
        : [(inner['id'] as Node | undefined)?.['name']];
    if (names.includes(local)) return [{ name, file, node: { ...inner, start: statement.start } }];
  }
  for (const { moduleRequest, entries } of file.module.staticImports) {
    const entry = entries.find(({ localName }) => localName.value === local);
    if (entry === undefined || !moduleRequest.value.startsWith('.')) continue;
    const target = load(posix.join(posix.dirname(file.path), moduleRequest.value));
    if (entry.importName.kind === 'NamespaceObject') return declarations(target, load);
    return declarations(target, load).filter((found) => found.name === entry.importName.name);
  }
  return [];
}

/** True when a `/** … *\/` block ends right before `start`, with nothing but space and lint comments in between. */
function documented(file: Source, start: number): boolean {
  let end = start;
  for (const comment of [...file.comments].reverse()) {
    if (comment.end > end || file.text.slice(comment.end, end).trim() !== '') continue;
    if (comment.type === 'Block' && comment.value.startsWith('*')) return true;
    end = comment.start;
  }
  return false;
}

/** The public members of a class, which users read about one by one. An interface may speak for its members itself. */
function members(node: Node): readonly Node[] {
  const body = (node['body'] as Node | undefined)?.['body'];
  if (node.type !== 'ClassDeclaration' || !Array.isArray(body)) return [];
  return (body as Node[]).filter((member) => {
    const key = member['key'] as Node | undefined;
    if (key === undefined || key.type === 'PrivateIdentifier' || member.type === 'StaticBlock') return false;
    return member['accessibility'] !== 'private' && member['kind'] !== 'constructor';
  });
}

/** What of the public surface behind `entry` lacks a docstring. */
function undocumented(entry: Source, load: (path: string) => Source = source): readonly string[] {
  return declarations(entry, load).flatMap(({ name, file, node }) => {
    const own = documented(file, node.start) ? [] : [`${at(file, node.start)} ${name}`];
    const inner = members(node)
      .filter((member, index, all) => !isOverload(member, all[index - 1]) && !documented(file, member.start))
      .map(
        (member) =>
          `${at(file, member.start)} ${name}.${String((member['key'] as Node)['name'] ?? '[symbol]')}`,
      );
    return [...own, ...inner];
  });
}

/** A second signature of the method before it, or the setter of the getter before it. */
function isOverload(member: Node, previous: Node | undefined): boolean {
  const name = (node: Node | undefined): unknown => (node?.['key'] as Node | undefined)?.['name'];
  return name(member) !== undefined && name(member) === name(previous);
}

/** The codes in string literals: the ones that can reach a user. */
function codesIn(file: Source): readonly string[] {
  const found: string[] = [];
  walk(file.program, (node) => {
    if (node.type === 'Literal' && typeof node['value'] === 'string')
      found.push(...(node['value'].match(CODE) ?? []));
    if (node.type === 'TemplateElement')
      found.push(...(file.text.slice(node.start, node.end).match(CODE) ?? []));
  });
  return found;
}

/** The files a document names: targets of relative links, and test files in backticks, which are named from the root. */
function references(
  path: string,
  text: string,
): readonly { readonly from: string; readonly target: string }[] {
  const links = [...text.matchAll(/\]\((?!\w+:|#)([^)#]+)/g)].map(([, target]) =>
    posix.join(posix.dirname(path), target ?? ''),
  );
  const tests = [...text.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, target]) => target ?? '');
  return [...links, ...tests].map((target) => ({ from: path, target }));
}

describe('docstrings', () => {
  test('stand at every public export, and at every public member of its classes', () => {
    const entries = [...manifests()]
      .filter(([folder]) => folder.startsWith('packages/'))
      .flatMap(([folder, manifest]) => entryPoints(folder, manifest));
    expect(entries.length).toBeGreaterThan(2);
    expect([...new Set(entries.flatMap((path) => undocumented(source(path))))]).toEqual([]);
  });

  test('the rule can fail, through re-exports and inside classes', () => {
    const files = new Map([
      ['src/index.ts', `export { a, B, type C } from './x.ts';\nimport { d } from './x.ts';\nexport { d };`],
      [
        'src/x.ts',
        `/** A. */\nexport const a = 1;\n/** B. */\nexport class B {\n  /** m. */\n  m(): void {}\n  n(): void {}\n  #p = 1;\n  private q = 1;\n}\n
        export interface C {\n  x: number;\n}\n// d.\nexport function d(): void {}\n`,
      ],
    ]);
    const load = (path: string): Source => parse(path, files.get(path) ?? '');
    const missing = undocumented(load('src/index.ts'), load).map((line) => line.split(' ')[1]);
    expect(missing).toEqual(['B.n', 'C', 'd']);
  });
});

describe('documents', () => {
  const DOCUMENT = /(?:^|\/)(?:README|CONTRIBUTING)\.md$|^docs\/.*\.md$/;

  test('link and refer to files that exist', () => {
    const dangling = repositoryFiles()
      .filter((path) => DOCUMENT.test(path))
      .flatMap((path) => references(path, read(path)))
      .filter(({ target }) => !existsSync(`${root}/${target}`))
      .map(({ from, target }) => `${from} refers to ${target}`);
    expect(dangling).toEqual([]);
  });

  test('the rule sees links and test files', () => {
    const page = '[a](../x/b.md#c) [d](https://example.org) `test/e.test.ts` `f()`';
    expect(references('docs/a.md', page).map(({ target }) => target)).toEqual(['x/b.md', 'test/e.test.ts']);
  });
});

describe('docs/performance.md', () => {
  test('holds the figures of docs/results, and no others', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/performance.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
  });
});

describe('docs/errors.md', () => {
  const inCode = (): ReadonlySet<string> =>
    new Set([
      ...shippedSources()
        .filter((file) => file.path.startsWith('packages/'))
        .flatMap(codesIn),
      ...repositoryFiles()
        .filter((path) => /^packages\/[^/]+\/.*\.(?:cc|h)$/.test(path))
        .flatMap((path) =>
          [...read(path).matchAll(/"(ERR_RINGPOOL_[A-Z0-9_]+)"/g)].map(([, code]) => code ?? ''),
        ),
    ]);
  const inDocs = (): readonly string[] =>
    [...read('docs/errors.md').matchAll(HEADING)].map(([, code]) => code ?? '');

  test('has an entry for every code that the packages can throw, and for no other', () => {
    expect([...inDocs()].sort()).toEqual([...inCode()].sort());
  });

  test('says of each its cause and its remedy', () => {
    const entries = read('docs/errors.md').split(/^### /m).slice(1);
    expect(
      entries.filter((entry) => !/\*\*Cause\.\*\* /.test(entry) || !/\*\*Remedy\.\*\* /.test(entry)),
    ).toEqual([]);
  });

  test('every code named in any document or docstring exists', () => {
    const known = inCode();
    const named = repositoryFiles()
      .filter((path) => /^(?:README|docs\/|packages\/[^/]+\/(?:README|src\/))/.test(path))
      .flatMap((path) =>
        (read(path).match(CODE) ?? []).filter((code) => !known.has(code)).map((code) => `${path}: ${code}`),
      );
    expect(named).toEqual([]);
  });
});
