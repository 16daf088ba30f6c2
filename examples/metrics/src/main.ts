// The run: a pool, two threads that read through it, and its metrics, printed once or served.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { openPool, type Pool, RingpoolError } from '@ringpool/pool';

import { parseArguments, USAGE, UsageError } from './args.ts';
import { Events } from './events.ts';
import { exposition } from './exposition.ts';
import { CONTENT_TYPE } from './text-format.ts';
import { readRound } from './work.ts';

const HOST = '127.0.0.1';
const PATH = '/metrics';
/** Between two rounds of reads while the metrics are served. */
const ROUND_PERIOD_MS = 1000;
/** What is read: there, and large, wherever Node runs. */
const FILE = process.execPath;

/** One round in this thread and one in another. */
async function work(pool: Pool): Promise<void> {
  const joined = new Worker(fileURLToPath(new URL('./joined.js', import.meta.url)), {
    workerData: { port: pool.port(), path: FILE },
  });
  await Promise.all([readRound(pool, FILE), once(joined, 'exit')]);
}

/** Serves until the signal. */
async function serve(pool: Pool, events: Events, port: number, signal: AbortSignal): Promise<void> {
  const server = createServer(({ method, url }, response) => {
    if (url !== PATH || (method !== 'GET' && method !== 'HEAD')) {
      response.writeHead(404).end(`There is only GET ${PATH}.\n`);
      return;
    }
    response.writeHead(200, { 'content-type': CONTENT_TYPE });
    response.end(method === 'HEAD' ? '' : exposition(pool.metrics(), events));
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  process.stderr.write(`http://${HOST}:${address.port}${PATH}\n`);
  while (!signal.aborted) {
    await readRound(pool, FILE);
    await sleep(ROUND_PERIOD_MS, undefined, { signal }).catch(() => undefined);
  }
  await closed(server);
}

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

/** A signal that is aborted when the user has had enough. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

async function main(): Promise<void> {
  try {
    const { port, help } = parseArguments(process.argv.slice(2));
    if (help) {
      process.stdout.write(USAGE);
      return;
    }
    const events = new Events();
    await using pool = await openPool({ workers: 2 });
    await work(pool);
    if (port === undefined) process.stdout.write(exposition(pool.metrics(), events));
    else await serve(pool, events, port, interrupted());
    events.close();
  } catch (error) {
    const code = error instanceof RingpoolError ? `${error.code}: ` : '';
    process.stderr.write(`metrics: ${code}${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

void main();
