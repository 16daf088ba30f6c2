// How a pool comes up and goes down: closing with work in flight, programs that end by themselves, workers that die.
import { execFileSync } from 'node:child_process';
import { openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RingpoolError } from '@ringpool/core';
import { Doorbell } from '@ringpool/native';
import { openPool, type Placement } from '@ringpool/pool';
import { describe, expect, test, vi } from 'vitest';
import { BellTable } from '../../src/drivers/threads/bell-table.ts';
import { openPool as openHere } from '../../src/pool/open-pool.ts';
import { driver } from '../features.ts';
import { openTargets, pattern, runFixture, temporaryFolder, temporaryPipe, until } from '../support.ts';

const O_RDWR = 2;
const coded = (code: string): unknown => expect.objectContaining({ code });

describe.each<Placement>(['local', 'workers'])('closing, with operations placed %s', (placement) => {
  test('waits for what is in flight, closes files, and refuses what comes later', async () => {
    const folder = temporaryFolder();
    const name = path.join(folder, 'file');
    const bytes = pattern(200_000);
    writeFileSync(name, bytes);
    const pool = await openPool({ workers: 2, placement });
    const file = await pool.open(name);
    const lease = pool.alloc(bytes.length);
    const reads = Array.from({ length: 200 }, (_, index) =>
      file.read(lease, { position: index * 1000, offset: index * 1000, length: 1000 }),
    );
    const whole = pool.readFile(name);
    const closed = pool.close();
    expect(pool.closed).toBe(true);
    await expect(pool.open(name)).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
    await expect(pool.readFile(name)).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
    await expect(file.read(lease, { position: 0 })).rejects.toThrow(coded('ERR_RINGPOOL_CLOSED'));
    expect(() => pool.alloc(1)).toThrow(coded('ERR_RINGPOOL_CLOSED'));
    expect((await Promise.all(reads)).every((count) => count === 1000)).toBe(true);
    expect(Buffer.compare((await whole).bytes, bytes)).toBe(0);
    await closed;
    await pool.close();
    expect(Buffer.compare(lease.bytes, bytes)).toBe(0);
    expect(openTargets()).not.toContain(name);
  });

  test('says what is left when its time is over, keeps it in flight, and can be waited for again', async () => {
    const name = temporaryPipe();
    const pool = await openPool({ workers: 1, placement });
    const file = await pool.open(name, O_RDWR);
    const lease = pool.alloc(8);
    const read = file.read(lease, { position: 0 });
    await expect(pool.close({ timeoutMs: 50 })).rejects.toThrow(coded('ERR_RINGPOOL_DRAIN_TIMEOUT'));
    expect(lease.inFlight).toBe(1);
    writeSync(openSync(name, O_RDWR), '01234567');
    expect(await read).toBe(8);
    await pool.close();
  });

  test('twenty pools one after another leave no descriptor, no thread and no locked memory', async () => {
    const memory = (): number =>
      Number(
        /VmPin:\s+(\d+)/.exec(
          execFileSync('cat', [`/proc/${process.pid}/status`], { encoding: 'latin1' }),
        )?.[1],
      );
    const once = async (): Promise<void> => {
      await using pool = await openPool({ workers: 2, depth: 8, arenaBytes: 1024 * 1024, placement });
      using contents = await pool.readFile('package.json');
      expect(contents.length).toBeGreaterThan(0);
    };
    await once();
    const before = {
      files: openTargets().length,
      threads: readdirSync('/proc/self/task').length,
      memory: memory(),
    };
    for (let round = 0; round < 20; round++) await once();
    await sleep(50);
    expect(openTargets().length).toBeLessThanOrEqual(before.files);
    expect(readdirSync('/proc/self/task').length).toBeLessThanOrEqual(before.threads);
    expect(memory()).toBeLessThanOrEqual(before.memory);
  });
});

describe.each(['local', 'workers'])('a program that uses its pool by placement %s', (placement) => {
  test.each(['idle', 'closed', 'file'])('with a pool that is %s ends by itself', async (program) => {
    expect(await runFixture('idle.mjs', program, placement)).toMatchObject({ code: 0, stderr: '' });
  });

  test('whose only pending work is a read lives until it is done', async () => {
    const name = temporaryPipe();
    const running = runFixture('idle.mjs', 'pending', placement, name);
    const writer = openSync(name, O_RDWR);
    await sleep(700);
    writeSync(writer, 'hello');
    expect(await running).toMatchObject({ code: 0, stdout: 'read 5\n' });
  });

  test.each([
    ['unstarted', 'read true\n'],
    ['joined', 'thread 0\n'],
    ['joined-unstarted', 'read true\nthread 0\n'],
  ])('ends by itself, and not before: %s', async (program, stdout) => {
    expect(await runFixture('idle.mjs', program, placement)).toMatchObject({ code: 0, stdout, stderr: '' });
  });

  test('exits at once when told to, workers parked or reads in flight', async () => {
    expect(await runFixture('idle.mjs', 'exit', placement)).toMatchObject({ code: 7, signal: null });
    expect(await runFixture('idle.mjs', 'exit-in-flight', placement, temporaryPipe())).toMatchObject({
      code: 7,
      signal: null,
    });
  });

  test('that throws with reads in flight ends as any other', async () => {
    const ended = await runFixture('idle.mjs', 'throw', placement, temporaryPipe());
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(ended.stderr).toMatch(/thrown on purpose/);
  });

  test('that only imports the pool starts no thread', async () => {
    expect(await runFixture('idle.mjs', 'import')).toMatchObject({ code: 0, stdout: '0\n' });
  });
});

test('a pool that cannot come up leaves nothing behind, whichever of its parts it is', async () => {
  const count = (): number => openTargets().filter((target) => target.startsWith('anon_inode')).length;
  // Opened from the sources, whose bells of the driver threads these are.
  for (let failing = 0; failing < 4; failing++) {
    const before = count();
    const made = failAt(failing);
    await expect(openHere({ workers: 2 })).rejects.toThrow(coded('EMFILE'));
    expect(made()).toBe(failing + 1);
    await until(() => count() <= before);
  }
});

/** Has the driver make so many bells and then none, until what this returns is called: how many were asked for. */
function failAt(failing: number): () => number {
  let calls = 0;
  const fail = (): void => {
    if (calls++ === failing) throw new RingpoolError('EMFILE', 'no descriptor is left');
  };
  const [uringBell, bell] = [Doorbell.create, BellTable.prototype.create];
  const made =
    driver === 'uring'
      ? vi.spyOn(Doorbell, 'create').mockImplementation(() => {
          fail();
          return uringBell.call(Doorbell);
        })
      : vi.spyOn(BellTable.prototype, 'create').mockImplementation(function (this: BellTable, onLook) {
          fail();
          return bell.call(this, onLook);
        });
  return () => {
    made.mockRestore();
    return calls;
  };
}

describe('a worker that ends', () => {
  test('settles its reads with a typed error, another goes on, and a new one takes its place', async () => {
    const ended = await runFixture('worker-death.mjs', path.join(temporaryFolder(), 'pipe'), '2');
    expect(ended.stderr).toBe('');
    expect(JSON.parse(ended.stdout)).toMatchObject({ left: 0 });
  });

  test('settles its reads when it was the only one, and a new one takes its place', async () => {
    const ended = await runFixture('worker-death.mjs', path.join(temporaryFolder(), 'pipe'), '1');
    expect(ended.stderr).toBe('');
    expect(JSON.parse(ended.stdout)).toMatchObject({ left: 0 });
  });

  test.each([1, 2])('frees the descriptors that it was to close, as one of %i workers', async (workers) => {
    const name = path.join(temporaryFolder(), 'file');
    const ended = await runFixture('close-death.mjs', name, String(workers));
    expect(ended.stderr).toBe('');
    expect(JSON.parse(ended.stdout)).toMatchObject({ closed: 40, left: 0, inFlight: 0 });
  });

  test('as it starts refuses what waits for it, and another one comes when it is needed', async () => {
    const ended = await runFixture('start-death.mjs');
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(ended.stdout)).toEqual({
      imported: true,
      refused: Array(4).fill('ERR_RINGPOOL_WORKER_DIED'),
      read: 2,
    });
  });

  test('leaves what it had not begun to the others', async () => {
    const name = path.join(temporaryFolder(), 'file');
    const ended = await runFixture('close-death.mjs', name, '2');
    // Half of 128 reads are the other worker's anyway.
    expect(JSON.parse(ended.stdout).read).toBeGreaterThan(64);
  });
});
