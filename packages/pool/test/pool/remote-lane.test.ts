// A client's lane to a worker that comes up, ends and is replaced, without a worker: words say what there is.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { encode, LaneAttachment, LaneWorker, type RingpoolError } from '@ringpool/core';
import { expect, test } from 'vitest';
import type { Host } from '../../src/drivers/host.ts';
import { channels } from '../../src/pool/diagnostics.ts';
import type { Lane } from '../../src/pool/lane.ts';
import { LaneMemory } from '../../src/pool/lane-memory.ts';
import { RemoteLane } from '../../src/pool/remote-lane.ts';
import { Request, SingleRequest } from '../../src/pool/request.ts';
import { PoolWords, WORKER_STATE } from '../../src/pool/words.ts';
import { hostOver } from '../features.ts';

interface Scene {
  readonly host: Host;
  readonly words: PoolWords;
  readonly memory: LaneMemory;
  readonly lane: RemoteLane;
  /** A worker of this generation comes up. */
  readonly comeUp: (generation: number) => void;
}

function scene(): Scene {
  const words = PoolWords.create();
  const host = hostOver(words);
  const memory = LaneMemory.create(1, 8);
  memory.make(0);
  const lane = new RemoteLane(0, memory.lane(0, 0), words, {
    descriptorOwner: host.ledger.newOwner(),
    host,
    client: 0,
    meter: memory.meters.lane(0, 0),
    slowOperationMs: 0,
  });
  const comeUp = (generation: number): void => {
    words.setWorkerGeneration(0, generation);
    words.setWorkerBell(0, host.createBell().token);
    words.setWorkerState(0, WORKER_STATE.UP);
  };
  return { host, words, memory, lane, comeUp };
}

const nop = (): SingleRequest => new SingleRequest((sqes, slot) => encode.nop(sqes, slot, {}), 0);

test('a lane has room while there is a worker, and files once the worker holds it', () => {
  const { memory, lane, comeUp } = scene();
  lane.look();
  expect([lane.up, lane.roomFor(nop())]).toEqual([false, 0]);
  comeUp(1);
  lane.look();
  expect([lane.up, lane.held, lane.roomFor(nop()), lane.files.count]).toEqual([true, false, 7, 0]); // one is kept for a cancel
  const worker = new LaneAttachment(memory.lane(0, 0));
  expect(worker.tryHold(worker.wanted, { filesFirst: 16, filesCount: 8, descriptors: 1 })).toBe(true);
  lane.look();
  expect([lane.held, lane.files.first, lane.files.count]).toEqual([true, 16, 8]);
});

test('a lane whose worker dies parked with something queued gives it back, and can still be published', () => {
  const { words, memory, lane, comeUp } = scene();
  comeUp(1);
  lane.look();
  const request = nop();
  request.encode(lane);
  words.workerParking(0).park();
  words.setWorkerState(0, WORKER_STATE.DEAD);
  expect(lane.orphaned).toBe(true);
  const { cause, again } = lane.die();
  expect([...again]).toEqual([request]);
  expect(cause.code).toBe('ERR_RINGPOOL_WORKER_DIED');
  expect([lane.up, lane.inFlight, lane.orphaned]).toEqual([false, 0, false]);
  expect(() => lane.publish()).not.toThrow();
  // It never was handed over.
  expect(memory.meters.readLanes()).toEqual([]);
});

test('what was timed on a worker that died is not what has its number afterwards', () => {
  const { memory, lane, comeUp, words } = scene();
  const told: unknown[] = [];
  const listener = (message: unknown): number => told.push(message);
  comeUp(1);
  lane.look();
  const publishOne = (): void => {
    const request = nop();
    request.promise.catch(() => undefined);
    request.encode(lane);
    lane.publish();
  };
  subscribe(channels.slowOperation, listener);
  publishOne();
  unsubscribe(channels.slowOperation, listener);
  new LaneWorker(memory.lane(0, 0)).take(1);
  words.setWorkerState(0, WORKER_STATE.DEAD);
  lane.die();
  comeUp(2);
  lane.look();
  publishOne();
  subscribe(channels.slowOperation, listener);
  const worker = new LaneWorker(memory.lane(0, 0));
  worker.complete(worker.operationAt(0), 0, 0);
  worker.take(1);
  worker.publish();
  expect([lane.reap(), told]).toEqual([1, []]);
  unsubscribe(channels.slowOperation, listener);
});

test('a lane is empty for the next worker, which is known by its generation alone', async () => {
  const { words, memory, lane, comeUp } = scene();
  comeUp(1);
  lane.look();
  const requests = [nop(), nop()] as const;
  for (const request of requests) request.encode(lane);
  lane.publish();
  new LaneWorker(memory.lane(0, 0)).take(1);
  // The first one died, and the second is up, before this client looks.
  comeUp(2);
  expect(lane.orphaned).toBe(true);
  const { again } = lane.die();
  expect([...again]).toEqual([requests[1]]);
  await expect(requests[0].promise).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_RINGPOOL_WORKER_DIED' }),
  );
  const { epoch } = lane;
  lane.look();
  expect([lane.up, lane.orphaned, lane.epoch]).toEqual([true, false, epoch + 1]);
  expect(new LaneWorker(memory.lane(0, 0)).ready()).toBe(0);
  requests[1].encode(lane);
  lane.publish();
  expect(new LaneWorker(memory.lane(0, 0)).ready()).toBe(1);
  expect(words.lanesVersion(0)).toBe(2);
});

test('a lane is left when the worker has let go of it, or has ended', () => {
  const { words, memory, lane, comeUp } = scene();
  expect(lane.leave()).toBe(true);
  comeUp(1);
  lane.look();
  const worker = new LaneAttachment(memory.lane(0, 0));
  worker.tryHold(worker.wanted, { filesFirst: 0, filesCount: 0, descriptors: 1 });
  lane.look();
  expect([lane.leave(), lane.leave(), worker.wanted]).toEqual([false, false, 0]);
  worker.release();
  expect(lane.leave()).toBe(true);
  lane.look();
  worker.tryHold(worker.wanted, { filesFirst: 0, filesCount: 0, descriptors: 1 });
  expect(lane.leave()).toBe(false);
  words.setWorkerState(0, WORKER_STATE.DEAD);
  expect(lane.leave()).toBe(true);
});

test('a client that gets the seat of one that died reaps none of its completions', () => {
  const { host, words, memory, lane, comeUp } = scene();
  comeUp(1);
  lane.look();
  nop().encode(lane);
  lane.publish();
  const worker = new LaneWorker(memory.lane(0, 0));
  worker.complete(worker.operationAt(0), 0, 0);
  worker.take(1);
  worker.publish();
  const heir = new RemoteLane(0, memory.lane(0, 0), words, {
    descriptorOwner: host.ledger.newOwner(),
    host,
    client: 0,
    meter: memory.meters.lane(0, 0),
    slowOperationMs: 0,
  });
  expect([heir.listen(), heir.reap()]).toEqual([false, 0]);
});

test('what a request starts as it hears that its worker has died does not get onto the next one’s ring', () => {
  const { words, memory, lane, comeUp } = scene();
  comeUp(1);
  lane.look();
  const { epoch } = lane;
  let seen: unknown;
  class Chain extends Request {
    readonly sqes = 1;
    encode(on: Lane): void {
      encode.nop(lane.sqes, on.push(this, 0), {});
    }
    complete(): void {
      // As a whole-file read closes its slot, or reads on in it: only if the ring still is the one that has the slot.
      seen = { same: lane.epoch === epoch, room: lane.roomFor(nop()) };
    }
    abandon(_part: number, _error: RingpoolError): void {
      this.complete();
    }
  }
  new Chain().encode(lane);
  lane.publish();
  const worker = new LaneWorker(memory.lane(0, 0));
  worker.complete(worker.operationAt(0), 0, 0);
  worker.take(1);
  worker.publish();
  words.setWorkerState(0, WORKER_STATE.DEAD);
  lane.die();
  expect(seen).toEqual({ same: false, room: 0 });
});

test('a worker whose successor is wanted already does not live', () => {
  const { words, lane, comeUp } = scene();
  comeUp(3);
  lane.look();
  expect([words.workerLives(0, 3), words.workerLives(0, 2), lane.orphaned]).toEqual([true, false, false]);
  words.setWorkerState(0, WORKER_STATE.DEAD);
  expect(words.workerLives(0, 3)).toBe(false);
  words.setWorkerState(0, WORKER_STATE.WANTED);
  expect([words.workerLives(0, 3), lane.orphaned]).toEqual([false, true]);
});
