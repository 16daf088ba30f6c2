// Aborting operations: whatever state they are in, they end, and their memory comes back.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EPOLL, fd, IOSQE, type Operation } from '@ringpool/core';
import { openPool, type Placement, type Pool } from '@ringpool/pool';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { lacks } from '../features.ts';
import { openTargets, temporaryPipe, until } from '../support.ts';

const { O_RDWR } = fs.constants;
const PLACEMENTS: readonly Placement[] = ['local', 'workers'];

let pool: Pool;
beforeAll(async () => {
  pool = await openPool({ workers: 1 });
  await pool.submit({ op: 'nop' }, { placement: 'workers' });
});
afterAll(() => pool.close());

function openPipe(): number {
  const end = fs.openSync(temporaryPipe(), O_RDWR);
  onTestFinished(() => fs.closeSync(end));
  return end;
}

describe.each(PLACEMENTS)('an aborted chain on %s', (placement) => {
  test('ends when an operation begins only after the cancel, behind a hard link', async () => {
    const into = pool.alloc(64);
    const controller = new AbortController();
    const read = { op: 'read', fd: fd(openPipe()), buffer: into.address, length: 1, offset: -1 } as const;
    const hard = { ...read, flags: IOSQE.IO_HARDLINK } as const;
    const reading = pool.submit([hard, hard, read], { signal: controller.signal, placement });
    await sleep(20);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await until(() => into.inFlight === 0);
    into.release();
  });
});

test('an operation that is aborted ends, though a later one drains and has every cancel wait', async () => {
  const into = pool.alloc(64);
  const controller = new AbortController();
  const read = { op: 'read', fd: fd(openPipe()), buffer: into.address, length: 1, offset: -1 } as const;
  const reading = pool.submit(read, { signal: controller.signal, placement: 'local' });
  const draining = pool.submit({ op: 'nop', flags: IOSQE.IO_DRAIN });
  await sleep(20);
  controller.abort();
  await expect(reading).rejects.toMatchObject({ code: 'ABORT_ERR' });
  expect((await draining).result).toBe(0);
  expect(into.inFlight).toBe(0);
  into.release();
});

test.skipIf(lacks('pipes'))(
  'what the caller writes over the ends of a pipe meanwhile has no other descriptor closed',
  async (context) => {
    const ends = pool.alloc(8);
    const pipe = { op: 'pipe', fds: ends.address } as const;
    const pipes = (): number => openTargets().filter((target) => target.startsWith('pipe:')).length;
    const stranger = fs.openSync(process.execPath, 'r');
    onTestFinished(() => fs.closeSync(stranger));
    const before = pipes();
    const controller = new AbortController();
    const { signal } = controller;
    const made = pool.submit(pipe, { signal, placement: 'local' });
    pool.flush();
    // Made, and not heard of: nothing is reaped while this thread does not let go.
    const late = Date.now() + 1000;
    while (pipes() < before + 2 && Date.now() < late);
    const supported = pipes() === before + 2;
    ends.bytes.set(new Uint8Array(Int32Array.of(stranger, -1).buffer, 0, 8));
    controller.abort();
    await expect(made).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await until(() => ends.inFlight === 0);
    expect(fs.fstatSync(stranger).isFile()).toBe(true);
    expect(pipes()).toBe(before);
    ends.release();
    context.skip(!supported, 'the kernel knows no pipe operation (6.16)');
  },
);

test.skipIf(lacks('pipes'))('both ends of a pipe that an aborted chain made are closed', async (context) => {
  const [ends, into] = [pool.alloc(16), pool.alloc(1)];
  const pipes = (): number => openTargets().filter((target) => target.startsWith('pipe:')).length;
  const pipe = { op: 'pipe', fds: ends.address } as const;
  const { result } = await pool.submit(pipe);
  context.skip(result === -22, 'the kernel knows no pipe operation (6.16)');
  for (const end of new Int32Array(ends.bytes.buffer, ends.offset, 2)) fs.closeSync(end);
  const before = pipes();
  const unaligned = { op: 'pipe', fds: ends.slice(1, 8).address } as const;
  const controller = new AbortController();
  const read = { op: 'read', fd: fd(openPipe()), buffer: into.address, length: 1, offset: -1 } as const;
  const making = pool.submit([unaligned, read], { signal: controller.signal, placement: 'local' });
  await until(() => pipes() === before + 2);
  await sleep(5);
  controller.abort();
  await expect(making).rejects.toMatchObject({ code: 'ABORT_ERR' });
  await until(() => into.inFlight === 0);
  expect(pipes()).toBe(before);
  ends.release();
  into.release();
});

test.skipIf(lacks('sockets'))(
  'zero-copy sends wait for room no longer than others may, and all of them end with their signal',
  async () => {
    const small = await openPool({ workers: 1, waitingMax: 10 });
    const [end, into] = [openPipe(), small.alloc(64)];
    const { address: buffer } = into;
    const read: Operation = { op: 'read', fd: fd(end), buffer, length: 1, offset: -1 };
    const chain = [
      ...new Array<Operation>(31).fill(read),
      { op: 'sendZc', fd: fd(end), buffer, length: 1 } as const,
    ];
    const controller = new AbortController();
    const { signal } = controller;
    const all = Array.from({ length: 160 }, () => small.submit(chain, { signal }));
    const settled = Promise.allSettled(all);
    await sleep(20);
    controller.abort();
    const codes = (await settled).map((one) => (one.status === 'rejected' ? one.reason.code : 'none'));
    const refused = codes.filter((code) => code === 'ERR_RINGPOOL_QUEUE_FULL').length;
    const aborted = codes.filter((code) => code === 'ABORT_ERR').length;
    // What the ring has room for, and ten.
    expect(refused).toBe(160 - 127 - 10);
    expect(refused + aborted).toBe(160);
    await until(() => into.inFlight === 0);
    await small.close();
  },
);

test.skipIf(lacks('multishot'))(
  'a multishot operation ends, though its ring is full of what waits, and more waits for room',
  async () => {
    const [end, into] = [openPipe(), pool.alloc(64)];
    const { address: buffer } = into;
    const polls = Array.from({ length: 5 }, () =>
      pool.multishot({ op: 'pollAdd', fd: fd(end), events: EPOLL.PRI }),
    );
    const events = polls.map((poll) => poll.next());
    const read: Operation = { op: 'read', fd: fd(end), buffer, length: 1, offset: -1 };
    const chain = [
      ...new Array<Operation>(31).fill(read),
      { op: 'sendZc', fd: fd(end), buffer, length: 1 } as const,
    ];
    const single = [{ op: 'sendZc', fd: fd(0x3fff_ffff), buffer, length: 1 }] as const;
    const controller = new AbortController();
    const { signal } = controller;
    const all = [...new Array<typeof chain>(140).fill(chain), ...new Array<typeof single>(40).fill(single)];
    const settled = Promise.allSettled(all.map((one) => pool.submit(one, { signal })));
    await sleep(20);
    await Promise.all(polls.map((poll) => poll.return?.()));
    expect(await Promise.all(events)).toEqual(polls.map(() => ({ done: true, value: undefined })));
    expect(into.inFlight).toBeGreaterThan(4000);
    controller.abort();
    await settled;
    await until(() => into.inFlight === 0);
    into.release();
  },
);
