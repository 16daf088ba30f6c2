// Writes the encoders, the types of operations and docs/opcodes.md from the built opcode table, formatted by Biome.
// Run after a build: node packages/core/scripts/generate.mjs. With --check it writes nothing and fails if it would.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateSources, PARTS } from './sources.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const check = process.argv.includes('--check');
const built = new URL('../dist/abi/', import.meta.url);

const tables = Object.fromEntries(
  await Promise.all(
    PARTS.map(async ({ file }) => [file, await import(new URL(`opcode-table/${file}.js`, built).href)]),
  ),
);
const { sqeFields } = await import(new URL('layout.js', built).href);

const changed = [];
for (const [path, text] of generateSources(tables, sqeFields)) {
  const target = join(root, path);
  const wanted = path.endsWith('.ts') ? format(path, text) : text;
  let current = '';
  try {
    current = readFileSync(target, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (current === wanted) continue;
  changed.push(path);
  if (check) continue;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, wanted);
}
console.log(
  changed.length === 0 ? 'generate: everything was current' : `generate: wrote ${changed.join(', ')}`,
);

/** The text as `biome check --write` leaves it. */
function format(path, text) {
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const run = spawnSync(process.execPath, [biome, 'check', '--write', `--stdin-file-path=${path}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
  });
  if (run.status !== 0) throw new Error(`biome refuses ${path}: ${run.stderr}`);
  return run.stdout;
}
