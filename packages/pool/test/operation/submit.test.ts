// pool.submit(): what each kind of operation does, on whichever ring it runs.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { AT, AT_FDCWD, EPOLL, fd, type Operation, STATX } from '@ringpool/core';
import { type Lease, openPool, type Placement, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { lacks } from '../features.ts';
import { openTargets, pattern, temporaryFolder } from '../support.ts';
import {
  AF_UNIX,
  iovecs,
  message,
  SOCK_STREAM,
  SOCKADDR_UN_BYTES,
  text,
  timespec,
  unixAddress,
  viewOf,
} from './support.ts';

const PLACEMENTS: readonly Placement[] = ['local', 'workers', 'auto'];
const { O_CREAT, O_RDONLY, O_RDWR } = fs.constants;

let pool: Pool;
beforeAll(async () => {
  pool = await openPool({ workers: 1 });
});
afterAll(() => pool.close());

/** Nothing of a test stays leased. */
function expectNothingHeld(...leases: readonly Lease[]): void {
  for (const lease of leases) {
    expect(lease.inFlight).toBe(0);
    lease.release();
  }
}

describe.each(PLACEMENTS)('placed on %s', (placement) => {
  const result = async (operation: Operation): Promise<number> =>
    (await pool.submit(operation, { placement })).result;

  test('directories and names: mkdirat, symlinkat, linkat, renameat, unlinkat, statx', async () => {
    const folder = temporaryFolder();
    const at = (name: string): Lease => text(pool, path.join(folder, name));
    fs.writeFileSync(path.join(folder, 'file'), 'contents');
    const [made, file, hard, soft, moved] = ['made', 'file', 'hard', 'soft', 'made/moved'].map(at) as Lease[];
    const dirfd = AT_FDCWD;
    expect(await result({ op: 'mkdirat', dirfd, path: made!.address, mode: 0o755 })).toBe(0);
    expect(
      await result({ op: 'symlinkat', target: file!.address, newDirfd: dirfd, linkPath: soft!.address }),
    ).toBe(0);
    const link = { oldDirfd: dirfd, newDirfd: dirfd, oldPath: file!.address };
    expect(await result({ op: 'linkat', ...link, newPath: hard!.address })).toBe(0);
    expect(await result({ op: 'renameat', ...link, newPath: moved!.address })).toBe(0);
    expect(await result({ op: 'unlinkat', dirfd, path: hard!.address })).toBe(0);
    expect(fs.readdirSync(folder).sort()).toEqual(['made', 'soft']);
    expect(fs.readFileSync(path.join(folder, 'made', 'moved'), 'utf8')).toBe('contents');
    const statx = pool.alloc(256);
    const stat = {
      op: 'statx',
      dirfd,
      path: soft!.address,
      mask: STATX.SIZE,
      statxBuffer: statx.address,
    } as const;
    expect(await result(stat)).toBe(-2);
    expect(await result({ ...stat, statxFlags: AT.SYMLINK_NOFOLLOW })).toBe(0);
    expect(viewOf(statx).getBigUint64(40, true)).toBe(BigInt(path.join(folder, 'file').length));
    expectNothingHeld(made!, file!, hard!, soft!, moved!, statx);
  });

  test('sizes and syncs: ftruncate, fsync, fadvise', async () => {
    const name = path.join(temporaryFolder(), 'file');
    const file = await pool.open(name, O_CREAT | O_RDWR);
    const target = { fd: fd(file.fd) };
    expect(await result({ op: 'ftruncate', ...target, length: 8192 })).toBe(0);
    expect(fs.statSync(name).size).toBe(8192);
    expect(await result({ op: 'ftruncate', ...target, length: 100 })).toBe(0);
    expect(fs.statSync(name).size).toBe(100);
    expect(await result({ op: 'fsync', ...target, fsyncFlags: 1 })).toBe(0);
    expect(await result({ op: 'fadvise', ...target, offset: 0, length: 100, advice: 2 })).toBe(0);
    await file.close();
  });

  test.skipIf(lacks('allocation'))('ranges of a file: fallocate, syncFileRange', async () => {
    const name = path.join(temporaryFolder(), 'file');
    const file = await pool.open(name, O_CREAT | O_RDWR);
    const target = { fd: fd(file.fd), offset: 0 };
    expect(await result({ op: 'fallocate', ...target, length: 8192 })).toBe(0);
    expect(fs.statSync(name).size).toBe(8192);
    expect(await result({ op: 'syncFileRange', ...target, length: 100, syncRangeFlags: 2 })).toBe(0);
    await file.close();
  });

  test('vectors: readv and writev, plain and registered', async () => {
    const name = path.join(temporaryFolder(), 'file');
    const file = await pool.open(name, O_CREAT | O_RDWR);
    const memory = pool.alloc(3 * 4096);
    memory.bytes.set(pattern(8192), 0);
    const parts = [memory.slice(4096, 4096), memory.slice(0, 4096)];
    const vectors = iovecs(pool, parts);
    const there = { fd: fd(file.fd), iovecs: vectors.address, count: 2, offset: 0 };
    expect(await result({ op: 'writev', ...there })).toBe(8192);
    const bytes = pattern(8192);
    expect(fs.readFileSync(name).equals(Buffer.concat([bytes.subarray(4096), bytes.subarray(0, 4096)]))).toBe(
      true,
    );
    memory.bytes.fill(0);
    expect(await result({ op: 'readvFixed', ...there, bufferIndex: memory.segment })).toBe(8192);
    expect(Buffer.from(memory.bytes.subarray(0, 8192)).equals(bytes)).toBe(true);
    expectNothingHeld(memory, vectors);
    await file.close();
  });

  test.skipIf(lacks('attributes'))('attributes: fsetxattr, fgetxattr, setxattr, getxattr', async () => {
    const name = path.join(temporaryFolder(), 'file');
    const file = await pool.open(name, O_CREAT | O_RDWR);
    const [where, attribute] = [text(pool, name), text(pool, 'user.ringpool')];
    const value = pool.alloc(16);
    value.bytes.set(Buffer.from('a value'));
    const of = { name: attribute.address, value: value.address };
    const set = await result({ op: 'fsetxattr', fd: fd(file.fd), ...of, length: 7 });
    // A file system without them says so.
    if (set !== -95) {
      expect(set).toBe(0);
      expect(await result({ op: 'fgetxattr', fd: fd(file.fd), ...of, length: 16 })).toBe(7);
      expect(await result({ op: 'setxattr', path: where.address, ...of, length: 4 })).toBe(0);
      expect(await result({ op: 'getxattr', path: where.address, ...of, length: 16 })).toBe(4);
    }
    expectNothingHeld(where, attribute, value);
    await file.close();
  });

  test('a descriptor that an operation opened is its caller’s, and stays open when the pool forgets it', async () => {
    const name = path.join(temporaryFolder(), 'file');
    fs.writeFileSync(name, 'x');
    const where = text(pool, name);
    const opened = await result({ op: 'openat', dirfd: AT_FDCWD, path: where.address, openFlags: O_RDONLY });
    expect(fs.readlinkSync(`/proc/self/fd/${opened}`)).toBe(name);
    expect(await result({ op: 'close', fd: fd(opened) })).toBe(0);
    expect(openTargets()).not.toContain(name);
    expectNothingHeld(where);
  });

  test.skipIf(lacks('pipes'))('pipes: pipe, splice, tee', async () => {
    const ends = pool.alloc(16);
    expect(await result({ op: 'pipe', fds: ends.address })).toBe(0);
    expect(await result({ op: 'pipe', fds: ends.slice(8, 8).address })).toBe(0);
    const [from, to, from2, to2] = [0, 4, 8, 12].map((at) => viewOf(ends).getInt32(at, true)) as number[];
    onTestFinished(() => [from, to, from2, to2].forEach((end) => void fs.closeSync(end!)));
    fs.writeSync(to!, 'hello');
    expect(await result({ op: 'tee', fd: fd(to2!), fdIn: fd(from!), length: 5 })).toBe(5);
    expect(
      await result({ op: 'splice', fd: fd(to2!), fdIn: fd(from!), offset: -1, offsetIn: -1, length: 5 }),
    ).toBe(5);
    const read = Buffer.alloc(16);
    expect(read.toString('utf8', 0, fs.readSync(from2!, read))).toBe('hellohello');
    expectNothingHeld(ends);
  });

  test.skipIf(lacks('sockets'))(
    'sockets: socket, bind, listen, connect, accept, send, recv, sendmsg, recvmsg, shutdown',
    async () => {
      const address = unixAddress(pool, path.join(temporaryFolder(), 'socket'));
      const socket = { op: 'socket', domain: AF_UNIX, type: SOCK_STREAM, protocol: 0 } as const;
      const [server, client] = [await result(socket), await result(socket)];
      const sockaddr = { sockaddr: address.address, sockaddrLength: SOCKADDR_UN_BYTES };
      expect(await result({ op: 'bind', fd: fd(server), ...sockaddr })).toBe(0);
      expect(await result({ op: 'listen', fd: fd(server), backlog: 5 })).toBe(0);
      const accepting = result({ op: 'accept', fd: fd(server) });
      expect(await result({ op: 'connect', fd: fd(client), ...sockaddr })).toBe(0);
      const accepted = await accepting;
      const memory = pool.alloc(4096);
      memory.bytes.set(Buffer.from('across'));
      const to = memory.slice(1024, 1024);
      expect(await result({ op: 'send', fd: fd(client), buffer: memory.address, length: 6 })).toBe(6);
      expect(await result({ op: 'recv', fd: fd(accepted), buffer: to.address, length: 1024 })).toBe(6);
      expect(Buffer.from(to.bytes.subarray(0, 6)).toString()).toBe('across');
      const [out, into] = [iovecs(pool, [memory.slice(0, 6)]), iovecs(pool, [to])];
      const [sent, received] = [message(pool, out, 1), message(pool, into, 1)];
      to.bytes.fill(0);
      expect(await result({ op: 'sendmsg', fd: fd(accepted), message: sent.address })).toBe(6);
      expect(await result({ op: 'recvmsg', fd: fd(client), message: received.address })).toBe(6);
      expect(Buffer.from(to.bytes.subarray(0, 6)).toString()).toBe('across');
      expect(await result({ op: 'shutdown', fd: fd(client), how: 2 })).toBe(0);
      for (const end of [server, client, accepted])
        expect(await result({ op: 'close', fd: fd(end) })).toBe(0);
      expectNothingHeld(address, memory, out, into, sent, received);
    },
  );

  test('waiting: timeout', async () => {
    const after = timespec(pool, 5);
    expect(await result({ op: 'timeout', timespec: after.address })).toBe(-62);
    expectNothingHeld(after);
  });

  test.skipIf(lacks('waiting'))('waiting: poll, futex, waitid, epoll', async () => {
    const word = pool.alloc(8);
    const futex = { futex2Flags: 2, futex: word.address, mask: 0xffff_ffff };
    const waiting = result({ op: 'futexWait', ...futex, value: 0 });
    // Until it waits, there is nobody to wake.
    while ((await result({ op: 'futexWake', ...futex, count: 1 })) === 0);
    expect(await waiting).toBe(0);
    const end = fs.openSync('/dev/null', 'r');
    onTestFinished(() => fs.closeSync(end));
    expect((await result({ op: 'pollAdd', fd: fd(end), events: EPOLL.IN })) & EPOLL.IN).toBe(EPOLL.IN);
    const info = pool.alloc(128);
    const P_ALL = 0;
    const [WNOHANG, WEXITED] = [1, 4];
    const waited = await result({
      op: 'waitid',
      idtype: P_ALL,
      id: 0,
      options: WNOHANG | WEXITED,
      info: info.address,
    });
    expect([0, -10]).toContain(waited); // no child at all is ECHILD
    expectNothingHeld(word, info);
  });
});

test.skipIf(lacks('sockets'))(
  'a zero-copy send: its memory is in use until the kernel says that it is not',
  async () => {
    const address = unixAddress(pool, path.join(temporaryFolder(), 'socket'));
    const sockaddr = { sockaddr: address.address, sockaddrLength: SOCKADDR_UN_BYTES };
    const socket = { op: 'socket', domain: AF_UNIX, type: SOCK_STREAM, protocol: 0 } as const;
    const server = (await pool.submit(socket)).result;
    const client = (await pool.submit(socket)).result;
    await pool.submit({ op: 'bind', fd: fd(server), ...sockaddr });
    await pool.submit({ op: 'listen', fd: fd(server), backlog: 5 });
    await pool.submit({ op: 'connect', fd: fd(client), ...sockaddr });
    const memory = pool.alloc(4096);
    const sent = await pool.submit({ op: 'sendZc', fd: fd(client), buffer: memory.address, length: 4096 });
    // AF_UNIX does not know it; what counts is that nothing stays behind either way.
    expect([4096, -95]).toContain(sent.result);
    expectNothingHeld(memory, address);
    for (const end of [server, client]) fs.closeSync(end);
    expect(pool.metrics().lanes.find(({ ring }) => ring === 'multishot')?.inFlight).toBe(0);
  },
);

test.skipIf(lacks('sockets'))(
  'zero-copy sends over the loopback: one result each, and no memory kept',
  async () => {
    const { createServer } = await import('node:net');
    const server = createServer((connection) => connection.resume()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const [AF_INET, bytes] = [2, 64 * 1024];
    const sockaddr = pool.alloc(16);
    viewOf(sockaddr).setUint16(0, AF_INET, true);
    viewOf(sockaddr).setUint16(2, port, false);
    sockaddr.bytes.set([127, 0, 0, 1], 4);
    const { result: socket } = await pool.submit({
      op: 'socket',
      domain: AF_INET,
      type: SOCK_STREAM,
      protocol: 0,
    });
    const connect = {
      op: 'connect',
      fd: fd(socket),
      sockaddr: sockaddr.address,
      sockaddrLength: 16,
    } as const;
    expect((await pool.submit(connect)).result).toBe(0);
    const memory = pool.alloc(bytes);
    for (let round = 0; round < 50; round++) {
      const send = { op: 'sendZc', fd: fd(socket), buffer: memory.address, length: bytes } as const;
      const { result } = await pool.submit({
        ...send,
        ...(round % 2 ? { bufferIndex: memory.segment } : {}),
      });
      expect(result).toBeGreaterThan(0);
    }
    expectNothingHeld(memory, sockaddr);
    fs.closeSync(socket);
    server.close();
  },
);

test('what is not for a pool’s rings has another way', async () => {
  const refused = [
    { op: 'asyncCancel', target: 1 },
    { op: 'pollRemove', target: 1 },
    { op: 'timeoutRemove', target: 1 },
    { op: 'removeBuffers', count: 1, bufferGroup: 1 },
    { op: 'msgRing', fd: fd(0), targetUserData: 1 },
    { op: 'nop128' },
  ] as const;
  for (const operation of refused) {
    const error = await pool.submit(operation).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_RINGPOOL_UNSUPPORTED', hint: expect.stringMatching(/./) });
  }
});

test.skipIf(lacks('advice'))(
  'the pages of the arena stay those that are registered, whatever is advised',
  async () => {
    const memory = pool.alloc(4096, { align: 4096 });
    const advise = (advice: number) =>
      pool.submit({ op: 'madvise', address: memory.address, length: 4096, advice });
    const [WILLNEED, DONTNEED, FREE, REMOVE] = [3, 4, 8, 9];
    for (const advice of [DONTNEED, FREE, REMOVE]) {
      await expect(advise(advice)).rejects.toMatchObject({ code: 'ERR_RINGPOOL_UNSUPPORTED' });
    }
    expect((await advise(WILLNEED)).result).toBe(0);
    const file = await pool.open(process.execPath);
    expect(await file.read(memory, { position: 0 })).toBe(4096);
    expect(memory.bytes.some((byte) => byte !== 0)).toBe(true);
    await file.close();
    memory.release();
  },
);

test('a program that only waits for an operation stays alive until it has completed', () => {
  const program = `
    import { openPool } from '@ringpool/pool';
    const pool = await openPool();
    const lease = pool.alloc(16);
    new DataView(lease.bytes.buffer, lease.offset, 16).setBigInt64(8, 50_000_000n, true);
    pool.submit({ op: 'timeout', timespec: lease.address }).then(({ result }) => console.log(result));
  `;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: path.join(import.meta.dirname, '..', '..'),
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(said).toBe('-62\n');
});
