// The descriptor ledger: which descriptors of this process were opened for whom. It belongs to the process and is used
// from every thread. A thread may be terminated between any two statements, but in no native call: so each change here is
// one call, and each descriptor is closed exactly once, whoever dies.

import { RingpoolError } from '@ringpool/core';

import { addon } from './addon.ts';

const EINVAL = 22;

/**
 * A number that no owner of descriptors has had before in this process; never 0. An owner is whatever dies or closes as
 * one: a client, a file, or descriptors that are on their way from one thread to another.
 *
 * @example
 * ```ts
 * import { newDescriptorOwner } from '@ringpool/native';
 *
 * const [first, second] = [newDescriptorOwner(), newDescriptorOwner()];
 * console.assert(first > 0 && second !== first);
 * ```
 */
export function newDescriptorOwner(): number {
  return addon().descriptorOwner();
}

/**
 * Puts an open descriptor into the ledger. From then on only the ledger closes it: {@link closeDescriptor}, or
 * {@link closeDescriptorsOf} when its owner has died. `claimed` is false while nobody has been given it: what an operation
 * opened, and its caller has not heard of.
 *
 * The callback of {@link Ring.reap} that is handed a descriptor by a ring that uses the ledger calls this before anything
 * else that pushes, submits or reaps, and on the ring's own thread (see {@link Ring.useDescriptorLedger}).
 *
 * Returns false when the number was in the ledger already. Its file was closed past the ledger then, as by `fs.closeSync`,
 * or the number would not be free: the new entry takes the old one's place.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT: no descriptor (0 to 2^31-1), or no owner (1 to 2^32-1).
 *
 * @example
 * ```ts
 * import { openSync } from 'node:fs';
 * import { addDescriptor, closeDescriptor, newDescriptorOwner } from '@ringpool/native';
 *
 * const owner = newDescriptorOwner();
 * const fd = openSync('package.json', 'r');
 * console.assert(addDescriptor(fd, owner, true));
 * console.assert(closeDescriptor(fd, owner) === 0);
 * ```
 */
export function addDescriptor(fd: number, owner: number, claimed: boolean): boolean {
  return checked('addDescriptor', addon().descriptorAdd(fd, owner, claimed)) === 1;
}

/**
 * Marks a descriptor as claimed: its caller has been given it, and closing it is up to them. False when the ledger does
 * not have it as this owner's.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT, as {@link addDescriptor}.
 *
 * @example
 * ```ts
 * import { openSync } from 'node:fs';
 * import * as native from '@ringpool/native';
 *
 * const owner = native.newDescriptorOwner();
 * const fd = openSync('package.json', 'r');
 * native.addDescriptor(fd, owner, false);
 * console.assert(native.claimDescriptor(fd, owner));
 * console.assert(native.closeDescriptorsOf(owner, true) === 0 && native.closeDescriptor(fd, owner) === 0);
 * ```
 */
export function claimDescriptor(fd: number, owner: number): boolean {
  return checked('claimDescriptor', addon().descriptorClaim(fd, owner)) === 1;
}

/**
 * Makes a descriptor another owner's; it stays claimed if it was. `to` may be 0, nobody, for one that is on its way to
 * another thread, and `from` 0 there: of several that take it one is answered true. Nothing closes what is in transit
 * but its taker; who wants that makes an owner of its own for it. False when the ledger does not have it as `from`'s.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT: no descriptor, or no owner (0 to 2^32-1).
 *
 * @example
 * ```ts
 * import { openSync } from 'node:fs';
 * import { addDescriptor, closeDescriptor, giveDescriptor, newDescriptorOwner } from '@ringpool/native';
 *
 * const [sender, receiver] = [newDescriptorOwner(), newDescriptorOwner()];
 * const fd = openSync('package.json', 'r');
 * addDescriptor(fd, sender, true);
 * console.assert(giveDescriptor(fd, sender, 0) && !giveDescriptor(fd, sender, receiver));
 * console.assert(giveDescriptor(fd, 0, receiver) && closeDescriptor(fd, receiver) === 0);
 * ```
 */
export function giveDescriptor(fd: number, from: number, to: number): boolean {
  return checked('giveDescriptor', addon().descriptorGive(fd, from, to)) === 1;
}

/**
 * Takes a descriptor out of the ledger and leaves it open: whoever is given the number closes it from now on, by whatever
 * means. False when the ledger does not have it as this owner's.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT, as {@link addDescriptor}.
 *
 * @example
 * ```ts
 * import { closeSync, openSync } from 'node:fs';
 * import { addDescriptor, isDescriptorHeld, newDescriptorOwner, releaseDescriptor } from '@ringpool/native';
 *
 * const owner = newDescriptorOwner();
 * const fd = openSync('package.json', 'r');
 * addDescriptor(fd, owner, true);
 * console.assert(releaseDescriptor(fd, owner) && !isDescriptorHeld(fd));
 * closeSync(fd);
 * ```
 */
export function releaseDescriptor(fd: number, owner: number): boolean {
  return checked('releaseDescriptor', addon().descriptorRelease(fd, owner)) === 1;
}

/**
 * Whether the ledger has a descriptor, as anybody's: then only {@link closeDescriptor} may close it.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT: no descriptor (0 to 2^31-1).
 *
 * @example
 * ```ts
 * import { isDescriptorHeld } from '@ringpool/native';
 *
 * console.assert(!isDescriptorHeld(0)); // standard input was opened by nobody here
 * ```
 */
export function isDescriptorHeld(fd: number): boolean {
  return checked('isDescriptorHeld', addon().descriptorHeld(fd)) === 1;
}

/**
 * Closes a descriptor and takes it out of the ledger, in one step that nothing interrupts. Answers 0, or a negative
 * errno: -EBADF (-9) when the ledger does not have it as this owner's, and nothing was closed; or what close(2) had to
 * say, such as -EIO (-5), and it is closed and out of the ledger all the same. Never throws.
 *
 * @example
 * ```ts
 * import { openSync } from 'node:fs';
 * import { addDescriptor, closeDescriptor, newDescriptorOwner } from '@ringpool/native';
 *
 * const owner = newDescriptorOwner();
 * const fd = openSync('package.json', 'r');
 * addDescriptor(fd, owner, true);
 * console.assert(closeDescriptor(fd, owner) === 0);
 * console.assert(closeDescriptor(fd, owner) === -9); // the number may be another file's by now
 * ```
 */
export function closeDescriptor(fd: number, owner: number): number {
  return addon().descriptorClose(fd, owner);
}

/**
 * Closes every descriptor of an owner, or only those nobody has claimed, and returns how many. For an owner that has
 * died: called before its thread has ended (see {@link Obituary}), it misses what the thread opens afterwards.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT: no owner (1 to 2^32-1).
 *
 * @example
 * ```ts
 * import { openSync } from 'node:fs';
 * import { addDescriptor, closeDescriptorsOf, newDescriptorOwner } from '@ringpool/native';
 *
 * const owner = newDescriptorOwner();
 * addDescriptor(openSync('package.json', 'r'), owner, true);
 * addDescriptor(openSync('package.json', 'r'), owner, false);
 * console.assert(closeDescriptorsOf(owner, true) === 1);
 * console.assert(closeDescriptorsOf(owner, false) === 1);
 * ```
 */
export function closeDescriptorsOf(owner: number, unclaimedOnly: boolean): number {
  return checked('closeDescriptorsOf', addon().descriptorCloseAll(owner, unclaimedOnly));
}

/**
 * The descriptors of an owner, in no order; of 0, those in transit. They may be closed by the time this returns: for
 * metrics and tests.
 *
 * @throws RingpoolError ERR_RINGPOOL_INVALID_ARGUMENT: no owner (0 to 2^32-1).
 *
 * @example
 * ```ts
 * import { descriptorsOf, newDescriptorOwner } from '@ringpool/native';
 *
 * console.assert(descriptorsOf(newDescriptorOwner()).length === 0);
 * ```
 */
export function descriptorsOf(owner: number): number[] {
  const found = addon().descriptorList(owner);
  if (typeof found !== 'number') return found;
  checked('descriptorsOf', found);
  return [];
}

function checked(op: string, result: number): number {
  if (result >= 0) return result;
  throw new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', `${op} was given no descriptor or no owner`, {
    op,
    errno: EINVAL,
    hint: 'Descriptors are what open(2) answered; owners come from newDescriptorOwner().',
  });
}
