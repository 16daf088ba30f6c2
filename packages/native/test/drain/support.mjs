// What the processes and threads of the drain proof share: the file they read, rings with reads in flight, and counts of
// what a process holds. Every buffer here belongs to the caller; everything runs on the calling thread.
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { address, encode } from '@ringpool/core';
import { addressOf, Ring } from '@ringpool/native';

export const MIB = 1024 * 1024;
/** The proof's reads: more than the device takes at once, so that the kernel still writes when the ring closes. */
export const READS = 16;
export const READ_BYTES = 8 * MIB;
const FILE_BYTES = READS * READ_BYTES;

/** What released memory is filled with. */
const FILLED = 0xa5a5a5a5;

const folder = fileURLToPath(new URL('../../../../.data/', import.meta.url));

/** The file that is read: random bytes, really allocated, written once. Several processes may ask at a time. */
export function dataFile() {
  const file = `${folder}drain-${FILE_BYTES / MIB}m.bin`;
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.size === FILE_BYTES && found.blocks * 512 >= FILE_BYTES) return file;
  mkdirSync(folder, { recursive: true });
  const draft = `${file}.${process.pid}`;
  const fd = openSync(draft, 'w');
  const block = Buffer.alloc(READ_BYTES);
  for (let index = 0; index < READS; index++) writeSync(fd, randomFillSync(block));
  fsyncSync(fd);
  closeSync(fd);
  renameSync(draft, file);
  return file;
}

/** Opened for O_DIRECT; where the file system refuses that, without it (the reads are then mere copies). */
export function openDirect(file) {
  try {
    return openSync(file, constants.O_RDONLY | constants.O_DIRECT);
  } catch (error) {
    if (error.code !== 'EINVAL') throw error;
    return openSync(file, constants.O_RDONLY);
  }
}

/** Page-aligned shared memory, one view of all of it. */
export function sharedBytes(bytes) {
  return new Uint8Array(new SharedArrayBuffer(bytes, { maxByteLength: bytes }), 0, bytes);
}

/** Opens a ring and makes `bytes` known to it: registered for READ_FIXED, attached for READ. */
export function openRing({ memory, kind }, bytes, options = {}) {
  const ring = Ring.open({ entries: 64, memory, ...options });
  if (kind === 'readFixed') ring.registerBuffers([bytes]);
  else ring.attachMemory(bytes);
  return ring;
}

/** Submits reads that fill `bytes` from the file, and does not wait. */
export function submitReads(ring, { kind }, bytes, fd, reads = READS) {
  const length = bytes.byteLength / reads;
  const base = addressOf(bytes);
  for (let index = 0; index < reads; index++) {
    const sqe = ring.push();
    const offset = (index * length) % FILE_BYTES;
    const buffer = address(base + index * length);
    if (kind === 'readFixed') {
      encode.readFixed(ring.sqes, sqe, { fd, buffer, length, offset, bufferIndex: 0 });
    } else encode.read(ring.sqes, sqe, { fd, buffer, length, offset });
  }
  const submitted = ring.submit();
  if (submitted !== reads) throw new Error(`submitted ${submitted} of ${reads} reads`);
}

const wordsOf = (bytes) => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);

/** Empties memory, and so makes it resident: a page fault later would give the device time. */
export const clear = (bytes) => void wordsOf(bytes).fill(0);

/** How many of the reads have reached the end of their part of cleared memory. */
export function landed(bytes, reads = READS) {
  const length = bytes.byteLength / reads;
  let count = 0;
  for (let index = 1; index <= reads; index++) {
    const tail = bytes.subarray(index * length - 64, index * length);
    count += tail.some((byte) => byte !== 0);
  }
  return count;
}

/** What the next owner of released memory does with it. From the end, because the kernel comes from the front. */
export function fill(bytes) {
  const words = wordsOf(bytes);
  const step = words.length / 16;
  for (let at = words.length - step; at >= 0; at -= step) words.fill(FILLED, at, at + step);
}

/** How many bytes the next owner did not write there. */
export function countRewritten(bytes) {
  const words = wordsOf(bytes);
  let rewritten = 0;
  for (let index = 0; index < words.length; index++) {
    const other = words[index] ^ FILLED;
    if (other === 0) continue;
    for (let shift = 0; shift < 32; shift += 8) rewritten += ((other >>> shift) & 0xff) !== 0;
  }
  return rewritten;
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** One turn of the event loop, in which Node-API runs the finalizers of what was collected. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects garbage, and lets the finalizers run. Needs --expose-gc. */
export async function collectGarbage() {
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await turn();
  }
}

function names(directory, nameOf) {
  const found = [];
  for (const entry of readdirSync(directory)) {
    try {
      found.push(nameOf(`${directory}/${entry}`));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/**
 * What this process holds: descriptors (of rings apart), threads, kernel workers of dead threads, pinned memory. With a
 * path, only the descriptors of files under it count.
 */
export function held(under = '') {
  const fds = names('/proc/self/fd', (path) => readlinkSync(path)).filter((target) =>
    target.startsWith(under),
  );
  const threads = names('/proc/self/task', (path) => [
    path.slice(path.lastIndexOf('/') + 1),
    readFileSync(`${path}/comm`, 'utf8').trim(),
  ]);
  const alive = new Set(threads.map(([id]) => id));
  // A living thread keeps an idle kernel worker of its own (iou-wrk-<thread>) until it ends: no leftover of a ring.
  const kernelWorkers = threads.filter(([, name]) => name.startsWith('iou-wrk-'));
  const orphaned = kernelWorkers.filter(([, name]) => !alive.has(name.slice('iou-wrk-'.length)));
  return {
    rings: fds.filter((target) => target.includes('[io_uring]')).length,
    fds: fds.length,
    threads: threads.length - kernelWorkers.length,
    orphanedKernelWorkers: orphaned.length,
    pinnedKb: Number(/^VmPin:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]),
  };
}

const SETTLE_MS = 50;
const SETTLE_BOUND_MS = 5000;

/**
 * What this process holds once nothing is on its way out any more: a thread that was joined is listed for a moment
 * longer, and counted in would hide a leak, or show as less than nothing later. Rings and pinned memory, which the kernel
 * lets go in the background, are those of `pristine`, taken before the first ring.
 */
export async function baseline(pristine) {
  const deadline = performance.now() + SETTLE_BOUND_MS;
  for (let last = held(); ; ) {
    await sleep(SETTLE_MS);
    const now = held();
    const settled = Object.keys(now).every((name) => now[name] === last[name]);
    if (settled || performance.now() > deadline) {
      return { ...now, rings: pristine.rings, pinnedKb: pristine.pinnedKb };
    }
    last = now;
  }
}

/** The difference from `before`, given time to vanish: the kernel takes a closed ring down in the background. */
export async function leftovers(before, boundMs = 10_000) {
  const deadline = performance.now() + boundMs;
  for (;;) {
    const now = held();
    const over = Object.fromEntries(Object.keys(now).map((name) => [name, now[name] - before[name]]));
    if (Object.values(over).every((count) => count <= 0) || performance.now() > deadline) return over;
    await sleep(20);
  }
}

/** Removes a file that a fixture made. */
export const remove = (path) => rmSync(path, { force: true });
