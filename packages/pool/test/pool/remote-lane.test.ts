// A client's lane to a worker that dies, without a worker: what was pushed and not published rings for nobody.
import { encode } from '@ringpool/core';
import { expect, test } from 'vitest';
import { RemoteLane } from '../../src/pool/remote-lane.ts';
import { SingleRequest } from '../../src/pool/request.ts';
import { PoolWords } from '../../src/pool/words.ts';

test('a lane that dies parked with something queued gives it back, and can still be published', () => {
  const words = new PoolWords();
  const lane = new RemoteLane(0, 8, words);
  const request = new SingleRequest((sqes, slot) => encode.nop(sqes, slot, {}), 0);
  request.encode(lane);
  words.parking(0).park();
  expect([...lane.die(undefined)]).toEqual([request]);
  expect(lane.death?.code).toBe('ERR_RINGPOOL_WORKER_DIED');
  expect(lane.inFlight).toBe(0);
  expect(() => lane.publish()).not.toThrow();
});
