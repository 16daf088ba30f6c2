// Random sequences of operations on every driver, beside node:fs in a folder of its own: each operation comes to the same,
// and what the files hold agrees all the time. A sequence that fails shrinks. RINGPOOL_SEED repeats a run,
// and RINGPOOL_BRIEF=1 is what other versions of Node get.
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AT, AT_FDCWD, fd } from '@ringpool/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../support.ts';
import { status } from './behaviours-files.ts';
import { casts } from './casts.ts';
import { lacks, TRUNCATION } from './kernel.ts';
import { type Outcome, Stage } from './stage.ts';

const STEPS = process.env['RINGPOOL_BRIEF'] === '1' ? 10_000 : 100_000;
const STEPS_EACH_MAX = 100;
const BOUND_MS = 120_000;
/** Files that are open at a time. */
const OPEN_MAX = 4;
const LENGTH_MAX = 9000;

const name = fc.constantFrom('a', 'b', 'd', 'd/a', 'd/b', 'd/d', 's', 'd/s/a', 's/', 'd/../a', 'none/a');
const pick = fc.nat(OPEN_MAX - 1);
// Not 0: node:fs asks the kernel nothing then.
const length = fc.integer({ min: 1, max: LENGTH_MAX });
const position = fc.oneof(fc.constant(-1), fc.nat(10), fc.nat(2 * LENGTH_MAX));
const MODES = ['r', 'r+', 'w', 'w+', 'wx', 'a', 'a+'] as const;

type Step =
  | { readonly do: 'open'; readonly name: string; readonly mode: (typeof MODES)[number] }
  | { readonly do: 'close' | 'fsync' | 'fdatasync'; readonly pick: number }
  | {
      readonly do: 'read' | 'write';
      readonly pick: number;
      readonly length: number;
      readonly position: number;
    }
  | { readonly do: 'truncate'; readonly pick: number; readonly length: number }
  | { readonly do: 'unlink' | 'rmdir' | 'mkdir' | 'stat'; readonly name: string }
  | { readonly do: 'rename' | 'link' | 'symlink'; readonly name: string; readonly to: string };

const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
const truncate = weighted(1, fc.record({ do: fc.constant('truncate' as const), pick, length }));
const OTHERS = [
  weighted(6, fc.record({ do: fc.constant('open' as const), name, mode: fc.constantFrom(...MODES) })),
  weighted(
    3,
    fc.record({ do: fc.constantFrom('close' as const, 'fsync' as const, 'fdatasync' as const), pick }),
  ),
  weighted(8, fc.record({ do: fc.constantFrom('read' as const, 'write' as const), pick, length, position })),
  weighted(
    4,
    fc.record({
      do: fc.constantFrom('unlink' as const, 'rmdir' as const, 'mkdir' as const, 'stat' as const),
      name,
    }),
  ),
  weighted(
    3,
    fc.record({
      do: fc.constantFrom('rename' as const, 'link' as const, 'symlink' as const),
      name,
      to: name,
    }),
  ),
];

/** Sequences of all steps that a driver has. */
function sequencesFor(driver: string): fc.Arbitrary<Step[]> {
  const lacking = lacks(driver, TRUNCATION);
  if (lacking !== undefined) console.log(`${driver}: nothing is truncated, because ${lacking}`);
  const step = fc.oneof(...(lacking === undefined ? [truncate] : []), ...OTHERS);
  return fc.array(step, { minLength: 1, maxLength: STEPS_EACH_MAX, size: 'max' });
}

/** What whoever executes steps has to offer. */
interface Player {
  open(name: string, mode: (typeof MODES)[number]): Outcome;
  close(file: number): Outcome;
  sync(file: number, dataOnly: boolean): Outcome;
  read(file: number, length: number, position: number): string;
  write(file: number, text: string, position: number): Outcome;
  truncate(file: number, length: number): Outcome;
  unlink(name: string): Outcome;
  rmdir(name: string): Outcome;
  mkdir(name: string): Outcome;
  stat(name: string): Outcome | object;
  rename(from: string, to: string): Outcome;
  link(from: string, to: string): Outcome;
  symlink(target: string, name: string): Outcome;
}

function outcomeOf(call: () => unknown): Outcome {
  try {
    const answer = call();
    return typeof answer === 'number' ? answer : 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code as string;
  }
}

/** The model: node:fs. */
function model(folder: string): Player {
  const at = (file: string): string => `${folder}/${file}`;
  return {
    open: (file, mode) => outcomeOf(() => openSync(at(file), mode, 0o644)),
    close: (file) => outcomeOf(() => closeSync(file)),
    sync: (file, dataOnly) => outcomeOf(() => (dataOnly ? fdatasyncSync : fsyncSync)(file)),
    read(file, bytes, from) {
      const memory = Buffer.alloc(bytes);
      const res = outcomeOf(() => readSync(file, memory, 0, bytes, from < 0 ? null : from));
      return typeof res === 'string' ? `-${res}` : memory.toString('latin1', 0, res);
    },
    write: (file, text, from) =>
      outcomeOf(() => writeSync(file, Buffer.from(text, 'latin1'), 0, text.length, from < 0 ? null : from)),
    truncate: (file, bytes) => outcomeOf(() => ftruncateSync(file, bytes)),
    unlink: (file) => outcomeOf(() => unlinkSync(at(file))),
    rmdir: (file) => outcomeOf(() => rmdirSync(at(file))),
    mkdir: (file) => outcomeOf(() => mkdirSync(at(file))),
    stat(file) {
      try {
        const stats = statSync(at(file));
        return stats.isDirectory()
          ? { type: 'directory' }
          : { type: 'file', bytes: stats.size, links: stats.nlink };
      } catch (error) {
        return (error as NodeJS.ErrnoException).code as string;
      }
    },
    rename: (from, to) => outcomeOf(() => renameSync(at(from), at(to))),
    link: (from, to) => outcomeOf(() => linkSync(at(from), at(to))),
    symlink: (target, file) => outcomeOf(() => symlinkSync(target, at(file))),
  };
}

/** A driver. */
function player(stage: Stage, folder: string): Player {
  const at = (file: string): ReturnType<Stage['path']> => stage.path(`${folder}/${file}`);
  const { RDONLY, RDWR, WRONLY, CREAT, TRUNC, EXCL, APPEND } = stage.flags;
  const flags: Readonly<Record<(typeof MODES)[number], number>> = {
    r: RDONLY,
    'r+': RDWR,
    w: WRONLY | CREAT | TRUNC,
    'w+': RDWR | CREAT | TRUNC,
    wx: WRONLY | CREAT | TRUNC | EXCL,
    a: WRONLY | CREAT | APPEND,
    'a+': RDWR | CREAT | APPEND,
  };
  const unlink = (file: string, unlinkFlags: number): Outcome =>
    stage.one({ op: 'unlinkat', dirfd: AT_FDCWD, path: at(file), unlinkFlags });
  return {
    open: (file, mode) =>
      stage.one({ op: 'openat', dirfd: AT_FDCWD, path: at(file), openFlags: flags[mode], mode: 0o644 }),
    close: (file) => stage.close(file),
    sync: (file, dataOnly) => stage.one({ op: 'fsync', fd: fd(file), fsyncFlags: dataOnly ? 1 : 0 }),
    read: (file, bytes, from) => stage.read(file, bytes, from),
    write: (file, text, from) => stage.write(file, text, from),
    truncate: (file, bytes) => stage.one({ op: 'ftruncate', fd: fd(file), length: bytes }),
    unlink: (file) => unlink(file, 0),
    rmdir: (file) => unlink(file, AT.REMOVEDIR),
    mkdir: (file) => stage.one({ op: 'mkdirat', dirfd: AT_FDCWD, path: at(file), mode: 0o777 }),
    stat: (file) => status(stage, `${folder}/${file}`),
    rename: (from, to) =>
      stage.one({
        op: 'renameat',
        oldDirfd: AT_FDCWD,
        oldPath: at(from),
        newDirfd: AT_FDCWD,
        newPath: at(to),
      }),
    link: (from, to) =>
      stage.one({ op: 'linkat', oldDirfd: AT_FDCWD, oldPath: at(from), newDirfd: AT_FDCWD, newPath: at(to) }),
    symlink: (target, file) =>
      stage.one({ op: 'symlinkat', target: stage.text(target), newDirfd: AT_FDCWD, linkPath: at(file) }),
  };
}

/** Longer than any write by a prime, so that each begins somewhere else. */
const PATTERN = Array.from({ length: LENGTH_MAX + 89 }, (_, index) =>
  String.fromCharCode(33 + (index % 89)),
).join('');
let written = 0;

/** Bytes that tell one write from another. */
function textOf(bytes: number): string {
  written = (written + 7) % 89;
  return PATTERN.slice(written, written + bytes);
}

/** Quick where they agree, which is always. */
function agree(mine: unknown, his: unknown): void {
  if (!isDeepStrictEqual(mine, his)) expect(mine).toEqual(his);
}

type Files = [number, number][];

function open(step: Step & { do: 'open' }, players: readonly [Player, Player], files: Files): void {
  const [mine, his] = players.map((one) => one.open(step.name, step.mode)) as [Outcome, Outcome];
  if (typeof mine !== 'number' || typeof his !== 'number') {
    agree(mine, his);
    return;
  }
  files.push([mine, his]);
  if (files.length > OPEN_MAX) close(players, files, 0);
}

function close(players: readonly [Player, Player], files: Files, index: number): void {
  const [pair] = files.splice(index, 1);
  if (pair !== undefined) agree(players[0].close(pair[0]), players[1].close(pair[1]));
}

/** Executes a step on both, and compares. */
function take(step: Step, players: readonly [Player, Player], files: Files): void {
  if (step.do === 'open') {
    open(step, players, files);
    return;
  }
  if ('pick' in step) {
    const index = step.pick % Math.max(files.length, 1);
    const pair = files[index];
    if (pair === undefined) return;
    if (step.do === 'close') {
      close(players, files, index);
      return;
    }
    const text = step.do === 'write' ? textOf(step.length) : '';
    const [mine, his] = players.map((one, which) => onFile(step, one, pair[which] as number, text));
    agree(mine, his);
    return;
  }
  const [mine, his] = players.map((one) => onName(step, one));
  agree(mine, his);
}

function onFile(step: Step & { pick: number }, one: Player, file: number, text: string): unknown {
  switch (step.do) {
    case 'read':
      return one.read(file, step.length, step.position);
    case 'write':
      return one.write(file, text, step.position);
    case 'truncate':
      return one.truncate(file, step.length);
    default:
      return one.sync(file, step.do === 'fdatasync');
  }
}

function onName(step: Exclude<Step, { pick: number } | { do: 'open' }>, one: Player): unknown {
  return 'to' in step ? one[step.do](step.name, step.to) : one[step.do](step.name);
}

for (const [driver, cast] of Object.entries(casts)) {
  describe(driver, () => {
    test(
      `${STEPS.toLocaleString('en')} random operations come to what they come to with node:fs`,
      (context) => {
        const lacking = lacks(driver);
        if (lacking !== undefined) context.skip(lacking);
        const { seed } = seededRandom();
        const sequences = sequencesFor(driver);
        const stage = new Stage(cast());
        const folder = mkdtempSync(path.join(tmpdir(), 'ringpool-model-'));
        let round = 0;
        let steps = 0;
        const play = (sequence: readonly Step[]): void => {
          const own = `round${round++}`;
          const made = stage.one({ op: 'mkdirat', dirfd: AT_FDCWD, path: stage.path(own), mode: 0o777 });
          expect([made, model(folder).mkdir(own)]).toEqual([0, 0]);
          const players = [player(stage, own), model(`${folder}/${own}`)] as const;
          const files: Files = [];
          try {
            for (const one of sequence) {
              take(one, players, files);
              stage.sweep();
            }
            steps += sequence.length;
          } finally {
            while (files.length > 0) close(players, files, 0);
          }
        };
        try {
          while (steps < STEPS) {
            fc.assert(fc.property(sequences, play), { seed: seed + round, numRuns: 50 });
          }
        } finally {
          stage.end();
          rmSync(folder, { recursive: true, force: true });
        }
        console.log(`${driver}: ${steps} steps in ${round} sequences`);
      },
      BOUND_MS,
    );
  });
}
