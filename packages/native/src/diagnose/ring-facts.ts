// Opens rings and uses them: whether an operation comes through, what was granted, whether buffers register and clone.
// On the calling thread; every ring is closed again.

import { encode, featureNames, flagNames, IORING_SETUP, opcodeNames, opcodes } from '@ringpool/core';

import { addon } from '../addon.ts';
import { Ring } from '../ring.ts';
import type { OpenedFacts, RingFacts } from './facts.ts';
import { knownError, refusalOf } from './known-error.ts';
import { probeOpcodes } from './probe-opcodes.ts';
import { closeQuietly, execute } from './trial.ts';

const PAGE_BYTES = 4096;

/** Tries everything out. Throws nothing. */
export function probeRing(): RingFacts {
  const addonError = refusalOf(() => void addon());
  if (addonError !== undefined) return { addonError, refusal: addonError };
  let ring: Ring;
  try {
    ring = Ring.open({ entries: 8 });
  } catch (error) {
    return { refusal: knownError(error) };
  }
  try {
    // A filter may let a ring be opened, and not be entered.
    const refusal = refusalOf(() => void execute(ring, (sqe) => encode.nop(ring.sqes, sqe, {})));
    return refusal === undefined ? { opened: look(ring) } : { refusal };
  } finally {
    closeQuietly(ring);
  }
}

function look(ring: Ring): OpenedFacts {
  return {
    memory: ring.memory,
    rung: ring.rung,
    flags: flagNames(IORING_SETUP, ring.flags),
    features: featureNames(ring.features),
    ...knownOpcodes(ring),
    ...tryBuffers(),
  };
}

function knownOpcodes(ring: Ring): Pick<OpenedFacts, 'opcodes' | 'opcodesError'> {
  try {
    const known = probeOpcodes(ring);
    return { opcodes: opcodeNames.filter((name) => known.has(opcodes[name].value)) };
  } catch (error) {
    return { opcodes: [], opcodesError: knownError(error) };
  }
}

/** Registers one page on a ring that others may clone from, and clones it. */
function tryBuffers(): Pick<OpenedFacts, 'registrationError' | 'cloneError'> {
  const page = new SharedArrayBuffer(PAGE_BYTES, { maxByteLength: PAGE_BYTES });
  const rings: Ring[] = [];
  const open = (options: { readonly rung?: 'coop' }): Ring => {
    const ring = Ring.open({ entries: 4, ...options });
    rings.push(ring);
    return ring;
  };
  try {
    let source: Ring | undefined;
    const registrationError = refusalOf(() => {
      source = open({ rung: 'coop' });
      source.registerBuffers([new Uint8Array(page, 0, PAGE_BYTES)]);
    });
    if (registrationError !== undefined || source === undefined) return { registrationError };
    const from = source;
    return { cloneError: refusalOf(() => void open({}).cloneBuffersFrom(from, { fallback: false })) };
  } finally {
    for (const ring of rings) closeQuietly(ring);
  }
}
