// What this machine and process allow: asked of the kernel by really opening a ring. For people and for drivers that
// choose; never on a hot path.

import { readFileSync } from 'node:fs';
import os from 'node:os';

import { IORING_FEAT, IORING_SETUP, opcodes, RingpoolError, registerOps } from '@ringpool/core';

import { formatBytes, type Memlock, readMemlock } from './memlock.ts';
import { Ring } from './ring.ts';
import type { RingMemoryMode, RingRung } from './ring-setup.ts';

/** One line of a {@link Diagnosis}: what was looked at, how it stands, and one remedy when it is not well. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'degraded' | 'missing';
  readonly detail: string;
  readonly remedy?: string;
}

/** What {@link diagnose} found. */
export interface Diagnosis {
  /** True when a ring opened. */
  readonly available: boolean;
  /** Why not, when it did not. */
  readonly error?: RingpoolError;
  /** The kernel's release. */
  readonly kernel: string;
  /** kernel.io_uring_disabled: 0 open to all, 1 privileged only, 2 off; undefined before 6.6. */
  readonly ioUringDisabled?: number;
  /** The process's seccomp mode: 0 none, 1 strict, 2 filter. */
  readonly seccomp: number;
  readonly memlock: Memlock;
  /** Memory mode and rung a new ring gets. */
  readonly memory?: RingMemoryMode;
  readonly rung?: RingRung;
  /** IORING_SETUP_* flags and IORING_FEAT_* bits of that ring, by name. */
  readonly flags: readonly string[];
  readonly features: readonly string[];
  /** Opcodes the kernel knows, by name. */
  readonly opcodes: readonly string[];
  /** Opcodes of our table that it does not know. */
  readonly missingOpcodes: readonly string[];
  /** Whether one page could be registered, and cloned into a second ring. */
  readonly registeredBuffers: boolean;
  readonly cloneBuffers: boolean;
  readonly findings: readonly Finding[];
}

const PROBE_SLOTS = 256;
const PROBE_HEADER_BYTES = 16;
const PROBE_OP_BYTES = 8;
const OP_SUPPORTED = 1;

function readNumber(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'latin1'));
  } catch {
    return undefined;
  }
}

function readSeccomp(): number {
  try {
    return Number(/^Seccomp:\s+(\d)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Opcode values the kernel supports, by IORING_REGISTER_PROBE (Linux 5.6). */
export function probeOpcodes(ring: Ring): ReadonlySet<number> {
  const probe = new Uint8Array(PROBE_HEADER_BYTES + PROBE_SLOTS * PROBE_OP_BYTES);
  ring.register(registerOps.REGISTER_PROBE.value, probe, PROBE_SLOTS);
  const supported = new Set<number>();
  const view = new DataView(probe.buffer, 0, probe.byteLength);
  const listed = view.getUint8(1);
  for (let index = 0; index < listed; index++) {
    const at = PROBE_HEADER_BYTES + index * PROBE_OP_BYTES;
    if (view.getUint16(at + 2, true) & OP_SUPPORTED) supported.add(view.getUint8(at));
  }
  return supported;
}

function names(bits: number, table: Readonly<Record<string, number>>): string[] {
  return Object.keys(table).filter(
    (name) => (bits & (table[name] as number)) >>> 0 === (table[name] as number),
  );
}

/** Registers one page on a ring that others may clone from, and clones it. */
function tryBuffers(): { registered: boolean; cloned: boolean } {
  const page = new SharedArrayBuffer(4096, { maxByteLength: 4096 });
  using source = Ring.open({ entries: 4, rung: 'coop' });
  try {
    source.registerBuffers([new Uint8Array(page, 0, 4096)]);
  } catch {
    return { registered: false, cloned: false };
  }
  using target = Ring.open({ entries: 4 });
  try {
    target.cloneBuffersFrom(source, { fallback: false });
    return { registered: true, cloned: true };
  } catch {
    return { registered: true, cloned: false };
  }
}

function memlockFinding(memlock: Memlock): Finding {
  const name = 'memlock';
  if (memlock.exempt) return { name, state: 'ok', detail: 'no limit (CAP_IPC_LOCK)' };
  const detail = `${formatBytes(memlock.limitBytes)}, of which this process has pinned ${formatBytes(memlock.pinnedBytes)}`;
  if (memlock.limitBytes >= 64 * 1024 * 1024) return { name, state: 'ok', detail };
  return {
    name,
    state: 'degraded',
    detail,
    remedy:
      'Raise RLIMIT_MEMLOCK to the size of the arena, or more (`ulimit -l`, LimitMEMLOCK=, limits.conf).',
  };
}

/**
 * Looks at what this machine and process allow, by opening a small ring and registering one page.
 * Never throws for what it finds.
 *
 * @example
 * ```ts
 * import { diagnose } from '@ringpool/native';
 *
 * const { available, findings } = diagnose();
 * if (!available) console.log(findings.map((finding) => `${finding.name}: ${finding.detail}`).join('\n'));
 * ```
 */
export function diagnose(): Diagnosis {
  const disabled = readNumber('/proc/sys/kernel/io_uring_disabled');
  const base = {
    kernel: os.release(),
    seccomp: readSeccomp(),
    memlock: readMemlock(),
    ...(disabled === undefined ? {} : { ioUringDisabled: disabled }),
  };
  let ring: Ring;
  try {
    ring = Ring.open({ entries: 8 });
  } catch (error) {
    if (!(error instanceof RingpoolError)) throw error;
    const finding: Finding = {
      name: 'io_uring',
      state: 'missing',
      detail: error.message,
      ...(error.hint === undefined ? {} : { remedy: error.hint }),
    };
    return {
      ...base,
      available: false,
      error,
      flags: [],
      features: [],
      opcodes: [],
      missingOpcodes: Object.keys(opcodes),
      registeredBuffers: false,
      cloneBuffers: false,
      findings: [finding, memlockFinding(base.memlock)],
    };
  }
  try {
    const known = probeOpcodes(ring);
    const all = Object.entries(opcodes);
    const supported = all.filter(([, opcode]) => known.has(opcode.value)).map(([name]) => name);
    const buffers = tryBuffers();
    return {
      ...base,
      available: true,
      memory: ring.memory,
      rung: ring.rung,
      flags: names(ring.flags, IORING_SETUP),
      features: names(ring.features, IORING_FEAT),
      opcodes: supported,
      missingOpcodes: all.map(([name]) => name).filter((name) => !supported.includes(name)),
      registeredBuffers: buffers.registered,
      cloneBuffers: buffers.cloned,
      findings: [ringFinding(ring), buffersFinding(buffers), memlockFinding(base.memlock)],
    };
  } finally {
    ring.close();
  }
}

function ringFinding(ring: Ring): Finding {
  const detail = `queues ${ring.memory}, rung '${ring.rung}'`;
  if (ring.memory === 'shared' && ring.rung === 'defer') return { name: 'io_uring', state: 'ok', detail };
  return {
    name: 'io_uring',
    state: 'degraded',
    detail,
    remedy: 'Linux 6.10 or later gives the fastest form.',
  };
}

function buffersFinding(buffers: { registered: boolean; cloned: boolean }): Finding {
  const name = 'registered buffers';
  if (buffers.cloned) return { name, state: 'ok', detail: 'registered once, cloned to other rings' };
  if (buffers.registered) {
    return {
      name,
      state: 'degraded',
      detail: 'each ring registers for itself, and each is charged to memlock',
      remedy: 'Linux 6.12 or later clones a registration.',
    };
  }
  return {
    name,
    state: 'degraded',
    detail: 'not even one page can be registered',
    remedy: 'Raise RLIMIT_MEMLOCK.',
  };
}
