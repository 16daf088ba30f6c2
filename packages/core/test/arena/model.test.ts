// Random histories of several clients against a model that is a list of ranges: no two leases share a byte, every
// byte is as its owner left it, and when all is released every figure returns to zero.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena } from '../../src/arena/arena.ts';
import type { Lease, LeaseToken } from '../../src/arena/lease.ts';
import { isFilled, thrownBy } from './support.ts';

const SEGMENT_BYTES = 64 * 1024;
const CAP_BYTES = 256 * 1024;
const CLIENTS = 3;

interface Held {
  client: number;
  lease: Lease;
  tag: number;
  operations: number;
}

type Step =
  | { kind: 'alloc'; client: number; bytes: number; align: number; zeroed: boolean }
  | { kind: 'release' | 'share' | 'begin' | 'end'; pick: number }
  | { kind: 'adopt'; pick: number; client: number }
  | { kind: 'die'; client: number };

const client = fc.integer({ min: 0, max: CLIENTS - 1 });
const pick = fc.nat();
const bytes = fc.oneof(
  fc.integer({ min: 1, max: 2100 }),
  fc.integer({ min: 1, max: 9000 }),
  fc.integer({ min: 1, max: CAP_BYTES }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant('alloc' as const),
      client,
      bytes,
      align: fc.integer({ min: 0, max: 14 }).map((n) => 2 ** n),
      zeroed: fc.boolean(),
    }),
  },
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constantFrom('release' as const, 'share' as const, 'begin' as const, 'end' as const),
      pick,
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('adopt' as const), pick, client }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('die' as const),
      client: fc.integer({ min: 1, max: CLIENTS - 1 }),
    }),
  },
);

class Model {
  readonly arenas: Arena[];
  held: Held[] = [];
  /** Released with operations in flight: the memory is still theirs. */
  dying: Held[] = [];
  tokens: { token: LeaseToken; held: Held }[] = [];
  private nextTag = 1;

  constructor(debug: 'leases' | 'off') {
    const first = Arena.create({ capBytes: CAP_BYTES, segmentBytes: SEGMENT_BYTES, debug });
    this.arenas = [first];
    for (let i = 1; i < CLIENTS; i++) this.arenas.push(Arena.attach(first.handle, { clientId: i + 1 }));
  }

  run(step: Step): void {
    switch (step.kind) {
      case 'alloc':
        this.alloc(step.client, step.bytes, step.align, step.zeroed);
        break;
      case 'adopt': {
        if (this.tokens.length === 0) return;
        const [given] = this.tokens.splice(step.pick % this.tokens.length, 1);
        const lease = this.arenas[step.client]!.adopt(given!.token);
        expect(thrownBy(() => this.arenas[0]!.adopt(given!.token)).code).toBe('ERR_RINGPOOL_LEASE_RELEASED');
        this.held.push({ ...given!.held, client: step.client, lease });
        break;
      }
      case 'die':
        this.die(step.client);
        break;
      default:
        this.change(step.kind, step.pick);
    }
  }

  private alloc(clientIndex: number, length: number, align: number, zeroed: boolean): void {
    const arena = this.arenas[clientIndex]!;
    let lease: Lease;
    try {
      lease = zeroed ? arena.alloc(length, { align }) : arena.allocUnsafe(length, { align });
    } catch (error) {
      expect((error as { code: string }).code).toBe('ERR_RINGPOOL_ARENA_FULL');
      return;
    }
    expect(lease.length).toBe(length);
    expect(lease.address % align).toBe(0);
    expect(lease.address % Math.min(4096, length > 2048 ? 4096 : 256)).toBe(0);
    const segment = arena.segment(lease.segment);
    expect(lease.offset >= segment.offset && lease.offset + length <= segment.offset + segment.bytes).toBe(
      true,
    );
    if (zeroed) expect(isFilled(lease.bytes, 0)).toBe(true);
    for (const { lease: other } of [...this.held, ...this.dying, ...this.tokens.map(({ held }) => held)]) {
      expect(lease.offset + length <= other.offset || other.offset + other.length <= lease.offset).toBe(true);
    }
    const tag = this.nextTag++ & 0x7f;
    lease.bytes.fill(tag);
    this.held.push({ client: clientIndex, lease, tag, operations: 0 });
  }

  private change(kind: 'release' | 'share' | 'begin' | 'end', at: number): void {
    const pool = kind === 'end' && this.dying.length > 0 && at % 2 === 0 ? this.dying : this.held;
    if (pool.length === 0) return;
    const index = at % pool.length;
    const held = pool[index]!;
    this.verify(held);
    if (kind === 'begin') {
      held.lease.beginOperation();
      held.operations++;
    } else if (kind === 'end') {
      if (held.operations === 0) return;
      held.operations--;
      if (held.operations === 0 && pool === this.dying) pool.splice(index, 1);
      this.arenas[at % CLIENTS]!.endOperation(held.lease.slot);
    } else if (kind === 'release') {
      pool.splice(index, 1);
      held.lease.release();
      if (held.operations > 0) this.dying.push(held);
    } else if (held.operations > 0) {
      expect(thrownBy(() => held.lease.share()).code).toBe('ERR_RINGPOOL_LEASE_BUSY');
    } else {
      pool.splice(index, 1);
      this.tokens.push({ token: held.lease.share(), held });
    }
  }

  private die(clientIndex: number): void {
    const mine = this.held.filter((held) => held.client === clientIndex);
    const tokens = this.tokens.filter(({ held }) => held.client === clientIndex);
    const busy = mine.filter((held) => held.operations > 0);
    const report = this.arenas[0]!.reclaimClient(clientIndex + 1);
    expect(report.leases).toBe(mine.length - busy.length + tokens.length);
    expect(report.deferred).toBe(busy.length);
    expect(report.operationsInFlight).toBe(busy.reduce((sum, { operations }) => sum + operations, 0));
    this.held = this.held.filter((held) => held.client !== clientIndex);
    this.tokens = this.tokens.filter(({ held }) => held.client !== clientIndex);
    this.dying.push(...busy);
    this.arenas[clientIndex] = Arena.attach(this.arenas[0]!.handle, { clientId: clientIndex + 1 });
  }

  verify({ lease, tag }: Held): void {
    const view = new Uint8Array(this.arenas[0]!.data, lease.offset, lease.length);
    expect(isFilled(view, tag)).toBe(true);
  }

  check(): void {
    const stats = this.arenas[0]!.stats();
    const all = [...this.held, ...this.dying, ...this.tokens.map(({ held }) => held)];
    expect(stats).toMatchObject({
      leasesLive: this.held.length,
      leasesShared: this.tokens.length,
      leasesReleasedInFlight: this.dying.length,
      operationsInFlight: all.reduce((sum, { operations }) => sum + operations, 0),
      requestedBytes: all.reduce((sum, { lease }) => sum + lease.length, 0),
    });
    expect(stats.inUseBytes).toBeGreaterThanOrEqual(stats.requestedBytes);
    expect(stats.highWaterBytes).toBeGreaterThanOrEqual(stats.inUseBytes);
  }

  end(): void {
    for (const held of [...this.held, ...this.dying, ...this.tokens.map((token) => token.held)])
      this.verify(held);
    for (const { token } of this.tokens) this.arenas[0]!.adopt(token).release();
    for (const { lease } of this.held) lease.release();
    for (const { lease, operations } of [...this.held, ...this.dying]) {
      for (let i = 0; i < operations; i++) this.arenas[1]!.endOperation(lease.slot);
    }
    for (const arena of this.arenas) {
      arena.flushQuarantine();
      arena.checkQuarantine();
    }
    // Quarantines of clients that died are taken back like all they held.
    for (let i = 1; i < CLIENTS; i++) this.arenas[0]!.reclaimClient(i + 1);
    const arena = this.arenas[0]!;
    expect(arena.stats()).toMatchObject({
      inUseBytes: 0,
      requestedBytes: 0,
      reservedBytes: 0,
      slackBytes: 0,
      operationsInFlight: 0,
    });
    const sizes = Array.from({ length: arena.segmentCount }, (_, i) => arena.segment(i).bytes);
    for (const size of sizes.sort((a, b) => b - a)) arena.allocUnsafe(size);
    expect(arena.stats().inUseBytes).toBe(arena.stats().committedBytes);
  }
}

describe('random histories agree with the model', () => {
  const seed = Number(process.env['RINGPOOL_TEST_SEED'] ?? Date.now() & 0x7fffffff);
  test.each(['off', 'leases'] as const)(`debug: %s, seed ${seed}`, (debug) => {
    console.log(`arena model: seed ${seed} (RINGPOOL_TEST_SEED repeats it)`);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const model = new Model(debug);
        for (const one of steps) {
          model.run(one);
          model.check();
        }
        model.end();
      }),
      { seed, numRuns: 200 },
    );
  });
});
