// The list of what rings without a kernel execute is what they do execute.
import { expect, test } from 'vitest';
import { opcodeNames, opcodes } from '../../src/abi/opcodes.ts';
import { Simulation } from '../../src/sim/simulation.ts';
import { softOpcodes } from '../../src/soft/opcodes.ts';

const EOPNOTSUPP = -95;
const EINVAL = -22;
const LINK_TIMEOUT = opcodes.linkTimeout.value;

test('an operation is on the list if a ring knows it', () => {
  const known = opcodeNames.filter((name) => {
    const ring = new Simulation({ seed: 1 }).openRing({ entries: 2 });
    const { value } = opcodes[name];
    const sqe = ring.push();
    // With flags that none of them has, so that one that is known is refused for these, or finds no file, and has no effect.
    ring.sqes.fill(0, sqe * 16, sqe * 16 + 8);
    ring.sqes[sqe * 16] = value;
    ring.sqes[sqe * 16 + 1] = -1 >>> 0;
    ring.submitAndWait(1, Number.POSITIVE_INFINITY);
    let result = 0;
    ring.reap((_operation, res) => {
      result = res;
    });
    return value === LINK_TIMEOUT ? result === EINVAL : result !== EOPNOTSUPP;
  });
  expect(new Set(known)).toEqual(new Set(softOpcodes));
});
