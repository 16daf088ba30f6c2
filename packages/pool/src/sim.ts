// The public surface of @ringpool/pool/sim: a simulated machine to run a pool on, and what comes of it.

export {
  CrashImages,
  type DiskImage,
  type SimFaults,
  Simulation,
  type SimulationOptions,
} from '@ringpool/core';
