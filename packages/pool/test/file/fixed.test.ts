// Files that are used much get slots in the rings' tables of fixed files. A slot keeps its file open: it must be empty
// when the file closes or goes to another thread, and never mean a file that it was given for before.
import { spawnSync } from 'node:child_process';
import {
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { type File, openPool, type Placement, type Pool } from '@ringpool/pool';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lacks } from '../features.ts';
import { pattern, runFixture, seededRandom, temporaryFolder, temporaryPipe, until } from '../support.ts';

const { O_RDWR } = constants;
/** More than it takes until a slot is worth it. */
const MUCH = 600;
const BYTES = 4096;

async function poolOf(depth = 64): Promise<Pool> {
  const pool = await openPool({ workers: 1, depth });
  onTestFinished(() => pool.close());
  return pool;
}

let files = 0;

/** A file with a name of its own: old kernels list a ring's files without their folders. */
function fileOf(bytes: Uint8Array): string {
  const name = path.join(temporaryFolder(), `file-${process.pid}-${files++}`);
  writeFileSync(name, bytes);
  return name;
}

/** How many slots of this process's rings hold the file, as the kernel tells. */
function slotsOf(name: string): number {
  let slots = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) !== 'anon_inode:[io_uring]') continue;
      const lines = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').split('\n');
      slots += lines.filter((line) => /^\s*\d+: /.test(line) && line.endsWith(path.basename(name))).length;
    } catch {
      // It has closed since it was listed.
    }
  }
  return slots;
}

/** Not every kernel lists the files of a ring by their names. */
async function skipUnlessListed(skip: (reason: string) => void): Promise<void> {
  const pool = await openPool({ workers: 1 });
  const name = fileOf(pattern(BYTES));
  const file = await pool.open(name);
  await use(pool, file, 'workers');
  let listed = false;
  for (let look = 0; look < 100 && !listed; look++) {
    listed = slotsOf(name) > 0;
    await new Promise(setImmediate);
  }
  await pool.close();
  if (!listed && process.env['CI'] === undefined) skip('this kernel does not list the files of a ring');
}

/** Uses a file on a lane until it has a slot there, if it ever has. Reads of cached bytes need no ring, writes do. */
async function use(pool: Pool, file: File, placement: Placement, bytes = pattern(BYTES)): Promise<void> {
  const lease = pool.alloc(BYTES);
  for (let done = 0; done < MUCH; done += 30) {
    const some = Array.from({ length: 30 }, async (_, index) => {
      const offset = index * 64;
      if (placement !== 'local') return file.read(lease, { position: offset, offset, length: 64, placement });
      lease.bytes.set(bytes.subarray(offset, offset + 64), offset);
      return file.write(lease, { position: offset, offset, length: 64, placement });
    });
    expect((await Promise.all(some)).every((count) => count === 64)).toBe(true);
    expect(Buffer.compare(lease.bytes.subarray(0, 1920), bytes.subarray(0, 1920))).toBe(0);
  }
  lease.release();
}

/** A lock on the open file itself: it lasts until nothing has the file open any more. */
function lock(file: Pick<File, 'fd'>): void {
  expect(spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file.fd] }).status).toBe(0);
}

/** Whether somebody else can have the lock: nothing has the file open. */
function isFree(name: string): boolean {
  return spawnSync('flock', ['-n', name, 'true']).status === 0;
}

describe.each(['local', 'workers'] as const)('a file used much, placed %s,', (placement) => {
  test.skipIf(lacks('slots for files'))(
    'has a slot, and none when it has closed: nothing has it open then',
    async ({ skip }) => {
      await skipUnlessListed(skip);
      const pool = await poolOf();
      const name = fileOf(pattern(BYTES));
      const file = await pool.open(name, O_RDWR);
      await use(pool, file, placement);
      await until(() => slotsOf(name) === 1);
      lock(file);
      expect(isFree(name)).toBe(false);
      await file.close();
      expect(isFree(name)).toBe(true);
      expect(slotsOf(name)).toBe(0);
    },
  );

  test('has none when it has gone to another thread, which may close it', async () => {
    const pool = await poolOf();
    const name = fileOf(pattern(BYTES));
    const file = await pool.open(name, O_RDWR);
    await use(pool, file, placement);
    lock(file);
    const adopted = pool.adoptFile(file.share());
    await use(pool, adopted, placement);
    expect(isFree(name)).toBe(false);
    await adopted.close();
    await until(() => isFree(name));
  });

  test('is closed with the pool', async () => {
    const pool = await openPool({ workers: 1, depth: 16 });
    const name = fileOf(pattern(BYTES));
    const file = await pool.open(name, O_RDWR);
    await use(pool, file, placement);
    lock(file);
    await pool.close();
    expect(isFree(name)).toBe(true);
  });

  test('shares a few slots with many others, and leaves some to whole files', async () => {
    const pool = await poolOf(4);
    const all = await Promise.all(
      Array.from({ length: 8 }, async (_, seed) => {
        const bytes = pattern(BYTES, seed + 1);
        const name = fileOf(bytes);
        return { bytes, name, file: await pool.open(name, O_RDWR) };
      }),
    );
    for (const { file, bytes } of all) await use(pool, file, placement, bytes);
    for (const { name, bytes } of all) {
      using contents = await pool.readFile(name, undefined, { placement });
      expect(Buffer.compare(contents.bytes, bytes)).toBe(0);
    }
    expect(all.reduce((sum, { name }) => sum + slotsOf(name), 0)).toBeLessThanOrEqual(2);
    // Two leave theirs to others: a slot that was given back is taken again, for another file.
    for (const { file } of all.splice(0, 4)) await file.close();
    for (const { file, bytes } of all) await use(pool, file, placement, bytes);
    for (const { file } of all) await file.close();
    expect(all.every(({ name }) => slotsOf(name) === 0)).toBe(true);
  });
});

test('a file closes although its lane is full of reads that wait for ever', async () => {
  const pool = await poolOf(8);
  const name = fileOf(pattern(BYTES));
  const file = await pool.open(name, 'r', { placement: 'workers' });
  await use(pool, file, 'workers');
  lock(file);
  const pipeName = temporaryPipe();
  const writer = openSync(pipeName, O_RDWR);
  const pipe = await pool.open(pipeName, O_RDWR, { placement: 'workers' });
  const lease = pool.alloc(8 * 16);
  const reads = Array.from({ length: 16 }, (_, index) =>
    pipe.read(lease, { position: 0, offset: index * 8, length: 8 }),
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  await file.close();
  expect(isFree(name)).toBe(true);
  writeSync(writer, Buffer.alloc(16 * 8));
  await Promise.all(reads);
  lease.release();
});

test('a thread that is terminated with a slot on a worker leaves nothing open', async () => {
  const pool = await poolOf();
  const name = fileOf(pattern(BYTES));
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(async ({ connectPool }) => {
      const pool = await connectPool(workerData.port);
      const file = await pool.open(workerData.name, 'r', { placement: 'workers' });
      const lease = pool.alloc(64);
      for (let round = 0; round < ${MUCH}; round++) await file.read(lease, { position: round });
      parentPort.postMessage(file.fd);
    });
  `;
  const workerData = { port: pool.port(), module: import.meta.resolve('@ringpool/pool'), name };
  const thread = new Worker(program, { eval: true, workerData });
  const fd = await new Promise<number>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  lock({ fd });
  await thread.terminate();
  await until(() => isFree(name));
});

test('the slots of a worker that ends are gone: the next one has others', async () => {
  const bytes = pattern(BYTES);
  const names = [fileOf(bytes), fileOf(pattern(BYTES, 2))];
  const ended = await runFixture('fixed-death.mjs', ...names);
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test('files opened, read, written, shared and closed at random are always themselves', async () => {
  const { seed, random } = seededRandom();
  const pool = await openPool({ workers: 2, depth: 8 });
  const placements: readonly Placement[] = ['local', 'workers', { worker: 0 }, { worker: 1 }];
  const contents = Array.from({ length: 6 }, (_, index) => pattern(BYTES, seed + index));
  const names = contents.map(fileOf);
  const loop = async (): Promise<void> => {
    for (let round = 0; round < 12; round++) {
      const which = random(names.length);
      const bytes = contents[which] as Buffer;
      let file = await pool.open(names[which] as string, O_RDWR);
      const lease = pool.alloc(BYTES);
      const placement = placements[random(4)] as Placement;
      for (let batch = random(20); batch > 0; batch--) {
        const some = Array.from({ length: 32 }, async (_, index) => {
          const offset = index * 128;
          const where = random(8) === 0 ? (placements[random(4)] as Placement) : placement;
          const options = { position: offset, offset, length: 128, placement: where };
          lease.bytes.set(bytes.subarray(offset, offset + 128), offset);
          if (random(3) === 0) return file.write(lease, options);
          return file.read(lease, options);
        });
        await Promise.all(some);
        if (Buffer.compare(lease.bytes, bytes) !== 0) throw new Error('wrong bytes');
        if (random(10) === 0) file = pool.adoptFile(file.share());
        if (random(10) === 0) (await pool.readFile(names[which] as string)).release();
      }
      lease.release();
      await file.close();
    }
  };
  await Promise.all(Array.from({ length: 6 }, loop));
  for (const [index, name] of names.entries()) {
    expect(Buffer.compare(readFileSync(name), contents[index] as Buffer)).toBe(0);
  }
  // What was given away with slots being emptied is over soon.
  await until(() => names.every((name) => slotsOf(name) === 0));
  await pool.close();
});
