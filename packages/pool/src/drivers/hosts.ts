// The host of each driver, by what was chosen or by the handle of another thread. Any thread.

import type { DriverChoice } from './choose.ts';
import type { Host, HostHandle } from './host.ts';
import { SimHost } from './sim/sim-host.ts';
import { ThreadsHost } from './threads/threads-host.ts';
import { uringHost } from './uring.ts';

/** The host of the thread that opens a pool; `pool` are the pool's words. */
export function hostOf(choice: DriverChoice, pool: SharedArrayBuffer): Host {
  if (choice.simulation !== undefined) return new SimHost(choice.simulation);
  return choice.info.name === 'threads' ? ThreadsHost.create(pool) : uringHost;
}

/** The host of another thread of the pool. */
export function attachHost(handle: HostHandle): Host {
  return handle.driver === 'threads' ? ThreadsHost.attach(handle) : uringHost;
}
