// What a file does beside reading and writing one range of bytes, against node:fs, on each driver.
import fs, { constants } from 'node:fs';
import path from 'node:path';
import { type File, type Lease, openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { EACH_DRIVER } from '../drivers/each-driver.ts';
import { pattern, seededRandom, temporaryFolder, temporaryPipe } from '../support.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
const WORDS = [
  'r',
  'rs',
  'sr',
  'r+',
  'rs+',
  'sr+',
  'w',
  'wx',
  'xw',
  'w+',
  'wx+',
  'xw+',
  'a',
  'ax',
  'xa',
  'as',
  'sa',
  'a+',
  'ax+',
  'xa+',
  'as+',
  'sa+',
];

describe.each(EACH_DRIVER)('on %s', (driver) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool({ driver, workers: 2, arenaBytes: 32 * 1024 * 1024 });
  });
  afterAll(() => pool.close());

  let page: Lease;
  beforeAll(() => {
    page = pool.alloc(64);
  });

  async function fileOf(bytes: Uint8Array, flags: string | number = 'r+'): Promise<File> {
    const name = path.join(temporaryFolder(), 'file');
    fs.writeFileSync(name, bytes);
    const file = await pool.open(name, flags);
    onTestFinished(() => file.close());
    return file;
  }

  const contents = (file: File): Buffer => fs.readFileSync(file.path);

  describe('flags', () => {
    test.each(
      WORDS.flatMap(
        (word) =>
          [
            [word, true],
            [word, false],
          ] as const,
      ),
    )("'%s' does as in node:fs, where the file is there: %s", async (word, there) => {
      const folder = temporaryFolder();
      const [theirs, ours] = [path.join(folder, 'theirs'), path.join(folder, 'ours')];
      if (there) for (const name of [theirs, ours]) fs.writeFileSync(name, 'before');
      const codeOf = (error: unknown): unknown => (error as { code: unknown }).code;
      let fd: number;
      try {
        fd = fs.openSync(theirs, word);
      } catch (error) {
        await expect(pool.open(ours, word)).rejects.toMatchObject({ code: codeOf(error) });
        return;
      }
      const file = await pool.open(ours, word);
      const written = (call: () => number): unknown => {
        try {
          return call();
        } catch (error) {
          return codeOf(error);
        }
      };
      const bytes = Buffer.from('xy');
      const wanted = written(() => fs.writeSync(fd, bytes, 0, 2, 1));
      const found = await file.write(bytes, { position: 1 }).catch(codeOf);
      expect(found).toBe(wanted);
      fs.closeSync(fd);
      await file.close();
      expect(fs.readFileSync(ours)).toEqual(fs.readFileSync(theirs));
    });

    test.each(['q', 'rw', '', 'R', 'r++', 1.5, -1, null])('%j are none', async (flags) => {
      await expect(pool.open('package.json', flags as string)).rejects.toEqual(
        coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
      );
    });

    test('dsync has each write on the disk when it is over', async () => {
      const name = path.join(temporaryFolder(), 'file');
      await using file = await pool.open(name, 'w', { dsync: true });
      expect(await file.write(Buffer.from('there'), { position: 0 })).toBe(5);
      expect(fs.readFileSync(name, 'utf8')).toBe('there');
    });
  });

  test('a file that is open to append is written at its end, by many at once, wherever the position says', async () => {
    const file = await fileOf(Buffer.from('0'), 'a+');
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        file.write(Buffer.from(String.fromCharCode(65 + (index % 26)))),
      ),
    );
    await file.write(Buffer.from('end'), { position: 0 });
    file.writeSync(Buffer.from('!'));
    const text = contents(file).toString();
    expect(text).toMatch(/^0[A-Z]{50}end!$/);
    expect([...text.slice(1, 51)].sort().join('')).toBe(
      Array.from({ length: 50 }, (_, index) => String.fromCharCode(65 + (index % 26)))
        .sort()
        .join(''),
    );
  });

  test('who does not say where is refused, but for files that know it', async () => {
    const file = await fileOf(Buffer.from('bytes'));
    for (const call of [
      () => file.read(Buffer.alloc(1)),
      () => file.write(Buffer.alloc(1)),
      () => file.readv([Buffer.alloc(1)]),
      async () => file.readSync(Buffer.alloc(1)),
    ]) {
      await expect(call()).rejects.toEqual(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
    }
  });

  test.each(['read', 'readv', 'readOnce', 'readSync'] as const)(
    'one %s of a pipe gives what is there',
    async (how) => {
      await using pipe = await pool.open(temporaryPipe(), constants.O_RDWR);
      const target = Buffer.alloc(100);
      const read = async (position?: number): Promise<number> => {
        if (how === 'readv') return pipe.readv([target.subarray(0, 2), target.subarray(2)], { position });
        return pipe[how](target, { position });
      };
      for (const position of [undefined, 0]) {
        expect(await pipe.write(Buffer.from('hello'), { position })).toBe(5);
        expect(await read(position)).toBe(5);
        expect(target.toString('latin1', 0, 5)).toBe('hello');
      }
    },
  );

  test('any view of memory will do', async () => {
    const file = await fileOf(Buffer.alloc(32));
    const numbers = Float64Array.of(1.5, 2.5, 3.5);
    expect(await file.write(new DataView(numbers.buffer, 8, 16), { position: 4 })).toBe(16);
    const back = new Float64Array(2);
    expect(await file.read(back, { position: 4 })).toBe(16);
    expect([...back]).toEqual([2.5, 3.5]);
    expect(file.readSync(new DataView(numbers.buffer), { position: 28 })).toBe(4);
    await expect(file.read([] as never, { position: 0 })).rejects.toEqual(
      coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
    );
  });

  test('several pieces of memory at once: random ones, the arena’s, others, and both', async () => {
    const { seed, random } = seededRandom();
    const bytes = pattern(200_000, seed);
    const file = await fileOf(bytes);
    for (let round = 0; round < 60; round++) {
      const kind = random(3);
      const leases: { release(): void }[] = [];
      const pieces = Array.from({ length: 1 + random(20) }, (_, index) => {
        const length = random(9000);
        if (kind === 0 || (kind === 2 && index % 2 === 0)) return Buffer.alloc(length);
        const lease = pool.alloc(Math.max(length, 1));
        leases.push(lease);
        return random(2) === 0 ? lease.bytes.subarray(0, length) : lease;
      });
      const position = random(220_000);
      const total = pieces.reduce((sum, { length }) => sum + length, 0);
      const wanted = bytes.subarray(position, position + total);
      expect(await file.readv(pieces, { position })).toBe(wanted.length);
      const all = Buffer.concat(pieces.map((piece) => ('bytes' in piece ? piece.bytes : piece)));
      expect(Buffer.compare(all.subarray(0, wanted.length), wanted)).toBe(0);
      for (const piece of pieces)
        pattern(piece.length, round + 7).copy('bytes' in piece ? piece.bytes : piece);
      const at = random(150_000);
      expect(await file.writev(pieces, { position: at })).toBe(total);
      const written = Buffer.concat(pieces.map((piece) => ('bytes' in piece ? piece.bytes : piece)));
      expect(Buffer.compare(contents(file).subarray(at, at + total), written)).toBe(0);
      await file.truncate(200_000);
      await file.write(bytes, { position: 0 });
      for (const lease of leases) lease.release();
    }
  });

  test('more pieces than one operation takes', async () => {
    const bytes = pattern(3000 * 7);
    const file = await fileOf(bytes);
    const lease = pool.alloc(3000 * 8);
    const pieces = Array.from({ length: 3000 }, (_, index) => lease.bytes.subarray(index * 8, index * 8 + 7));
    expect(await file.readv(pieces, { position: 0 })).toBe(bytes.length);
    expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0);
    expect(await file.readv([], { position: 0 })).toBe(0);
    expect(await file.writev([Buffer.alloc(0)], { position: 0 })).toBe(0);
    lease.release();
  });

  test('one operation of the kernel’s, and no more', async () => {
    const bytes = pattern(100_000);
    const file = await fileOf(bytes);
    const lease = pool.alloc(4096);
    expect(await file.readOnce(lease, { position: 99_000 })).toBe(1000);
    expect(await file.readOnce(lease, { position: 100_000 })).toBe(0);
    expect(await file.writeOnce(lease, { position: 0, length: 10 })).toBe(10);
    expect(Buffer.compare(contents(file).subarray(0, 10), lease.bytes.subarray(0, 10))).toBe(0);
    lease.release();
  });

  test('batches of one file', async () => {
    const bytes = pattern(8192);
    const file = await fileOf(bytes);
    const lease = pool.alloc(8192);
    const parts = [0, 1, 2, 3].map((part) => ({
      memory: lease,
      offset: part * 2048,
      length: 2048,
      position: part * 2048,
    }));
    expect([...(await file.readBatch(parts))]).toEqual([2048, 2048, 2048, 2048]);
    expect(Buffer.compare(lease.bytes, bytes)).toBe(0);
    lease.bytes.reverse();
    expect([...(await file.writeBatch(parts))]).toEqual([2048, 2048, 2048, 2048]);
    expect(Buffer.compare(contents(file), lease.bytes)).toBe(0);
    lease.release();
  });

  test('syncs, lengths, and what it is', async () => {
    const file = await fileOf(pattern(10_000));
    await file.sync();
    await file.datasync();
    await file.truncate(20_000);
    expect(Buffer.compare(contents(file), Buffer.concat([pattern(10_000), Buffer.alloc(10_000)]))).toBe(0);
    await file.truncate(5);
    expect(Buffer.compare(contents(file), pattern(10_000).subarray(0, 5))).toBe(0);
    await file.advise('sequential');
    await file.advise('willneed', { offset: 0, length: 4096 });
    const stats = await file.stat();
    const theirs = fs.statSync(file.path, { bigint: true });
    expect(stats).toMatchObject({
      type: 'file',
      size: 5,
      mode: Number(theirs.mode),
      links: 1,
      inode: theirs.ino,
      uid: Number(theirs.uid),
      gid: Number(theirs.gid),
      blocks: Number(theirs.blocks),
    });
    // Without the kernel's own structure times are known to the microsecond.
    expect(Number(stats.modifiedNs - theirs.mtimeNs)).toBeLessThan(1000);
    await file.truncate();
    expect((await file.stat()).size).toBe(0);
  });

  test('room on the disk', async () => {
    const file = await fileOf(Buffer.alloc(0));
    const taking = file.preallocate(0, 1_000_000);
    if (driver !== 'uring') await expect(taking).rejects.toEqual(coded('ERR_RINGPOOL_UNSUPPORTED'));
    else {
      await taking;
      expect(fs.statSync(file.path).size).toBe(1_000_000);
      await file.preallocate(1_000_000, 500_000, { keepSize: true });
      expect(fs.statSync(file.path).size).toBe(1_000_000);
      expect(fs.statSync(file.path).blocks * 512).toBeGreaterThanOrEqual(1_500_000);
    }
  });

  test('how a write is made', async () => {
    const file = await fileOf(Buffer.alloc(16));
    expect(await file.write(Buffer.from('abc'), { position: 0, dsync: true })).toBe(3);
    expect(file.writeSync(Buffer.from('def'), { position: 3, dsync: true })).toBe(3);
    expect(await file.writev([Buffer.from('gh'), Buffer.from('i')], { position: 6, dsync: true })).toBe(3);
    expect(contents(file).toString('latin1', 0, 9)).toBe('abcdefghi');
    const uncached = file.read(Buffer.alloc(16), { position: 0, dontCache: true });
    if (driver === 'threads') await expect(uncached).rejects.toEqual(coded('ERR_RINGPOOL_UNSUPPORTED'));
    // Not every file system can.
    else
      expect(await uncached.catch((error) => error.code)).toSatisfy(
        (found) => found === 16 || found === 'EOPNOTSUPP',
      );
    for (const options of [{ dsync: 1 }, { atomic: 'yes' }, { dontCache: null }] as never[]) {
      await expect(file.write(Buffer.alloc(1), { position: 0, ...(options as object) })).rejects.toEqual(
        coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
      );
    }
    await expect(file.read(Buffer.alloc(1), { position: 0, dsync: true })).rejects.toEqual(
      coded('ERR_RINGPOOL_INVALID_ARGUMENT'),
    );
  });

  test.each([
    ['sync', (file: File, signal: AbortSignal) => file.sync({ signal })],
    ['truncate', (file: File, signal: AbortSignal) => file.truncate(1, { signal })],
    ['stat', (file: File, signal: AbortSignal) => file.stat({ signal })],
    ['readv', (file: File, signal: AbortSignal) => file.readv([page], { position: 0, signal })],
  ] as const)(
    '%s is aborted before, at once and afterwards, and leaves no memory in use',
    async (_, call) => {
      const file = await fileOf(pattern(100));
      await expect(call(file, AbortSignal.abort())).rejects.toEqual(coded('ABORT_ERR'));
      const during = new AbortController();
      const calling = call(file, during.signal);
      during.abort();
      await expect(calling).rejects.toEqual(coded('ABORT_ERR'));
      const after = new AbortController();
      await call(file, after.signal);
      after.abort();
      await file.close();
      expect(pool.metrics().arena).toMatchObject({ operationsInFlight: 0, leasesReleasedInFlight: 0 });
    },
  );

  test('closing waits for all of them, and nothing is begun afterwards', async () => {
    const file = await fileOf(pattern(100));
    const all = Promise.all([
      file.sync(),
      file.stat(),
      file.truncate(50),
      file.readv([Buffer.alloc(9)], { position: 0 }),
      file.advise('random'),
    ]);
    await file.close();
    await all;
    for (const call of [
      () => file.sync(),
      () => file.stat(),
      () => file.truncate(),
      () => file.advise('normal'),
      () => file.preallocate(0, 1),
      () => file.readv([Buffer.alloc(1)], { position: 0 }),
      () => file.readOnce(Buffer.alloc(1), { position: 0 }),
      () => file.readBatch([]),
    ]) {
      await expect(call()).rejects.toEqual(coded('ERR_RINGPOOL_CLOSED'));
    }
  });

  test('leases among other memory stay their reader’s until all is read, and closing waits for all pieces', async () => {
    const file = await fileOf(pattern(3_000_000));
    const lease = pool.alloc(2_500_000);
    const reading = file.readv([Buffer.alloc(500_000), lease], { position: 0 });
    lease.release();
    const closing = file.close();
    expect(await reading).toBe(3_000_000);
    await closing;
    expect(pool.metrics().arena).toMatchObject({ operationsInFlight: 0, leasesReleasedInFlight: 0 });
  });

  test('what makes no sense is refused', async () => {
    const file = await fileOf(pattern(10));
    for (const call of [
      () => file.truncate(-1),
      () => file.truncate(1.5),
      () => file.truncate('1' as never),
      () => file.preallocate(-1, 1),
      () => file.advise('soon' as never),
      () => file.advise('normal', { offset: -1 }),
      () => file.sync({ later: true } as never),
      () => file.readv([Buffer.alloc(1)], { position: 0, length: 1 } as never),
      () => file.readv([1] as never, { position: 0 }),
    ]) {
      await expect(call()).rejects.toEqual(coded('ERR_RINGPOOL_INVALID_ARGUMENT'));
    }
    await expect(file.preallocate(0, 0)).rejects.toEqual(
      coded(driver === 'uring' ? 'EINVAL' : 'ERR_RINGPOOL_UNSUPPORTED'),
    );
    const folder = await pool.open(temporaryFolder());
    await expect(folder.readv([Buffer.alloc(1)], { position: 0 })).rejects.toEqual(coded('EISDIR'));
    await expect(folder.truncate(1)).rejects.toMatchObject({
      code: expect.stringMatching(/^(EINVAL|EBADF)$/),
    });
    await folder.close();
  });
});
