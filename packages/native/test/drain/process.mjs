// A process that ends while its workers' rings, and its own, have operations in flight. Prints one line of JSON on its
// way out; what matters is that it ends, and how.
import { closeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  clear,
  dataFile,
  openDirect,
  openRing,
  READ_BYTES,
  READS,
  sharedBytes,
  submitReads,
} from './support.mjs';

const WORKERS = 4;
const READS_EACH = READS / WORKERS;

function start(how, bytes, reads) {
  const ring = openRing(how, bytes);
  const fd = openDirect(dataFile());
  submitReads(ring, how, bytes, fd, reads);
  closeSync(fd);
  return ring;
}

/** In the kernel, for completions that will never come, until the thread is stopped. */
function park(ring) {
  for (;;) ring.submitAndWait(ring.cqEntries, 60_000);
}

async function main() {
  const how = JSON.parse(process.argv[2]);
  const bytes = sharedBytes(READS * READ_BYTES);
  clear(bytes);
  const own = how.workers === 0 ? start(how, bytes, READS) : undefined;
  const parts = Array.from({ length: how.workers }, (_, index) =>
    bytes.subarray(index * READS_EACH * READ_BYTES, (index + 1) * READS_EACH * READ_BYTES),
  );
  await Promise.all(
    parts.map((part) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { how, part } });
      return new Promise((resolve) => worker.once('message', resolve));
    }),
  );
  console.log(JSON.stringify({ inFlight: own?.inFlight ?? how.workers * READS_EACH }));
  switch (how.event) {
    case 'exit':
      process.exit(7);
      break;
    case 'throw':
      throw new Error('on purpose');
    case 'natural end':
      break;
    default:
      throw new Error(`unknown event ${how.event}`);
  }
}

if (isMainThread) await main();
else {
  const { how, part } = workerData;
  const ring = start(how, part, READS_EACH);
  parentPort.postMessage('in flight');
  if (how.parked) park(ring);
}
