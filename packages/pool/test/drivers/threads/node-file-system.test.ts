// The system calls of the driver threads: none of them waits for somebody else, whatever the descriptor leads to and whoever
// has opened it; errors are those of Linux by number.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { CURRENT_POSITION, RWF, WOULD_WAIT } from '@ringpool/core';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DescriptorLedger, LEDGER_BYTES } from '../../../src/drivers/threads/descriptor-ledger.ts';
import { NodeFileSystem } from '../../../src/drivers/threads/node-file-system.ts';
import { threadsCalls } from '../../../src/drivers/threads/system-calls.ts';
import { temporaryFolder, temporaryPipe } from '../../support.ts';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;
const [ENOENT, EBADF, EAGAIN, EEXIST, ENOTDIR, EISDIR, ENXIO, EOPNOTSUPP] = [
  -2, -9, -11, -17, -20, -21, -6, -95,
];
const memory = Buffer.alloc(64);

let ledger: DescriptorLedger;
let system: NodeFileSystem;
let opened: number[];
beforeEach(() => {
  ledger = new DescriptorLedger(new SharedArrayBuffer(LEDGER_BYTES), false);
  system = new NodeFileSystem(ledger, ledger.newOwner());
  opened = [];
  onTestFinished(() => opened.forEach((file) => void system.close(file)));
});

const pathOf = (name: string): Uint8Array => Buffer.from(name);
function open(name: string, flags: number): number {
  const file = system.open(pathOf(name), flags, 0o644);
  if (file >= 0) opened.push(file);
  return file;
}
const read = (file: number, length = 16, position = CURRENT_POSITION): number =>
  system.read(file, memory, 0, length, position);
const write = (file: number, text: string, position = CURRENT_POSITION, flags = 0): number =>
  system.write(file, Buffer.from(text), 0, text.length, position, flags);
/** A descriptor that is none of the pool's. */
function foreign(name: string, flags: number | string): number {
  const file = fs.openSync(name, flags);
  onTestFinished(() => fs.closeSync(file));
  return file;
}
function somefile(contents = '0123456789'): string {
  const name = path.join(temporaryFolder(), 'file');
  fs.writeFileSync(name, contents);
  return name;
}

describe('a pipe', () => {
  test('is read before a writer has come, while it is empty, and to its end', () => {
    const name = temporaryPipe();
    const reader = open(name, O_RDONLY);
    expect(read(reader)).toBe(WOULD_WAIT);
    const writer = open(name, O_WRONLY);
    expect(read(reader)).toBe(WOULD_WAIT);
    expect(write(writer, 'there')).toBe(5);
    expect(read(reader)).toBe(5);
    expect(memory.toString('latin1', 0, 5)).toBe('there');
    expect(read(reader)).toBe(WOULD_WAIT);
    expect(system.close(opened.pop() as number)).toBe(0);
    expect([read(reader), read(reader)]).toEqual([0, 0]);
  });

  test('has no positions: one that is given is not looked at', () => {
    const both = open(temporaryPipe(), O_RDWR);
    expect(write(both, 'abcdef', 100)).toBe(6);
    expect(read(both, 3, 5000)).toBe(3);
    expect(memory.toString('latin1', 0, 3)).toBe('abc');
    expect(system.readPieces(both, [memory.subarray(0, 2), memory.subarray(2, 4)], 7)).toBe(3);
    expect(system.writePieces(both, [Buffer.from('x'), Buffer.from('yz')], 9, 0)).toBe(3);
    expect(read(both)).toBe(3);
    expect(memory.toString('latin1', 0, 3)).toBe('xyz');
    expect(system.readPieces(both, [memory], 7)).toBe(WOULD_WAIT);
  });

  test('that nobody reads is opened to be written once somebody does', () => {
    const name = temporaryPipe();
    expect(open(name, O_WRONLY)).toBe(WOULD_WAIT);
    expect(open(name, O_WRONLY | O_NONBLOCK)).toBe(ENXIO);
    open(name, O_RDONLY);
    expect(open(name, O_WRONLY)).toBeGreaterThan(2);
  });

  test('that is full is written once there is room', () => {
    const name = temporaryPipe();
    const both = open(name, O_RDWR);
    const much = Buffer.alloc(1024 * 1024);
    expect(system.write(both, much, 0, much.length, CURRENT_POSITION, 0)).toBeLessThan(much.length);
    expect(system.write(both, much, 0, 4096, CURRENT_POSITION, 0)).toBe(WOULD_WAIT);
    expect(system.read(both, much, 0, much.length, CURRENT_POSITION)).toBeGreaterThan(0);
    expect(write(both, 'more')).toBe(4);
  });

  test('that was opened not to wait does not, and is told so', () => {
    const name = temporaryPipe();
    const reader = open(name, O_RDONLY | O_NONBLOCK);
    expect(read(reader)).toBe(0);
    open(name, O_WRONLY);
    expect(read(reader)).toBe(EAGAIN);
  });

  test('takes bytes that are to be on the disk, as the kernel does: a pipe has no disk', () => {
    const end = open(temporaryPipe(), O_RDWR);
    expect(system.writePieces(end, [Buffer.from('ab'), Buffer.from('c')], CURRENT_POSITION, RWF.DSYNC)).toBe(
      3,
    );
    expect(read(end)).toBe(3);
  });

  test('of which no byte is wanted gives none', () => {
    expect(read(open(temporaryPipe(), O_RDONLY), 0)).toBe(0);
  });
});

describe('a descriptor that somebody else has opened', () => {
  test('of a pipe never waits, although it was opened to wait', () => {
    const end = foreign(temporaryPipe(), O_RDWR);
    expect(read(end)).toBe(WOULD_WAIT);
    expect(write(end, 'there')).toBe(5);
    expect(read(end, 2)).toBe(2);
    expect(read(end)).toBe(3);
    expect(memory.toString('latin1', 0, 3)).toBe('ere');
    expect(system.readPieces(end, [memory], CURRENT_POSITION)).toBe(WOULD_WAIT);
    expect(ledger.isHeld(end)).toBe(false);
  });

  test('of a regular file is read and written, at positions and at its own', () => {
    const name = somefile();
    const file = foreign(name, 'r+');
    expect([read(file, 4, 6), memory.toString('latin1', 0, 4)]).toEqual([4, '6789']);
    expect([read(file, 3), memory.toString('latin1', 0, 3)]).toEqual([3, '012']);
    expect([read(file, 3), memory.toString('latin1', 0, 3)]).toEqual([3, '345']);
    expect(write(file, 'ab', 0)).toBe(2);
    expect(fs.readFileSync(name, 'latin1')).toBe('ab23456789');
    expect(read(foreign(path.dirname(name), 'r'), 4, 0)).toBe(EISDIR);
  });

  test('of a socket is refused', async () => {
    const server = net.createServer().listen(path.join(temporaryFolder(), 'socket'));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
    expect([read(fd), write(fd, 'x')]).toEqual([EOPNOTSUPP, EOPNOTSUPP]);
  });

  test('that is none is EBADF', () => {
    const file = foreign(somefile(), 'r');
    const free = fs.openSync('/dev/null', 'r');
    fs.closeSync(free);
    expect([read(free, 1, 0), write(free, 'x', 0), system.sync(free, false), system.close(free)]).toEqual(
      new Array(4).fill(EBADF),
    );
    expect(write(file, 'x', 0)).toBe(EBADF);
  });
});

describe('a file', () => {
  test('is read and written where it is told to, or goes on from where it was', () => {
    const file = open(somefile(), O_RDWR);
    expect([read(file, 4), memory.toString('latin1', 0, 4)]).toEqual([4, '0123']);
    expect([read(file, 2, 8), memory.toString('latin1', 0, 2)]).toEqual([2, '89']);
    expect([read(file, 2), memory.toString('latin1', 0, 2)]).toEqual([2, '45']);
    expect(system.readPieces(file, [memory.subarray(0, 2), memory.subarray(8, 9)], 1)).toBe(3);
    expect([memory.toString('latin1', 0, 2), memory.toString('latin1', 8, 9)]).toEqual(['12', '3']);
    expect([read(file, 16, 10), read(file, 16, 1000)]).toEqual([0, 0]);
    expect([system.readPieces(file, [], 0), system.writePieces(file, [], 0, 0)]).toEqual([0, 0]);
  });

  test('is written so that it is durable', () => {
    const name = somefile('');
    const file = open(name, O_RDWR);
    expect([write(file, 'ab', 0, RWF.DSYNC), write(file, 'cd', 2, RWF.SYNC)]).toEqual([2, 2]);
    expect(system.writePieces(file, [Buffer.from('e'), Buffer.from('f')], 4, RWF.DSYNC)).toBe(2);
    expect(fs.readFileSync(name, 'latin1')).toBe('abcdef');
  });

  test('is opened by the flags of Linux, those that it knows', () => {
    const name = somefile();
    expect(open(name, O_RDONLY | 0x4000_0000)).toBe(EOPNOTSUPP);
    const appended = open(name, O_WRONLY | O_APPEND);
    expect(write(appended, 'x')).toBe(1);
    expect(fs.readFileSync(name, 'latin1')).toBe('0123456789x');
    open(name, O_RDWR | O_TRUNC);
    expect(fs.statSync(name).size).toBe(0);
    expect(open(name, O_RDWR | O_CREAT | fs.constants.O_EXCL)).toBe(EEXIST);
    expect(open(`${name}/no`, O_RDONLY)).toBe(ENOTDIR);
    expect(open(`${name} no`, O_RDONLY)).toBe(ENOENT);
    expect(open(path.dirname(name), O_RDWR)).toBe(EISDIR);
  });

  test('that is closed is in no ledger, before its number can be another one’s', () => {
    const file = open(somefile(), O_RDONLY);
    expect(ledger.isHeld(file)).toBe(true);
    expect(system.close(opened.pop() as number)).toBe(0);
    expect(ledger.isHeld(file)).toBe(false);
  });

  test('has a name in whatever encoding', () => {
    const folder = temporaryFolder();
    const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff, 0xfe, 0x41)]);
    const file = system.open(name, O_RDWR | O_CREAT, 0o600);
    opened.push(file);
    expect(file).toBeGreaterThan(2);
    expect(fs.readdirSync(folder, { encoding: 'buffer' })[0]?.equals(Buffer.of(0xff, 0xfe, 0x41))).toBe(true);
  });
});

test('calls of a blocking method sleep a little where they would have to wait, and are made again', async () => {
  const calls = threadsCalls(ledger);
  const name = temporaryPipe();
  const both = open(name, O_RDWR);
  // This thread is blocked meanwhile: another process writes.
  const writer = spawn('sh', ['-c', 'sleep 0.2; printf abcd > "$0"', name]);
  expect(calls.read(both, memory, 0, 4, 0)).toBe(4);
  expect(calls.write(both, Buffer.from('efgh'), 0, 4, 0)).toBe(4);
  expect(calls.read(both, memory, 0, 4, 0)).toBe(4);
  if (writer.exitCode === null) await once(writer, 'exit');
  expect([calls.read(-1, memory, 0, 4, 0), calls.write(-1, memory, 0, 4, 0)]).toEqual([EBADF, EBADF]);
});
