// The queue, against an array that does the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../src/pool/fifo.ts';

test('is first in, first out, whatever is taken out of turn', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('push' as const) },
    { weight: 1, arbitrary: fc.constant('unshift' as const) },
    { weight: 4, arbitrary: fc.constant('shift' as const) },
    fc.nat({ max: 40 }).map((at) => ({ remove: at })),
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const queue = new Fifo<object>();
      const model: object[] = [];
      for (const what of steps) {
        if (what === 'push') {
          const item = {};
          queue.push(item);
          model.push(item);
        } else if (what === 'unshift') {
          const item = {};
          queue.unshift(item);
          model.unshift(item);
        } else if (what === 'shift') {
          if (model.length > 0) expect(queue.shift()).toBe(model.shift());
        } else if (what === 'clear') expect(queue.clear()).toEqual(model.splice(0));
        else {
          const item = model[what.remove] ?? {};
          expect(queue.remove(item)).toBe(model.includes(item));
          if (model.includes(item)) model.splice(model.indexOf(item), 1);
        }
        expect(queue.length).toBe(model.length);
        expect(queue.first).toBe(model[0]);
      }
    }),
  );
});

test('keeps its order as it grows while its items lie around the end', () => {
  const queue = new Fifo<number>();
  let next = 0;
  let due = 0;
  for (let round = 0; round < 20; round++) {
    for (let count = 0; count < 500; count++) queue.push(next++);
    for (let count = 0; count < 300; count++) expect(queue.shift()).toBe(due++);
  }
  while (queue.length > 0) expect(queue.shift()).toBe(due++);
  expect(due).toBe(next);
});
