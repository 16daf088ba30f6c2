// The ledger of descriptors without the addon: whose each is, who closes it, and that nobody closes what is a stranger's.
import { closeSync, constants, fstatSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  DESCRIPTORS_MAX,
  DescriptorLedger,
  FILE_KIND,
  LEDGER_BYTES,
} from '../../../src/drivers/threads/descriptor-ledger.ts';
import { temporaryFolder } from '../../support.ts';

let memory: SharedArrayBuffer;
let ledger: DescriptorLedger;
let name: string;
beforeEach(() => {
  memory = new SharedArrayBuffer(LEDGER_BYTES);
  ledger = new DescriptorLedger(memory, false);
  name = path.join(temporaryFolder(), 'file');
  writeFileSync(name, 'bytes');
});

const { O_RDONLY } = constants;
const open = (owner: number, kind = 0, of = ledger): number =>
  of.open(Buffer.from(name), O_RDONLY, 0, owner, kind);

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

/** Opens a file that gets this number, which is free. */
function stranger(descriptor: number): void {
  const opened: number[] = [];
  do opened.push(openSync(name, 'r'));
  while (opened.at(-1) !== descriptor);
  onTestFinished(() => opened.forEach((one) => void closeSync(one)));
}

test('no owner has the number of another one, whoever asks', () => {
  const other = new DescriptorLedger(memory, false);
  const owners = [ledger, other, ledger, other].map((one) => one.newOwner());
  expect(new Set(owners).size).toBe(4);
  expect(owners).not.toContain(0);
  // Numbers come again after 2^27; those that mean something else are left out.
  const words = new Int32Array(memory, 0, 1);
  words[0] = 2 ** 27 - 2;
  expect(ledger.newOwner()).toBe(1);
});

test('a descriptor is given by its owner alone, and what is known of its file stays', () => {
  const [owner, next, third] = [ledger.newOwner(), ledger.newOwner(), ledger.newOwner()];
  const descriptor = open(owner, FILE_KIND.waits);
  onTestFinished(() => closeSync(descriptor));
  expect(ledger.isHeld(descriptor)).toBe(true);
  expect(ledger.give(descriptor, next, third)).toBe(false);
  expect(ledger.give(descriptor, owner, next)).toBe(true);
  expect(ledger.give(descriptor, owner, third)).toBe(false);
  ledger.note(descriptor, FILE_KIND.pipe as number);
  ledger.add(descriptor, third);
  expect(ledger.kindOf(descriptor)).toBe((FILE_KIND.waits as number) | (FILE_KIND.pipe as number));
  expect(ledger.give(descriptor, third, owner)).toBe(true);
});

test('one that is released is open, and in no ledger', () => {
  const owner = ledger.newOwner();
  const descriptor = open(owner);
  ledger.release(descriptor, ledger.newOwner());
  expect(ledger.isHeld(descriptor)).toBe(true);
  ledger.release(descriptor, owner);
  expect([ledger.isHeld(descriptor), ledger.kindOf(descriptor), isOpen(descriptor)]).toEqual([
    false,
    -1,
    true,
  ]);
  closeSync(descriptor);
});

test('what is found out of a file that has closed meanwhile makes its number nobody’s', () => {
  ledger.note(7, FILE_KIND.pipe);
  expect([ledger.isHeld(7), ledger.kindOf(7)]).toEqual([false, -1]);
});

test('numbers that no descriptor has are nobody’s', () => {
  for (const descriptor of [-1, DESCRIPTORS_MAX, 2 ** 31 - 1]) {
    ledger.add(descriptor < 0 ? DESCRIPTORS_MAX : descriptor, 5);
    ledger.closed(DESCRIPTORS_MAX);
    expect([ledger.isHeld(descriptor), ledger.give(descriptor, 5, 6)]).toEqual([false, false]);
  }
});

describe('all of an owner that is gone', () => {
  test('are closed, and those of others are not', () => {
    const [gone, stays] = [ledger.newOwner(), ledger.newOwner()];
    const theirs = [open(gone), open(gone), open(gone)];
    const mine = open(stays);
    ledger.closeAllOf(gone);
    expect(theirs.map(isOpen)).toEqual([false, false, false]);
    expect([isOpen(mine), ledger.isHeld(mine)]).toEqual([true, true]);
    closeSync(mine);
  });

  test('are closed once: a number that is a stranger’s by then stays open', () => {
    const gone = ledger.newOwner();
    const descriptor = open(gone);
    ledger.closeAllOf(gone);
    stranger(descriptor);
    ledger.closeAllOf(gone);
    new DescriptorLedger(memory, false).closeDoomed();
    expect(isOpen(descriptor)).toBe(true);
  });

  test('are doomed by a thread that may not close them, and closed by one that may', async () => {
    const gone = ledger.newOwner();
    const descriptors = [open(gone), open(gone)];
    const program = `
      const { workerData } = require('node:worker_threads');
      import(workerData.module).then(({ DescriptorLedger }) => {
        const ledger = new DescriptorLedger(workerData.memory, false);
        ledger.closeAllOf(workerData.gone);
        require('node:worker_threads').parentPort.postMessage(ledger.mayClose);
      });
    `;
    const module = new URL('../../../dist/drivers/threads/descriptor-ledger.js', import.meta.url).href;
    const thread = new Worker(program, { eval: true, workerData: { module, memory, gone } });
    const mayClose = await new Promise((resolve) => thread.once('message', resolve));
    expect([mayClose, ledger.mayClose]).toEqual([false, true]);
    expect(descriptors.map(isOpen)).toEqual([true, true]);
    expect(descriptors.map((one) => ledger.give(one, gone, 1))).toEqual([false, false]);
    ledger.closeDoomed();
    expect(descriptors.map(isOpen)).toEqual([false, false]);
  });

  test('of a worker are closed when it has ended', () => {
    const [worker, client] = [ledger.newOwner(), ledger.newOwner()];
    const [kept, given] = [open(worker), open(worker)];
    ledger.give(given, worker, client);
    ledger.workerEnded(worker);
    expect([isOpen(kept), isOpen(given)]).toEqual([false, true]);
    closeSync(given);
  });
});

describe('in a pool of a worker thread', () => {
  test('nothing is closed by another thread: Node does that, and the numbers are others’ then', () => {
    const nested = new DescriptorLedger(memory, true);
    const [worker, client] = [nested.newOwner(), nested.newOwner()];
    const [kept, given] = [open(worker, 0, nested), open(worker, 0, nested)];
    nested.give(given, worker, client);
    nested.closeAllOf(client);
    expect([nested.mayClose, isOpen(given)]).toEqual([false, true]);
    nested.workerEnded(worker);
    nested.closeDoomed();
    expect([kept, given].map((one) => [isOpen(one), nested.isHeld(one)])).toEqual([
      [true, false],
      [true, false],
    ]);
    for (const one of [kept, given]) closeSync(one);
  });
});
