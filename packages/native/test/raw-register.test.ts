// Ring.register() reaches what has no method of its own, and nothing that would go behind the ring's back.

import { registerOps } from '@ringpool/core';
import { Ring } from '@ringpool/native';
import { describe, expect, test } from 'vitest';

const refusal = (hint: string): unknown =>
  expect.objectContaining({ code: 'ERR_RINGPOOL_INVALID_ARGUMENT', hint: expect.stringContaining(hint) });

test.each([
  ['REGISTER_BUFFERS', 'registerBuffers()'],
  ['UNREGISTER_BUFFERS', 'unregisterBuffers()'],
  ['REGISTER_BUFFERS2', 'registerBuffersSparse()'],
  ['REGISTER_BUFFERS_UPDATE', 'updateBuffers()'],
  ['REGISTER_CLONE_BUFFERS', 'cloneBuffersFrom()'],
  ['REGISTER_RING_FDS', 'nothing'],
  ['UNREGISTER_RING_FDS', 'nothing'],
  ['REGISTER_RESIZE_RINGS', 'another ring'],
  ['REGISTER_PBUF_RING', 'allowUnknownPointers'],
  ['REGISTER_MEM_REGION', 'allowUnknownPointers'],
  ['REGISTER_ZCRX_IFQ', 'allowUnknownPointers'],
] as const)('%s is refused, with the way that keeps memory safe', (name, hint) => {
  using ring = Ring.open({ entries: 4 });
  expect(() => ring.register(registerOps[name].value, new Uint8Array(64), 1)).toThrow(refusal(hint) as Error);
});

test.each([1.5, 2 ** 32 + 1, 2 ** 31 + 1, -1, Number.NaN])(
  '%d, which the addon would cut, is refused',
  (op) => {
    using ring = Ring.open({ entries: 4 });
    const bytes = new SharedArrayBuffer(4096, { maxByteLength: 4096 });
    ring.registerBuffers([new Uint8Array(bytes, 0, 4096)]);
    expect(() => ring.register(op, null, 0)).toThrow(refusal('registerOps') as Error);
    ring.unregisterBuffers();
  },
);

test('an argument shorter than what the kernel reads or writes of it is refused', () => {
  using ring = Ring.open({ entries: 4 });
  const { value } = registerOps.REGISTER_PROBE;
  expect(() => ring.register(value, new Uint8Array(2063), 256)).toThrow(refusal('2064 bytes') as Error);
  expect(() => ring.register(value, new Uint8Array(2064), 2 ** 32 + 256)).toThrow(refusal('count') as Error);
  expect(ring.register(value, new Uint8Array(2064), 256)).toBe(0);
});

describe('an operation without a method of its own', () => {
  test('reaches the kernel, which writes its answer', () => {
    using ring = Ring.open({ entries: 4 });
    const limits = new Uint32Array(2);
    ring.register(registerOps.REGISTER_IOWQ_MAX_WORKERS.value, new Uint8Array(limits.buffer, 0, 8), 2);
    expect(limits[0]).toBeGreaterThan(0);
  });

  test('that the kernel refuses is its errno', () => {
    using ring = Ring.open({ entries: 4 });
    expect(() => ring.register(registerOps.UNREGISTER_EVENTFD.value, null, 0)).toThrow(
      expect.objectContaining({ code: 'ENXIO' }) as Error,
    );
  });
});
