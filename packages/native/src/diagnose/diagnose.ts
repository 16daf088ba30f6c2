// What this machine and process allow: asked of the system, and of the kernel by really opening rings. For people and for
// drivers that choose; on the calling thread, never on a hot path.

import { checkOptions, opcodeNames, RingpoolError } from '@ringpool/core';

import type { Memlock } from '../memlock.ts';
import type { RingMemoryMode, RingRung } from '../ring-setup.ts';
import { blockerOf } from './blocker.ts';
import { probeDirect } from './direct-facts.ts';
import { directFinding } from './direct-finding.ts';
import type { Facts } from './facts.ts';
import { type Finding, type Verdict, verdictOf } from './finding.ts';
import { probeRing } from './ring-facts.ts';
import { ringFindings } from './ring-findings.ts';
import { readSystem } from './system-facts.ts';
import {
  addonLoading,
  availability,
  container,
  hugePages,
  kernel,
  memlock,
  seccomp,
  sysctl,
} from './system-findings.ts';

/** What {@link diagnose} is asked besides. */
export interface DiagnoseOptions {
  /** A file, or a block device, to ask for its alignment for O_DIRECT. It is opened, and not read. */
  readonly path?: string | undefined;
}

/** What {@link diagnose} found. */
export interface Diagnosis {
  /** True when a ring opened and executed an operation. */
  readonly available: boolean;
  /** Why not, when it did not. */
  readonly error?: RingpoolError;
  /**
   * `'ok'`: every finding is. `'degraded'`: io_uring works in a lesser form. `'unavailable'`: it cannot be used, or is older
   * than what it is tested on, and `driver: 'auto'` does without it.
   */
  readonly verdict: Verdict;
  /** The kernel's release. */
  readonly kernel: string;
  /** kernel.io_uring_disabled: 0 open to all, 1 privileged only, 2 off; undefined before 6.6. */
  readonly ioUringDisabled?: number;
  /** The process's seccomp mode: 0 none, 1 strict, 2 filter. */
  readonly seccomp: number;
  readonly memlock: Memlock;
  /** Memory mode and rung a new ring gets. */
  readonly memory?: RingMemoryMode;
  readonly rung?: RingRung;
  /** IORING_SETUP_* flags and IORING_FEAT_* bits of that ring, by name. */
  readonly flags: readonly string[];
  readonly features: readonly string[];
  /** Opcodes the kernel knows, by name. */
  readonly opcodes: readonly string[];
  /** Opcodes of our table that it does not know. */
  readonly missingOpcodes: readonly string[];
  /** Whether one page could be registered, and cloned into a second ring. */
  readonly registeredBuffers: boolean;
  readonly cloneBuffers: boolean;
  /** One line for each thing looked at, always in the same order; those about a ring only where one works. */
  readonly findings: readonly Finding[];
}

/**
 * Looks at what this machine and process allow, by opening a few small rings, executing an operation and registering one page.
 * Never throws for what it finds: not without the addon, not on another platform, not where io_uring is blocked.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT (an option that does not exist, a path that is no string).
 *
 * @example
 * ```ts
 * import { diagnose } from '@ringpool/native';
 *
 * const { verdict, findings } = diagnose({ path: 'package.json' });
 * for (const { name, state, detail, remedy } of findings)
 *   if (state !== 'ok') console.log(`${name}: ${detail}. ${remedy}`);
 * console.assert(['ok', 'degraded', 'unavailable'].includes(verdict));
 * ```
 */
export function diagnose(options: DiagnoseOptions = {}): Diagnosis {
  checkOptions('diagnose', options, ['path']);
  const { path } = options;
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    throw new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', `the path is ${JSON.stringify(path)}`, {
      op: 'diagnose',
      hint: 'Give the name of a file, or leave it out.',
    });
  }
  const ring = probeRing();
  const direct = path === undefined ? undefined : probeDirect(path, ring.opened !== undefined);
  return diagnosisOf({ system: readSystem(), ring, direct });
}

/** The diagnosis that facts come to. Pure. */
export function diagnosisOf(facts: Facts): Diagnosis {
  const { system, ring } = facts;
  const { opened, refusal } = ring;
  const opcodes = opened?.opcodes ?? [];
  const findings = findingsOf(facts);
  return {
    available: opened !== undefined,
    ...(refusal === undefined ? {} : { error: refusal }),
    verdict: verdictOf(findings),
    kernel: system.release,
    ...(system.sysctl?.disabled === undefined ? {} : { ioUringDisabled: system.sysctl.disabled }),
    seccomp: system.seccomp ?? 0,
    memlock: system.memlock,
    ...(opened === undefined ? {} : { memory: opened.memory, rung: opened.rung }),
    flags: opened?.flags ?? [],
    features: opened?.features ?? [],
    opcodes,
    missingOpcodes: opcodeNames.filter((name) => !opcodes.includes(name)),
    registeredBuffers: opened !== undefined && opened.registrationError === undefined,
    cloneBuffers: opened !== undefined && (opened.registrationError ?? opened.cloneError) === undefined,
    findings,
  };
}

/** The findings in their order. Off Linux there is nothing to say of what only Linux has. */
function findingsOf(facts: Facts): readonly Finding[] {
  const { system, ring, direct } = facts;
  const blocker = blockerOf(facts);
  const about = direct === undefined ? [] : [directFinding(direct)];
  const addon = addonLoading(facts, blocker);
  const first = [availability(blocker), kernel(system, blocker)];
  if (system.platform !== 'linux') return [...first, ...about, addon];
  return [
    ...first,
    sysctl(facts, blocker),
    seccomp(facts, blocker),
    container(system),
    memlock(system, blocker),
    ...(ring.opened === undefined ? [] : ringFindings(system, ring.opened)),
    ...about,
    hugePages(system),
    addon,
  ];
}
