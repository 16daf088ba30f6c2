// What a ring that works comes to: what the kernel knows and granted, and whether memory registers and clones. Pure.

import { features, opcodeNames, opcodes } from '@ringpool/core';

import { releaseNumber } from '../kernel-floor.ts';
import { lackOf } from './blocker.ts';
import type { OpenedFacts, SystemFacts } from './facts.ts';
import { degraded, type Finding, ok } from './finding.ts';

/** The findings about one ring, in their order. */
export function ringFindings(system: SystemFacts, opened: OpenedFacts): readonly Finding[] {
  return [
    opcodesFinding(system, opened),
    featuresFinding(system, opened),
    flagsFinding(opened),
    registrationFinding(system, opened),
    cloneFinding(system, opened),
  ];
}

interface Known {
  readonly name: string;
  readonly kernel: string;
}

/** How many of a table are there, and the others by name and first kernel. */
function counted(
  all: readonly Known[],
  there: readonly string[],
): { detail: string; absent: readonly Known[] } {
  const absent = all.filter(({ name }) => !there.includes(name));
  const detail = `${all.length - absent.length} of ${all.length}`;
  if (absent.length === 0) return { detail, absent };
  return {
    detail: `${detail}; missing ${absent.map(({ name, kernel }) => `${name} (${kernel})`).join(', ')}`,
    absent,
  };
}

/** Those that a kernel of this release has, unless it was built without them. */
function withheld(absent: readonly Known[], { release }: SystemFacts): readonly Known[] {
  return absent.filter(({ kernel }) => releaseNumber(kernel) <= releaseNumber(release));
}

function opcodesFinding(system: SystemFacts, opened: OpenedFacts): Finding {
  const name = 'opcodes';
  if (opened.opcodesError !== undefined) return degraded(name, lackOf(system, opened.opcodesError));
  const all = opcodeNames.map((opcode) => ({ name: opcode, kernel: opcodes[opcode].kernel }));
  const { detail, absent } = counted(all, opened.opcodes);
  // What is newer than the kernel is no fault of this machine.
  if (withheld(absent, system).length === 0) return ok(name, detail);
  return degraded(name, {
    detail,
    remedy: 'Use a kernel that was built with all parts of io_uring; here these operations end with EINVAL.',
    code: 'EINVAL',
  });
}

function featuresFinding(system: SystemFacts, opened: OpenedFacts): Finding {
  const name = 'features';
  const all = Object.entries(features).map(([feature, { kernel }]) => ({ name: feature, kernel }));
  const { detail, absent } = counted(all, opened.features);
  if (withheld(absent, system).length === 0) return ok(name, detail);
  return degraded(name, {
    detail,
    remedy: 'Use a kernel whose io_uring is that of its release: this one announces less.',
  });
}

function flagsFinding({ rung, memory, flags }: OpenedFacts): Finding {
  const name = 'flags';
  const detail = `rung '${rung}', queues ${memory}: ${flags.join(' ')}`;
  if (memory === 'mapped') {
    return degraded(name, {
      detail: `${detail}; the queues are copied at each submission`,
      remedy: 'Linux 6.10 or later lets the kernel use the queues where JavaScript writes them.',
    });
  }
  if (rung === 'defer') return ok(name, detail);
  return degraded(name, { detail, remedy: 'Linux 6.6 or later has all the flags of the first rung.' });
}

function registrationFinding(system: SystemFacts, { registrationError }: OpenedFacts): Finding {
  const name = 'registered buffers';
  if (registrationError === undefined) return ok(name, 'memory can be registered');
  const { detail, ...rest } = lackOf(system, registrationError);
  return degraded(name, { ...rest, detail: `not even one page can be registered: ${detail}` });
}

function cloneFinding(system: SystemFacts, { registrationError, cloneError }: OpenedFacts): Finding {
  const name = 'cloned buffers';
  const error = registrationError ?? cloneError;
  if (error === undefined) return ok(name, 'registered once, cloned to other rings, charged once');
  if (error === registrationError) {
    const { remedy, code } = lackOf(system, error);
    return degraded(name, { detail: 'nothing is registered that could be cloned', remedy, code });
  }
  if (error.code !== 'ERR_RINGPOOL_CLONE_REFUSED') return degraded(name, lackOf(system, error));
  return degraded(name, {
    detail: 'each ring registers for itself, and each is charged to memlock',
    remedy: 'Linux 6.12 or later clones a registration.',
    code: error.code,
  });
}
