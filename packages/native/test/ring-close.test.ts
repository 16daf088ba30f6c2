// The bound of Ring.close(): half of it is for operations to end by themselves, however long it is.
import { execFileSync, spawn } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { address, encode, fd as fdOf } from '@ringpool/core';
import { addressOf, Ring } from '@ringpool/native';
import { expect, test } from 'vitest';

const PIPE_BYTES = 1024 * 1024;
const MARK = 65;

test.each<[string, unknown]>([
  ['a name that does not exist', { timeout: 5 }],
  ['a string', 'now'],
  ['null', null],
  ['a negative bound', { timeoutMs: -1 }],
])('refuses %s as options, and stays open', (_, options) => {
  using ring = Ring.open({ entries: 4 });
  const close = (): void => ring.close(options as { timeoutMs?: number });
  expect(close).toThrow(expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT' }));
  encode.nop(ring.sqes, ring.push(), {});
  expect(ring.submitAndWait(1, 1000)).toBe(1);
});

test.each([60_000, Number.POSITIVE_INFINITY])(
  'with %d ms a write waits for its reader',
  async (timeoutMs) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ringpool-close-'));
    const name = path.join(folder, 'pipe');
    execFileSync('mkfifo', [name]);
    const fd = openSync(name, constants.O_RDWR);
    writeSync(openSync(name, constants.O_RDWR | constants.O_NONBLOCK), Buffer.alloc(PIPE_BYTES));
    const ring = Ring.open({ entries: 4 });
    const bytes = new Uint8Array(new SharedArrayBuffer(4096, { maxByteLength: 4096 }), 0, 4096).fill(MARK);
    ring.attachMemory(bytes);
    const write = { fd: fdOf(fd), buffer: address(addressOf(bytes)), length: 4096, offset: -1 };
    encode.write(ring.sqes, ring.push(), write);
    ring.submit();
    // Later than reads are cancelled. It ends by its own bound, because we keep the pipe open.
    const reader = spawn('sh', ['-c', `sleep 0.6; timeout 1 cat '${name}' | tr -dc A | wc -c`]);
    let read = '';
    reader.stdout.on('data', (chunk) => (read += String(chunk)));
    ring.close({ timeoutMs });
    await new Promise((resolve) => reader.on('close', resolve));
    rmSync(folder, { recursive: true });
    expect(read.trim()).toBe('4096');
  },
);
