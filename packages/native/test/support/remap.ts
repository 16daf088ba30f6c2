// Compiles and loads fixtures/remap, a tiny addon by which a test replaces the pages under its own shared memory.
// It only needs a C compiler and Node-API's header, whose ABI is the same for every Node.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Each answers 0 or a negative errno. */
export interface Remap {
  putFile(view: Uint8Array, fd: number, shared: boolean): number;
  putNothing(view: Uint8Array): number;
  putMemory(view: Uint8Array): number;
}

function headers(): string | undefined {
  const cache = path.join(os.homedir(), '.cache', 'node-gyp');
  const prefixes = [
    path.dirname(path.dirname(process.execPath)),
    '/usr',
    '/usr/local',
    ...(existsSync(cache) ? readdirSync(cache).map((version) => path.join(cache, version)) : []),
  ];
  return prefixes
    .map((prefix) => path.join(prefix, 'include', 'node'))
    .find((folder) => existsSync(path.join(folder, 'node_api.h')));
}

/** Builds the addon into `directory`; a string says why it cannot be. */
export function loadRemap(directory: string): Remap | string {
  const include = headers();
  if (include === undefined) return 'node_api.h is not installed';
  const source = fileURLToPath(new URL('../fixtures/remap/remap.c', import.meta.url));
  const output = path.join(directory, 'remap.node');
  const words = ['-shared', '-fPIC', '-O1', '-DNAPI_VERSION=9', `-I${include}`, source, '-o', output];
  const { status, stderr, error } = spawnSync('cc', words, { encoding: 'utf8' });
  if (status !== 0) return `the C compiler does not build it: ${error?.message ?? stderr}`;
  return createRequire(import.meta.url)(output) as Remap;
}
