// Has the pool's tests, and the demo, run where the addon is not on the disk: in a copy of this checkout without it, on the
// driver threads. Words as arguments go to vitest in place of its usual ones. Build first.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** What a copy has no use for: history, what the demo left, what vitest remembers of former runs. */
const LEFT_OUT = new Set(['.git', '.data', 'coverage']);
const REMOVED = ['node_modules/.vite', 'packages/native/prebuilds', 'packages/native/build'];
/** All of the pool's, but those that need the addon: of the driver uring, or of what blocks it. */
const TESTS = [
  'packages/pool/test',
  '--exclude',
  '**/{conformance,doctor,faults}/**',
  '--exclude',
  '**/blocked.test.ts',
];

/** Copies by hard links, which cost no room; where the folder is on another file system, really. */
function copyTo(folder) {
  const names = readdirSync(root).filter((name) => !LEFT_OUT.has(name));
  const { status } = spawnSync('cp', ['-al', ...names, folder], { cwd: root, stdio: 'ignore' });
  if (status !== 0) {
    const copied = spawnSync('cp', ['-a', '--remove-destination', ...names, folder], {
      cwd: root,
      stdio: 'inherit',
    });
    if (copied.status !== 0) throw new Error(`cp ended with ${copied.status}`);
  }
  // Of files that have another name in the checkout, these are gone here alone.
  for (const name of REMOVED) rmSync(path.join(folder, name), { recursive: true, force: true });
}

/** Runs Node in the copy; returns its exit code. */
function run(folder, ...args) {
  const env = { ...process.env, RINGPOOL_BRIEF: '1', RINGPOOL_DRIVER: 'threads' };
  delete env.RINGPOOL_ADDON;
  const { status, signal, error } = spawnSync(process.execPath, args, { cwd: folder, env, stdio: 'inherit' });
  if (error) throw error;
  if (signal !== null) console.error(`${args[0]} ended by ${signal}`);
  return status ?? 1;
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'ringpool-threads-'));
// Some tests become another user, who is to find the modules.
chmodSync(folder, 0o755);
let code = 1;
try {
  copyTo(folder);
  const wanted = process.argv.slice(2);
  code = run(folder, 'node_modules/vitest/vitest.mjs', 'run', ...(wanted.length > 0 ? wanted : TESTS));
  if (code === 0) code = run(folder, '--enable-source-maps', 'examples/bulk-ingest/dist/main.js');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = code;
