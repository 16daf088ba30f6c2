import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/arena/arena.ts';
import { CAP_BYTES_MAX, SEGMENT_BYTES_MAX } from '../../src/arena/layout.ts';
import type { Lease } from '../../src/arena/lease.ts';
import { thrownBy } from './support.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('creation', () => {
  test('an arena that nobody has used holds one page and no segment', () => {
    const arena = Arena.create({ capBytes: 64 * MIB });
    expect(arena.data.byteLength).toBe(4096);
    expect(arena.segmentCount).toBe(0);
    expect(arena.stats()).toMatchObject({
      capBytes: 64 * MIB,
      committedBytes: 0,
      inUseBytes: 0,
      growableBytes: 64 * MIB,
    });
  });

  test.each([
    { capBytes: 0 },
    { capBytes: 4095 },
    { capBytes: 1.5 * MIB + 0.5 },
    { capBytes: Number.NaN },
    { capBytes: CAP_BYTES_MAX + 4096 },
    { capBytes: MIB, clientId: 0 },
    { capBytes: MIB, clientId: 1024 },
    { capBytes: MIB, segmentBytes: 0 },
    { capBytes: MIB, segmentBytes: SEGMENT_BYTES_MAX + 1 },
    { capBytes: 64 * MIB, segmentBytes: 4096 },
    { capBytes: MIB, debug: 'yes' as 'leases' },
    { capBytes: MIB, segmentsBytes: MIB },
    { capBytes: MIB, adressOf: () => 0 },
    undefined as unknown as { capBytes: number },
  ])('refuses %o', (options) => {
    expect(thrownBy(() => Arena.create(options)).code).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  });

  test('a cap that the runtime refuses is a coded error with a remedy', ({ skip }) => {
    if (Number(process.versions.node.split('.')[0]) > 20) skip('this Node allows shared memory over 4 GiB');
    const error = thrownBy(() => Arena.create({ capBytes: 2 ** 32 + 4096 }));
    expect(error.code).toBe('ERR_RINGPOOL_ARENA_CAP');
    expect(error.hint).toMatch(/4 GiB/);
  });

  test('the largest cap of Node 20, 4 GiB, works and costs nothing', () => {
    const before = process.memoryUsage().rss;
    const arena = Arena.create({ capBytes: 2 ** 32 });
    const lease = arena.alloc(100);
    expect(lease.bytes.length).toBe(100);
    expect(process.memoryUsage().rss - before).toBeLessThan(16 * MIB);
  });

  test('memory off a page is rounded up to one', () => {
    const arena = Arena.create({ capBytes: MIB, addressOf: () => 0x7f00_0000_0010 });
    const lease = arena.alloc(4096);
    expect(arena.baseAddress).toBe(0x7f00_0000_0010);
    expect(arena.segment(0).offset).toBe(4080);
    expect(lease.address % 4096).toBe(0);
    expect(lease.address).toBe(arena.baseAddress + lease.offset);
    expect(arena.capBytes).toBe(MIB);
    const rest = arena.alloc(MIB - 4096);
    rest.bytes.fill(1);
    expect(arena.leaseAt(rest.bytes)?.offset).toBe(rest.offset);
  });

  test('attach refuses what is no handle', () => {
    const handle = { ...Arena.create({ capBytes: MIB }).handle, control: new SharedArrayBuffer(4) };
    expect(thrownBy(() => Arena.attach(handle, { clientId: 2 })).code).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  });
});

describe('growth', () => {
  test('the arena grows by segments, and no lease crosses their borders', () => {
    const arena = Arena.create({ capBytes: 256 * KIB, segmentBytes: 64 * KIB });
    const leases: Lease[] = [];
    for (let i = 0; i < 8; i++) leases.push(arena.alloc(24 * KIB));
    expect(arena.segmentCount).toBe(4);
    for (const lease of leases) {
      const { index, offset, bytes } = arena.segment(lease.segment);
      expect(index).toBe(arena.segmentAt(lease.offset));
      expect(lease.offset).toBeGreaterThanOrEqual(offset);
      expect(lease.offset + lease.length).toBeLessThanOrEqual(offset + bytes);
    }
    expect(thrownBy(() => arena.alloc(24 * KIB)).code).toBe('ERR_RINGPOOL_ARENA_FULL');
  });

  test('a large lease gets a segment of its own', () => {
    const arena = Arena.create({ capBytes: 16 * MIB, segmentBytes: MIB });
    arena.alloc(4096);
    const large = arena.alloc(5 * MIB + 1);
    expect(large.segment).toBe(1);
    expect(arena.segment(1)).toEqual({ index: 1, offset: large.offset, bytes: 5 * MIB + 4096 });
    const after = arena.alloc(MIB);
    expect(after.segment).toBe(2);
    expect(arena.segmentAt(after.offset)).toBe(2);
  });

  test('the last segment takes what is left under the cap', () => {
    const arena = Arena.create({ capBytes: 160 * KIB, segmentBytes: 64 * KIB });
    for (let i = 0; i < 40; i++) arena.alloc(4096);
    expect(arena.segment(2).bytes).toBe(32 * KIB);
    expect(thrownBy(() => arena.alloc(1)).code).toBe('ERR_RINGPOOL_ARENA_FULL');
  });

  test('onSegment hears of each segment once, before memory of it is handed out', () => {
    const arena = Arena.create({ capBytes: MIB, segmentBytes: 64 * KIB });
    const other = Arena.attach(arena.handle, { clientId: 2 });
    const seen: number[] = [];
    const seenByOther: number[] = [];
    arena.onSegment = ({ index }) => seen.push(index);
    other.onSegment = ({ index }) => seenByOther.push(index);
    arena.alloc(4096);
    expect(seen).toEqual([0]);
    const token = arena.alloc(128 * KIB).share();
    expect(seen).toEqual([0, 1]);
    expect(seenByOther).toEqual([]);
    other.adopt(token);
    expect(seenByOther).toEqual([0, 1]);
    expect(other.pollSegments()).toBe(2);
    expect(seenByOther).toEqual([0, 1]);
  });

  test('every view has an explicit length: growing changes none', () => {
    const arena = Arena.create({ capBytes: MIB, segmentBytes: 64 * KIB });
    const lease = arena.alloc(64 * KIB);
    const views = [
      lease.bytes,
      lease.slice(10).bytes,
      arena.segmentView(0),
      arena.leaseAt(lease.bytes)!.bytes,
    ];
    const lengths = views.map((view) => view.byteLength);
    expect(lengths).toEqual([64 * KIB, 64 * KIB - 10, 64 * KIB, 64 * KIB]);
    // The negative control: a length-tracking view, which the arena must never make.
    const tracking = new Uint8Array(arena.data);
    arena.alloc(512 * KIB);
    expect(views.map((view) => view.byteLength)).toEqual(lengths);
    expect(tracking.byteLength).toBe(arena.data.byteLength);
    expect(arena.segmentView(0)).toBe(views[2]);
  });

  test('a segment that is not there is refused', () => {
    const arena = Arena.create({ capBytes: MIB });
    expect(thrownBy(() => arena.segment(0)).code).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
    expect(thrownBy(() => arena.segmentView(-1)).code).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  });
});

describe('allocation', () => {
  test('alloc zero-fills, allocUnsafe gives the memory as it was', () => {
    const arena = Arena.create({ capBytes: MIB });
    for (const bytes of [100, 4096, 20_000]) {
      const first = arena.allocUnsafe(bytes);
      first.bytes.fill(9);
      const { offset } = first;
      first.release();
      const second = arena.allocUnsafe(bytes);
      expect([second.offset, second.bytes[bytes - 1]]).toEqual([offset, 9]);
      second.release();
      const third = arena.alloc(bytes);
      expect(third.offset).toBe(offset);
      expect(third.bytes.every((byte) => byte === 0)).toBe(true);
    }
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 30 + 1, 2 ** 32 + 1, '8' as unknown as number])(
    'refuses %o bytes',
    (bytes) => {
      const arena = Arena.create({ capBytes: MIB });
      expect(thrownBy(() => arena.alloc(bytes)).code).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
    },
  );

  test.each([0, 3, -4096, 4 * MIB, Number.NaN])('refuses align %o', (align) => {
    const arena = Arena.create({ capBytes: MIB });
    expect(thrownBy(() => arena.alloc(1, { align })).code).toBe('ERR_RINGPOOL_INVALID_ARGUMENT');
  });

  test('align holds for the address, from 1 byte to 2 MiB, at any base', () => {
    for (const base of [2 ** 44, 2 ** 44 + 4096 * 7, 2 ** 44 + 16]) {
      const arena = Arena.create({ capBytes: 64 * MIB, addressOf: () => base });
      for (let align = 1; align <= 2 * MIB; align *= 2) {
        for (const bytes of [1, 300, 4096, 5000]) {
          const lease = arena.allocUnsafe(bytes, { align });
          expect(lease.address % align).toBe(0);
          expect(lease.length).toBe(bytes);
        }
      }
    }
  });

  test('leases of a block or more, and of more than half of one, start on a page', () => {
    const arena = Arena.create({ capBytes: MIB });
    for (const bytes of [2049, 4096, 4097, 70_000]) expect(arena.alloc(bytes).address % 4096).toBe(0);
  });

  test('small leases share a block, by powers of two', () => {
    const arena = Arena.create({ capBytes: MIB });
    const leases = [1, 256, 257, 512, 1000, 2048].map((bytes) => arena.alloc(bytes));
    expect(arena.stats().inUseBytes).toBe(256 + 256 + 512 + 512 + 1024 + 2048);
    expect(arena.stats().requestedBytes).toBe(1 + 256 + 257 + 512 + 1000 + 2048);
    expect(leases[1]!.offset - leases[0]!.offset).toBe(256);
    for (const lease of leases) lease.release();
    expect(arena.stats()).toMatchObject({
      inUseBytes: 0,
      slackBytes: 0,
      leasesLive: 0,
      largestFreeBytes: MIB,
    });
  });

  test('empty slabs give way to large leases, and full arenas to small ones in their last slots', () => {
    const arena = Arena.create({ capBytes: 64 * KIB });
    const small = Array.from({ length: 256 }, () => arena.alloc(256));
    expect(thrownBy(() => arena.alloc(1)).code).toBe('ERR_RINGPOOL_ARENA_FULL');
    small[77]!.release();
    small[77] = Arena.attach(arena.handle, { clientId: 2 }).alloc(256);
    for (const lease of small) lease.release();
    const all = arena.alloc(64 * KIB);
    expect(arena.stats().inUseBytes).toBe(64 * KIB);
    all.release();
    expect(Array.from({ length: 32 }, () => arena.alloc(2048)).length).toBe(32);
  });

  test('a full arena says what was wanted, what is in use, the cap, the largest free range, and what to do', () => {
    const arena = Arena.create({ capBytes: MIB, segmentBytes: 256 * KIB });
    const leases = Array.from({ length: 256 }, () => arena.alloc(4096));
    for (let i = 0; i < 256; i += 2) leases[i]!.release();
    const pieces = thrownBy(() => arena.alloc(8192));
    expect(pieces.code).toBe('ERR_RINGPOOL_ARENA_FULL');
    expect(pieces.message).toContain('8192 bytes');
    expect(pieces.message).toContain('524288 of 1048576 bytes are in use');
    expect(pieces.message).toContain('largest free range is 4096 bytes');
    expect(pieces.hint).toMatch(/in pieces/);
    for (let i = 0; i < 256; i += 2) leases[i] = arena.alloc(4096);
    expect(thrownBy(() => arena.alloc(1)).hint).toMatch(/larger cap/);
    expect(arena.stats().failures).toBe(2);
    expect(arena.stats().highWaterBytes).toBe(MIB);
  });

  test('all threads see the same figures', () => {
    const arena = Arena.create({ capBytes: MIB });
    const other = Arena.attach(arena.handle, { clientId: 2 });
    arena.alloc(4096).beginOperation();
    other.alloc(300);
    other.alloc(10_000).share();
    expect(other.stats()).toEqual(arena.stats());
    expect(other.stats()).toMatchObject({
      leasesLive: 2,
      leasesShared: 1,
      operationsInFlight: 1,
      inUseBytes: 4096 + 512 + 12_288,
    });
  });
});
