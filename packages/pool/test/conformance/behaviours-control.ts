// What every driver does about order: links, drains, timeouts, cancellation, and the bounds of its queues.
import { IORING_ASYNC_CANCEL, IORING_TIMEOUT, IOSQE, opcodes } from '@ringpool/core';
import { expect } from 'vitest';
import type { Stage, Step } from './stage.ts';

const nop: Step = { op: 'nop' };
const linked = (step: Step): Step => ({ ...step, flags: IOSQE.IO_LINK });
const hardLinked = (step: Step): Step => ({ ...step, flags: IOSQE.IO_HARDLINK });
const drained = (step: Step): Step => ({ ...step, flags: IOSQE.IO_DRAIN });
const failing: Step = { op: 'close', fd: 0x3fff_fff0 as never };

/** Behaviours by what they say. */
export const controlBehaviours: Readonly<Record<string, (stage: Stage) => void>> = {
  'a NOP does nothing'(stage) {
    expect(stage.run(nop, nop, nop)).toEqual([0, 0, 0]);
  },
  'a chain runs in its order'(stage) {
    const steps = [linked(nop), linked(nop), linked(nop), nop];
    expect(stage.play(...steps)).toEqual({ outcomes: [0, 0, 0, 0], order: [0, 1, 2, 3] });
  },
  'an error breaks a soft link, for all that follow'(stage) {
    expect(stage.run(linked(failing), linked(nop), nop)).toEqual(['EBADF', 'ECANCELED', 'ECANCELED']);
  },
  'an error breaks no hard link'(stage) {
    expect(stage.run(hardLinked(failing), linked(failing), nop)).toEqual(['EBADF', 'EBADF', 'ECANCELED']);
    expect(stage.run(hardLinked(failing), hardLinked(failing), nop)).toEqual(['EBADF', 'EBADF', 0]);
  },
  'a chain that breaks takes hard links behind it along'(stage) {
    expect(stage.run(linked(failing), hardLinked(nop), nop)).toEqual(['EBADF', 'ECANCELED', 'ECANCELED']);
  },
  'a chain that breaks leaves others alone'(stage) {
    expect(stage.run(linked(failing), nop, linked(nop), nop)).toEqual(['EBADF', 'ECANCELED', 0, 0]);
  },
  'a link at the end of a submission leads nowhere'(stage) {
    expect(stage.run(linked(failing))).toEqual(['EBADF']);
    expect(stage.run(nop)).toEqual([0]);
  },
  'a short read breaks a soft link, and no hard one'(stage) {
    stage.file('short', 'ten bytes!');
    const file = stage.open('short');
    const { address } = stage.memory(64);
    const read: Step = { op: 'read', fd: file as never, buffer: address, length: 64, offset: 0 };
    expect(stage.run(linked(read), nop)).toEqual([10, 'ECANCELED']);
    expect(stage.run(hardLinked(read), nop)).toEqual([10, 0]);
    expect(stage.run(linked({ ...read, length: 10 }), nop)).toEqual([10, 0]);
    stage.close(file);
  },
  'an operation that cannot begin cancels its whole chain'(stage) {
    const unknown: Step = { op: 'linkTimeout', timespec: stage.time(1) };
    expect(stage.run(linked(nop), linked(unknown), linked(unknown), nop).slice(0, 2)).toEqual([
      'ECANCELED',
      'ECANCELED',
    ]);
  },
  'what drains comes after all that came before'(stage) {
    const timeout: Step = { op: 'timeout', timespec: stage.time(20) };
    const { outcomes, order } = stage.play(timeout, nop, drained(nop), nop);
    expect(outcomes).toEqual(['ETIME', 0, 0, 0]);
    expect(order.indexOf(2)).toBeGreaterThan(order.indexOf(0));
    expect(order.indexOf(3)).toBeGreaterThan(order.indexOf(0));
  },
  'a chain that drains comes after all that came before, and stays whole'(stage) {
    const timeout: Step = { op: 'timeout', timespec: stage.time(20) };
    const steps = [timeout, { ...nop, flags: IOSQE.IO_DRAIN | IOSQE.IO_LINK }, linked(nop), nop, nop];
    const { outcomes, order } = stage.play(...steps);
    expect(outcomes).toEqual(['ETIME', 0, 0, 0, 0]);
    expect(order.filter((step) => step < 4)).toEqual([0, 1, 2, 3]);
  },
  'what follows a drain waits until that is over'(stage) {
    const timeout: Step = { op: 'timeout', timespec: stage.time(20) };
    expect(stage.play(timeout, drained(timeout), nop).order).toEqual([0, 1, 2]);
    const chain = [{ ...nop, flags: IOSQE.IO_DRAIN | IOSQE.IO_LINK }, linked(nop), nop];
    expect(stage.play(timeout, ...chain, nop).order).toEqual([0, 1, 2, 3, 4]);
  },
  'a timeout is over by ETIME'(stage) {
    expect(stage.run({ op: 'timeout', timespec: stage.time(5) })).toEqual(['ETIME']);
  },
  'a timeout of zero is over at once'(stage) {
    expect(stage.run({ op: 'timeout', timespec: stage.time(0) })).toEqual(['ETIME']);
  },
  'a timeout with an impossible time is refused'(stage) {
    const timespec = stage.time(0);
    const { data, baseAddress } = stage.arena;
    new DataView(data).setBigInt64(timespec - baseAddress, -1n, true);
    expect(stage.one({ op: 'timeout', timespec })).toBe('EINVAL');
  },
  'timeouts are over in the order of their times'(stage) {
    const steps = [30, 10, 20].map((ms): Step => ({ op: 'timeout', timespec: stage.time(ms) }));
    expect(stage.play(...steps)).toEqual({ outcomes: ['ETIME', 'ETIME', 'ETIME'], order: [1, 2, 0] });
  },
  'a timeout is over early after so many completions'(stage) {
    expect(stage.run({ op: 'timeout', timespec: stage.time(60_000), count: 2 }, nop, nop)).toEqual([0, 0, 0]);
  },
  'a timeout breaks a link unless it was to be a success'(stage) {
    const timeout: Step = { op: 'timeout', timespec: stage.time(1) };
    expect(stage.run(linked(timeout), nop)).toEqual(['ETIME', 'ECANCELED']);
    const well: Step = { ...timeout, timeoutFlags: IORING_TIMEOUT.ETIME_SUCCESS };
    expect(stage.run(linked(well), nop)).toEqual(['ETIME', 0]);
  },
  'a timeout is removed'(stage) {
    const [number] = stage.push([{ op: 'timeout', timespec: stage.time(60_000) }]) as [number];
    const target = stage.ring.userDataOf(number);
    stage.ring.submit();
    const remove: Step = { op: 'timeoutRemove', target };
    const seen: [number, number][] = [];
    const [remover] = stage.push([remove]) as [number];
    while (seen.length < 2) {
      stage.ring.submitAndWait(1, 1000);
      stage.ring.reap((operation, res) => seen.push([operation, res]));
    }
    expect(new Map(seen)).toEqual(
      new Map([
        [number, -125],
        [remover, 0],
      ]),
    );
    expect(stage.one(remove)).toBe('ENOENT');
  },
  'a linked timeout leaves what is quicker alone'(stage) {
    const limit: Step = { op: 'linkTimeout', timespec: stage.time(60_000) };
    expect(stage.run(linked(nop), limit)).toEqual([0, 'ECANCELED']);
    expect(stage.run(linked(nop), linked(limit), nop)).toEqual([0, 'ECANCELED', 0]);
  },
  'a linked timeout cancels what takes longer, and what follows'(stage) {
    const slow: Step = { op: 'timeout', timespec: stage.time(60_000) };
    const limit: Step = { op: 'linkTimeout', timespec: stage.time(5) };
    expect(stage.run(linked(slow), limit)).toEqual(['ECANCELED', 'ETIME']);
    expect(stage.run(linked(slow), linked(limit), nop)).toEqual(['ECANCELED', 'ETIME', 'ECANCELED']);
  },
  'a linked timeout without an operation is refused'(stage) {
    expect(stage.one({ op: 'linkTimeout', timespec: stage.time(5) })).toBe('EINVAL');
  },
  'what waits is cancelled by its user_data, once'(stage) {
    const [number] = stage.push([{ op: 'timeout', timespec: stage.time(60_000) }]) as [number];
    const target = stage.ring.userDataOf(number);
    stage.ring.submit();
    expect(cancel(stage, [number], { op: 'asyncCancel', target })).toEqual({ cancel: 0, others: [-125] });
    expect(stage.one({ op: 'asyncCancel', target })).toBe('ENOENT');
  },
  'all that waits is cancelled together'(stage) {
    const waits = [1, 2, 3].map((): Step => ({ op: 'timeout', timespec: stage.time(60_000) }));
    const numbers = stage.push(waits);
    stage.ring.submit();
    const all: Step = { op: 'asyncCancel', cancelFlags: IORING_ASYNC_CANCEL.ANY };
    expect(cancel(stage, numbers, all)).toEqual({ cancel: 3, others: [-125, -125, -125] });
  },
  'what waits is cancelled by its opcode'(stage) {
    const numbers = stage.push([{ op: 'timeout', timespec: stage.time(60_000) }]);
    stage.ring.submit();
    const cancelFlags = IORING_ASYNC_CANCEL.ALL;
    const by = (opcode: number): Step => ({ op: 'asyncCancel', opcode, cancelFlags });
    expect(stage.one(by(opcodes.read.value))).toBe(0);
    expect(cancel(stage, numbers, by(opcodes.timeout.value))).toEqual({ cancel: 1, others: [-125] });
  },
  'the submission queue has a bound, and so have operations in flight'(stage) {
    const { ring } = stage;
    stage.push(new Array<Step>(ring.entries).fill(nop));
    expect(ring.push()).toBe(-1);
    ring.submit();
    stage.push(new Array<Step>(ring.cqEntries - ring.entries).fill(nop));
    ring.submit();
    expect([ring.push(), ring.inFlight, ring.queued]).toEqual([-1, ring.cqEntries, 0]);
    let reaped = 0;
    while (reaped < ring.cqEntries) {
      ring.submitAndWait(1, 1000);
      reaped += ring.reap((_operation, res) => expect(res).toBe(0));
    }
    expect([ring.inFlight, ring.ready]).toEqual([0, 0]);
    expect(stage.one(nop)).toBe(0);
  },
  'a wait is over when its time is'(stage) {
    expect(stage.ring.submitAndWait(1, 5)).toBe(0);
  },
  'a reap takes no more than it is told to'(stage) {
    stage.push([nop, nop, nop]);
    expect(stage.ring.submitAndWait(3, 1000)).toBe(3);
    expect([stage.ring.reap(() => undefined, 2), stage.ring.reap(() => undefined)]).toEqual([2, 1]);
  },
  'a ring closes with operations that would wait for ever'(stage) {
    stage.push([{ op: 'timeout', timespec: stage.time(3_600_000) }]);
    stage.ring.submit();
    stage.ring.close({ timeoutMs: 5000 });
  },
};

/** Submits a cancel: its result, and those of the operations that were under way. */
function cancel(stage: Stage, numbers: readonly number[], step: Step): { cancel: number; others: number[] } {
  const [canceller] = stage.push([step]) as [number];
  const results = new Map<number, number>();
  while (results.size < numbers.length + 1) {
    if (stage.ring.submitAndWait(1, 5000) === 0) throw new Error(`hangs: ${[...results]}`);
    stage.ring.reap((operation, res) => results.set(operation, res));
  }
  return {
    cancel: results.get(canceller) as number,
    others: numbers.map((number) => results.get(number) as number),
  };
}
