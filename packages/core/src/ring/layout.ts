// How one ring's memory is laid out: queue headers and CQEs, then SQEs, then control words and the slot table.
// The first two parts are the kernel's as well (or its copy, in mapped mode); the third is ours alone.

/** Bytes of a page: the kernel wants the queues page aligned. */
const PAGE_BYTES = 4096;
/** The largest submission queue the kernel takes. */
export const SQ_ENTRIES_MAX = 32_768;
/** The largest completion queue the kernel takes. */
export const CQ_ENTRIES_MAX = 65_536;

/** Room for the kernel's queue headers, in front of the CQEs. */
const HEADER_BYTES = PAGE_BYTES;

/** Indices of the control words that the native side fills when a ring opens. The order is the addon's `ControlWord`. */
export const CONTROL_WORD = {
  sqHead: 0,
  sqTail: 1,
  sqFlags: 2,
  sqDropped: 3,
  cqHead: 4,
  cqTail: 5,
  cqFlags: 6,
  cqOverflow: 7,
  cqes: 8,
  sqes: 9,
  sqEntries: 10,
  cqEntries: 11,
  features: 12,
  flags: 13,
  fd: 14,
  reaped: 15,
  armed: 16,
  overflows: 17,
  enterCount: 18,
  enterMinComplete: 19,
  enterTimeoutMs: 20,
  enterResult: 21,
  seen: 22,
  readFd: 24,
  readLength: 25,
  readResult: 26,
  // A double each, in two words.
  readAddress: 28,
  readPosition: 30,
} as const;
/** How many control words there are, in front of the slot table. */
export const CONTROL_WORDS = 64;

/** Where the parts of one ring lie inside its memory, in bytes. */
export interface RingLayout {
  readonly entries: number;
  readonly cqEntries: number;
  readonly ringsOffset: number;
  readonly sqesOffset: number;
  readonly controlOffset: number;
  readonly totalBytes: number;
}

/** The sizes of a ring before its memory is laid out. */
export interface RingShape {
  /** Submission queue entries, a power of two. */
  readonly entries: number;
  /** Completion queue entries, a power of two, at least `entries`. */
  readonly cqEntries: number;
  /** 128-byte SQEs (IORING_SETUP_SQE128). */
  readonly bigSqes: boolean;
  /** 32-byte CQEs (IORING_SETUP_CQE32). */
  readonly bigCqes: boolean;
}

function roundToPage(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/** Lays out the memory of a ring. Every part begins on a page. */
export function layOutRing(shape: RingShape): RingLayout {
  const { entries, cqEntries } = shape;
  const cqeBytes = shape.bigCqes ? 32 : 16;
  const sqeBytes = shape.bigSqes ? 128 : 64;
  // The kernel appends its index array (4 bytes an entry) to the CQEs when NO_SQARRAY was refused.
  const ringsBytes = roundToPage(HEADER_BYTES + cqEntries * cqeBytes + entries * 4);
  const sqesBytes = roundToPage(entries * sqeBytes);
  const controlBytes = roundToPage((CONTROL_WORDS + cqEntries) * 4);
  return {
    entries,
    cqEntries,
    ringsOffset: 0,
    sqesOffset: ringsBytes,
    controlOffset: ringsBytes + sqesBytes,
    totalBytes: ringsBytes + sqesBytes + controlBytes,
  };
}
