// An arena that only the addon still refers to, with an address-based READ in flight: what becomes of the memory, and of
// the shared memory that is allocated next. Prints one line of JSON. Needs --expose-gc.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import os from 'node:os';
import { address, encode } from '@ringpool/core';
import { addressOf, Ring } from '@ringpool/native';
import {
  clear,
  collectGarbage,
  countRewritten,
  dataFile,
  fill,
  held,
  leftovers,
  openDirect,
  READ_BYTES,
  remove,
  sharedBytes,
  sleep,
} from './support.mjs';

const LOOK_AFTER_MS = 600;
const PIPE_BYTES = 65_536;
/** Reads into memory that stays, one after the other, before the kernel turns to the arena. */
const READS_BEFORE = 16;
const READS_INTO_ARENA = 4;
const IOSQE_IO_LINK = 1 << 2;
/** How many arenas are allocated in the hope that one gets the address. */
const SUCCESSORS = 24;

const [from, memory, withRing] = process.argv.slice(2);
const length = from === 'disk' ? READ_BYTES : PIPE_BYTES;
const size = 32 * 1024 * 1024;

const path = `${os.tmpdir()}/ringpool-pipe-${process.pid}`;
// Before anything is counted: Node keeps a descriptor from the first process that it starts.
if (from === 'pipe') execFileSync('mkfifo', [path]);
const before = held();

function openPipe() {
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  remove(path);
  return fd;
}

const fd = from === 'disk' ? openDirect(dataFile()) : openPipe();

const operations = from === 'disk' ? READS_BEFORE + READS_INTO_ARENA : 1;

/** The arena is garbage, for all that JavaScript knows, when this returns, and the ring too unless it is kept. */
function start() {
  const ring = Ring.open({ entries: 64, memory });
  const kept = sharedBytes(READ_BYTES);
  ring.attachMemory(kept);
  const arena = sharedBytes(size);
  clear(arena);
  ring.attachMemory(arena);
  const base = addressOf(arena);
  const read = (buffer, offset, flags) =>
    encode.read(ring.sqes, ring.push(), { fd, buffer: address(buffer), length, offset, flags });
  if (from === 'disk') {
    // A chain, because O_DIRECT pins the pages of a read when the kernel turns to it: until then it has an address only.
    for (let index = 0; index < READS_BEFORE; index++) {
      read(addressOf(kept), index * READ_BYTES, IOSQE_IO_LINK);
    }
    for (let index = 0; index < READS_INTO_ARENA; index++) {
      read(base + index * READ_BYTES, index * READ_BYTES, index < READS_INTO_ARENA - 1 ? IOSQE_IO_LINK : 0);
    }
  } else read(base, -1, 0);
  ring.submit();
  return { where: base, ring: withRing === undefined ? ring : undefined };
}

const { where, ring } = start();
await collectGarbage();
/** Memory that lies, if only in part, where the kernel will write. */
const reach = from === 'disk' ? size : length;
const overlaps = (next) => addressOf(next) < where + reach && where < addressOf(next) + size;
const successors = [];
for (let count = 0; count < SUCCESSORS; count++) {
  const next = sharedBytes(size);
  fill(next);
  successors.push(next);
  if (overlaps(next)) break;
}
// The writer of the pipe speaks only now: the kernel copies to whatever lies at the address.
if (from === 'pipe') writeSync(fd, Buffer.alloc(PIPE_BYTES, 0x5a));
const deadline = performance.now() + 20_000;
let whole = 0;
for (let done = 0; ring !== undefined && done < operations && performance.now() < deadline; ) {
  ring.submitAndWait(1, 100);
  done += ring.reap((_operation, res) => {
    if (res === length) whole++;
  });
}
await sleep(LOOK_AFTER_MS);
ring?.close();
// Rings that open sweep away the collected one, once its reads have completed.
while (held().rings > before.rings && performance.now() < deadline) {
  Ring.open({ entries: 8, memory }).close();
  await sleep(20);
}
closeSync(fd);
console.log(
  JSON.stringify({
    reused: successors.some(overlaps),
    rewritten: successors.reduce((sum, next) => sum + countRewritten(next), 0),
    whole,
    operations,
    leftovers: await leftovers(before),
  }),
);
