// A machine on which everything is well, and what tests change of it: diagnoses of machines that are not at hand.

import { errno, features, opcodeNames, opcodes, RingpoolError } from '@ringpool/core';
import type { Finding } from '@ringpool/native';
import { diagnosisOf } from '../../src/diagnose/diagnose.ts';
import type { DirectFacts, OpenedFacts, RingFacts, SystemFacts } from '../../src/diagnose/facts.ts';
import { setupError } from '../../src/kernel-errors.ts';

const WELL: SystemFacts = {
  platform: 'linux',
  architecture: 'x64',
  release: '6.18.44-cloud-amd64',
  sysctl: { disabled: 0, group: -1 },
  seccomp: 0,
  sysAdmin: false,
  groups: [1000],
  container: [],
  memlock: { limitBytes: Infinity, hardLimitBytes: Infinity, pinnedBytes: 0, exempt: false },
  hugePages: 'madvise',
  addonNamed: undefined,
};

const OPENED: OpenedFacts = {
  memory: 'shared',
  rung: 'defer',
  flags: ['SINGLE_ISSUER', 'DEFER_TASKRUN'],
  features: Object.keys(features),
  opcodes: opcodeNames.filter((name) => opcodes[name].kernel !== '6.19'),
};

/** What differs from the machine on which all is well. */
export interface Differences {
  readonly system?: Partial<SystemFacts>;
  readonly opened?: Partial<OpenedFacts>;
  readonly ring?: RingFacts;
  readonly direct?: DirectFacts;
}

/** The diagnosis of such a machine. */
export function diagnosisWith({
  system,
  opened,
  ring,
  direct,
}: Differences = {}): ReturnType<typeof diagnosisOf> {
  return diagnosisOf({
    system: { ...WELL, ...system },
    ring: ring ?? { opened: { ...OPENED, ...opened } },
    direct,
  });
}

/** One of the findings on such a machine. */
export function findingWith(name: string, differences: Differences): Finding | undefined {
  return diagnosisWith(differences).findings.find((finding) => finding.name === name);
}

/** What io_uring_setup's refusal with an errno comes to. */
export function setupRefused(name: keyof typeof errno): RingFacts {
  return { refusal: setupError(errno[name], 16_384) };
}

/** The same of another call, which Ringpool has nothing to add to. */
export function callRefused(syscall: string, name: keyof typeof errno): RingpoolError {
  return new RingpoolError(name, `${syscall} failed`, { errno: errno[name], syscall });
}
