// The direction of imports: examples -> pool -> native -> core, and no way back.
// The rules are a table and pure functions, so that each is also shown a source that breaks it.
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  at,
  manifests,
  type Node,
  packageOf,
  parse,
  repositoryFiles,
  type Source,
  shippedSources,
  walk,
} from './support/repository.ts';

/** What each room may import besides its own files. `node:` stands for every built-in module. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'packages/core': [],
  'packages/native': ['@ringpool/core', 'node-gyp-build', 'node:'],
  'packages/pool': ['@ringpool/core', '@ringpool/native', 'piscina', 'node:'],
  examples: ['@ringpool/pool', 'node:'],
  bench: ['@ringpool/core', '@ringpool/native', '@ringpool/pool', 'tinybench', 'node:'],
};

/** A module named at run time, with the reason it must be. */
const COMPUTED: Readonly<Record<string, string>> = {
  'packages/native/src/addon.ts': 'loads the build of the addon that RINGPOOL_ADDON names',
};

interface Import {
  readonly specifier: string;
  readonly offset: number;
  /** True for `import type`, which is gone at run time. */
  readonly typeOnly: boolean;
}

/** Every module a file names: static, re-exported, dynamic, `require`d, or in a type. A computed name is `<computed>`. */
function importsOf(file: Source): readonly Import[] {
  const found: Import[] = [];
  const add = (node: unknown, kind?: unknown): void => {
    const { type, value, start } = node as Node;
    const specifier = type === 'Literal' ? String(value) : '<computed>';
    found.push({ specifier, offset: start, typeOnly: kind === 'type' });
  };
  walk(file.program, (node) => {
    if (/^(?:Import|ExportNamed|ExportAll)Declaration$/.test(node.type) && node['source'] != null)
      add(node['source'], node['importKind'] ?? node['exportKind']);
    else if (node.type === 'ImportExpression') add(node['source']);
    else if (node.type === 'TSImportType') add(node['source'], 'type');
    else if (node.type === 'CallExpression') {
      const { callee, arguments: args } = node as unknown as { callee: Node; arguments: Node[] };
      if (callee.type === 'Identifier' && callee['name'] === 'require') add(args[0]);
    }
  });
  return found;
}

/** The rule broken by `specifier` in a file at `path`, or undefined. */
function violation(path: string, specifier: string): string | undefined {
  if (specifier === '<computed>' && Object.hasOwn(COMPUTED, path)) return undefined;
  const room = packageOf(path) ?? '';
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    if (!target.startsWith(`${room}/src/`)) return 'leaves its own src folder';
    return target.endsWith('.ts') ? undefined : 'relative imports are written with .ts';
  }
  const allowed = ALLOWED[room] ?? ALLOWED[room.split('/')[0] ?? ''] ?? [];
  const name = specifier.startsWith('node:') ? 'node:' : packageName(specifier);
  if (!allowed.includes(name)) return `${room} may import only ${allowed.join(', ') || 'its own files'}`;
  return name === 'node:' || isPublic(specifier, name) ? undefined : `not a public entry point of ${name}`;
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Our own packages are entered through their `exports` only; others are taken as they come. */
function isPublic(specifier: string, name: string): boolean {
  const own = [...manifests().values()].find((manifest) => manifest.name === name && !manifest.private);
  return own === undefined || Object.hasOwn(own.exports ?? {}, `.${specifier.slice(name.length)}`);
}

/** The first cycle reachable in a graph of files, as the list of its members; undefined when there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const finished = new Set<string>();
  const visit = (file: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...trail, file]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** Each file with the files of the same package it imports, with or without those that are gone at run time. */
function importGraph(
  sources: readonly Source[],
  types: 'with types' | 'without types',
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    sources.map((file) => [
      file.path,
      importsOf(file)
        .filter(
          ({ specifier, typeOnly }) => specifier.startsWith('.') && !(typeOnly && types === 'without types'),
        )
        .map(({ specifier }) => posix.join(posix.dirname(file.path), specifier)),
    ]),
  );
}

/** Relative imports whose target is not in `files`. */
function strays(sources: readonly Source[], files: ReadonlySet<string>): readonly string[] {
  return [...importGraph(sources, 'with types')].flatMap(([path, targets]) =>
    targets.filter((target) => !files.has(target)).map((target) => `${path} imports ${target}`),
  );
}

describe('imports', () => {
  test('point one way: examples -> pool -> native -> core', () => {
    const broken = shippedSources().flatMap((file) =>
      importsOf(file).flatMap(({ specifier, offset }) => {
        const rule = violation(file.path, specifier);
        return rule === undefined ? [] : [`${at(file, offset)} imports ${specifier}: ${rule}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test('lead to files that git tracks: what it ignores is missing from a clean clone', () => {
    expect(strays(shippedSources(), new Set(repositoryFiles()))).toEqual([]);
  });

  test('form no cycle inside a package', () => {
    expect(findCycle(importGraph(shippedSources(), 'without types'))).toBeUndefined();
  });

  test('name only packages that the importer depends on, and every dependency is imported', () => {
    const broken: string[] = [];
    for (const [folder, manifest] of manifests()) {
      if (folder === '' || folder.startsWith('.')) continue;
      const used = new Set(
        shippedSources()
          .filter((file) => packageOf(file.path) === folder)
          .flatMap((file) => importsOf(file).map(({ specifier }) => specifier))
          .filter((specifier) => !/^(?:\.|node:|<computed>)/.test(specifier))
          .map(packageName),
      );
      const declared = Object.keys(manifest.dependencies ?? {});
      broken.push(
        ...[...used].filter((name) => !declared.includes(name)).map((name) => `${folder} lacks ${name}`),
      );
      broken.push(
        ...declared.filter((name) => !used.has(name)).map((name) => `${folder} never imports ${name}`),
      );
    }
    expect(broken).toEqual([]);
  });

  test.each([
    ['packages/core/src/a.ts', `import { readFileSync } from 'node:fs';`],
    ['packages/core/src/a.ts', `export type { Ring } from '@ringpool/native';`],
    ['packages/core/src/a.ts', `let x: import('node:fs').Stats;`],
    ['packages/native/src/a.ts', `import { openPool } from '@ringpool/pool';`],
    ['packages/native/src/a.ts', `import { encode } from '../../core/src/index.ts';`],
    ['packages/native/src/a.ts', `import { encode } from '@ringpool/core/dist/sqe/encode.js';`],
    ['packages/pool/src/a.ts', `const chalk = await import('chalk');`],
    ['packages/pool/src/a.ts', `const name = 'x'; await import(name);`],
    ['packages/pool/src/a.ts', `import { a } from './b.js';`],
    ['examples/bulk-ingest/src/a.ts', `import { Ring } from '@ringpool/native';`],
    ['examples/bulk-ingest/src/a.ts', `import { x } from '@ringpool/pool/dist/file/file.js';`],
  ])('the rule can fail: %s with %s', (path, text) => {
    const broken = importsOf(parse(path, text)).map(({ specifier }) => violation(path, specifier));
    expect(broken).toHaveLength(1);
    expect(broken[0]).toBeTypeOf('string');
  });

  test('the searches for cycles and strays can fail', () => {
    const sources = [
      parse('packages/core/src/a.ts', `import { b } from './x/b.ts';`),
      parse('packages/core/src/x/b.ts', `export * from './c.ts';`),
      parse('packages/core/src/x/c.ts', `import type { A } from '../a.ts';`),
    ];
    expect(findCycle(importGraph(sources, 'without types'))).toBeUndefined();
    expect(findCycle(importGraph(sources, 'with types'))).toEqual([
      'packages/core/src/a.ts',
      'packages/core/src/x/b.ts',
      'packages/core/src/x/c.ts',
      'packages/core/src/a.ts',
    ]);
    expect(findCycle(importGraph(sources.slice(0, 2), 'with types'))).toBeUndefined();
    expect(strays(sources.slice(0, 1), new Set(['packages/core/src/a.ts']))).toHaveLength(1);
  });
});
