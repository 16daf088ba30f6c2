// The demo: every file of a directory through Ringpool, fs.promises and readFileSync, checked and compared.

import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { diagnose, openPool, type Pool, RingpoolError } from '@ringpool/pool';

import { type Arguments, parseArguments, USAGE, UsageError } from './args.ts';
import * as promises from './ingest-promises.ts';
import * as ringpool from './ingest-ringpool.ts';
import * as sync from './ingest-sync.ts';
import { SMALL_BYTES_MAX } from './job.ts';
import { largeFile } from './large-file.ts';
import { Progress } from './progress.ts';
import { type Contender, MismatchError, race } from './race.ts';
import { formatTable, type Score } from './table.ts';
import { type FoundFile, walk } from './walk.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));
const LARGE_MIB_DEFAULT = 256;
const MEBIBYTE = 1024 * 1024;
const ARENA_BYTES_MIN = 32 * MEBIBYTE;
const ARENA_BYTES_SPARE = 8 * MEBIBYTE;
/** Large files take long; fewer passes of them will do, and do not depend on compiled code. */
const LARGE_ROUNDS_MAX = 3;
const LARGE_WARM_UPS = 1;
/** Small files need compiled code: about fifty thousand files. */
const SMALL_WARM_UPS_MAX = 10;
const SKIPPED_LISTED_MAX = 3;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

async function findFiles(args: Arguments, progress: Progress): Promise<readonly FoundFile[]> {
  const directory = path.resolve(args.directory ?? path.join(REPOSITORY, 'node_modules'));
  const { files: found, skipped } = await walk(directory);
  const files = [...found];
  const largeMib = args.largeMib ?? (args.directory === undefined ? LARGE_MIB_DEFAULT : 0);
  if (largeMib > 0) files.push(await largeFile(path.join(REPOSITORY, '.data'), largeMib, progress));
  progress.end();
  if (files.length === 0) {
    throw new UsageError(`${directory} has no files${skipped.length > 0 ? ' that may be read' : ''}`);
  }
  print(
    `${files.length} ${files.length === 1 ? 'file' : 'files'} below ${directory}${largeMib > 0 ? `, one of them generated (${largeMib} MiB)` : ''}`,
  );
  if (skipped.length > 0) print(`${skipped.length} skipped: ${listed(skipped)}`);
  return files;
}

function listed(names: readonly string[]): string {
  const more = names.length - SKIPPED_LISTED_MAX;
  return `${names.slice(0, SKIPPED_LISTED_MAX).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** What was used: said once, below the tables. */
function describe(pool: Pool, args: Arguments): string {
  const { driver, ring, workers } = pool;
  const threads = workers.length === 1 ? '1 worker' : `${workers.length} workers`;
  const queues =
    ring === undefined
      ? threads
      : `a ring of this thread and ${threads}, ring queues ${ring.memory}, rung '${ring.rung}' (${ring.flags.join(', ')})`;
  const registered = (pool.registeredBytes / MEBIBYTE).toFixed(1);
  return [
    `driver ${driver.name} (${driver.reason}), ${queues}`,
    `${registered} MiB of the arena registered with the kernel, ${args.concurrency} files in flight`,
    `Node ${process.version}, Linux ${os.release()}, ${os.availableParallelism()} CPUs`,
  ].join('\n');
}

async function raceGroup(
  pool: Pool,
  args: Arguments,
  files: readonly FoundFile[],
  small: boolean,
  progress: Progress,
): Promise<readonly Score[]> {
  const { concurrency, rounds } = args;
  const reference: Contender = { name: 'readFileSync', ingest: sync.ingest };
  const contenders: readonly Contender[] = small
    ? [
        { name: 'Ringpool', ingest: (job) => ringpool.ingestSmall(pool, concurrency, job) },
        { name: 'fs.promises', ingest: (job) => promises.ingestSmall(concurrency, job) },
        reference,
      ]
    : [
        { name: 'Ringpool', ingest: (job) => ringpool.ingestLarge(pool, job) },
        { name: 'fs.promises', ingest: (job) => promises.ingestLarge(job) },
        reference,
      ];
  const group = small ? 'small files' : 'large files';
  const scores = await race(
    group,
    files,
    reference,
    contenders,
    small
      ? { warmUps: Math.min(rounds, SMALL_WARM_UPS_MAX), rounds }
      : { warmUps: LARGE_WARM_UPS, rounds: Math.min(rounds, LARGE_ROUNDS_MAX) },
    progress,
  );
  progress.end();
  return scores;
}

async function demo(args: Arguments): Promise<void> {
  const progress = new Progress(process.stderr);
  // Before the files: where io_uring is not available, this says so at once.
  const arenaBytes = Math.max(ARENA_BYTES_MIN, ringpool.arenaBytesFor(args.concurrency) + ARENA_BYTES_SPARE);
  await using pool = await openPool({ arenaBytes, workers: args.workers });
  const files = await findFiles(args, progress);
  const groups = [
    { small: true, name: `Small files (up to ${SMALL_BYTES_MAX / 1024} KiB), read whole` },
    { small: false, name: 'Large files, read in chunks by Ringpool and fs.promises' },
  ];
  for (const { small, name } of groups) {
    const group = files.filter(({ bytes }) => bytes <= SMALL_BYTES_MAX === small);
    if (group.length === 0) continue;
    const scores = await raceGroup(pool, args, group, small, progress);
    const bytes = group.reduce((sum, file) => sum + file.bytes, 0);
    print(`\n${formatTable(name, group.length, bytes, scores)}`);
  }
  print(
    `Every CRC-32, byte count and line count of every round is the one of node:fs.\n${describe(pool, args)}`,
  );
}

/** What a person needs to read, without a stack: the exit code is 2 for a wrong call, 1 for everything else. */
function explain(error: unknown): number {
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  if (error instanceof UsageError) {
    say(`demo: ${error.message}`);
    return 2;
  }
  if (error instanceof MismatchError) say(`demo: ${error.message}`);
  else if (error instanceof RingpoolError) {
    say(`demo: ${error.code}: ${error.message}`);
    if (error.code === 'ERR_RINGPOOL_UNAVAILABLE') {
      for (const { name, state, detail, remedy } of diagnose().findings) {
        // The first finding is the error itself.
        if (state !== 'ok' && detail !== error.message)
          say(`  ${name}: ${detail}${remedy === undefined ? '' : ` ${remedy}`}`);
      }
    }
  } else say(`demo: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
}

async function main(): Promise<void> {
  // As with `| head`: who listened has gone, or the disk is full.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') explain(error);
    process.exit(1);
  });
  try {
    const args = parseArguments(process.argv.slice(2));
    if (args.help) print(USAGE);
    else await demo(args);
  } catch (error) {
    process.exitCode = explain(error);
  }
}

void main();
