// Builds everything the demo, the tests and the benches need: the TypeScript projects, then the addon.
// Both are incremental: a second run with nothing changed takes well under a second.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const quiet = process.argv.includes('--quiet');

/** Runs one step and ends the build with its exit code when it fails. */
function step(name, command, args) {
  const started = performance.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  if (!quiet) console.log(`build: ${name} (${Math.round(performance.now() - started)} ms)`);
}

step('typescript', process.execPath, ['node_modules/typescript/bin/tsc', '-b']);
step('addon', process.execPath, ['packages/native/scripts/build-addon.mjs', ...(quiet ? ['--quiet'] : [])]);
