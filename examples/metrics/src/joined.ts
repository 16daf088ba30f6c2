// A second thread of the pool: its operations are counted where all threads read them.

import { workerData } from 'node:worker_threads';

import { connectPool, type PoolPort } from '@ringpool/pool';

import { readRound } from './work.ts';

const { port, path } = workerData as { readonly port: PoolPort; readonly path: string };
const pool = await connectPool(port);
await readRound(pool, path);
await pool.close();
