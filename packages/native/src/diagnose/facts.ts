// What a diagnosis rests on, read or tried out once. Data only: the findings are pure functions of it, so that each can be
// shown machines that are not at hand.

import type { RingpoolError } from '@ringpool/core';

import type { Memlock } from '../memlock.ts';
import type { RingMemoryMode, RingRung } from '../ring-setup.ts';

/** What the system says about itself and this process. Undefined is what it does not say. */
export interface SystemFacts {
  /** As `process.platform`. */
  readonly platform: string;
  /** As `process.arch`. */
  readonly architecture: string;
  /** As `os.release()`. */
  readonly release: string;
  /** Undefined where /proc/sys/kernel cannot be seen. */
  readonly sysctl: SysctlFacts | undefined;
  /** The seccomp mode: 0 none, 1 strict, 2 filter. */
  readonly seccomp: number | undefined;
  /** CAP_SYS_ADMIN of the first user namespace, the only one that counts for io_uring. */
  readonly sysAdmin: boolean;
  /** The groups of the process. */
  readonly groups: readonly number[];
  /** Hints that this is a container, strongest first. */
  readonly container: readonly ContainerHint[];
  readonly memlock: Memlock;
  /** The mode of transparent huge pages: `'always'`, `'madvise'` or `'never'`. */
  readonly hugePages: string | undefined;
  /** What RINGPOOL_ADDON names. */
  readonly addonNamed: string | undefined;
}

/** The two sysctls of io_uring (Linux 6.6). A kernel from 6.6 on without them was built without io_uring. */
export interface SysctlFacts {
  readonly disabled: number | undefined;
  readonly group: number | undefined;
}

/** One sign of a container, and what made it. */
export interface ContainerHint {
  readonly kind: 'kubernetes' | 'docker' | 'podman' | 'container';
  readonly sign: string;
}

/** What became of loading the addon, and of opening and using rings. */
export interface RingFacts {
  /** Why the addon does not load. */
  readonly addonError?: RingpoolError | undefined;
  /** Why no ring opens, or does not execute an operation. */
  readonly refusal?: RingpoolError | undefined;
  /** The ring that opened and executed an operation. */
  readonly opened?: OpenedFacts | undefined;
}

/** What a ring that works is like. */
export interface OpenedFacts {
  readonly memory: RingMemoryMode;
  readonly rung: RingRung;
  /** IORING_SETUP_* flags and IORING_FEAT_* bits, by name. */
  readonly flags: readonly string[];
  readonly features: readonly string[];
  /** Opcodes of our table that the kernel knows, by name. */
  readonly opcodes: readonly string[];
  /** Why it does not tell them. */
  readonly opcodesError?: RingpoolError | undefined;
  /** Why not even one page could be registered. */
  readonly registrationError?: RingpoolError | undefined;
  /** Why the registration could not be cloned. */
  readonly cloneError?: RingpoolError | undefined;
}

/** What a file says to O_DIRECT. */
export type DirectFacts = { readonly path: string } & (
  | { readonly outcome: 'aligned'; readonly memoryBytes: number; readonly offsetBytes: number }
  /** It opens, and nothing tells the alignment. */
  | { readonly outcome: 'untold'; readonly why: string }
  /** It opens, and the file lies in memory all the same. */
  | { readonly outcome: 'in memory' }
  /** It does no direct I/O. */
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'not a file'; readonly kind: string }
  | { readonly outcome: 'not opened'; readonly code: string; readonly reason: string }
);

/** Everything a diagnosis rests on. */
export interface Facts {
  readonly system: SystemFacts;
  readonly ring: RingFacts;
  /** Undefined: no file was asked about. */
  readonly direct?: DirectFacts | undefined;
}
