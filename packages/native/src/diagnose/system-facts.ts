// Reads what /proc, /sys and the environment say. Every file may be absent, as all are on another platform.

import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { hasCapability, memlockFrom } from '../memlock.ts';
import type { ContainerHint, SysctlFacts, SystemFacts } from './facts.ts';

const CAP_SYS_ADMIN = 21;
/** The user IDs of the first user namespace, as its uid_map lists them: all, each as itself. */
const EVERY_USER = /^\s*0\s+0\s+4294967295\s*$/;

/** Where to read. A test gives a folder of its own instead of `/`. */
export interface Surroundings {
  readonly root: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Reads the facts at the moment of the call. Throws nothing. */
export function readSystem(at: Surroundings = { root: '/', environment: process.env }): SystemFacts {
  const read = (name: string): string | undefined => textOf(path.join(at.root, name));
  const status = read('proc/self/status') ?? '';
  const seccomp = /^Seccomp:\s+(\d)/m.exec(status)?.[1];
  const groups = [...status.matchAll(/^(?:Gid|Groups):\s+(.*)$/gm)].flatMap(([, list = '']) =>
    list.split(/\s+/).filter((word) => word !== ''),
  );
  const named = at.environment['RINGPOOL_ADDON'];
  return {
    platform: process.platform,
    architecture: process.arch,
    release: os.release(),
    sysctl: readSysctl(at.root),
    seccomp: seccomp === undefined ? undefined : Number(seccomp),
    sysAdmin: hasCapability(status, CAP_SYS_ADMIN) && EVERY_USER.test(read('proc/self/uid_map') ?? ''),
    groups: [...new Set(groups.map(Number))],
    container: containerHints(at),
    memlock: memlockFrom(read('proc/self/limits') ?? '', status),
    hugePages: /\[(\w+)\]/.exec(read('sys/kernel/mm/transparent_hugepage/enabled') ?? '')?.[1],
    addonNamed: named === '' ? undefined : named,
  };
}

function readSysctl(root: string): SysctlFacts | undefined {
  const folder = path.join(root, 'proc/sys/kernel');
  if (!existsSync(folder)) return undefined;
  const read = (name: string): number | undefined => {
    const text = textOf(path.join(folder, name));
    return text === undefined ? undefined : Number(text);
  };
  return { disabled: read('io_uring_disabled'), group: read('io_uring_group') };
}

function containerHints({ root, environment }: Surroundings): readonly ContainerHint[] {
  const hints: ContainerHint[] = [];
  const add = (found: boolean, kind: ContainerHint['kind'], sign: string): void => {
    if (found) hints.push({ kind, sign });
  };
  add(environment['KUBERNETES_SERVICE_HOST'] !== undefined, 'kubernetes', 'KUBERNETES_SERVICE_HOST');
  add(existsSync(path.join(root, '.dockerenv')), 'docker', '/.dockerenv');
  add(existsSync(path.join(root, 'run/.containerenv')), 'podman', '/run/.containerenv');
  const cgroup = textOf(path.join(root, 'proc/self/cgroup')) ?? '';
  const [, sign = ''] = /(kubepods|docker|libpod|containerd|crio|lxc)/.exec(cgroup) ?? [];
  const kinds = { kubepods: 'kubernetes', docker: 'docker', libpod: 'podman' } as const;
  add(sign !== '', kinds[sign as keyof typeof kinds] ?? 'container', `/proc/self/cgroup names ${sign}`);
  return hints;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
