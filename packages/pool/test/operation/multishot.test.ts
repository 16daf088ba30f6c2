// pool.multishot(): every completion once and in order, a slow reader loses nothing, and nothing stays behind.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EPOLL, fd, IOSQE } from '@ringpool/core';
import { type MultishotOperation, openPool, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { lacks } from '../features.ts';
import { openTargets, pattern, runFixture, temporaryFolder, temporaryPipe, until } from '../support.ts';
import { AF_UNIX, SOCK_STREAM, SOCKADDR_UN_BYTES, timespec, unixAddress } from './support.ts';

const { O_RDWR, O_NONBLOCK } = fs.constants;
const SOCK_DGRAM = 2;
const MSG_TRUNC = 0x20;

let pool: Pool;
beforeAll(async () => {
  pool = await openPool({ workers: 1 });
});
afterAll(() => pool.close());

function openPipe(flags = O_RDWR): number {
  const end = fs.openSync(temporaryPipe(), flags);
  onTestFinished(() => fs.closeSync(end));
  return end;
}

/** Writes all bytes to a pipe that does not block, whose reader is this thread too. */
async function writeAll(end: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(end, bytes, at, Math.min(3000, bytes.length - at));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    await sleep(0);
  }
}

/** A listening socket, and its path. */
async function listening(): Promise<{ readonly server: number; readonly where: string }> {
  const where = path.join(temporaryFolder(), 'socket');
  const address = unixAddress(pool, where);
  const { result: server } = await pool.submit({
    op: 'socket',
    domain: AF_UNIX,
    type: SOCK_STREAM,
    protocol: 0,
  });
  onTestFinished(() => fs.closeSync(server));
  const sockaddr = { sockaddr: address.address, sockaddrLength: SOCKADDR_UN_BYTES };
  await pool.submit({ op: 'bind', fd: fd(server), ...sockaddr });
  await pool.submit({ op: 'listen', fd: fd(server), backlog: 4096 });
  address.release();
  return { server, where };
}

const socketsOpen = (): number => openTargets().filter((target) => target.startsWith('socket:')).length;

/** So many connections, from this process; closed with the test. */
async function connect(where: string, count: number): Promise<void> {
  const all = Array.from({ length: count }, () => net.connect(where));
  onTestFinished(() => all.forEach((client) => void client.destroy()));
  await Promise.all(all.map((client) => new Promise((resolve) => client.once('connect', resolve))));
}

function expectNothingInFlight(): void {
  expect(pool.metrics().arena).toMatchObject({ operationsInFlight: 0, leasesReleasedInFlight: 0 });
}

describe.skipIf(lacks('multishot'))('connections', () => {
  test('are accepted one by one; the loop’s end closes what nobody has looked at', async () => {
    const { server, where } = await listening();
    const accepting = pool.multishot({ op: 'accept', fd: fd(server) });
    const taken: number[] = [];
    const connected = connect(where, 50);
    for await (const { result } of accepting) {
      taken.push(result);
      if (taken.length === 20) break;
    }
    await connected;
    expect(new Set(taken).size).toBe(20);
    // Those that connect meanwhile wait in the backlog, the others were closed: only the 20 are this side's.
    await until(() => socketsOpen() <= 1 + 20 + 50);
    for (const one of taken) fs.closeSync(one);
    expect(await accepting.next()).toEqual({ done: true, value: undefined });
    expectNothingInFlight();
  });

  test('more than may wait to be read are all accepted in the end', async () => {
    const { server, where } = await listening();
    const accepting = pool.multishot({ op: 'accept', fd: fd(server) });
    const first = accepting.next();
    const total = 1500;
    const connected = connect(where, total);
    const taken = [(await first).value?.result as number];
    await connected;
    await sleep(50);
    while (taken.length < total) taken.push((await accepting.next()).value?.result as number);
    expect(new Set(taken).size).toBe(total);
    for (const one of taken) fs.closeSync(one);
    await accepting.return?.();
    expectNothingInFlight();
  });
});

/** The ring of such operations, as it is counted. */
const counted = () => pool.metrics().lanes.find(({ ring }) => ring === 'multishot');

test.skipIf(lacks('multishot'))(
  'with too many completions unread the kernel is asked to pause, and goes on when they are read',
  async () => {
    const end = openPipe();
    const byte = Buffer.alloc(1);
    const polling = pool.multishot({ op: 'pollAdd', fd: fd(end), events: EPOLL.IN });
    const event = async (): Promise<void> => {
      fs.writeSync(end, 'x');
      await sleep(0);
      fs.readSync(end, byte);
    };
    const first = polling.next();
    while (!(await Promise.race([first.then(() => true), event().then(() => false)])));
    for (let round = 0; round < 3000 && counted()?.inFlight !== 0; round++) await event();
    expect(counted()?.inFlight).toBe(0);
    let read = 0;
    while (counted()?.inFlight === 0 && read < 2000) {
      await polling.next();
      read++;
      await sleep(0);
    }
    expect(read).toBeGreaterThan(500);
    expect(counted()?.inFlight).toBe(1);
    await polling.return?.();
  },
);

describe.skipIf(lacks('multishot'))('a stream', () => {
  test.each([
    ['few small buffers', { bufferBytes: 64, bufferCount: 2 }],
    ['the usual buffers', {}],
  ])('is read piece by piece into %s, every byte once and in order', async (_, options) => {
    const end = openPipe(O_RDWR | O_NONBLOCK);
    const bytes = pattern(256 * 1024);
    const writing = writeAll(end, bytes);
    const read: Buffer[] = [];
    let length = 0;
    for await (const { bytes: piece } of pool.multishot(
      { op: 'readMultishot', fd: fd(end), offset: -1 },
      options,
    )) {
      read.push(Buffer.from(piece as Uint8Array));
      length += (piece as Uint8Array).length;
      if (length === bytes.length) break;
    }
    await writing;
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
    expectNothingInFlight();
  });

  test('whose buffers are all being looked at waits, and asks for nothing', async () => {
    const end = openPipe();
    const options = { bufferBytes: 1, bufferCount: 2 };
    const reading = pool.multishot({ op: 'readMultishot', fd: fd(end), offset: -1 }, options);
    const both = [reading.next(), reading.next()];
    fs.writeSync(end, 'four');
    expect((await Promise.all(both)).map(({ value }) => value?.bytes?.[0])).toEqual([0x66, 0x6f]);
    await sleep(10);
    const before = counted()?.submitted;
    await sleep(30);
    expect(counted()?.submitted).toBe(before);
    expect((await reading.next()).value?.bytes?.[0]).toBe(0x75);
    expect((await reading.next()).value?.bytes?.[0]).toBe(0x72);
    await reading.return?.();
    expectNothingInFlight();
  });

  test('that more ask for at once than there are buffers answers all of them', async () => {
    const end = openPipe();
    const options = { bufferBytes: 1, bufferCount: 2 };
    const reading = pool.multishot({ op: 'readMultishot', fd: fd(end), offset: -1 }, options);
    const all = Array.from({ length: 12 }, () => reading.next());
    fs.writeSync(end, 'twelve bytes');
    const read = (await Promise.all(all)).map(({ value }) =>
      Buffer.from(value?.bytes as Uint8Array).toString(),
    );
    expect(read.join('')).toBe('twelve bytes');
    await reading.return?.();
    expectNothingInFlight();
  });

  test('ends when the other side has closed, and what was received before is read first', async () => {
    const { server, where } = await listening();
    const client = net.connect(where);
    const { result: accepted } = await pool.submit({ op: 'accept', fd: fd(server) });
    onTestFinished(() => fs.closeSync(accepted));
    const receiving = pool.multishot({ op: 'recv', fd: fd(accepted) }, { bufferBytes: 16 });
    const first = receiving.next();
    client.end('the last words of this connection');
    const said = [Buffer.from((await first).value?.bytes as Uint8Array).toString()];
    await sleep(20);
    for await (const { bytes } of receiving) said.push(Buffer.from(bytes as Uint8Array).toString());
    expect(said.join('')).toBe('the last words of this connection');
    expect(await receiving.next()).toEqual({ done: true, value: undefined });
    expectNothingInFlight();
  });
});

test.skipIf(lacks('multishot'))(
  'a message that was longer than its buffer is as many bytes as the buffer has',
  async () => {
    const where = path.join(temporaryFolder(), 'socket');
    const address = unixAddress(pool, where);
    const socket = { op: 'socket', domain: AF_UNIX, type: SOCK_DGRAM, protocol: 0 } as const;
    const [{ result: receiver }, { result: sender }] = [await pool.submit(socket), await pool.submit(socket)];
    onTestFinished(() => [receiver, sender].forEach((one) => void fs.closeSync(one)));
    const sockaddr = { sockaddr: address.address, sockaddrLength: SOCKADDR_UN_BYTES };
    await pool.submit({ op: 'bind', fd: fd(receiver), ...sockaddr });
    await pool.submit({ op: 'connect', fd: fd(sender), ...sockaddr });
    const receiving = pool.multishot(
      { op: 'recv', fd: fd(receiver), msgFlags: MSG_TRUNC },
      { bufferBytes: 16 },
    );
    const message = receiving.next();
    await pool.submit({ op: 'send', fd: fd(sender), buffer: address.address, length: 100 });
    expect((await message).value).toMatchObject({ result: 100, bytes: { length: 16 } });
    await receiving.return?.();
    address.release();
    expectNothingInFlight();
  },
);

test.skipIf(lacks('multishot'))('polls tell every event, and go on', async () => {
  const end = openPipe();
  const byte = Buffer.alloc(1);
  let events = 0;
  const polling = pool.multishot({ op: 'pollAdd', fd: fd(end), events: EPOLL.IN });
  const writer = setInterval(() => fs.writeSync(end, 'x'), 1);
  onTestFinished(() => clearInterval(writer));
  for await (const { result } of polling) {
    expect(result & EPOLL.IN).toBe(EPOLL.IN);
    fs.readSync(end, byte);
    if (++events === 50) break;
  }
  expectNothingInFlight();
});

test.skipIf(lacks('multishot'))('a clock ticks as often as it was told to', async () => {
  const interval = timespec(pool, 1);
  let ticks = 0;
  for await (const { result } of pool.multishot({ op: 'timeout', timespec: interval.address, count: 25 })) {
    expect(result).toBe(-62);
    ticks++;
  }
  expect(ticks).toBe(25);
  interval.release();
  expectNothingInFlight();
});

test.skipIf(lacks('multishot'))('a clock whose ticks nobody reads misses some, and goes on', async () => {
  const interval = timespec(pool, 0.1);
  const clock = pool.multishot({ op: 'timeout', timespec: interval.address, count: 0 });
  await clock.next();
  await sleep(300);
  let ticks = 0;
  for await (const { result } of clock) {
    expect(result).toBe(-62);
    if (++ticks === 1500) break;
  }
  expect(ticks).toBe(1500);
  interval.release();
  expectNothingInFlight();
});

describe.skipIf(lacks('multishot'))('it ends', () => {
  const forever = (): MultishotOperation => ({ op: 'readMultishot', fd: fd(openPipe()), offset: -1 });

  test('with its signal, before it has begun and while somebody waits', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const [waiting, idle] = [pool.multishot(forever(), { signal }), pool.multishot(forever(), { signal })];
    const next = waiting.next();
    await sleep(5);
    controller.abort();
    const aborted = { name: 'AbortError', code: 'ABORT_ERR' };
    await expect(next).rejects.toMatchObject(aborted);
    await expect(idle.next()).rejects.toMatchObject(aborted);
    expect(await waiting.next()).toEqual({ done: true, value: undefined });
    expect(() => pool.multishot(forever(), { signal })).toThrow(expect.objectContaining(aborted));
    await until(() => pool.metrics().arena.operationsInFlight === 0);
  });

  test('with the pool: whoever waits is told, and its memory comes back', async () => {
    const mine = await openPool({ workers: 1 });
    const next = mine.multishot(forever()).next();
    const untouched = mine.multishot(forever());
    await sleep(5);
    await Promise.all([expect(next).rejects.toMatchObject({ code: 'ERR_RINGPOOL_CLOSED' }), mine.close()]);
    await expect(untouched.next()).rejects.toMatchObject({ code: 'ERR_RINGPOOL_CLOSED' });
    expect(() => mine.multishot(forever())).toThrow(expect.objectContaining({ code: 'ERR_RINGPOOL_CLOSED' }));
    expect(mine.metrics().arena).toMatchObject({ operationsInFlight: 0, leasesLive: 0 });
  });

  test('with what the kernel says of it', async () => {
    const file = fs.openSync(process.execPath, 'r');
    onTestFinished(() => fs.closeSync(file));
    const reading = pool.multishot({ op: 'readMultishot', fd: fd(file), offset: -1 });
    await expect(reading.next()).rejects.toMatchObject({ code: 'EBADFD', syscall: 'readMultishot' });
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expectNothingInFlight();
  });

  test('at once, over and over, and leaves nothing', async () => {
    const end = openPipe();
    const before = pool.metrics().arena.leasesLive;
    for (let round = 0; round < 300; round++) {
      const reading = pool.multishot({ op: 'readMultishot', fd: fd(end), offset: -1 });
      const next = reading.next();
      if (round % 3 === 0) fs.writeSync(end, 'x');
      if (round % 3 !== 1) await sleep(0);
      await reading.return?.();
      await next;
    }
    expect(pool.metrics().arena).toMatchObject({ leasesLive: before, operationsInFlight: 0 });
  });

  test.each([
    ['close', { leases: 1, operations: 0 }],
    [
      'terminate',
      {
        clients: 1,
        leases: 0,
        operations: 0,
        counted: expect.arrayContaining([{ client: 1, ring: 'multishot', inFlight: 0 }]),
      },
    ],
  ])('with its thread (%s): nothing is left', async (how, left) => {
    const where = path.join(temporaryFolder(), 'socket');
    const { code, stdout, stderr } = await runFixture('multishot-end.mjs', how, temporaryPipe(), where);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject(left);
  });

  test.each([
    ['exit', 0],
    ['throw', 1],
  ])('with the process (%s), which does not hang', async (how, code) => {
    const where = path.join(temporaryFolder(), 'socket');
    const ended = await runFixture('multishot-end.mjs', how, temporaryPipe(), where);
    expect(ended).toMatchObject({ code, signal: null });
  });
});

test.skipIf(lacks('multishot'))('misuse is refused, and nothing has begun', async () => {
  const end = fd(openPipe());
  const refusals: readonly (readonly [unknown, object])[] = [
    [{ op: 'nop' }, {}],
    [{ op: 'sendmsg', fd: end, message: 0 }, {}],
    [{ op: 'accept', fd: end, flags: 4 }, {}],
    [{ op: 'readMultishot', fd: end, offset: -1 }, { bufferCount: 0 }],
    [{ op: 'readMultishot', fd: end, offset: -1 }, { bufferBytes: 2 ** 30 }],
    [{ op: 'readMultishot', fd: end, offset: -1 }, { nonsense: 1 }],
    [{ op: 'timeout', timespec: 4096 }, {}],
    [{ op: 'pollAdd', fd: end, events: EPOLL.IN, flags: IOSQE.IO_DRAIN }, {}],
    [undefined, {}],
  ];
  const before = pool.metrics().arena.leasesLive;
  for (const [operation, options] of refusals) {
    expect(() => pool.multishot(operation as MultishotOperation, options)).toThrow(
      expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' }),
    );
  }
  const many = Array.from({ length: 128 }, () =>
    pool.multishot({ op: 'pollAdd', fd: end, events: EPOLL.PRI }),
  );
  expect(() => pool.multishot({ op: 'pollAdd', fd: end, events: EPOLL.PRI })).toThrow(
    expect.objectContaining({ code: 'ERR_RINGPOOL_TOO_MANY_MULTISHOTS' }),
  );
  await Promise.all(many.map((one) => one.return?.()));
  expect(pool.metrics().arena.leasesLive).toBe(before);
});
