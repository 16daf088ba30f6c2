// What the numbers were taken on: a ratio without its machine is a rumour.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** The machine, as far as it shows in a result. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly v8: string;
  /** The one-minute load when the bench began: other work on the machine widens every spread. */
  readonly loadAverage: number | undefined;
}

const BYTES_PER_GIB = 2 ** 30;

/** Describes the machine this process runs on. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / BYTES_PER_GIB),
    kernel: release(),
    node: process.versions.node,
    v8: process.versions.v8,
    loadAverage: loadAverage(),
  };
}

function loadAverage(): number | undefined {
  try {
    return Number.parseFloat(readFileSync('/proc/loadavg', 'utf8'));
  } catch {
    return undefined;
  }
}

/** One line for the head of a report. */
export function machineLine(machine: Machine): string {
  const load =
    machine.loadAverage === undefined ? '' : `, load ${machine.loadAverage.toFixed(2)} at the start`;
  return (
    `${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Linux ${machine.kernel}, ` +
    `Node ${machine.node}${load}`
  );
}
