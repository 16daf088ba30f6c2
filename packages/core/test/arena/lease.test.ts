import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/arena/arena.ts';
import { OPERATIONS_IN_FLIGHT_MAX } from '../../src/arena/layout.ts';
import { thrownBy } from './support.ts';

const MIB = 1024 * 1024;
const gone = 'ERR_RINGPOOL_LEASE_RELEASED';
const invalid = 'ERR_RINGPOOL_INVALID_ARGUMENT';

function create(): Arena {
  return Arena.create({ capBytes: MIB });
}

describe('a handle', () => {
  test('use after release throws, whatever the use', () => {
    const lease = create().alloc(4096);
    const slice = lease.slice(100, 100);
    lease.release();
    for (const handle of [lease, slice]) {
      for (const use of [
        () => handle.bytes,
        () => handle.slice(0, 1),
        () => handle.copy(),
        () => handle.share(),
        () => handle.beginOperation(),
        () => handle.checkOperation('writes', 0, 1),
      ]) {
        expect(thrownBy(use).code).toBe(gone);
      }
      expect(handle.released).toBe(true);
    }
  });

  test('an operation that is over at once is checked, and counted by nobody', () => {
    const arena = create();
    const lease = arena.alloc(4096);
    lease.checkOperation('writes', 0, 4096);
    lease.slice(100, 100).checkOperation('reads', 0, 100);
    expect([lease.inFlight, arena.stats().operationsInFlight]).toEqual([0, 0]);
    arena.adopt(lease.share()).release();
    expect(thrownBy(() => lease.checkOperation('writes', 0, 1)).code).toBe(gone);
    const other = arena.alloc(4096);
    // Taken back behind the handle's back, as a supervisor does.
    arena.release(other.slot, other.generation);
    expect(thrownBy(() => other.checkOperation('writes', 0, 1)).code).toBe(gone);
  });

  test('releasing twice is nothing, and never frees the next lease of the same memory', () => {
    const arena = create();
    const first = arena.alloc(4096);
    first.release();
    const second = arena.alloc(4096);
    expect([second.offset, second.slot]).toEqual([first.offset, first.slot]);
    first.release();
    expect(second.bytes.length).toBe(4096);
    expect(arena.stats().leasesLive).toBe(1);
    expect(thrownBy(() => arena.release(first.slot, first.generation)).code).toBe(gone);
    expect(thrownBy(() => arena.beginOperation(first.slot, first.generation)).code).toBe(gone);
    expect(arena.stats()).toMatchObject({ leasesLive: 1, operationsInFlight: 0 });
  });

  test('a stale (slot, generation) is told apart after any number of generations, multiples of 16 included', () => {
    const arena = create();
    const stale = arena.alloc(4096);
    stale.release();
    for (let round = 1; round <= 40; round++) {
      const lease = arena.alloc(4096);
      expect(lease.slot).toBe(stale.slot);
      expect(thrownBy(() => arena.beginOperation(stale.slot, stale.generation)).code).toBe(gone);
      expect(thrownBy(() => arena.release(stale.slot, stale.generation)).code).toBe(gone);
      expect(lease.inFlight).toBe(0);
      lease.release();
    }
  });

  test('disposing releases; releasing before that is fine', () => {
    const arena = create();
    {
      using lease = arena.alloc(64);
      lease.bytes.fill(1);
      lease.release();
    }
    {
      using lease = arena.alloc(64);
      lease.bytes.fill(2);
    }
    expect(arena.stats().leasesLive).toBe(0);
  });

  test('bytes is made once, and copy is memory of its own', () => {
    const lease = create().alloc(300);
    expect(lease.bytes).toBe(lease.bytes);
    lease.bytes.fill(5);
    const copy = lease.copy();
    lease.bytes.fill(6);
    expect(copy.buffer).toBeInstanceOf(ArrayBuffer);
    expect(copy.length).toBe(300);
    expect(copy.every((byte) => byte === 5)).toBe(true);
  });
});

describe('a slice', () => {
  test('is a range of the same memory, and so is a slice of a slice', () => {
    const lease = create().alloc(8192);
    const inner = lease.slice(4096, 4096).slice(16, 32);
    inner.bytes.fill(3);
    expect(lease.bytes.indexOf(3)).toBe(4112);
    expect(lease.bytes.lastIndexOf(3)).toBe(4143);
    expect([inner.offset, inner.address]).toEqual([lease.offset + 4112, lease.address + 4112]);
    expect([inner.slot, inner.generation, inner.segment]).toEqual([
      lease.slot,
      lease.generation,
      lease.segment,
    ]);
    expect(lease.slice(8000).length).toBe(192);
  });

  test('shares the count of operations, and its release frees nothing', () => {
    const arena = create();
    const lease = arena.alloc(4096);
    const slice = lease.slice(0, 100);
    slice.beginOperation();
    expect([lease.inFlight, slice.inFlight]).toEqual([1, 1]);
    slice.release();
    expect(thrownBy(() => slice.bytes).code).toBe(gone);
    expect(lease.bytes.length).toBe(4096);
    lease.endOperation();
    expect(arena.stats().leasesLive).toBe(1);
  });

  test.each([
    [-1, 10],
    [0, 4097],
    [4000, 97],
    [0.5, 1],
    [0, Number.NaN],
    [4097, undefined],
  ])('of %o and %o bytes out of 4096 is refused', (offset, length) => {
    const lease = create().alloc(4096);
    expect(thrownBy(() => lease.slice(offset, length)).code).toBe(invalid);
  });

  test('cannot be shared', () => {
    expect(thrownBy(() => create().alloc(4096).slice(0, 1).share()).code).toBe(invalid);
  });
});

describe('operations in flight', () => {
  test.each([200, 4096, 50_000])(
    'a lease of %i bytes released in flight is freed by the end of the last operation',
    (bytes) => {
      const arena = create();
      const other = Arena.attach(arena.handle, { clientId: 2 });
      const lease = arena.alloc(bytes);
      lease.beginOperation();
      other.beginOperation(lease.slot, lease.generation);
      lease.release();
      expect(arena.stats()).toMatchObject({
        leasesLive: 0,
        leasesReleasedInFlight: 1,
        operationsInFlight: 2,
      });
      expect(thrownBy(() => other.beginOperation(lease.slot, lease.generation)).code).toBe(gone);
      const next = arena.alloc(bytes);
      expect(next.offset).not.toBe(lease.offset);
      lease.endOperation();
      expect(arena.stats().leasesReleasedInFlight).toBe(1);
      other.endOperation(lease.slot);
      expect(arena.stats()).toMatchObject({
        leasesLive: 1,
        leasesReleasedInFlight: 0,
        operationsInFlight: 0,
      });
      next.release();
      expect(arena.stats().inUseBytes).toBe(0);
    },
  );

  test('an end without a begin is refused', () => {
    const arena = create();
    const lease = arena.alloc(4096);
    expect(thrownBy(() => lease.endOperation()).code).toBe(invalid);
    lease.release();
    expect(thrownBy(() => arena.endOperation(lease.slot)).code).toBe(invalid);
  });

  test(`more than ${OPERATIONS_IN_FLIGHT_MAX} are refused, and the count does not spill into its neighbours`, () => {
    const arena = create();
    const lease = arena.alloc(4096);
    for (let i = 0; i < OPERATIONS_IN_FLIGHT_MAX; i++) lease.beginOperation();
    expect(thrownBy(() => lease.beginOperation()).code).toBe('ERR_RINGPOOL_LEASE_BUSY');
    lease.release();
    for (let i = 0; i < OPERATIONS_IN_FLIGHT_MAX; i++) lease.endOperation();
    expect(arena.stats()).toMatchObject({ inUseBytes: 0, operationsInFlight: 0 });
  });
});

describe('share and adopt', () => {
  test('the token is good for one adoption; the old handle is spent', () => {
    const arena = create();
    const other = Arena.attach(arena.handle, { clientId: 2 });
    const lease = arena.alloc(10_000);
    lease.bytes.fill(4);
    const token = structuredClone(lease.share());
    expect(thrownBy(() => lease.bytes).message).toContain('shared');
    lease.release();
    expect(arena.stats()).toMatchObject({ leasesLive: 0, leasesShared: 1, inUseBytes: 12_288 });
    const adopted = other.adopt(token);
    expect([adopted.offset, adopted.length, adopted.bytes[9999]]).toEqual([lease.offset, 10_000, 4]);
    expect(thrownBy(() => arena.adopt(token)).code).toBe(gone);
    const again = other.adopt(adopted.share());
    expect(thrownBy(() => arena.adopt(token)).code).toBe(gone);
    again.release();
    expect(arena.stats().inUseBytes).toBe(0);
    expect(thrownBy(() => arena.adopt(token)).code).toBe(gone);
  });

  test('a token from before does not fit a later sharing of the same lease', () => {
    const arena = create();
    const old = arena.alloc(4096).share();
    const current = arena.adopt(old).share();
    expect(thrownBy(() => arena.adopt(old)).code).toBe(gone);
    arena.adopt(current).release();
    expect(arena.stats().inUseBytes).toBe(0);
  });

  test('handles borrowed before are stale from the moment of sharing', () => {
    const arena = create();
    const lease = arena.alloc(4096);
    const borrowed = arena.leaseAt(lease.bytes)!;
    lease.share();
    expect(thrownBy(() => borrowed.bytes).code).toBe(gone);
    expect(arena.leaseAt(new Uint8Array(arena.data, lease.offset, 1))).toBeUndefined();
  });

  test('a lease with operations in flight is not given away', () => {
    const lease = create().alloc(4096);
    lease.beginOperation();
    expect(thrownBy(() => lease.share()).code).toBe('ERR_RINGPOOL_LEASE_BUSY');
    lease.endOperation();
    lease.share();
  });

  test('what is no token of this arena is refused', () => {
    const arena = create();
    const token = create().alloc(1).share();
    for (const bad of [token, undefined, {}, { ...token, arenaId: arena.handle.id, slot: 1e9 }]) {
      expect(thrownBy(() => arena.adopt(bad as typeof token)).code).toBe(invalid);
    }
  });
});

describe('leaseAt', () => {
  test.each([100, 1500, 4096, 30_000])('finds the lease of %i bytes that a view lies in', (bytes) => {
    const arena = create();
    arena.alloc(700);
    const lease = arena.alloc(bytes);
    for (const view of [
      lease.bytes,
      lease.bytes.subarray(1, bytes),
      lease.bytes.subarray(bytes - 1, bytes),
    ]) {
      const found = arena.leaseAt(view)!;
      expect([found.offset, found.length, found.slot, found.generation]).toEqual([
        lease.offset,
        bytes,
        lease.slot,
        lease.generation,
      ]);
      expect(arena.slotAt(view.byteOffset, view.byteLength)).toBe(lease.slot);
      expect(arena.generationOf(lease.slot)).toBe(lease.generation);
    }
  });

  test('gives a borrowed handle, whose release frees nothing', () => {
    const arena = create();
    const lease = arena.alloc(4096);
    const borrowed = arena.leaseAt(lease.bytes)!;
    borrowed.beginOperation();
    expect(lease.inFlight).toBe(1);
    borrowed.endOperation();
    borrowed.release();
    expect(arena.stats().leasesLive).toBe(1);
    expect(thrownBy(() => arena.leaseAt(lease.bytes)!.share()).code).toBe(invalid);
  });

  test('knows nothing of other memory, of released leases, or of views across two leases', () => {
    const arena = create();
    const first = arena.alloc(4096);
    const second = arena.alloc(4096);
    expect(second.offset).toBe(first.offset + 4096);
    expect(arena.leaseAt(new Uint8Array(8))).toBeUndefined();
    expect(arena.leaseAt(new Uint8Array(create().alloc(8).bytes))).toBeUndefined();
    expect(arena.leaseAt(new Uint8Array(arena.data, first.offset + 4000, 200))).toBeUndefined();
    expect(arena.leaseAt(new Uint8Array(arena.data, second.offset + 4096, 8))).toBeUndefined();
    const { bytes } = first;
    first.release();
    expect(arena.leaseAt(bytes)).toBeUndefined();
  });

  test('recognises the memory by its address when the view came from another thread', () => {
    const bases = new Map<ArrayBufferLike, number>();
    const addressOf = (view: Uint8Array): number => 2 ** 40 + (bases.get(view.buffer) ?? 0) + view.byteOffset;
    const arena = Arena.create({ capBytes: MIB, addressOf });
    const lease = arena.alloc(4096);
    // structuredClone gives another SharedArrayBuffer object over the same memory, as postMessage does.
    const posted = structuredClone(lease.bytes);
    expect(posted.buffer).not.toBe(arena.data);
    expect(arena.leaseAt(posted)?.slot).toBe(lease.slot);
    const foreign = new Uint8Array(new SharedArrayBuffer(64));
    bases.set(foreign.buffer, 2 ** 30);
    expect(arena.leaseAt(foreign)).toBeUndefined();
  });
});
