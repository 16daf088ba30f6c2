// What the kernel says about locked memory: the limit of this process, and what it has pinned so far.
// Read from /proc at the moment of an error or of diagnose(); nothing here is on a hot path.

import { readFileSync } from 'node:fs';

/** How much memory the kernel lets this process's user lock. Bytes; `Infinity` for unlimited. */
export interface Memlock {
  /** RLIMIT_MEMLOCK, the soft limit, in bytes. */
  readonly limitBytes: number;
  /** RLIMIT_MEMLOCK, the hard limit, in bytes. */
  readonly hardLimitBytes: number;
  /** What this process has pinned (VmPin), in bytes. Other processes of the same user share the limit. */
  readonly pinnedBytes: number;
  /** True when CAP_IPC_LOCK lifts the limit. */
  readonly exempt: boolean;
}

const CAP_IPC_LOCK = 14n;

function readProc(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** Reads the memlock limit, its use by this process, and whether a capability lifts it. */
export function readMemlock(): Memlock {
  const limits = /^Max locked memory\s+(\S+)\s+(\S+)/m.exec(readProc('limits'));
  const status = readProc('status');
  const bytes = (text: string | undefined): number =>
    text === undefined || text === 'unlimited' ? Infinity : Number(text);
  const pinned = /^VmPin:\s+(\d+) kB/m.exec(status);
  const capabilities = /^CapEff:\s+([0-9a-f]+)/m.exec(status);
  return {
    limitBytes: bytes(limits?.[1]),
    hardLimitBytes: bytes(limits?.[2]),
    pinnedBytes: pinned === null ? 0 : Number(pinned[1]) * 1024,
    exempt: capabilities !== null && ((BigInt(`0x${capabilities[1]}`) >> CAP_IPC_LOCK) & 1n) === 1n,
  };
}

/** A byte count as people read it. */
export function formatBytes(bytes: number): string {
  if (bytes === Infinity) return 'unlimited';
  const units = ['B', 'KiB', 'MiB', 'GiB'] as const;
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${Number.isInteger(bytes) ? bytes : bytes.toFixed(1)} ${units[unit]}`;
}
