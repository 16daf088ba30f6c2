// Runs tests on Linux 6.1, the kernel of Debian 12, in a guest under QEMU: the conformance suite, whose rings have mapped
// queues there because that kernel lacks NO_MMAP (6.5). Test files as arguments are run instead. Debian's cloud kernel has ext4 and NVMe built in, so that it starts from a disk image, without modules.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GREETING, QEMU, runGuest } from './support/guest.mjs';
import { DISK_PROGRAMS, makeDisk, PROJECT } from './support/guest-disk.mjs';
import { findProgram } from './support/programs.mjs';

const KERNELS = '/boot';
const KERNEL = /^vmlinuz-6\.1\.\d+-.*cloud-amd64$/;
/** A test may take as long as a slow guest takes; the guest has a limit of its own. */
const TEST_LIMIT_MS = 300_000;

const CONFORMANCE = 'packages/pool/test/conformance';
const TESTS = [`${CONFORMANCE}/conformance.test.ts`];
/** For these all of it is done: some of them must have passed, which is more than that none has failed. */
const MUST_PLAY = 'uring, mapped queues';

/** The first process: it runs the tests and hands vitest's report to the host. */
function init(tests) {
  const options = [
    '--reporter=verbose',
    '--reporter=json',
    '--outputFile.json=/report.json',
    `--testTimeout=${TEST_LIMIT_MS}`,
    `--hookTimeout=${TEST_LIMIT_MS}`,
  ];
  return `#!/bin/sh
export PATH=/bin HOME=/tmp NO_COLOR=1 RINGPOOL_BRIEF=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
exec </dev/null >/dev/ttyS0 2>&1
ip link set lo up
read -r release </proc/sys/kernel/osrelease
echo "${GREETING} $release"
cd ${PROJECT}
# In a pipe vitest does not take the console for a terminal, and draws nothing over again.
node node_modules/vitest/vitest.mjs run ${options.join(' ')} ${tests.join(' ')} 2>&1 | cat
cat /report.json >/dev/ttyS1
echo o >/proc/sysrq-trigger
sleep 60
`;
}

/** The newest 6.1 kernel for the cloud that Debian has installed here, or undefined. */
function findKernel() {
  const names = readdirSync(KERNELS).filter((name) => KERNEL.test(name));
  const newest = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  return newest === undefined ? undefined : path.join(KERNELS, newest);
}

/** Why there can be no guest here, or undefined. */
function missing() {
  const absent = [QEMU, ...DISK_PROGRAMS].find((name) => findProgram(name) === undefined);
  if (absent !== undefined) return `${absent} is not installed`;
  return findKernel() === undefined
    ? 'Linux 6.1 of Debian 12 (linux-image-cloud-amd64) is not installed'
    : undefined;
}

/** What is wrong with a run, or undefined. */
function complaint({ release, killed }, reportFile, standard) {
  if (release === undefined) return `the guest did not come up: it ${killed}`;
  if (killed !== undefined) return `the guest ${killed}`;
  let report;
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    return 'the guest ended before it had reported';
  }
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = report;
  console.log(`on Linux ${release}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (!report.success || failed > 0 || passed === 0) return 'tests failed on it';
  const played = report.testResults
    .filter(({ name }) => name.startsWith(`${PROJECT}/${CONFORMANCE}/`))
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ ancestorTitles, status }) => ancestorTitles[0] === MUST_PLAY && status === 'passed').length;
  if (standard) console.log(`of the conformance suite, ${played} of '${MUST_PLAY}'`);
  return standard && played === 0 ? `nothing of '${MUST_PLAY}' was played` : undefined;
}

async function main(words) {
  const tests = words.length > 0 ? words : TESTS;
  const started = performance.now();
  const onNews = (news) => console.log(`[${Math.round((performance.now() - started) / 1000)} s] ${news}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ringpool-old-kernel-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  const [disk, report] = ['disk', 'report'].map((name) => path.join(folder, name));
  const kernel = findKernel();
  onNews(`makes a disk for ${path.basename(kernel)}`);
  makeDisk(disk, folder, init(tests));
  const onConsole = (text) => process.stdout.write(text);
  const outcome = await runGuest({ kernel, disk, report }, { onConsole, onNews });
  const wrong = complaint(outcome, report, words.length === 0);
  onNews(wrong ?? 'all is well');
  process.exit(wrong === undefined ? 0 : 1);
}

const reason = missing();
if (reason === undefined) await main(process.argv.slice(2));
else {
  console.log(`skipped: ${reason}`);
  process.exit(process.env.CI === 'true' ? 1 : 0);
}
