// Runs the native tests on an addon built with ASan and UBSan, and fails on any report, also on one that a test's child
// process made and nobody read. Arguments go to vitest (a file name, say). Development only.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const addon = path.join(root, 'packages', 'native', 'build', 'sanitize', 'ringpool.node');

/** Runs a step, shows its output, and answers how it ended and whether UBSan, which knows no log file, spoke in it. */
async function run(args, env = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let spoke = false;
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.setEncoding('utf8').on('data', (text) => {
      spoke ||= text.includes('runtime error:');
      to.write(text);
    });
  }
  const [status] = await once(child, 'close');
  return { status: status ?? 1, spoke };
}

/** Where the compiler keeps a runtime library; it must come before everything else in the process. */
function library(name) {
  const { stdout, error } = spawnSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' });
  if (error) throw error;
  return stdout.trim();
}

const build = ['packages/native/scripts/build-addon.mjs', '--sanitize=address,undefined', '--quiet'];
if ((await run(build)).status !== 0) process.exit(1);

const logs = mkdtempSync(path.join(os.tmpdir(), 'ringpool-sanitize-'));
chmodSync(logs, 0o777); // some tests go on as another user
const report = `log_path=${path.join(logs, 'report')}`;
const chosen = process.argv.length > 2 ? process.argv.slice(2) : ['packages/native'];
const { status, spoke } = await run(['node_modules/vitest/vitest.mjs', 'run', ...chosen], {
  RINGPOOL_ADDON: addon,
  LD_PRELOAD: library('libasan.so'),
  // Node itself leaks on purpose at exit. Both sanitizers end the process at their first report.
  ASAN_OPTIONS: `detect_leaks=0:abort_on_error=1:${report}`,
  UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:${report}`,
});
const reports = readdirSync(logs).map((name) => readFileSync(path.join(logs, name), 'utf8'));
rmSync(logs, { recursive: true, force: true });
for (const text of reports) process.stderr.write(`\n${text}\n`);
console.log(`sanitizers: ${reports.length} logged reports${spoke ? ', and more in the output above' : ''}`);
process.exit(reports.length > 0 || spoke ? 1 : status);
