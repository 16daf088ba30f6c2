// Random histories of a ring on a real file against a model: pushing, submitting, waiting and reaping in any order, reads
// and writes of both kinds. The file, the memory and the ring's own figures agree with the model after every step.

import { closeSync, openSync, readFileSync } from 'node:fs';
import { bufferIndex, encode, fd } from '@ringpool/core';
import type { Ring } from '@ringpool/native';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fileWith, temporaryDirectory } from './support/files.ts';
import { Memory, pattern } from './support/memory.ts';
import { HANG_BOUND_MS, MATRIX, openAs } from './support/rings.ts';

const BLOCK = 512;
const BLOCKS = 24;
const ENTRIES = 4;
const CQ_ENTRIES = 16;
const RUNS = 12;
const seed = Number(process.env['RINGPOOL_TEST_SEED'] ?? Date.now() & 0x7fffffff);
const directory = temporaryDirectory();

const KINDS = ['read', 'write', 'readFixed', 'writeFixed', 'nop'] as const;
type Kind = (typeof KINDS)[number];

type Step =
  | {
      readonly step: 'push';
      readonly kind: Kind;
      readonly block: number;
      readonly length: number;
      readonly fill: number;
    }
  | { readonly step: 'submit' }
  | { readonly step: 'wait'; readonly count: number }
  | { readonly step: 'reap'; readonly max: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        step: fc.constant('push' as const),
        kind: fc.constantFrom(...KINDS),
        block: fc.nat(BLOCKS - 1),
        length: fc.integer({ min: 1, max: BLOCK }),
        fill: fc.nat(255),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ step: 'submit' as const }) },
    { weight: 2, arbitrary: fc.record({ step: fc.constant('wait' as const), count: fc.nat(CQ_ENTRIES) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        step: fc.constant('reap' as const),
        max: fc.integer({ min: 0, max: CQ_ENTRIES + 2 }),
      }),
    },
  ),
  { minLength: 1, maxLength: 120 },
);

interface Pending {
  readonly kind: Kind;
  readonly block: number;
  readonly length: number;
}

/** The ring and what it must look like. */
class Model {
  readonly #ring: Ring;
  readonly #memory = new Memory(BLOCKS * BLOCK);
  readonly #number: number;
  readonly #path: string;
  readonly #file: Buffer;
  /** By operation number: what is pushed or in flight. A block belongs to one operation at a time. */
  readonly #pending = new Map<number, Pending>();
  #queued = 0;

  constructor(ring: Ring) {
    this.#ring = ring;
    this.#file = pattern(BLOCKS * BLOCK, 5);
    this.#path = fileWith(directory, this.#file);
    this.#number = openSync(this.#path, 'r+');
    ring.attachMemory(this.#memory.bytes);
    ring.registerBuffers([this.#memory.bytes]);
  }

  run(step: Step): void {
    if (step.step === 'push') this.#push(step);
    else if (step.step === 'submit') this.#submit(() => this.#ring.submit());
    else if (step.step === 'wait') this.#wait(step.count);
    else this.#reap(step.max);
    this.check();
  }

  check(): void {
    const { queued, inFlight, ready } = this.#ring;
    expect([queued, inFlight]).toEqual([this.#queued, this.#pending.size - this.#queued]);
    expect(ready).toBeGreaterThanOrEqual(0);
    expect(ready).toBeLessThanOrEqual(inFlight);
  }

  finish(): void {
    const deadline = performance.now() + HANG_BOUND_MS;
    while (this.#pending.size > 0) {
      this.#wait(1);
      this.#reap(CQ_ENTRIES);
      expect(performance.now()).toBeLessThan(deadline);
    }
    this.check();
    expect(readFileSync(this.#path)).toEqual(this.#file);
    expect(this.#ring.counters).toEqual({ overflow: 0, lost: 0, foreign: 0 });
    closeSync(this.#number);
  }

  #push({ kind, block, length, fill }: Extract<Step, { step: 'push' }>): void {
    if (
      kind !== 'nop' &&
      [...this.#pending.values()].some((other) => other.kind !== 'nop' && other.block === block)
    ) {
      return;
    }
    const ring = this.#ring;
    const full = this.#queued === ENTRIES || this.#pending.size === CQ_ENTRIES;
    const sqe = ring.push();
    expect(sqe === -1).toBe(full);
    if (sqe < 0) return;
    const at = block * BLOCK;
    const words = { fd: fd(this.#number), buffer: this.#memory.at(at), length, offset: at };
    if (kind !== 'nop') this.#memory.bytes.fill(fill, at, at + BLOCK);
    if (kind === 'nop') encode.nop(ring.sqes, sqe, { result: length });
    else if (kind === 'read') encode.read(ring.sqes, sqe, words);
    else if (kind === 'write') encode.write(ring.sqes, sqe, words);
    else encode[kind](ring.sqes, sqe, { ...words, bufferIndex: bufferIndex(0) });
    const operation = ring.operationOf(sqe);
    expect(this.#pending.has(operation)).toBe(false);
    expect(operation).toBeLessThan(CQ_ENTRIES);
    this.#pending.set(operation, { kind, block, length });
    this.#queued++;
  }

  #submit(enter: () => number): number {
    const answer = enter();
    this.#queued = 0;
    return answer;
  }

  #wait(count: number): void {
    const owed = this.#pending.size;
    const wanted = Math.min(count, owed);
    const ready = this.#submit(() => this.#ring.submitAndWait(wanted, HANG_BOUND_MS));
    expect(ready).toBeGreaterThanOrEqual(wanted);
    expect(ready).toBeLessThanOrEqual(owed);
  }

  #reap(max: number): void {
    const ready = this.#ring.ready;
    const before = this.#pending.size;
    const taken = this.#ring.reap((operation, res, flags) => this.#complete(operation, res, flags), max);
    expect(taken).toBeLessThanOrEqual(max);
    expect(taken).toBeGreaterThanOrEqual(Math.min(ready, max));
    expect(this.#pending.size).toBe(before - taken);
  }

  #complete(operation: number, res: number, flags: number): void {
    const done = this.#pending.get(operation);
    if (done === undefined) throw new Error(`nobody waits for operation ${operation}`);
    this.#pending.delete(operation);
    expect([res, flags & 2]).toEqual([done.length, 0]);
    if (done.kind === 'nop') return;
    const at = done.block * BLOCK;
    const bytes = this.#memory.copy(at, done.length);
    if (done.kind.startsWith('write')) bytes.copy(this.#file, at);
    else expect(bytes.equals(this.#file.subarray(at, at + done.length))).toBe(true);
  }
}

describe.each(MATRIX)(`random histories, seed ${seed}: $memory memory, rung $rung`, (at) => {
  test('agree with the model', () => {
    console.log(`ring model: seed ${seed} (RINGPOOL_TEST_SEED repeats it)`);
    fc.assert(
      fc.property(steps, (history) => {
        using ring = openAs(at, { entries: ENTRIES, cqEntries: CQ_ENTRIES });
        const model = new Model(ring);
        for (const step of history) model.run(step);
        model.finish();
      }),
      { seed, numRuns: RUNS },
    );
  });
});
