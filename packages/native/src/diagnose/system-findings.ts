// What the system's facts come to: whether io_uring can be used, and what decides it. Pure.

import { KERNEL_FLOOR, meetsKernelFloor } from '../kernel-floor.ts';
import { formatBytes, type Memlock } from '../memlock.ts';
import { type Blocker, isFiltered, lackOf, sysctlForbids } from './blocker.ts';
import type { Facts, SystemFacts } from './facts.ts';
import { degraded, type Finding, missing, ok } from './finding.ts';

const SECCOMP_MODES: readonly string[] = ['none', 'strict mode', 'a filter'];
/** With as much of it the whole arena of a pool, by default 64 MiB, can be registered. */
const MEMLOCK_ENOUGH_BYTES = 64 * 1024 * 1024;

/** Whether io_uring can be used at all. */
export function availability(blocker: Blocker | undefined): Finding {
  const name = 'io_uring';
  return blocker === undefined ? ok(name, 'a ring opens and executes operations') : missing(name, blocker);
}

/** The kernel against the oldest one that is tested on. */
export function kernel({ platform, release }: SystemFacts, blocker: Blocker | undefined): Finding {
  const name = 'kernel';
  if (blocker?.by === 'kernel' || blocker?.by === 'platform') return missing(name, blocker);
  if (meetsKernelFloor(release))
    return ok(name, `${platform} ${release}; ${KERNEL_FLOOR} is the oldest tested`);
  return missing(name, {
    detail: `${platform} ${release} is older than ${KERNEL_FLOOR}, the oldest tested`,
    remedy: `Boot Linux ${KERNEL_FLOOR} or later, or use driver 'threads', as 'auto' does here.`,
    code: 'ERR_RINGPOOL_UNAVAILABLE',
  });
}

/** The sysctl that turns io_uring off. */
export function sysctl({ system, ring }: Facts, blocker: Blocker | undefined): Finding {
  const name = 'io_uring_disabled';
  if (blocker?.by === name) return missing(name, blocker);
  const disabled = system.sysctl?.disabled;
  if (disabled === undefined) return ok(name, 'there is no such sysctl: Linux has it from 6.6 on');
  if (disabled === 0) return ok(name, '0: every process may open rings');
  const detail = `${disabled}: ${disabled === 1 ? 'only the privileged' : 'nobody'} may open rings`;
  if (!sysctlForbids(system, ring.refusal)) return ok(name, `${detail}, and this process is let through`);
  // Something else refused first: this one would have been next.
  return missing(name, {
    detail: `${detail}, and this process may not`,
    remedy: 'Set kernel.io_uring_disabled=0.',
    code: 'ERR_RINGPOOL_UNAVAILABLE',
  });
}

/** The seccomp filter of the process. */
export function seccomp({ system, ring }: Facts, blocker: Blocker | undefined): Finding {
  const name = 'seccomp';
  if (blocker?.by === name) return missing(name, blocker);
  if (system.seccomp === undefined) return ok(name, 'the kernel does not tell');
  const mode = SECCOMP_MODES[system.seccomp] ?? `mode ${system.seccomp}`;
  if (system.seccomp === 0) return ok(name, mode);
  if (ring.opened === undefined)
    return ok(name, `${mode}; whether it lets io_uring through shows once a ring opens`);
  // Every ring may ask for its opcodes: what refuses that is no part of io_uring.
  const refused = ring.opened.opcodesError;
  if (refused === undefined || !isFiltered(system, refused))
    return ok(name, `${mode}, which lets io_uring through`);
  return degraded(name, lackOf(system, refused));
}

/** Whether this is a container, whose defaults mostly decide the rest. */
export function container({ container: hints }: SystemFacts): Finding {
  const name = 'container';
  const [first] = hints;
  if (first === undefined) return ok(name, 'no sign of one');
  const kind = { kubernetes: 'Kubernetes', docker: 'Docker', podman: 'Podman', container: 'a container' }[
    first.kind
  ];
  return ok(name, `${kind} (${hints.map(({ sign }) => sign).join(', ')})`);
}

/** How much memory may be locked, and is. */
export function memlock({ memlock: found }: SystemFacts, blocker: Blocker | undefined): Finding {
  const name = 'memlock';
  if (found.exempt) return ok(name, `no limit (CAP_IPC_LOCK); ${pinned(found)}`);
  const detail = `the limit is ${formatBytes(found.limitBytes)}; ${pinned(found)}`;
  if (found.limitBytes >= MEMLOCK_ENOUGH_BYTES && blocker?.by !== name) return ok(name, detail);
  const trouble = {
    detail,
    remedy:
      'Raise RLIMIT_MEMLOCK to the size of the arena, or more (`ulimit -l`, LimitMEMLOCK=, limits.conf, --ulimit memlock=).',
    code: 'ERR_RINGPOOL_MEMLOCK',
  };
  return blocker?.by === name ? missing(name, trouble) : degraded(name, trouble);
}

function pinned({ pinnedBytes }: Memlock): string {
  return `this process has ${formatBytes(pinnedBytes)} pinned`;
}

/** Transparent huge pages: a registered page inside of one is charged to memlock as the whole of it. */
export function hugePages({ hugePages: mode, memlock: limit }: SystemFacts): Finding {
  const name = 'huge pages';
  if (mode === undefined) return ok(name, 'the kernel has no transparent ones');
  if (mode !== 'always') return ok(name, `'${mode}': the arena lies in small pages`);
  const detail = "'always': the arena may lie in huge pages";
  if (limit.exempt || limit.limitBytes >= MEMLOCK_ENOUGH_BYTES) return ok(name, detail);
  return degraded(name, {
    detail: `${detail}, and each registered piece is charged to memlock as the whole huge pages it touches`,
    remedy: 'Set /sys/kernel/mm/transparent_hugepage/enabled to madvise, or raise RLIMIT_MEMLOCK.',
    code: 'ERR_RINGPOOL_MEMLOCK',
  });
}

/** The addon itself. */
export function addonLoading({ system, ring }: Facts, blocker: Blocker | undefined): Finding {
  const name = 'addon';
  const target = `${system.platform}-${system.architecture}`;
  if (ring.addonError === undefined) {
    const named = system.addonNamed === undefined ? '' : `, from RINGPOOL_ADDON (${system.addonNamed})`;
    return ok(name, `loaded for ${target}${named}`);
  }
  if (blocker?.by === name) return missing(name, blocker);
  return missing(name, {
    detail: `there is none for ${target}`,
    remedy: "Use driver 'threads', which does without it.",
    code: ring.addonError.code,
  });
}
