// The constants against the headers of this system (those it knows) and against what Node.js was built with.
import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as flags from '../../src/abi/flags.ts';
import { AT, EPOLL, openFlagsFor, RWF, STATX } from '../../src/abi/system.ts';

const script = new URL('../golden/make-vectors.mjs', import.meta.url).href;
const { missing } = (await import(script)) as { readonly missing: () => string | undefined };

/** Fewer than these would mean that the headers were not read at all. */
const KNOWN_MIN = 100;
const HEADERS = ['fcntl.h', 'liburing.h', 'stdint.h', 'stdio.h', 'sys/epoll.h', 'sys/stat.h', 'sys/uio.h'];

/** Every constant under its C name. */
function ours(): ReadonlyMap<string, number> {
  const groups: readonly (readonly [string, { readonly [name: string]: number }])[] = [
    ['RWF_', RWF],
    ['AT_', AT],
    ['STATX_', STATX],
    ['EPOLL', EPOLL],
    ['O_', { ...openFlagsFor(process.arch) }],
    ...Object.entries(flags)
      .filter(([, group]) => typeof group === 'object')
      .map(([prefix, group]) => [`${prefix}_`, group as { readonly [name: string]: number }] as const),
  ];
  return new Map(
    groups.flatMap(([prefix, group]) => Object.entries(group).map(([name, value]) => [prefix + name, value])),
  );
}

/** The values of those names that the headers define. */
function ofTheHeaders(names: readonly string[]): ReadonlyMap<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'ringpool-constants-'));
  try {
    const lines = names.map(
      (name) => `#ifdef ${name}\n  printf("${name} %u\\n", (uint32_t)(${name}));\n#endif`,
    );
    const source = `#define _GNU_SOURCE\n${HEADERS.map((header) => `#include <${header}>\n`).join('')}int main(void) {\n${lines.join('\n')}\n}\n`;
    const program = join(folder, 'constants');
    execFileSync('cc', ['-w', '-x', 'c', '-o', program, '-'], { input: source });
    const printed = execFileSync(program, { encoding: 'utf8' }).trim().split('\n');
    return new Map(printed.map((line) => [line.split(' ')[0]!, Number(line.split(' ')[1])]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('constants', () => {
  test('have the values of the headers', ({ skip }) => {
    const reason = missing();
    if (reason !== undefined && process.env['CI'] === undefined) skip(reason);
    const mine = ours();
    const headers = ofTheHeaders([...mine.keys()]);
    expect(headers.size).toBeGreaterThan(KNOWN_MIN);
    // glibc says that files are large anyway, and defines O_LARGEFILE as 0 on 64-bit machines.
    const wrong = [...headers].filter(
      ([name, value]) => name !== 'O_LARGEFILE' && mine.get(name)! >>> 0 !== value,
    );
    expect(wrong).toEqual([]);
  });

  test('open flags are those Node.js was built with', ({ skip }) => {
    if (process.platform !== 'linux') skip('the flags are those of Linux');
    const here: { readonly [name: string]: number } = { ...openFlagsFor(process.arch) };
    const known = Object.entries(constants).filter(([name]) => here[name.replace(/^O_/, '')] !== undefined);
    expect(known.length).toBeGreaterThan(10);
    expect(known.map(([name]) => [name, here[name.replace(/^O_/, '')]])).toEqual(known);
  });

  test('open flags differ between architectures', () => {
    expect([openFlagsFor('x64').DIRECT, openFlagsFor('arm64').DIRECT]).toEqual([0o40000, 0o200000]);
    expect([openFlagsFor('x64').TMPFILE, openFlagsFor('arm64').TMPFILE]).toEqual([0o20200000, 0o20040000]);
  });

  test.each(['mips', 'toString', ''])('the open flags of %j are refused', (architecture) => {
    expect(() => openFlagsFor(architecture)).toThrow(
      expect.objectContaining({ code: 'ERR_RINGPOOL_UNSUPPORTED' }),
    );
  });
});
