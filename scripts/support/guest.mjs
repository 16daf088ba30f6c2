// One run of a virtual machine under QEMU, from power-on to power-off, bounded: with KVM where that works, else with every
// instruction translated. The guest says on its console that it is up; its second serial port writes a file of the host.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { findProgram } from './programs.mjs';

export const QEMU = 'qemu-system-x86_64';
/** What the guest's first process prints, followed by the release of its kernel, once it runs. */
export const GREETING = 'the guest runs Linux';

const MEMORY_MIB = 2048;
const CORES_MAX = 2;
/** A kernel that has not come up with KVM by then never does: nested KVM may refuse instructions, or hang. */
const KVM_BOOT_LIMIT_MS = 20_000;
/** The whole run, from power-on. Translated, all of it takes about ten times as long. */
const LIMIT_MS = { kvm: 180_000, tcg: 600_000 };
const PROBE_LIMIT_MS = 10_000;

/** Whether QEMU can open KVM at all, found out with a machine that has nothing in it. */
function hasKvm() {
  const args = ['-M', 'none', '-accel', 'kvm', '-nodefaults', '-display', 'none', '-monitor', 'stdio'];
  return spawnSync(findProgram(QEMU), args, { input: 'quit\n', timeout: PROBE_LIMIT_MS }).status === 0;
}

function machine(accelerator, { kernel, disk, report }) {
  return [
    ...['-accel', accelerator, '-cpu', 'max', '-smp', `${Math.min(os.availableParallelism(), CORES_MAX)}`],
    ...['-m', `${MEMORY_MIB}`, '-nodefaults', '-display', 'none', '-no-reboot'],
    ...['-serial', 'stdio', '-serial', `file:${report}`],
    // What a power cut would lose does not matter: the disk goes with the guest.
    ...['-drive', `if=none,id=disk,format=raw,cache=unsafe,file=${disk}`],
    ...['-device', 'nvme,serial=disk,drive=disk', '-kernel', kernel],
    // A kernel that stumbles panics, which ends the guest before it has reported. Mitigations only cost time here.
    ...['-append', 'root=/dev/nvme0n1 rw init=/init console=ttyS0 quiet mitigations=off oops=panic panic=-1'],
  ];
}

/** Runs the guest once: the release that it greeted with, or undefined, and why it had to be killed, or undefined. */
async function power(accelerator, files, onConsole) {
  const guest = spawn(findProgram(QEMU), machine(accelerator, files), { stdio: ['ignore', 'pipe', 'pipe'] });
  let release;
  let killed;
  let said = '';
  let complaint = '';
  const kill = (why) => {
    killed ??= why;
    guest.kill('SIGKILL');
  };
  const onExit = () => guest.kill('SIGKILL');
  process.once('exit', onExit);
  const limits = [setTimeout(kill, LIMIT_MS[accelerator], `was not done after ${LIMIT_MS[accelerator]} ms`)];
  if (accelerator === 'kvm')
    limits.push(
      setTimeout(() => {
        if (release === undefined) kill(`was not up after ${KVM_BOOT_LIMIT_MS} ms`);
      }, KVM_BOOT_LIMIT_MS),
    );
  guest.stdout.setEncoding('utf8').on('data', (text) => {
    if (release === undefined) {
      said += text;
      release = new RegExp(`${GREETING} (\\S+)`).exec(said)?.[1];
    }
    onConsole(text.replaceAll('\r', ''));
  });
  guest.stderr.setEncoding('utf8').on('data', (text) => {
    complaint += text;
    // QEMU then keeps the guest standing for somebody to look at.
    if (complaint.includes('KVM internal error')) kill('cannot execute an instruction of its kernel');
  });
  await once(guest, 'close');
  for (const limit of limits) clearTimeout(limit);
  process.off('exit', onExit);
  killed ??= release === undefined ? complaint.trim().split('\n')[0] || 'ended at once' : undefined;
  return { release, killed };
}

/** Runs a guest from `kernel` and `disk`; what it reports is in the file `report`. As {@link power} answers. */
export async function runGuest(files, { onConsole, onNews }) {
  if (hasKvm()) {
    onNews('with KVM');
    const outcome = await power('kvm', files, onConsole);
    if (outcome.release !== undefined) return outcome;
    onNews(`KVM does not carry this guest, which ${outcome.killed}`);
  }
  onNews('without KVM: every instruction is translated, which takes minutes');
  return power('tcg', files, onConsole);
}
