// Debug mode, `debug: 'leases'`: poison and quarantine for released memory, overlapping operations, leaked leases.
// A debugger belongs to one thread's core; only the table of ranges in flight is in shared control memory.

import { RingpoolError } from '../errors.ts';
import { type ArenaCore, headIndex, offsetOfSlot } from './core.ts';
import { invalidArgument } from './failures.ts';
import { isLive, recycle } from './heads.ts';
import {
  CLIENT_SHIFT,
  COUNT_ONE,
  DEBUG_RANGES_MAX,
  FREE,
  GRANULE_BYTES,
  headOf,
  LENGTH_WORD,
  LIVE,
  RANGE_TABLE_WORD,
  STATE_MASK,
} from './layout.ts';
import { granulesOfSlot } from './slabs.ts';

/** What released memory is filled with in debug mode. */
export const POISON_BYTE = 0xdb;
/** Most leases that one thread keeps in quarantine. */
export const QUARANTINE_LEASES_MAX = 256;
/** Most bytes that one thread keeps in quarantine; and never more than a quarter of the arena. */
const QUARANTINE_BYTES_MAX: number = 8 * 1024 * 1024;

/** What an operation does to the memory: a file write `'reads'` it, a file read `'writes'` it. */
export type MemoryAccess = 'reads' | 'writes';

/** A lease that was allocated or adopted by this thread and never released. */
export interface LeaseLeak {
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** True when its handle was garbage collected, so that nobody can release it any more. */
  readonly collected: boolean;
  /** The stack that allocated or adopted it. */
  readonly stack: string;
}

interface Allocation {
  readonly generation: number;
  readonly length: number;
  readonly stack: string;
  readonly handle: WeakRef<object>;
}

interface Quarantined {
  readonly slot: number;
  readonly byteLength: number;
  readonly allocatedAt: string;
  readonly releasedAt: string;
}

const OWN_FRAMES =
  /^\s+at (?:Arena|Lease|LeaseDebugger|stackHere|freeClaimed|releaseLease|endOperation|reclaim)\b/;

export class LeaseDebugger {
  private readonly core: ArenaCore;
  private readonly allocations = new Map<number, Allocation>();
  private readonly quarantined: Quarantined[] = [];
  private readonly bytesMax: number;
  private bytes = 0;
  private violation: RingpoolError | undefined = undefined;

  constructor(core: ArenaCore) {
    this.core = core;
    this.bytesMax = Math.min(QUARANTINE_BYTES_MAX, (core.blockCount * 4096) / 4);
  }

  allocated(handle: object, slot: number, generation: number): void {
    const length = this.core.control[headIndex(slot) + LENGTH_WORD]!;
    this.allocations.set(slot, { generation, length, stack: stackHere(), handle: new WeakRef(handle) });
  }

  forget(slot: number): void {
    this.allocations.delete(slot);
  }

  leaks(): LeaseLeak[] {
    const leaks: LeaseLeak[] = [];
    for (const [slot, { generation, length, stack, handle }] of this.allocations) {
      if (isLive(this.core, slot, generation)) {
        const collected = handle.deref() === undefined;
        leaks.push({ offset: offsetOfSlot(this.core, slot), length, collected, stack });
      } else {
        this.allocations.delete(slot);
      }
    }
    return leaks;
  }

  /** Takes claimed memory into quarantine instead of freeing it. A death leaves it CLAIMED, for `reclaimClient`. */
  quarantine(slot: number): boolean {
    const byteLength = granulesOfSlot(this.core, slot) * GRANULE_BYTES;
    const allocatedAt = this.allocations.get(slot)?.stack ?? '(allocated by another thread)';
    this.allocations.delete(slot);
    new Uint8Array(this.core.data, offsetOfSlot(this.core, slot), byteLength).fill(POISON_BYTE);
    this.quarantined.push({ slot, byteLength, allocatedAt, releasedAt: stackHere() });
    this.bytes += byteLength;
    while (this.quarantined.length > QUARANTINE_LEASES_MAX || this.bytes > this.bytesMax) this.expel();
    return true;
  }

  /** Frees everything in quarantine, each checked first. Returns how many leases it held. */
  flush(): number {
    const held = this.quarantined.length;
    while (this.quarantined.length > 0) this.expel();
    return held;
  }

  /** Throws ERR_RINGPOOL_WRITE_AFTER_RELEASE if quarantined memory was written to, or was when it was freed. */
  throwViolation(checkAll: boolean): void {
    if (checkAll) for (const entry of this.quarantined) this.inspect(entry);
    const found = this.violation;
    this.violation = undefined;
    if (found !== undefined) throw found;
  }

  private expel(): void {
    const entry = this.quarantined.shift()!;
    this.bytes -= entry.byteLength;
    this.inspect(entry);
    recycle(this.core, entry.slot);
  }

  /** Kept, not thrown: this runs under `release()` and at completions, which must go on. The next `alloc` throws it. */
  private inspect(entry: Quarantined): void {
    const start = offsetOfSlot(this.core, entry.slot);
    const view = new Uint8Array(this.core.data, start, entry.byteLength);
    const at = firstWritten(view);
    if (at < 0 || this.violation !== undefined) return;
    this.violation = new RingpoolError(
      'ERR_RINGPOOL_WRITE_AFTER_RELEASE',
      `released arena memory was written to at offset ${start + at}\nallocated at:\n${entry.allocatedAt}\n` +
        `released at:\n${entry.releasedAt}\n`,
      { op: 'release', hint: 'A view outlives its lease: drop every view of it before release().' },
    );
    view.fill(POISON_BYTE);
  }

  /**
   * Enters a range (bytes from the lease's start) with an operation in flight. Returns its ticket, or 0 when the table
   * is full. Publish first, look second: of two that race, at least one sees the other.
   */
  enterRange(slot: number, generation: number, start: number, end: number, access: MemoryAccess): number {
    if (access !== 'reads' && access !== 'writes') {
      throw invalidArgument('beginOperation', `access is 'reads' or 'writes', not ${String(access)}`);
    }
    const { control, clientId, claimed } = this.core;
    const writes = access === 'writes' ? COUNT_ONE : 0;
    for (let entry = 0; entry < DEBUG_RANGES_MAX; entry++) {
      const index = RANGE_TABLE_WORD + entry * 4;
      if (Atomics.compareExchange(control, index, FREE, claimed) !== FREE) continue;
      Atomics.store(control, index + 1, slot);
      Atomics.store(control, index + 2, start);
      Atomics.store(control, index + 3, end);
      Atomics.store(control, index, headOf(LIVE, clientId, generation) | writes);
      if (this.overlaps(entry)) {
        Atomics.store(control, index, FREE);
        throw new RingpoolError(
          'ERR_RINGPOOL_OVERLAP',
          `bytes ${start} to ${end} of the lease already have an operation in flight, and one of the two writes memory`,
          { op: 'beginOperation', hint: 'Await the first operation, or give each a range of its own.' },
        );
      }
      return entry + 1;
    }
    return 0;
  }

  leaveRange(ticket: number): void {
    // Pairs with the compare-and-swap of the next one who takes the entry.
    Atomics.store(this.core.control, RANGE_TABLE_WORD + (ticket - 1) * 4, FREE);
  }

  private overlaps(mine: number): boolean {
    const { control } = this.core;
    const at = RANGE_TABLE_WORD + mine * 4;
    const head = control[at]!;
    for (let entry = 0; entry < DEBUG_RANGES_MAX; entry++) {
      const index = RANGE_TABLE_WORD + entry * 4;
      const other = Atomics.load(control, index);
      if (entry === mine || (other & STATE_MASK) !== LIVE) continue;
      // Same lease: same slot, and the same generation bits (a range may be left over from a dead thread's lease).
      const sameLease = control[index + 1] === control[at + 1] && other >>> 28 === head >>> 28;
      const apart = control[index + 2]! >= control[at + 3]! || control[index + 3]! <= control[at + 2]!;
      if (sameLease && !apart && ((other | head) & COUNT_ONE) !== 0) return true;
    }
    return false;
  }
}

/** Drops the ranges of a dead client: those half entered, and with `drained` all. */
export function dropRanges(core: ArenaCore, clientId: number, drained: boolean): void {
  const { control } = core;
  for (let entry = 0; entry < DEBUG_RANGES_MAX; entry++) {
    const index = RANGE_TABLE_WORD + entry * 4;
    const head = Atomics.load(control, index);
    if (head === FREE || ((head >>> CLIENT_SHIFT) & 1023) !== clientId) continue;
    if (drained || (head & STATE_MASK) !== LIVE) Atomics.compareExchange(control, index, head, FREE);
  }
}

/** The caller's stack, without the arena's own frames at its top. */
function stackHere(): string {
  const lines = (new Error('lease').stack ?? '').split('\n').slice(1);
  const first = lines.findIndex((line) => !OWN_FRAMES.test(line));
  return lines.slice(Math.max(first, 0)).join('\n');
}

/** The first byte that is not poison, or -1. */
function firstWritten(view: Uint8Array): number {
  for (let at = 0; at < view.length; at++) if (view[at] !== POISON_BYTE) return at;
  return -1;
}
