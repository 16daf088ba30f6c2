// pool.readFile against node:fs: sizes around its lease, growth, errors, files that are not regular, no descriptor left.
import { execFile, execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { driver } from '../features.ts';
import { openTargets, pattern, temporaryFolder, until } from '../support.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });

describe.each([1, 2])('with %i workers', (workers) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ workers, depth: 16, arenaBytes: 32 * 1024 * 1024 });
  });
  afterAll(() => pool.close());

  test('files smaller than, as large as and larger than the lease', async () => {
    const folder = temporaryFolder();
    const lease = pool.alloc(4096);
    for (const size of [0, 1, 100, 4095, 4096, 4097, 20_000, 300_000, 1_500_000]) {
      const name = path.join(folder, String(size));
      writeFileSync(name, pattern(size, size + 1));
      for (const target of [lease, undefined]) {
        const contents = await pool.readFile(name, target);
        expect(contents.length).toBe(size);
        expect(Buffer.compare(contents.bytes, readFileSync(name))).toBe(0);
        if (target !== undefined) expect(contents.lease === lease).toBe(size <= 4096);
        contents.release();
      }
    }
    expect(lease.released).toBe(false);
    lease.release();
  });

  test('many at once, of which some are missing', async () => {
    const folder = temporaryFolder();
    const names = Array.from({ length: 300 }, (_, index) => path.join(folder, `file ${index} é`));
    for (const [index, name] of names.entries())
      if (index % 7 !== 0) writeFileSync(name, pattern(index * 100, index));
    const results = await Promise.allSettled(names.map((name) => pool.readFile(name)));
    for (const [index, result] of results.entries()) {
      if (index % 7 === 0) {
        expect(result).toMatchObject({
          status: 'rejected',
          reason: { code: 'ENOENT', path: names[index], op: 'readFile' },
        });
      } else if (result.status === 'fulfilled') {
        expect(Buffer.compare(result.value.bytes, pattern(index * 100, index))).toBe(0);
        result.value.release();
      } else throw result.reason;
    }
    const open = (): string[] => openTargets().filter((target) => target.startsWith(folder));
    // Where closing a slot is a call of a worker, the last of them goes a moment later.
    if (driver !== 'uring') await until(() => open().length === 0);
    expect(open()).toEqual([]);
  });

  test('paths: long, too long, with a zero byte, empty', async () => {
    const folder = temporaryFolder();
    const deep = path.join(folder, ...Array.from({ length: 4 }, () => 'd'.repeat(200)));
    execFileSync('mkdir', ['-p', deep]);
    const name = path.join(deep, 'ü'.repeat(100));
    writeFileSync(name, 'far down');
    using contents = await pool.readFile(name);
    expect(Buffer.from(contents.bytes).toString()).toBe('far down');
    await expect(pool.readFile(`/${'x/'.repeat(3000)}`)).rejects.toThrow(coded('ENAMETOOLONG'));
    for (const wrong of ['', 'a\0b', 7 as unknown as string]) {
      await expect(pool.readFile(wrong)).rejects.toThrow(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
    }
  });

  test('a directory is EISDIR, a file of /proc is whole although it says that it has no bytes', async () => {
    await expect(pool.readFile('/')).rejects.toThrow(coded('EISDIR'));
    expect(statSync('/proc/cpuinfo').size).toBe(0);
    const lease = pool.alloc(16);
    using contents = await pool.readFile('/proc/self/environ', lease);
    expect(Buffer.compare(contents.bytes, readFileSync('/proc/self/environ'))).toBe(0);
    lease.release();
  });

  test('a pipe is read to its end, and nothing of it is lost', async () => {
    const name = path.join(temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [name]);
    const lease = pool.alloc(10);
    const reading = pool.readFile(name, lease);
    // Not the sync form: it would block this thread before the tick's batch has gone out.
    const writing = promisify(execFile)('sh', ['-c', `printf '0123456789abcdefghij' > '${name}'`]);
    using contents = await reading;
    await writing;
    expect(Buffer.from(contents.bytes).toString()).toBe('0123456789abcdefghij');
    lease.release();
  });

  test('a file larger than the arena is an error with figures, and the pool goes on', async () => {
    const name = path.join(temporaryFolder(), 'large');
    for (let part = 0; part < 40; part++) appendFileSync(name, Buffer.alloc(1024 * 1024, part));
    await expect(pool.readFile(name)).rejects.toThrow(coded('ERR_RINGPOOL_ARENA_FULL'));
    using contents = await pool.readFile('package.json');
    expect(contents.length).toBe(statSync('package.json').size);
  });
});
