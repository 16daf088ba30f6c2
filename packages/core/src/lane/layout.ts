// How one lane's memory is laid out: four queue indices, who holds it, SQEs out, CQEs back. One client and one worker
// use it at a time. The kernel never sees it: workers copy SQEs into their rings.

import { SQE_WORDS } from '../abi/layout.ts';
import { RingpoolError } from '../errors.ts';

/** Operations a lane may have in flight unless told otherwise. */
export const LANE_DEPTH_DEFAULT = 256;
/** The most operations a lane may have in flight. */
export const LANE_DEPTH_MAX = 32_768;

/** 32-bit words of one CQE: the operation's number, a spare word, the result, the flags. */
export const LANE_CQE_WORDS = 4;
const WORD_BYTES = 4;
/** Words of a lane's header, a cache line (64 bytes) apart. All four indices run freely and wrap at 2^32. */
export const LANE_WORD = {
  /** Stored by the client after it has written the SQEs before it. */
  sqTail: 0,
  /** Stored by the worker after it has copied the SQEs before it. */
  sqHead: 16,
  /** Stored by the worker after it has written the CQEs before it. */
  cqTail: 32,
  /** Stored by the client after it has read the CQEs before it. */
  cqHead: 48,
  /** Stored by the client: the ticket by which a worker is to hold the lane, or 0. See attachment.ts. */
  wanted: 64,
  /** Stored by the worker: the ticket by which it holds the lane, or 0. */
  held: 65,
  /** Stored by the worker before `held`: the lane's part of its ring's table of fixed files. */
  filesFirst: 66,
  filesCount: 67,
  /** Stored by the worker before `held`: whose the descriptors are that it has opened for the lane. */
  descriptors: 69,
  /** Stored by the client: how often the lane was wanted, so that no ticket comes twice. */
  wishes: 68,
} as const;
const HEADER_WORDS = 80;

/** What both ends of a lane attach to; structured-cloneable. */
export interface LaneHandle {
  /** The memory in which the lane lies. */
  readonly memory: SharedArrayBuffer;
  /** Where it starts there, in bytes: a multiple of a cache line. */
  readonly offset: number;
  /** The most operations in flight: a power of two. */
  readonly depth: number;
}

/** The queues of a lane as views. */
export interface LaneViews {
  readonly header: Int32Array<SharedArrayBuffer>;
  readonly sqes: Uint32Array<SharedArrayBuffer>;
  readonly cqes: Int32Array<SharedArrayBuffer>;
}

/** How many bytes a lane of this depth, a power of two, takes. */
export function laneBytes(depth: number): number {
  return (HEADER_WORDS + depth * (SQE_WORDS + LANE_CQE_WORDS)) * WORD_BYTES;
}

/**
 * Makes a lane in memory of its own.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT unless the depth is an integer from 1 to 32,768; it is rounded up
 *   to a power of two.
 */
export function createLane(depth: number = LANE_DEPTH_DEFAULT): LaneHandle {
  if (!Number.isInteger(depth) || depth < 1 || depth > LANE_DEPTH_MAX) {
    throw new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', `a lane cannot be ${String(depth)} deep`, {
      op: 'createLane',
      hint: `Give an integer from 1 to ${LANE_DEPTH_MAX}.`,
    });
  }
  const rounded = 2 ** Math.ceil(Math.log2(depth));
  return { memory: new SharedArrayBuffer(laneBytes(rounded)), offset: 0, depth: rounded };
}

/** Views of a lane's memory, each with an explicit length. */
export function viewLane({ memory, offset, depth }: LaneHandle): LaneViews {
  const sqesAt = offset + HEADER_WORDS * WORD_BYTES;
  const cqesAt = sqesAt + depth * SQE_WORDS * WORD_BYTES;
  return {
    header: new Int32Array(memory, offset, HEADER_WORDS),
    sqes: new Uint32Array(memory, sqesAt, depth * SQE_WORDS),
    cqes: new Int32Array(memory, cqesAt, depth * LANE_CQE_WORDS),
  };
}
