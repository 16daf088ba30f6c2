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
