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

const CAP_IPC_LOCK = 14;

function readProc(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** The same from the texts of /proc/self/limits and /proc/self/status; without them nothing is limited. Pure. */
export function memlockFrom(limitsText: string, status: string): Memlock {
  const limits = /^Max locked memory\s+(\S+)\s+(\S+)/m.exec(limitsText);
  const bytes = (text: string | undefined): number =>
    text === undefined || text === 'unlimited' ? Infinity : Number(text);
  const pinned = /^VmPin:\s+(\d+) kB/m.exec(status);
  return {
    limitBytes: bytes(limits?.[1]),
    hardLimitBytes: bytes(limits?.[2]),
    pinnedBytes: pinned === null ? 0 : Number(pinned[1]) * 1024,
    exempt: hasCapability(status, CAP_IPC_LOCK),
  };
}

/** Whether a capability, by its number, is effective in the process whose /proc status this is. Pure. */
export function hasCapability(status: string, capability: number): boolean {
  const effective = /^CapEff:\s+([0-9a-f]+)/m.exec(status);
  return effective !== null && ((BigInt(`0x${effective[1]}`) >> BigInt(capability)) & 1n) === 1n;
}

/** Reads the memlock limit, its use by this process, and whether a capability lifts it. */
export function readMemlock(): Memlock {
  return memlockFrom(readProc('limits'), readProc('status'));
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
