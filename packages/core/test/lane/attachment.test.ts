// How a client and a worker agree on who holds a lane, at every point where one of them may be late.
import { createLane, GENERATION_MAX, generationOfTicket, LaneAttachment, LaneClient } from '@ringpool/core';
import { describe, expect, test } from 'vitest';

const TERMS = { filesFirst: 8, filesCount: 4, descriptors: 2 ** 32 - 1 };

describe('a lane', () => {
  test('is held by the worker that is wanted, with its part of the table of files, until it is let go', () => {
    const handle = createLane(4);
    const [client, worker] = [new LaneAttachment(handle), new LaneAttachment(handle)];
    expect([client.wanted, client.held]).toEqual([0, 0]);
    const ticket = client.want(7);
    expect(generationOfTicket(worker.wanted)).toBe(7);
    expect(worker.tryHold(worker.wanted, TERMS)).toBe(true);
    expect([client.held, client.terms]).toEqual([ticket, TERMS]);
    client.leave();
    expect(client.held).toBe(ticket);
    worker.release();
    expect([client.wanted, client.held]).toEqual([0, 0]);
  });

  test('is not held by a worker that comes when the client has left', () => {
    const handle = createLane(4);
    const [client, worker] = [new LaneAttachment(handle), new LaneAttachment(handle)];
    client.want(1);
    const late = worker.wanted;
    client.leave();
    expect(worker.tryHold(late, TERMS)).toBe(false);
    expect(client.held).toBe(0);
  });

  test('is not held by a worker that comes for a former client, even where the present one wants the same worker', () => {
    const handle = createLane(4);
    const [client, worker] = [new LaneAttachment(handle), new LaneAttachment(handle)];
    client.want(1);
    const late = worker.wanted;
    client.leave();
    const ticket = new LaneAttachment(handle).want(1);
    expect(ticket).not.toBe(late);
    expect(worker.tryHold(late, TERMS)).toBe(false);
    expect(worker.tryHold(ticket, TERMS)).toBe(true);
  });

  test('is empty when it is wanted anew, whatever was left in it', () => {
    const handle = createLane(4);
    const [client, worker] = [new LaneAttachment(handle), new LaneAttachment(handle)];
    worker.tryHold(client.want(1), TERMS);
    const queue = new LaneClient(handle);
    queue.push();
    queue.publish();
    client.want(2);
    expect(client.held).toBe(0);
    expect(new LaneClient(handle).inFlight).toBe(0);
    expect(new LaneClient(handle).ready).toBe(0);
  });

  test('has tickets that are never 0 and do not come twice in a row, up to the last generation', () => {
    const client = new LaneAttachment(createLane(1));
    for (const generation of [1, GENERATION_MAX]) {
      let last = 0;
      for (let wish = 0; wish < 70_000; wish++) {
        const ticket = client.want(generation);
        if (ticket <= 0 || ticket === last || generationOfTicket(ticket) !== generation) {
          throw new Error(`ticket ${ticket} after ${last}`);
        }
        last = ticket;
      }
    }
  });
});
