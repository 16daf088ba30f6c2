// Workers that call every part of the addon without a pause, terminated in the midst of it: Node-API refuses calls of a
// thread that is being terminated, and a refusal must not become an abort. Prints how many were terminated.
import { setTimeout } from 'node:timers/promises';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { encode, fd } from '@ringpool/core';
import {
  addDescriptor,
  claimDescriptor,
  closeDescriptor,
  closeDescriptorsOf,
  Doorbell,
  descriptorsOf,
  giveDescriptor,
  newDescriptorOwner,
  Obituary,
  Ring,
  readSync,
  registerThrough,
  syncSync,
  writeSync,
} from '@ringpool/native';

const [, , rounds] = process.argv;
const AT_ONCE = 4;
const PAUSE_MS_MAX = 12;

/** What belongs to no ring. The descriptor is nobody's, and is not closed: its number is beyond all that are open. */
function callFunctions(view, bell) {
  const NOT_OPEN = 1_000_000;
  const [owner, other] = [newDescriptorOwner(), newDescriptorOwner()];
  addDescriptor(NOT_OPEN, owner, false);
  claimDescriptor(NOT_OPEN, owner);
  giveDescriptor(NOT_OPEN, owner, other);
  descriptorsOf(other);
  closeDescriptor(NOT_OPEN, other);
  closeDescriptorsOf(owner, true);
  const words = new Int32Array(view.buffer, 0, 2);
  const obituary = Obituary.write({ words, storeIndex: 0, storeValue: 1, expected: [0, 1], addIndex: 1 });
  obituary.setBells([bell.token]);
  readSync(NOT_OPEN, view, 0, 1, 0);
  writeSync(NOT_OPEN, view, 0, 1, 0);
  syncSync(NOT_OPEN, true);
  obituary.cancel();
}

function callEverything() {
  const view = new Uint8Array(new SharedArrayBuffer(8192, { maxByteLength: 8192 }), 0, 8192);
  parentPort.postMessage('running');
  for (;;) {
    const bell = Doorbell.create();
    const ring = Ring.open({ entries: 4 });
    callFunctions(view, bell);
    ring.useDescriptorLedger();
    ring.attachMemory(view);
    ring.registerBuffersSparse(2);
    ring.updateBuffers(0, [view]);
    ring.registerDoorbell(bell);
    ring.registerFiles([0]);
    ring.updateFiles(0, [-1]);
    encode.pollAdd(ring.sqes, ring.push(), { fd: fd(bell.fd), events: 1 });
    encode.nop(ring.sqes, ring.push(), {});
    ring.submitAndWait(1, 10);
    ring.reap(() => {});
    ring.unregisterBuffers();
    const clone = Ring.open({ entries: 4, memory: 'mapped', rung: 'coop' });
    clone.attachMemory(view);
    clone.registerBuffers([view]);
    clone.unregisterBuffers();
    clone.registerBuffersSparse(2);
    registerThrough(clone.id, 1, view);
    clone.bufferSource();
    clone.close();
    ring.close();
    Doorbell.attach(bell.token).close();
    bell.close();
  }
}

async function terminateInTheMidst() {
  const worker = new Worker(new URL(import.meta.url));
  await new Promise((resolve) => worker.once('message', resolve));
  await setTimeout(Math.random() * PAUSE_MS_MAX);
  await worker.terminate();
}

if (isMainThread) {
  let terminated = 0;
  while (terminated < Number(rounds)) {
    await Promise.all(Array.from({ length: AT_ONCE }, terminateInTheMidst));
    terminated += AT_ONCE;
  }
  process.stdout.write(String(terminated));
} else {
  callEverything();
}
