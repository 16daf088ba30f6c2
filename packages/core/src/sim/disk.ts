// A simulated disk: files, directories and symbolic links as they are now, which of it is durable, and what a crash may leave.
//
// File contents survive by sector (see content.ts). A change of names (create, rename, unlink, ...) survives whole or not at all,
// each for itself: only an fsync of a directory makes its entries durable, as POSIX has it and file systems in part exceed.

import { type Choice, Content } from './content.ts';

/** What an inode is. */
export type Kind = 'file' | 'directory' | 'symlink';

/** One file, directory or symbolic link. */
export interface Inode {
  readonly number: number;
  readonly kind: Kind;
  readonly permissions: number;
  /** Of a file, or the target of a symbolic link. */
  readonly content: Content;
  /** Of a directory, now. */
  readonly entries: Map<string, Inode>;
  /** Of a directory, as they are durable. */
  readonly durableEntries: Map<string, Inode>;
  /** Names that lead to it. */
  links: number;
  /** Names that lead to it after some crash: those that are durable, and those that may become so. */
  survivingLinks: number;
  /** How often it is open. */
  users: number;
  readonly bornMs: number;
  modifiedMs: number;
  changedMs: number;
}

/** One entry of a directory that changes; without `after` it goes. */
export interface EntryChange {
  readonly directory: Inode;
  readonly name: string;
  readonly after: Inode | undefined;
}

/** What survives a crash, as plain data: what a simulation goes on from. */
export interface DiskImage {
  readonly inodes: readonly {
    readonly number: number;
    readonly kind: Kind;
    readonly permissions: number;
    readonly bytes: Uint8Array;
    readonly entries: readonly (readonly [string, number])[];
  }[];
}

/** One thing that a crash may leave in several ways. */
export type CrashChoice = Pick<Choice, 'versions'>;

/** Changes of names that are kept apart: older ones count as durable. */
const CHANGES_MAX = 4096;
const ROOT_PERMISSIONS = 0o755;
const ROOT = 1;

/** The disk. */
export class Disk {
  readonly #inodes = new Map<number, Inode>();
  /** Changes of names that are not durable, the oldest first. */
  #pending: (readonly EntryChange[])[] = [];
  #lastNumber = 0;
  /** Bytes of all files. */
  #used = 0;

  /** A disk with an empty directory, or what an image holds, all of it durable. */
  constructor(image?: DiskImage) {
    if (image === undefined) {
      this.create('directory', ROOT_PERMISSIONS, 0);
      return;
    }
    for (const { number, kind, permissions, bytes } of image.inodes) {
      this.#add(number, kind, permissions, new Content(bytes), 0);
    }
    for (const { number, entries } of image.inodes) {
      const directory = this.#of(number);
      for (const [name, target] of entries) {
        const inode = this.#of(target);
        directory.entries.set(name, inode);
        directory.durableEntries.set(name, inode);
        inode.links++;
        inode.survivingLinks++;
      }
    }
  }

  #of(number: number): Inode {
    return this.#inodes.get(number) as Inode;
  }

  get root(): Inode {
    return this.#of(ROOT);
  }

  /** Bytes that its files have, those without a name among them. */
  get usedBytes(): number {
    return this.#used;
  }

  /** An inode that has no name yet. */
  create(kind: Kind, permissions: number, nowMs: number): Inode {
    return this.#add(this.#lastNumber + 1, kind, permissions, new Content(), nowMs);
  }

  #add(number: number, kind: Kind, permissions: number, content: Content, nowMs: number): Inode {
    this.#lastNumber = Math.max(this.#lastNumber, number);
    this.#used += content.length;
    const inode: Inode = {
      number,
      kind,
      permissions,
      content,
      entries: new Map(),
      durableEntries: new Map(),
      links: 0,
      survivingLinks: 0,
      users: 0,
      bornMs: nowMs,
      modifiedMs: nowMs,
      changedMs: nowMs,
    };
    this.#inodes.set(number, inode);
    return inode;
  }

  /** Changes names, all at once. */
  change(changes: readonly EntryChange[], nowMs: number): void {
    for (const { directory, name, after } of changes) {
      const before = directory.entries.get(name);
      if (before !== undefined) {
        before.links--;
        before.changedMs = nowMs;
      }
      if (after === undefined) directory.entries.delete(name);
      else {
        directory.entries.set(name, after);
        after.links++;
        after.survivingLinks++;
        after.changedMs = nowMs;
      }
      directory.modifiedMs = nowMs;
      directory.changedMs = nowMs;
    }
    this.#pending.push(changes);
    // A journal does not grow for ever either: the oldest changes reach the disk by themselves.
    if (this.#pending.length > CHANGES_MAX) this.#commit(CHANGES_MAX >> 1);
  }

  write(inode: Inode, bytes: Uint8Array, position: number, nowMs: number): void {
    const before = inode.content.length;
    inode.content.write(bytes, position);
    this.#grown(inode, before, nowMs);
  }

  truncate(inode: Inode, length: number, nowMs: number): void {
    const before = inode.content.length;
    inode.content.truncate(length);
    this.#grown(inode, before, nowMs);
  }

  #grown(inode: Inode, before: number, nowMs: number): void {
    this.#used += inode.content.length - before;
    inode.modifiedMs = nowMs;
    inode.changedMs = nowMs;
  }

  /** Makes an inode durable: the bytes of a file, the entries of a directory. */
  sync(inode: Inode): void {
    if (inode.kind !== 'directory') inode.content.sync();
    else this.#syncEntries(inode);
  }

  /** Makes every change of names durable, as a disk does that is short of room: what was removed gives its own back. */
  commit(): void {
    this.#commit(this.#pending.length);
  }

  #commit(count: number): void {
    for (const one of this.#pending.splice(0, count).flat()) this.#settleForGood(one);
  }

  /** Every pending change of this directory, and of whatever those changed besides, with what went before there. */
  #syncEntries(directory: Inode): void {
    const touched = new Set<string>();
    const key = ({ directory, name }: EntryChange): string => `${directory.number}/${name}`;
    const kept: (readonly EntryChange[])[] = [];
    const durable: (readonly EntryChange[])[] = [];
    for (const changes of this.#pending.toReversed()) {
      const isDurable = changes.some((one) => one.directory === directory || touched.has(key(one)));
      if (isDurable) for (const one of changes) touched.add(key(one));
      (isDurable ? durable : kept).push(changes);
    }
    this.#pending = kept.reverse();
    for (const one of durable.reverse().flat()) this.#settleForGood(one);
  }

  /** What a crash leaves open now: one choice for each change of names, sector and length. */
  get choices(): CrashChoice[] {
    const names = this.#pending.map(() => ({ versions: 2 }));
    return [...names, ...[...this.#inodes.values()].flatMap(({ content }) => content.choices())];
  }

  /** What a crash now leaves: `version` is asked once for each of {@link Disk.choices}, in their order. */
  after(version: (choice: CrashChoice) => number): DiskImage {
    const entries = new Map<Inode, Map<string, Inode>>();
    for (const inode of this.#inodes.values()) entries.set(inode, new Map(inode.durableEntries));
    for (const changes of this.#pending) {
      if (version({ versions: 2 }) === 0) continue;
      for (const one of changes) settle(one, entries.get(one.directory) as Map<string, Inode>);
    }
    // Asked in the order of `choices`, whatever can be reached afterwards.
    const bytes = new Map<Inode, Uint8Array>();
    for (const inode of this.#inodes.values()) bytes.set(inode, inode.content.after(version));
    const reached = reachable(this.root, entries);
    return {
      inodes: [...reached].map((inode) => ({
        number: inode.number,
        kind: inode.kind,
        permissions: inode.permissions,
        bytes: bytes.get(inode) as Uint8Array,
        entries: [...(entries.get(inode) as Map<string, Inode>)].map(([name, { number }]) => [name, number]),
      })),
    };
  }

  /** A change is durable: what it brings keeps the link that it had, and what it replaces loses its own. */
  #settleForGood(change: EntryChange): void {
    const { durableEntries } = change.directory;
    const before = durableEntries.get(change.name);
    settle(change, durableEntries);
    if (before === undefined) return;
    before.survivingLinks--;
    this.forget(before);
  }

  /** Forgets an inode if it has no names, nor can have one after a crash, and nobody has it open. */
  forget(inode: Inode): void {
    if (inode.links + inode.survivingLinks + inode.users > 0 || inode === this.root) return;
    this.#used -= inode.content.length;
    this.#inodes.delete(inode.number);
    if (inode.kind === 'directory') this.#forgetEntries(inode);
  }

  /** A directory is gone for good: so is whatever a crash could have found there, and what was still to happen there. */
  #forgetEntries(directory: Inode): void {
    const lost = [...directory.durableEntries.values()];
    const isThere = (one: EntryChange): boolean => one.directory === directory;
    for (const { after } of this.#pending.flat().filter(isThere)) if (after !== undefined) lost.push(after);
    this.#pending = this.#pending
      .map((changes) => changes.filter((one) => !isThere(one)))
      .filter((changes) => changes.length > 0);
    for (const inode of lost) {
      inode.survivingLinks--;
      this.forget(inode);
    }
  }
}

function settle({ name, after }: EntryChange, entries: Map<string, Inode>): void {
  if (after === undefined) entries.delete(name);
  else entries.set(name, after);
}

function reachable(root: Inode, entries: Map<Inode, Map<string, Inode>>): Set<Inode> {
  const reached = new Set([root]);
  for (const inode of reached) {
    for (const target of (entries.get(inode) as Map<string, Inode>).values()) reached.add(target);
  }
  return reached;
}
