// What the pools of these tests run on, and what only io_uring has: a test about that is skipped elsewhere, and says why.
import type { DriverName } from '@ringpool/core';
import { choose, wishOf } from '../src/drivers/choose.ts';
import type { Host } from '../src/drivers/host.ts';
import { hostOf } from '../src/drivers/hosts.ts';
import type { PoolWords } from '../src/pool/words.ts';

const choice = choose(wishOf(undefined));

/** The driver of every pool that is opened without saying otherwise. */
export const driver: DriverName = choice.info.name;

/** What only io_uring has, and why it is nowhere else. */
const ONLY_URING = {
  sockets: 'node:fs has no calls for sockets',
  multishot: 'each call of node:fs is over once',
  pipes: 'node:fs makes no pipes, and has neither splice nor tee',
  attributes: 'node:fs has no extended attributes',
  allocation: 'node:fs has neither fallocate nor sync_file_range',
  advice: 'there is no madvise in Node',
  waiting: 'poll, futex, waitid and epoll need the kernel’s own queues',
  'a ring of the calling thread': 'its operations would block the event loop: workers have them all',
  'cached reads': 'node:fs cannot say what the kernel has cached',
  'slots for files': 'a table of registered files belongs to a ring of the kernel',
  'registered memory': 'there is no ring of the kernel to register it with',
  'ring fallbacks': 'its rings are had in one form only',
  'waiting for workers': 'a thread that blocks makes its own calls, unless its files end with their worker',
} as const;

const told = new Set<string>();

/** Whether the driver does not have it; then it says so once. For `test.skipIf(lacks('sockets'))`. */
export function lacks(feature: keyof typeof ONLY_URING): boolean {
  if (driver === 'uring') return false;
  if (!told.has(feature)) console.log(`skipped on ${driver}: ${feature} (${ONLY_URING[feature]})`);
  told.add(feature);
  return true;
}

/** What is promised by the driver at hand. */
export function byDriver<Value>(promised: { readonly uring: Value; readonly threads: Value }): Value {
  return driver === 'uring' ? promised.uring : promised.threads;
}

/** A host of that driver, over the words of a pool that a test makes by hand. */
export function hostOver(words: PoolWords): Host {
  return hostOf(choice, words.memory);
}
