// What keeps io_uring from being used, out of everything that answers with the same few errnos. Pure.
//
// EPERM is the sysctl's, a seccomp filter's or a security module's word (which may also say EACCES); ENOSYS is a filter's or
// a kernel's without io_uring; ENOMEM is the memlock limit's. Source: io_uring_allowed() in the kernel's
// io_uring/io_uring.c, seccomp(2).

import { errno, errnoName, type RingpoolError } from '@ringpool/core';

import { KERNEL_FLOOR, releaseNumber } from '../kernel-floor.ts';
import type { ContainerHint, Facts, SystemFacts } from './facts.ts';

/** What is in the way: the name of its finding, and the cause with its remedy. */
export interface Blocker {
  readonly by: 'platform' | 'addon' | 'kernel' | 'io_uring_disabled' | 'seccomp' | 'memlock' | 'other';
  readonly detail: string;
  readonly remedy: string;
  readonly code: string;
}

const SECCOMP_FILTER = 2;
/** The first kernels with io_uring, and with the sysctl that tells a kernel that was built with it. */
const FIRST_RELEASE = '5.1';
const SYSCTL_RELEASE = '6.6';
const SYSCALLS = 'io_uring_setup, io_uring_enter and io_uring_register';

/** What keeps io_uring from being used; undefined where a ring works. */
export function blockerOf({ system, ring: { addonError, refusal } }: Facts): Blocker | undefined {
  if (refusal === undefined) return undefined;
  const { code } = refusal;
  if (system.platform !== 'linux') {
    const detail = `io_uring is part of Linux, and this is ${system.platform}`;
    return { by: 'platform', code, detail, remedy: "Use driver 'threads', which does without it." };
  }
  if (addonError !== undefined)
    return { by: 'addon', code, detail: addonDetail(addonError), remedy: addonRemedy(system) };
  if (code === 'ERR_RINGPOOL_MEMLOCK') return { by: 'memlock', ...inWords(refusal) };
  if (refusal.errno === errno.EPERM || refusal.errno === errno.EACCES) return forbidden(system, refusal);
  if (refusal.errno === errno.ENOSYS) return hidden(system, refusal);
  return { by: 'other', ...inWords(refusal) };
}

/** EPERM, EACCES. */
function forbidden(system: SystemFacts, refusal: RingpoolError): Blocker {
  // The sysctl is looked at before a ring exists; a filter comes before any of it, and may be there as well.
  if (refusal.errno === errno.EPERM && sysctlForbids(system, refusal)) {
    const everybody = system.sysctl?.disabled === 2;
    return {
      by: 'io_uring_disabled',
      code: refusal.code,
      detail: everybody
        ? 'kernel.io_uring_disabled is 2: no process may open a ring (EPERM)'
        : 'kernel.io_uring_disabled is 1, and this process has neither CAP_SYS_ADMIN nor the group of it (EPERM)',
      remedy: everybody
        ? 'Set kernel.io_uring_disabled=0 (`sysctl -w`, and a file in /etc/sysctl.d to keep it).'
        : 'Set kernel.io_uring_group to a group of this process, or kernel.io_uring_disabled to 0.',
    };
  }
  if (system.seccomp === SECCOMP_FILTER) return filtered(system, refusal);
  return {
    by: 'other',
    code: refusal.code,
    detail: `something answers ${refusedWith(refusal)}, neither the sysctl nor a seccomp filter: a security module`,
    remedy: 'Allow io_uring in the policy of the security module (SELinux has the class io_uring).',
  };
}

/** ENOSYS. */
function hidden(system: SystemFacts, refusal: RingpoolError): Blocker {
  if (system.seccomp === SECCOMP_FILTER && kernelHasRings(system) !== false) return filtered(system, refusal);
  return {
    by: 'kernel',
    code: refusal.code,
    detail: `Linux ${system.release} has no io_uring (ENOSYS): older than ${FIRST_RELEASE}, or built without CONFIG_IO_URING`,
    remedy: `Boot Linux ${KERNEL_FLOOR} or later with CONFIG_IO_URING=y, or use driver 'threads'.`,
  };
}

/** Whether the kernel was built with io_uring, as far as it can be told from outside of it. */
function kernelHasRings({ sysctl, release }: SystemFacts): boolean | undefined {
  if (releaseNumber(release) < releaseNumber(FIRST_RELEASE)) return false;
  if (sysctl?.disabled !== undefined) return true;
  if (sysctl !== undefined && releaseNumber(release) >= releaseNumber(SYSCTL_RELEASE)) return false;
  return undefined;
}

/** Whether kernel.io_uring_disabled keeps this process from opening a ring. One that opened is proof that it does not. */
export function sysctlForbids(
  { sysctl, sysAdmin, groups }: SystemFacts,
  refusal: RingpoolError | undefined,
): boolean {
  if (refusal === undefined || refusal.syscall === 'io_uring_enter') return false;
  if (sysctl?.disabled === 2) return true;
  if (sysctl?.disabled !== 1 || sysAdmin) return false;
  return sysctl.group === undefined || !groups.includes(sysctl.group);
}

function filtered({ container }: SystemFacts, refusal: RingpoolError): Blocker {
  return {
    by: 'seccomp',
    code: refusal.code,
    detail: `a seccomp filter answers ${refusedWith(refusal)}`,
    remedy: seccompRemedy(container),
  };
}

/** What a refusal of something that a ring can do without comes to: a filter may be why, and otherwise it speaks for itself. */
export function lackOf(system: SystemFacts, refusal: RingpoolError): Omit<Blocker, 'by'> {
  return isFiltered(system, refusal) ? filtered(system, refusal) : inWords(refusal);
}

/** Whether it is a filter that refused what io_uring itself grants every ring. */
export function isFiltered({ seccomp }: SystemFacts, { errno: number }: RingpoolError): boolean {
  const typical = number === errno.EPERM || number === errno.EACCES || number === errno.ENOSYS;
  return typical && seccomp === SECCOMP_FILTER;
}

/** `'EPERM to io_uring_setup'`. Which operation of io_uring_register it was is no concern of a filter. */
function refusedWith({ errno: number = 0, syscall = 'io_uring' }: RingpoolError): string {
  return `${errnoName(number)} to ${syscall.replace(/\(.*/, '')}`;
}

/** Who has to change the filter, and how. */
function seccompRemedy(container: readonly ContainerHint[]): string {
  switch (container[0]?.kind) {
    case 'kubernetes':
      return `Give the pod a seccompProfile (in its securityContext) that allows ${SYSCALLS}.`;
    case 'docker':
    case 'podman':
      return `Run the container with --security-opt seccomp=PROFILE.json, a profile that allows ${SYSCALLS}.`;
    case 'container':
      return `Run the container with a seccomp profile that allows ${SYSCALLS}.`;
    default:
      return `Allow ${SYSCALLS} where the filter is made, such as SystemCallFilter= of a systemd unit.`;
  }
}

/** Why the addon does not load, in one line. */
function addonDetail(error: RingpoolError): string {
  const [cause = ''] = error.cause instanceof Error ? error.cause.message.split('\n') : [];
  return cause === '' ? withoutHint(error) : `${withoutHint(error)} (${cause.trim()})`;
}

function addonRemedy({ addonNamed }: SystemFacts): string {
  if (addonNamed !== undefined)
    return `RINGPOOL_ADDON names ${addonNamed}: correct it, or leave it unset for the addon of the package.`;
  return "Install @ringpool/native anew, with its prebuilds folder, or use driver 'threads', which does without it.";
}

/** An error's own words as those of a finding. */
function inWords(error: RingpoolError): Omit<Blocker, 'by'> {
  const remedy = error.hint ?? 'Look the errno up in the manual page of the system call.';
  return { code: error.code, detail: withoutHint(error), remedy };
}

/** The message without the hint that it ends with. */
function withoutHint({ message, hint }: RingpoolError): string {
  const own = hint !== undefined && message.endsWith(hint) ? message.slice(0, -hint.length) : message;
  return own.trim().replace(/\.$/, '');
}
