// A ring that leaves descriptors to the ledger: what was put there is the ledger's, whatever the ring does afterwards, and
// what was not is closed with the ring.

import { closeSync, fstatSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { AT_FDCWD, encode, fd as fdOf } from '@ringpool/core';
import {
  addDescriptor,
  closeDescriptor,
  closeDescriptorsOf,
  descriptorsOf,
  newDescriptorOwner,
  Ring,
} from '@ringpool/native';
import { describe, expect, test } from 'vitest';

import { descriptorsOn } from './support/descriptors.ts';
import { fileWith, temporaryDirectory } from './support/files.ts';
import { Memory, PAGE } from './support/memory.ts';
import { execute } from './support/rings.ts';

const OPENS = 8;
const directory = temporaryDirectory();
const file = fileWith(directory, Buffer.from('x'));
const another = fileWith(directory, Buffer.from('xy'));

/** A ring of which `OPENS` operations have opened the file. */
function openMany(memory: 'shared' | 'mapped'): Ring {
  const ring = Ring.open({ entries: OPENS, memory });
  ring.useDescriptorLedger();
  const block = new Memory(PAGE);
  ring.attachMemory(block.bytes);
  const name = block.cstring(0, file);
  for (let index = 0; index < OPENS; index++) {
    encode.openat(ring.sqes, ring.push(), { dirfd: AT_FDCWD, path: name, openFlags: 0, mode: 0 });
  }
  expect(ring.submitAndWait(OPENS, 5000)).toBe(OPENS);
  return ring;
}

describe.each(['shared', 'mapped'] as const)('files opened through a ring with %s queues', (memory) => {
  test('stay open where they came into the ledger, and are closed where they did not', () => {
    const owner = newDescriptorOwner();
    const ring = openMany(memory);
    ring.reap((_operation, res) => {
      if (descriptorsOf(owner).length === 3) ring.close();
      else addDescriptor(res, owner, false);
    });
    expect(ring.closed).toBe(true);
    expect(descriptorsOn(file)).toEqual(descriptorsOf(owner).sort((a, b) => a - b));
    expect(closeDescriptorsOf(owner, true)).toBe(3);
    expect(descriptorsOn(file)).toEqual([]);
  });

  test('are not closed twice when the callback closes them: their number may be another file by then', () => {
    const owner = newDescriptorOwner();
    const ring = openMany(memory);
    const usurpers: number[] = [];
    ring.reap((_operation, res) => {
      addDescriptor(res, owner, true);
      expect(closeDescriptor(res, owner)).toBe(0);
      usurpers.push(openSync(another, 'r'));
      expect(usurpers).toContain(res);
      if (usurpers.length === 3) ring.close();
    });
    expect(usurpers.map((number) => fstatSync(number).size)).toEqual([2, 2, 2]);
    expect(descriptorsOn(file)).toEqual([]);
    for (const number of usurpers) closeSync(number);
  });

  test('are found among other completions, over several reaps and submissions', () => {
    const owner = newDescriptorOwner();
    const ring = openMany(memory);
    const reapOne = (): void => {
      expect(ring.reap((_operation, res) => void addDescriptor(res, owner, true), 1)).toBe(1);
    };
    reapOne();
    encode.nop(ring.sqes, ring.push(), {});
    ring.submit();
    reapOne();
    ring.submitAndWait(ring.ready, 0);
    let handed = 0;
    ring.reap((_operation, res) => {
      addDescriptor(res, owner, true);
      if (++handed === 2) ring.close();
    });
    expect(descriptorsOf(owner)).toHaveLength(4);
    expect(descriptorsOn(file)).toHaveLength(4);
    closeDescriptorsOf(owner, false);
  });

  test('and not by it may be put into the ledger at any time', () => {
    const owner = newDescriptorOwner();
    const ring = openMany(memory);
    const own = openSync(another, 'r');
    addDescriptor(own, owner, true);
    ring.reap((_operation, res) => {
      addDescriptor(res, owner, true);
      addDescriptor(own, owner, true);
      ring.close();
    });
    expect(descriptorsOn(file)).toHaveLength(1);
    expect(descriptorsOn(another)).toEqual([own]);
    expect(closeDescriptorsOf(owner, false)).toBe(2);
  });
});

test('connections that one accept took are told apart', async () => {
  const ACCEPT_MULTISHOT = 1;
  const [AF_UNIX, SOCK_STREAM] = [1, 1];
  const CONNECTIONS = 4;
  const owner = newDescriptorOwner();
  const address = path.join(directory, 'socket');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(address, resolve));
  const ring = Ring.open({ entries: 8 });
  ring.useDescriptorLedger();
  const client = Ring.open({ entries: 8 });
  const block = new Memory(PAGE);
  client.attachMemory(block.bytes);
  block.bytes.set([AF_UNIX, 0, ...Buffer.from(`${address}\0`)]);
  const connections = Array.from({ length: CONNECTIONS }, () => {
    const socket = { domain: AF_UNIX, type: SOCK_STREAM };
    return execute(client, (sqe) => encode.socket(client.sqes, sqe, socket))[0] as number;
  });
  for (const number of connections) {
    const connect = { fd: fdOf(number), sockaddr: block.at(0), sockaddrLength: 2 + address.length + 1 };
    expect(execute(client, (sqe) => encode.connect(client.sqes, sqe, connect))).toEqual([0]);
  }
  // The event loop has not turned since: the server itself has accepted none of them.
  const listener = (server as unknown as { _handle: { fd: number } })._handle.fd;
  encode.accept(ring.sqes, ring.push(), { fd: fdOf(listener), ioprio: ACCEPT_MULTISHOT });
  expect(ring.submitAndWait(CONNECTIONS, 5000)).toBe(CONNECTIONS);
  const before = descriptorsOn('socket:').length;
  ring.reap((_operation, res) => {
    addDescriptor(res, owner, true);
    if (descriptorsOf(owner).length === 2) ring.close();
  });
  expect(before - descriptorsOn('socket:').length).toBe(CONNECTIONS - 2);
  expect(closeDescriptorsOf(owner, false)).toBe(2);
  for (const number of connections) closeSync(number);
  client.close();
  server.close();
});
