// What a pool counts: in shared memory, each number written by one thread and read by all. The pool's owner creates it.
// A number is a double that its writer alone adds to: exact up to 2^53, never torn on a 64-bit machine.

import { CLIENTS_MAX, WORKERS_MAX } from './words.ts';

/** Numbers of one lane, or of one worker: the histogram comes last. */
const ROW_NUMBERS = 40;
const NUMBER_BYTES = 8;
/** Lanes of a client beside those to workers, after them: its own ring, and the one for multishot operations. */
const OWN_LANES = 2;
const LANE = {
  submitted: 0,
  completed: 1,
  batches: 2,
  rung: 3,
  took: 4,
  overflow: 5,
  direct: 6,
  latency: 8,
} as const;
const WORKER = { submissions: 0, spins: 1, parks: 2, rung: 3, overflow: 4, refused: 5 } as const;
/** Buckets of the latency: below 1 µs, below 2, 4 ... and the rest. */
const BUCKETS = ROW_NUMBERS - LANE.latency;
/** The last operation of one batch in so many is timed: looking at the clock costs as much as a part of a read. */
const SAMPLED_ONE_IN = 16;

/** How long operations took, from their submission until their completion was handed over. */
export interface LatencyHistogram {
  /** Operations that were timed and are over: the last one of one batch in 16. */
  readonly count: number;
  /** How long they took together. */
  readonly totalMicroseconds: number;
  /** By bucket: how many took less than `microseconds`, and not less than the bucket before. The last one is Infinity. */
  readonly buckets: readonly { readonly microseconds: number; readonly count: number }[];
}

/** What one thread's lane has done since the pool opened; whoever had the thread's seat before included. */
export interface LaneMetrics {
  /** The seat of the thread: 0 is the pool's owner. */
  readonly client: number;
  /** The worker at the other end; undefined: a ring of the thread's own. */
  readonly worker: number | undefined;
  /** Whose ring it is: a worker's, the thread's, or the thread's for operations that complete more than once. */
  readonly ring: 'worker' | 'local' | 'multishot';
  /** SQEs handed over. */
  readonly submitted: number;
  /** Operations that are over. */
  readonly completed: number;
  /** Operations that are not: `submitted - completed`. */
  readonly inFlight: number;
  /** How often SQEs were handed over. */
  readonly batches: number;
  /** How often the worker was woken for it. */
  readonly wakeUpsRung: number;
  /**
   * CQEs that the kernel kept back because the completion queue was full; nothing is lost. Only a ring for multishot
   * operations can have any; counted when the thread waits for completions.
   */
  readonly overflow: number;
  /** Reads of cached bytes by a system call of the thread itself, without the ring: none of the numbers above counts them. */
  readonly directReads: number;
  readonly latency: LatencyHistogram;
}

/** What one worker has done since the pool opened, whichever thread it was. */
export interface WorkerMetrics {
  /** Its index in the pool. */
  readonly index: number;
  /** True while a thread is up. */
  readonly up: boolean;
  /** How many threads it has been: more than 1 after a crash. */
  readonly starts: number;
  /** SQEs that threads handed to it. */
  readonly submitted: number;
  /** Of these, operations that are over. */
  readonly completed: number;
  /** Of these, operations that are not. */
  readonly inFlight: number;
  /** How often it submitted SQEs to the kernel: its batches. */
  readonly submissions: number;
  /** How often it looked for work for a while before it slept. */
  readonly spins: number;
  /** How often it slept in the kernel. */
  readonly parks: number;
  /** How often it woke a thread for its completions. */
  readonly wakeUpsRung: number;
  /** How often the kernel kept CQEs back because the completion queue was full; counted when the worker sleeps. */
  readonly overflow: number;
  /** How often registered memory could not be registered with its ring, which uses READ and WRITE on it. */
  readonly registrationsRefused: number;
  /** As its lanes have measured it: from a thread's handing an operation over until that thread found it completed. */
  readonly latency: LatencyHistogram;
}

/** The memory of all counts. */
export class Meters {
  readonly memory: SharedArrayBuffer;
  readonly #workers: number;

  /** `workers` of the pool. */
  constructor(memory: SharedArrayBuffer, workers: number) {
    this.memory = memory;
    this.#workers = workers;
  }

  /** Counts for a new pool. */
  static create(workers: number): Meters {
    const rows = CLIENTS_MAX * (workers + OWN_LANES) + WORKERS_MAX;
    return new Meters(new SharedArrayBuffer(rows * ROW_NUMBERS * NUMBER_BYTES), workers);
  }

  #row(index: number): Float64Array {
    return new Float64Array(this.memory, index * ROW_NUMBERS * NUMBER_BYTES, ROW_NUMBERS);
  }

  #laneRow(client: number, lane: number): Float64Array {
    return this.#row(client * (this.#workers + OWN_LANES) + lane);
  }

  #workerRow(worker: number): Float64Array {
    return this.#row(CLIENTS_MAX * (this.#workers + OWN_LANES) + worker);
  }

  /** For a client: counts its lane to a worker, or to one of its own rings, which come after them. */
  lane(client: number, lane: number): LaneMeter {
    return new LaneMeter(this.#laneRow(client, lane));
  }

  /** For a worker. */
  worker(worker: number): WorkerMeter {
    return new WorkerMeter(this.#workerRow(worker));
  }

  /** What has been counted on lanes that were ever used. */
  readLanes(): LaneMetrics[] {
    const found: LaneMetrics[] = [];
    for (let client = 0; client < CLIENTS_MAX; client++) {
      for (let lane = 0; lane < this.#workers + OWN_LANES; lane++) {
        const row = this.#laneRow(client, lane);
        const { submitted, completed, inFlight } = progressOf([row]);
        if (submitted === 0 && row[LANE.direct] === 0) continue;
        found.push({
          client,
          worker: lane < this.#workers ? lane : undefined,
          ring: lane < this.#workers ? 'worker' : lane === this.#workers ? 'local' : 'multishot',
          submitted,
          completed,
          inFlight,
          batches: row[LANE.batches] as number,
          wakeUpsRung: row[LANE.rung] as number,
          overflow: row[LANE.overflow] as number,
          directReads: row[LANE.direct] as number,
          latency: histogramOf([row]),
        });
      }
    }
    return found;
  }

  /** What has been counted by one worker. */
  readWorker(index: number, up: boolean, starts: number): WorkerMetrics {
    const row = this.#workerRow(index);
    const lanes = Array.from({ length: CLIENTS_MAX }, (_, client) => this.#laneRow(client, index));
    return {
      index,
      up,
      starts,
      ...progressOf(lanes),
      submissions: row[WORKER.submissions] as number,
      spins: row[WORKER.spins] as number,
      parks: row[WORKER.parks] as number,
      wakeUpsRung: row[WORKER.rung] as number,
      overflow: row[WORKER.overflow] as number,
      registrationsRefused: row[WORKER.refused] as number,
      latency: histogramOf(lanes),
    };
  }

  /**
   * A client has gone, and nothing of it is in flight any more: what it had not seen complete counts as over. For the
   * owner, before another one takes the seat: nobody else writes the seat's numbers then.
   */
  left(client: number): void {
    for (let lane = 0; lane < this.#workers + OWN_LANES; lane++) {
      const row = this.#laneRow(client, lane);
      row[LANE.completed] = row[LANE.submitted] as number;
    }
  }
}

/** Sums one number of several rows. */
function sumOf(rows: readonly Float64Array[], number: number): number {
  return rows.reduce((sum, row) => sum + (row[number] as number), 0);
}

function progressOf(
  rows: readonly Float64Array[],
): Pick<LaneMetrics, 'submitted' | 'completed' | 'inFlight'> {
  // First what is smaller: a lane that goes on meanwhile never has more completed than submitted.
  const completed = sumOf(rows, LANE.completed);
  const submitted = sumOf(rows, LANE.submitted);
  return { submitted, completed, inFlight: submitted - completed };
}

function histogramOf(rows: readonly Float64Array[]): LatencyHistogram {
  const buckets = Array.from({ length: BUCKETS }, (_, bucket) => ({
    microseconds: bucket === BUCKETS - 1 ? Infinity : 2 ** bucket,
    count: sumOf(rows, LANE.latency + bucket),
  }));
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  return { count, totalMicroseconds: sumOf(rows, LANE.took), buckets };
}

/** A client's counts of one lane. */
export class LaneMeter {
  readonly #row: Float64Array;
  /** Of whoever had the seat before. */
  readonly #formerOverflow: number;

  constructor(row: Float64Array) {
    this.#row = row;
    this.#formerOverflow = row[LANE.overflow] as number;
  }

  /** SQEs are about to be handed over. True when the last of them is to be timed: see {@link took}. */
  published(count: number): boolean {
    const row = this.#row;
    const batches = (row[LANE.batches] as number) + 1;
    row[LANE.batches] = batches;
    row[LANE.submitted] = (row[LANE.submitted] as number) + count;
    return batches % SAMPLED_ONE_IN === 0;
  }

  /** An operation that was timed is over. */
  took(milliseconds: number): void {
    const microseconds = milliseconds * 1000;
    this.#row[LANE.took] = (this.#row[LANE.took] as number) + microseconds;
    const bucket = microseconds < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(microseconds)) + 1);
    this.#row[LANE.latency + bucket] = (this.#row[LANE.latency + bucket] as number) + 1;
  }

  /** Operations are over. */
  completed(count: number): void {
    this.#row[LANE.completed] = (this.#row[LANE.completed] as number) + count;
  }

  /** So many CQEs were ever kept back from the ring. */
  overflowed(count: number): void {
    this.#row[LANE.overflow] = this.#formerOverflow + count;
  }

  /** A read needed no lane. */
  direct(): void {
    this.#row[LANE.direct] = (this.#row[LANE.direct] as number) + 1;
  }

  /** The worker was woken. */
  rung(): void {
    this.#row[LANE.rung] = (this.#row[LANE.rung] as number) + 1;
  }
}

/** A worker's own counts. */
export class WorkerMeter {
  readonly #row: Float64Array;
  /** What the rings of the worker's former threads had come to. */
  readonly #formerOverflow: number;

  constructor(row: Float64Array) {
    this.#row = row;
    this.#formerOverflow = row[WORKER.overflow] as number;
  }

  submitted(): void {
    this.#add(WORKER.submissions);
  }

  spun(): void {
    this.#add(WORKER.spins);
  }

  /** It sleeps; so often were CQEs kept back from its ring. */
  parked(overflow: number): void {
    this.#add(WORKER.parks);
    this.#row[WORKER.overflow] = this.#formerOverflow + overflow;
  }

  rung(): void {
    this.#add(WORKER.rung);
  }

  /** Registered memory is not with its ring. */
  refused(): void {
    this.#add(WORKER.refused);
  }

  #add(number: number): void {
    this.#row[number] = (this.#row[number] as number) + 1;
  }
}
