// The fault injector and the program that it is preloaded into: see fixtures/faults. One run of that program makes every
// n-th call of one kind fail, one n after the other.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from '@ringpool/core';
import { Ring } from '@ringpool/native';
import { type Ended, endOf } from '../support.ts';

/** Bytes of the injector's control file. */
const CONTROL_BYTES = 24;
const EIO = 5;

/** What fails: the n-th call once, or that one and all that follow. */
export type Mode = 'once' | 'ever';

/** Calls of one kind, and the errnos that they fail with. */
export interface Kind {
  readonly kind: 'setup' | 'register' | 'enter' | 'read' | 'write' | 'fsync' | 'open' | 'eventfd';
  readonly codes: readonly string[];
}

/** How the calls of a kind are gone through. */
export interface Plan extends Kind {
  readonly modes: readonly Mode[];
  /** Every errno for each n, or one of them in turn. */
  readonly every: boolean;
  /** Each `step`-th n. */
  readonly step: number;
  /** What is in flight when the kernel refuses for good keeps its memory, since nobody knows what the kernel does with it. */
  readonly strands?: boolean;
  /** Only this n. */
  readonly only?: number | undefined;
}

/** What a run did. */
export interface Report {
  readonly kind: string;
  /** How many calls of the kind there are, as far as they were gone through. */
  readonly calls: number;
  /** Scenarios in which at least one call failed. */
  readonly faults: number;
  readonly seconds: number;
  /** What was refused, and in how many scenarios. */
  readonly refusals: Readonly<Record<string, number>>;
}

/** Builds the injector into `folder`: its path, or why it cannot be. */
export function buildInjector(folder: string): { readonly library: string } | { readonly missing: string } {
  if (process.platform !== 'linux') return { missing: 'the injector is preloaded by the loader of Linux' };
  const sources = fileURLToPath(new URL('../fixtures/faults/injector', import.meta.url));
  const abi = fileURLToPath(new URL('../../../native/addon', import.meta.url));
  const library = path.join(folder, 'faults.so');
  const files = readdirSync(sources).filter((name) => name.endsWith('.cc'));
  const words = ['-shared', '-fPIC', '-O1', '-std=c++17', '-Wall', '-Wextra', '-Werror'];
  // Without the library of C++: the program that it is loaded into may have one of its own.
  words.push('-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics', `-I${abi}`);
  words.push(...files.map((name) => path.join(sources, name)), '-o', library, '-ldl');
  const { status, stderr, error } = spawnSync('g++', words, { encoding: 'utf8' });
  if (status === 0) return { library };
  return { missing: `the C++ compiler does not build the injector: ${error?.message ?? stderr}` };
}

/** Why operations of a ring cannot be made to fail here, or undefined. */
export function whyNoOperationFails(): string | undefined {
  let ring: Ring | undefined;
  try {
    ring = Ring.open({ entries: 1 });
    encode.nop(ring.sqes, ring.push(), { result: -EIO });
    let result = 0;
    ring.submitAndWait(1, 1000);
    ring.reap((_, res) => {
      result = res;
    });
    return result === -EIO ? undefined : 'IORING_NOP_INJECT_RESULT needs Linux 6.10';
  } catch (error) {
    return `io_uring is not available: ${error}`;
  } finally {
    ring?.close();
  }
}

/** Where a program runs whose calls are to fail. */
export interface Place {
  /** The injector. */
  readonly library: string;
  readonly folder: string;
  /** A program that takes longer is killed, which shows as a signal. */
  readonly boundMs: number;
}

/** Runs a plan in a process of its own. */
export function runPlan(plan: Plan, driver: string, place: Place): Promise<Ended> {
  return runInjected('run.mjs', { ...plan }, { RINGPOOL_DRIVER: driver }, place);
}

/** Runs a program of fixtures/faults; `words` are its argument, with the folder of its files and the control file. */
export function runInjected(
  program: string,
  words: object,
  env: Readonly<Record<string, string>>,
  { library, folder, boundMs }: Place,
): Promise<Ended> {
  const files = path.join(folder, 'files');
  const control = path.join(folder, 'control');
  mkdirSync(files);
  writeFileSync(control, new Uint8Array(CONTROL_BYTES)); // view: a count of bytes
  const injected = {
    ...process.env,
    ...env,
    RINGPOOL_FAULT_CONTROL: control,
    RINGPOOL_FAULT_FOLDER: `${files}/`,
    // Whatever is preloaded already, a sanitizer say, wants to come first.
    LD_PRELOAD: [process.env['LD_PRELOAD'], library].filter(Boolean).join(' '),
    // The rings that are counted are the pool's.
    UV_USE_IO_URING: '0',
  };
  const script = fileURLToPath(new URL(`../fixtures/faults/${program}`, import.meta.url));
  const argument = JSON.stringify({ ...words, folder: files, control });
  const how = { env: injected, timeout: boundMs, killSignal: 'SIGKILL' } as const;
  return endOf(spawn(process.execPath, [script, argument], how));
}
