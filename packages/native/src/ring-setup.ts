// Opening a ring: the ladder of flags, the two memory modes, and fewer entries where memlock is short.
// Runs once for each ring, on the thread that will own it.

import {
  CQ_ENTRIES_MAX,
  checkOptions,
  IORING_SETUP,
  layOutRing,
  type RingLayout,
  RingpoolError,
  SQ_ENTRIES_MAX,
} from '@ringpool/core';

import { addon, type NativeRing } from './addon.ts';
import { setupError } from './kernel-errors.ts';

/** Where a ring's queues lie: shared memory the kernel uses directly (6.5), or a native mapping copied at each enter. */
export type RingMemoryMode = 'shared' | 'mapped';

/** The name of a rung of the ladder. */
export type RingRung = 'defer' | 'defer-sqarray' | 'coop' | 'coop-sqarray' | 'submit-all' | 'plain';

/** The rungs of the ladder, best first. Each names the flags it asks for beyond the caller's own. */
export const RING_RUNGS: Readonly<Record<RingRung, number>> = {
  /** Linux 6.6. */
  defer:
    IORING_SETUP.SINGLE_ISSUER |
    IORING_SETUP.DEFER_TASKRUN |
    IORING_SETUP.TASKRUN_FLAG |
    IORING_SETUP.SUBMIT_ALL |
    IORING_SETUP.NO_SQARRAY,
  /** Linux 6.1. */
  'defer-sqarray':
    IORING_SETUP.SINGLE_ISSUER |
    IORING_SETUP.DEFER_TASKRUN |
    IORING_SETUP.TASKRUN_FLAG |
    IORING_SETUP.SUBMIT_ALL,
  /** Linux 6.6, for rings that several threads register through. */
  coop:
    IORING_SETUP.COOP_TASKRUN | IORING_SETUP.TASKRUN_FLAG | IORING_SETUP.SUBMIT_ALL | IORING_SETUP.NO_SQARRAY,
  /** Linux 5.19. */
  'coop-sqarray': IORING_SETUP.COOP_TASKRUN | IORING_SETUP.TASKRUN_FLAG | IORING_SETUP.SUBMIT_ALL,
  /** Linux 5.18. */
  'submit-all': IORING_SETUP.SUBMIT_ALL,
  /** Linux 5.11, the floor. */
  plain: 0,
};

/** How {@link Ring.open} opens a ring. */
export interface RingOptions {
  /** Submission queue entries, 1 to 32768; rounded up to a power of two. Fewer are taken when memlock is short. */
  readonly entries: number;
  /** Completion queue entries, at least `entries`: the most operations in flight. Default: twice the entries. */
  readonly cqEntries?: number;
  /** Where the queues lie. Default: `'shared'`, and `'mapped'` where the kernel refuses. Given: no falling back. */
  readonly memory?: RingMemoryMode;
  /** The first rung of the ladder to try. Default: `'defer'`. Lower rungs follow on EINVAL. */
  readonly rung?: RingRung;
  /** IORING_SETUP_* flags of your own, asked for on every rung: SQPOLL, IOPOLL, HYBRID_IOPOLL, SQE128, CQE32, R_DISABLED, SQ_AFF. */
  readonly flags?: number;
  /** Milliseconds without work after which an SQPOLL thread sleeps. Default: 10. Needs SQPOLL. */
  readonly sqThreadIdleMs?: number;
  /** The CPU of the SQPOLL thread. Needs SQPOLL and SQ_AFF. */
  readonly sqThreadCpu?: number;
  /** A ring whose kernel workers (and SQPOLL thread) this one shares. */
  readonly attachTo?: { readonly fd: number };
  /** Lets SQEs through whose pointers only the target file can tell (URING_CMD). You then answer for that memory. */
  readonly allowUnknownPointers?: boolean;
}

/** What opening ended with. */
export interface OpenedRing {
  readonly native: NativeRing;
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  readonly layout: RingLayout;
  readonly mode: RingMemoryMode;
  readonly rung: RingRung;
}

const KNOWN_OPTIONS: readonly string[] = [
  'entries',
  'cqEntries',
  'memory',
  'rung',
  'flags',
  'sqThreadIdleMs',
  'sqThreadCpu',
  'attachTo',
  'allowUnknownPointers',
];

const ENOMEM = 12;
const EFAULT = 14;
const EINVAL = 22;
/** Below this many entries memlock is not worth fighting for. */
const ENTRIES_MIN = 4;
const SQ_IDLE_DEFAULT_MS = 10;

/** Flags a caller may ask for; the others are the ladder's business or unsupported. */
const CALLER_FLAGS =
  IORING_SETUP.IOPOLL |
  IORING_SETUP.SQPOLL |
  IORING_SETUP.SQ_AFF |
  IORING_SETUP.R_DISABLED |
  IORING_SETUP.SQE128 |
  IORING_SETUP.CQE32 |
  IORING_SETUP.HYBRID_IOPOLL;
/** SQPOLL cannot be combined with these. */
const NOT_WITH_SQPOLL = IORING_SETUP.COOP_TASKRUN | IORING_SETUP.DEFER_TASKRUN | IORING_SETUP.TASKRUN_FLAG;

function invalid(message: string, hint: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', message, { op: 'open', hint });
}

function powerOfTwo(name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw invalid(
      `${name} is ${value}; it must be an integer from 1 to ${max}`,
      'Typical rings have 64 to 1024 entries.',
    );
  }
  return 2 ** Math.ceil(Math.log2(value));
}

function checkFlags(flags: number): number {
  if (!Number.isInteger(flags) || flags < 0 || (flags & ~CALLER_FLAGS) !== 0) {
    throw invalid(
      `flags 0x${flags.toString(16)} has bits that are not yours to set`,
      'Ask for SQPOLL, SQ_AFF, IOPOLL, HYBRID_IOPOLL, R_DISABLED, SQE128 or CQE32; the rest is chosen by `rung` and `memory`.',
    );
  }
  return flags;
}

/** The rungs to climb down, as distinct sets of flags. */
function ladder(options: RingOptions, flags: number): { rung: RingRung; flags: number }[] {
  const names = Object.keys(RING_RUNGS) as RingRung[];
  const first = options.rung ?? 'defer';
  if (!names.includes(first))
    throw invalid(`rung '${first}' does not exist`, `The rungs are ${names.join(', ')}.`);
  const mask = flags & IORING_SETUP.SQPOLL ? ~NOT_WITH_SQPOLL : -1;
  const seen = new Set<number>();
  const rungs: { rung: RingRung; flags: number }[] = [];
  for (const rung of names.slice(names.indexOf(first))) {
    let wanted = (RING_RUNGS[rung] & mask) | flags;
    // A disabled ring gets its issuer when it is enabled, which may be another thread.
    if (options.attachTo !== undefined) wanted |= IORING_SETUP.ATTACH_WQ;
    if (seen.has(wanted)) continue;
    seen.add(wanted);
    rungs.push({ rung, flags: wanted });
  }
  return rungs;
}

interface Attempt {
  readonly entries: number;
  readonly cqEntries: number;
  readonly flags: number;
  readonly mode: RingMemoryMode;
}

/** One system call: the opened ring, or the errno. */
function attempt(
  options: RingOptions,
  { entries, cqEntries, flags, mode }: Attempt,
): Omit<OpenedRing, 'rung'> | number {
  const layout = layOutRing({
    entries,
    cqEntries,
    bigSqes: (flags & IORING_SETUP.SQE128) !== 0,
    bigCqes: (flags & IORING_SETUP.CQE32) !== 0,
  });
  // Growable, because a plain SharedArrayBuffer is never page aligned; it stays as it is.
  const memory = new SharedArrayBuffer(layout.totalBytes, { maxByteLength: layout.totalBytes });
  const native = new (addon().NativeRing)();
  const id = native.open(
    new Uint8Array(memory, 0, layout.totalBytes),
    layout.ringsOffset,
    layout.sqesOffset,
    layout.controlOffset,
    entries,
    cqEntries,
    flags,
    mode === 'mapped',
    options.sqThreadIdleMs ?? SQ_IDLE_DEFAULT_MS,
    options.sqThreadCpu ?? -1,
    options.attachTo?.fd ?? -1,
  );
  return id < 0 ? -id : { native, id, memory, layout, mode };
}

/** Climbs the ladder for one queue size. */
function climb(options: RingOptions, entries: number, cqEntries: number, flags: number): OpenedRing | number {
  const rungs = ladder(options, flags);
  const modes: readonly RingMemoryMode[] =
    options.memory === undefined ? ['shared', 'mapped'] : [options.memory];
  let errno = EINVAL;
  for (const mode of modes) {
    for (const { rung, flags: wanted } of rungs) {
      const opened = attempt(options, { entries, cqEntries, flags: wanted, mode });
      if (typeof opened !== 'number') return { ...opened, rung };
      errno = opened;
      // From 6.5 to 6.9 NO_MMAP wants contiguous pages, and answers EFAULT or EINVAL when it gets none.
      if (errno === EFAULT && mode === 'shared') break;
      if (errno !== EINVAL) return errno;
    }
  }
  return errno;
}

/** What goes only with certain flags, and must not be ignored without them. */
function checkChoices({ memory, sqThreadIdleMs, sqThreadCpu }: RingOptions, flags: number): void {
  if (memory !== undefined && memory !== 'shared' && memory !== 'mapped') {
    throw invalid(`memory '${memory}' does not exist`, "It is 'shared' or 'mapped', or left out.");
  }
  const polling = (flags & IORING_SETUP.SQPOLL) !== 0;
  if (sqThreadIdleMs !== undefined && !(polling && sqThreadIdleMs >>> 0 === sqThreadIdleMs)) {
    throw invalid(
      `sqThreadIdleMs is ${sqThreadIdleMs}`,
      'It must be an integer from 0, and needs IORING_SETUP.SQPOLL in `flags`.',
    );
  }
  const pinned = polling && (flags & IORING_SETUP.SQ_AFF) !== 0;
  if (sqThreadCpu !== undefined && !(pinned && sqThreadCpu >>> 0 === sqThreadCpu)) {
    throw invalid(
      `sqThreadCpu is ${sqThreadCpu}`,
      'It must be an integer from 0, and needs IORING_SETUP.SQPOLL and SQ_AFF in `flags`.',
    );
  }
}

/** Opens a ring: the best rung and memory mode the kernel grants, with as many entries as memlock allows. */
export function openRing(options: RingOptions): OpenedRing {
  checkOptions('Ring.open', options, KNOWN_OPTIONS);
  const flags = checkFlags(options.flags ?? 0);
  checkChoices(options, flags);
  let entries = powerOfTwo('entries', options.entries, SQ_ENTRIES_MAX);
  let cqEntries = powerOfTwo(
    'cqEntries',
    options.cqEntries ?? Math.min(entries * 2, CQ_ENTRIES_MAX),
    CQ_ENTRIES_MAX,
  );
  if (cqEntries < entries)
    throw invalid(`cqEntries is ${cqEntries}, less than entries (${entries})`, 'Ask for at least as many.');
  for (;;) {
    const opened = climb(options, entries, cqEntries, flags);
    if (typeof opened !== 'number') return opened;
    if (opened !== ENOMEM || entries <= ENTRIES_MIN) {
      const { totalBytes } = layOutRing({ entries, cqEntries, bigSqes: false, bigCqes: false });
      throw setupError(opened, totalBytes);
    }
    entries /= 2;
    cqEntries = Math.max(entries, cqEntries / 2);
  }
}
