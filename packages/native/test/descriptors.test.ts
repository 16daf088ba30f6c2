// The descriptor ledger: whose a descriptor is, and that nobody else closes it.

import { closeSync, fstatSync, openSync } from 'node:fs';
import {
  addDescriptor,
  claimDescriptor,
  closeDescriptor,
  closeDescriptorsOf,
  descriptorsOf,
  giveDescriptor,
  isDescriptorHeld,
  newDescriptorOwner,
  releaseDescriptor,
} from '@ringpool/native';
import { describe, expect, test } from 'vitest';

import { descriptorsOn } from './support/descriptors.ts';
import { fileWith, temporaryDirectory } from './support/files.ts';
import { codeOf, minus } from './support/rings.ts';

const file = fileWith(temporaryDirectory(), Buffer.from('x'));
const open = (): number => openSync(file, 'r');
const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

describe('a descriptor in the ledger', () => {
  test('is closed by its owner, once, and by nobody else', () => {
    const [owner, stranger] = [newDescriptorOwner(), newDescriptorOwner()];
    const fd = open();
    expect(addDescriptor(fd, owner, true)).toBe(true);
    expect(closeDescriptor(fd, stranger)).toBe(minus('EBADF'));
    expect(descriptorsOn(file)).toEqual([fd]);
    expect(closeDescriptor(fd, owner)).toBe(0);
    expect(descriptorsOn(file)).toEqual([]);
    const usurper = open();
    expect(usurper).toBe(fd);
    expect(closeDescriptor(fd, owner)).toBe(minus('EBADF'));
    expect(fstatSync(usurper).size).toBe(1);
    closeSync(usurper);
  });

  test('is left open by its owner, once, and then nobody closes it here', () => {
    const [owner, stranger] = [newDescriptorOwner(), newDescriptorOwner()];
    const fd = open();
    addDescriptor(fd, owner, true);
    expect(isDescriptorHeld(fd)).toBe(true);
    expect(releaseDescriptor(fd, stranger)).toBe(false);
    expect(releaseDescriptor(fd, owner)).toBe(true);
    expect(releaseDescriptor(fd, owner)).toBe(false);
    expect(isDescriptorHeld(fd)).toBe(false);
    expect(closeDescriptorsOf(owner, false)).toBe(0);
    expect(descriptorsOn(file)).toEqual([fd]);
    closeSync(fd);
  });

  test('is claimed by its owner only, and then survives the closing of what nobody claimed', () => {
    const [owner, stranger] = [newDescriptorOwner(), newDescriptorOwner()];
    const [claimed, unclaimed, born] = [open(), open(), open()];
    addDescriptor(claimed, owner, false);
    addDescriptor(unclaimed, owner, false);
    addDescriptor(born, owner, true);
    expect(claimDescriptor(claimed, owner)).toBe(true);
    expect(claimDescriptor(unclaimed, stranger)).toBe(false);
    expect(claimDescriptor(1_000_000, owner)).toBe(false);
    expect(closeDescriptorsOf(owner, true)).toBe(1);
    expect(descriptorsOn(file)).toEqual(sorted([claimed, born]));
    expect(sorted(descriptorsOf(owner))).toEqual(sorted([claimed, born]));
    expect(closeDescriptorsOf(owner, false)).toBe(2);
    expect([descriptorsOn(file), descriptorsOf(owner), closeDescriptorsOf(owner, false)]).toEqual([
      [],
      [],
      0,
    ]);
  });

  test('is given on, directly or by way of nobody, and stays claimed or unclaimed', () => {
    const [sender, receiver] = [newDescriptorOwner(), newDescriptorOwner()];
    const [claimed, unclaimed] = [open(), open()];
    addDescriptor(claimed, sender, true);
    addDescriptor(unclaimed, sender, false);
    expect(giveDescriptor(claimed, receiver, sender)).toBe(false);
    expect(giveDescriptor(claimed, sender, 0)).toBe(true);
    expect(descriptorsOf(0)).toContain(claimed);
    expect(closeDescriptor(claimed, sender)).toBe(minus('EBADF'));
    expect(closeDescriptorsOf(sender, true)).toBe(1);
    expect(descriptorsOn(file)).toEqual([claimed]);
    expect(giveDescriptor(claimed, 0, receiver)).toBe(true);
    expect(giveDescriptor(claimed, 0, sender)).toBe(false);
    expect(closeDescriptorsOf(receiver, true)).toBe(0);
    expect(closeDescriptorsOf(receiver, false)).toBe(1);
  });

  test('that was closed past the ledger gives way to the next one of its number', () => {
    const [owner, next] = [newDescriptorOwner(), newDescriptorOwner()];
    const fd = open();
    addDescriptor(fd, owner, true);
    closeSync(fd);
    expect(open()).toBe(fd);
    expect(addDescriptor(fd, next, true)).toBe(false);
    expect([descriptorsOf(owner), closeDescriptorsOf(owner, false)]).toEqual([[], 0]);
    expect(descriptorsOn(file)).toEqual([fd]);
    expect(closeDescriptor(fd, next)).toBe(0);
  });

  test('that is no longer open leaves the ledger all the same', () => {
    const owner = newDescriptorOwner();
    const fd = open();
    addDescriptor(fd, owner, true);
    closeSync(fd);
    expect(closeDescriptor(fd, owner)).toBe(minus('EBADF'));
    expect(descriptorsOf(owner)).toEqual([]);
  });
});

// 2^32 is 0, and 2^32 + 7 is 7, when cut to 32 bits: somebody else's descriptor, or nobody's.
const NO_NUMBERS = [-1, 0.5, 2 ** 31, 2 ** 32, 2 ** 32 + 7, Number.NaN, Infinity, '7', null, undefined];

test.each(NO_NUMBERS)('%s is no descriptor', (value) => {
  const fd = value as number;
  const owner = newDescriptorOwner();
  const refused = 'ERR_RINGPOOL_INVALID_ARGUMENT';
  expect(codeOf(() => addDescriptor(fd, owner, true))).toBe(refused);
  expect(codeOf(() => claimDescriptor(fd, owner))).toBe(refused);
  expect(codeOf(() => giveDescriptor(fd, owner, 0))).toBe(refused);
  expect(closeDescriptor(fd, owner)).toBe(minus('EBADF'));
  expect(descriptorsOf(owner)).toEqual([]);
});

test.each([0, ...NO_NUMBERS.filter((value) => value !== 2 ** 31)])('%s is no owner', (value) => {
  const owner = value as number;
  const refused = 'ERR_RINGPOOL_INVALID_ARGUMENT';
  expect(codeOf(() => addDescriptor(5, owner, true))).toBe(refused);
  expect(codeOf(() => claimDescriptor(5, owner))).toBe(refused);
  expect(codeOf(() => closeDescriptorsOf(owner, false))).toBe(refused);
  expect(closeDescriptor(5, owner)).toBe(minus('EBADF'));
  if (owner === 0) return; // in transit: it may be given, and listed
  expect(codeOf(() => giveDescriptor(5, owner, 1))).toBe(refused);
  expect(codeOf(() => giveDescriptor(5, 1, owner))).toBe(refused);
  expect(codeOf(() => descriptorsOf(owner))).toBe(refused);
});

test('claimed is true or false', () => {
  expect(codeOf(() => addDescriptor(5, newDescriptorOwner(), 1 as never))).toBe(
    'ERR_RINGPOOL_INVALID_ARGUMENT',
  );
  expect(codeOf(() => closeDescriptorsOf(newDescriptorOwner(), 0 as never))).toBe(
    'ERR_RINGPOOL_INVALID_ARGUMENT',
  );
});
