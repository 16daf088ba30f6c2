// What a ring of the pool knows of the arena: the memory SQEs may point into, and which segments are registered with it.
// Bound to the ring's thread.

import { type Arena, IORING_RECVSEND, opcodes, RingpoolError } from '@ringpool/core';

import type { HostRing } from '../drivers/host.ts';
import { type PoolWords, SEGMENT_REGISTERED, SEGMENTS_MAX } from './words.ts';

/** By opcode: the form that does without a registered buffer; 0 for all others. */
const PLAIN = new Uint8Array(256); // view: a count of opcodes
PLAIN[opcodes.readFixed.value] = opcodes.read.value;
PLAIN[opcodes.writeFixed.value] = opcodes.write.value;
PLAIN[opcodes.readvFixed.value] = opcodes.readv.value;
PLAIN[opcodes.writevFixed.value] = opcodes.writev.value;
const SEND_ZC = opcodes.sendZc.value;
const SENDMSG_ZC = opcodes.sendmsgZc.value;
/** The bit of `ioprio` that says that a send has a registered buffer. */
const FIXED_BUFFER = (IORING_RECVSEND.FIXED_BUF << 16) >>> 0;
const OPCODE_MASK = 0xff;
const BUFFER_INDEX_MASK = 0xffff;

/** The arena as one ring sees it. */
export class RingBuffers {
  readonly #own: HostRing;
  readonly #arena: Arena;
  readonly #words: PoolWords;
  /** Per segment: 1 when this ring has it registered. */
  readonly #registered: Uint8Array = new Uint8Array(SEGMENTS_MAX);
  /** Segments whose refusal was told. */
  readonly #told = new Set<number>();
  readonly #onRefused: (bytes: number, error: RingpoolError) => void;
  #hasTable = false;
  #tableRefused = false;
  #segments = 0;
  #whole = false;
  #version = -1;

  /**
   * `arena` is the ring's thread's own. `onRefused` is told once of each segment that is registered, but not with this ring.
   */
  constructor(
    own: HostRing,
    words: PoolWords,
    arena: Arena,
    onRefused: (bytes: number, error: RingpoolError) => void,
  ) {
    this.#own = own;
    this.#onRefused = onRefused;
    this.#words = words;
    this.#arena = arena;
    if (words.anchorRing !== 0) this.#makeTable();
  }

  #makeTable(): void {
    try {
      this.#own.ring.registerBuffersSparse(SEGMENTS_MAX);
      this.#hasTable = true;
    } catch (error) {
      // Then this ring goes without: its operations are READ and WRITE.
      if (!(error instanceof RingpoolError)) throw error;
      this.#tableRefused = true;
    }
  }

  /** True when the ring was refused a table of buffers. */
  get tableRefused(): boolean {
    return this.#tableRefused;
  }

  /** Looks whether the arena has grown or segments were registered. Two loads when nothing has happened. */
  refresh(): void {
    // The client stored these before it published the first SQE on a new segment, and we load them after its tail.
    const segments = this.#arena.segmentCount;
    const version = this.#words.registrationVersion;
    if (segments !== this.#segments) this.#attach(segments);
    if (version !== this.#version) this.#clone(version, segments);
  }

  #attach(segments: number): void {
    const last = this.#arena.segment(segments - 1);
    this.#own.ring.attachMemory(new Uint8Array(this.#arena.data, 0, last.offset + last.bytes));
    this.#segments = segments;
    this.#whole = false;
  }

  #clone(version: number, segments: number): void {
    this.#version = version;
    for (let segment = 0; segment < segments; segment++) {
      if (this.#registered[segment] === 1 || this.#words.segmentState(segment) !== SEGMENT_REGISTERED)
        continue;
      this.#registered[segment] = this.#cloneOne(segment) ? 1 : 0;
    }
    this.#whole = this.#registered.indexOf(0) >= segments;
  }

  #cloneOne(segment: number): boolean {
    if (!this.#hasTable) return false;
    try {
      this.#own.cloneBuffer(this.#words.anchorRing, segment, this.#arena.segmentView(segment));
      return true;
    } catch (error) {
      // No memlock for a registration of our own, say: the segment is used unregistered on this ring.
      if (!(error instanceof RingpoolError)) throw error;
      this.#tell(segment, error);
      return false;
    }
  }

  #tell(segment: number, error: RingpoolError): void {
    if (this.#told.has(segment)) return;
    this.#told.add(segment);
    this.#onRefused(this.#arena.segment(segment).bytes, error);
  }

  /** True when every segment is registered with this ring: nothing is to be lowered. */
  get whole(): boolean {
    return this.#whole;
  }

  /**
   * Clients name the segment of every read and write; where this ring has not registered it, the SQE at word `at` is
   * turned into the plain form on the same memory.
   */
  lower(sqes: Uint32Array, at: number): void {
    const first = sqes[at] as number;
    const opcode = first & OPCODE_MASK;
    const plain = PLAIN[opcode] as number;
    if (plain === 0 && opcode !== SEND_ZC && opcode !== SENDMSG_ZC) return;
    const index = (sqes[at + 10] as number) & BUFFER_INDEX_MASK;
    if (this.#registered[index] === 1) return;
    sqes[at] = plain === 0 ? first & ~FIXED_BUFFER : (first & ~OPCODE_MASK) | plain;
    sqes[at + 10] = (sqes[at + 10] as number) & ~BUFFER_INDEX_MASK;
  }
}
