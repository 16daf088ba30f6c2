// Asks the kernel which opcodes it has.

import { registerOps } from '@ringpool/core';

import type { Ring } from '../ring.ts';

const PROBE_SLOTS = 256;
const PROBE_HEADER_BYTES = 16;
const PROBE_OP_BYTES = 8;
const OP_SUPPORTED = 1;

/** Opcode values the kernel supports, by IORING_REGISTER_PROBE (Linux 5.6). */
export function probeOpcodes(ring: Ring): ReadonlySet<number> {
  const probe = new Uint8Array(PROBE_HEADER_BYTES + PROBE_SLOTS * PROBE_OP_BYTES);
  ring.register(registerOps.REGISTER_PROBE.value, probe, PROBE_SLOTS);
  const supported = new Set<number>();
  const view = new DataView(probe.buffer, 0, probe.byteLength);
  const listed = view.getUint8(1);
  for (let index = 0; index < listed; index++) {
    const at = PROBE_HEADER_BYTES + index * PROBE_OP_BYTES;
    if (view.getUint16(at + 2, true) & OP_SUPPORTED) supported.add(view.getUint8(at));
  }
  return supported;
}
