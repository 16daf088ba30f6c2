// The errors of what a driver cannot do. They name the driver, and say what to do instead.

import { type DriverName, RingpoolError } from '@ringpool/core';

const HINTS: Readonly<Record<DriverName, string>> = {
  uring: 'This kernel or file system does not have it.',
  threads:
    "It needs io_uring: see `npx @ringpool/pool doctor` for what keeps the driver 'uring' from this machine.",
  sim: 'The simulation has files and directories, and timeouts.',
};

/** The error of something that this driver does not have. */
export function unsupported(driver: DriverName, what: string, op: string, path?: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_UNSUPPORTED', `the driver '${driver}' has no ${what}`, {
    op,
    path,
    hint: HINTS[driver],
  });
}

/** The error of memory that must be registered with a kernel that is not there. */
export function noRegistration(driver: DriverName): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_UNSUPPORTED',
    `the driver '${driver}' registers no memory with the kernel`,
    { op: 'openPool', hint: "Use registration 'auto', or the driver 'uring'." },
  );
}
