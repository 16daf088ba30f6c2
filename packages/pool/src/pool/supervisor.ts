// Starts the I/O workers that clients want, in piscina, which spawns the threads; hears when one ends.
// Bound to the owner's thread. Piscina's workers never keep the process alive: their tasks return at once.

import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';

import { GENERATION_MAX, RingpoolError } from '@ringpool/core';
import type { Piscina } from 'piscina';
import type { Host } from '../drivers/host.ts';
import { clearTimeout, monotonicMs, setTimeout } from './clock.ts';
import type { RingFallback } from './fallbacks.ts';
import { wakeClients } from './seat.ts';
import { StartQueue } from './start-queue.ts';
import { type PoolWords, WORKER_STATE } from './words.ts';
import { failureToWords, type PostedError, type WorkerAnswer, type WorkerSpec } from './worker-protocol.ts';

/** A worker is started at most this often: one that dies again and again does not burn a CPU. */
const START_PERIOD_MS = 250;

/** Node's option for `require()` of ES modules, where it has one. */
const REQUIRE_ESM = '--experimental-require-module';

/** A worker that could not start, or that ended in disorder. */
export interface WorkerFailure {
  readonly worker: number;
  /** Which thread of that worker it was. */
  readonly generation: number;
  /** True when it had come up. */
  readonly started: boolean;
  readonly error: unknown;
}

/** What the supervisor tells of its workers. */
export interface SupervisorEvents {
  /** One could not start, or ended before {@link Supervisor.close}; then it may be wanted again. */
  failed(failure: WorkerFailure): void;
  /** One has come up, with a ring that lacks something. */
  fellBack(worker: number, fallback: RingFallback): void;
}

/** A worker on its way, as piscina shows it to the balancer. */
interface Start {
  /** The thread that it was given; undefined while it waits for one to be spawned. */
  threadId: number | undefined;
  /** Ends it, while it waits. */
  giveUp: () => void;
}

/** The worker threads of one pool. */
export class Supervisor {
  readonly #words: PoolWords;
  readonly #host: Host;
  readonly #workers: number;
  readonly #specOf: (worker: number, generation: number) => WorkerSpec;
  readonly #events: SupervisorEvents;
  /** When each worker was started last. */
  readonly #startedMs: number[] = [];
  readonly #timers = new Map<number, NodeJS.Timeout>();
  /** Threads that host a worker, by their number. */
  readonly #hosting = new Set<number>();
  readonly #starting = new Set<Promise<void>>();
  readonly #starts = new Set<Start>();
  readonly #queue = new StartQueue();
  /** By worker: resolves when its thread has ended. */
  readonly #ended: (Promise<void> | undefined)[] = [];
  #piscina: Promise<Piscina> | undefined;
  #closing = false;

  constructor(
    words: PoolWords,
    host: Host,
    workers: number,
    specOf: (worker: number, generation: number) => WorkerSpec,
    events: SupervisorEvents,
  ) {
    this.#words = words;
    this.#host = host;
    this.#workers = workers;
    this.#specOf = specOf;
    this.#events = events;
  }

  /** Starts the workers that are wanted. */
  startWanted(): void {
    for (let worker = 0; worker < this.#workers; worker++) {
      if (this.#closing || this.#timers.has(worker)) continue;
      if (this.#words.workerState(worker) !== WORKER_STATE.WANTED) continue;
      const wait = (this.#startedMs[worker] ?? -START_PERIOD_MS) + START_PERIOD_MS - monotonicMs();
      if (wait > 0) this.#startLater(worker, wait);
      else this.#start(worker);
    }
  }

  #startLater(worker: number, ms: number): void {
    // It does not hold the event loop: whoever wants the worker does.
    const timer = setTimeout(() => {
      this.#timers.delete(worker);
      this.startWanted();
    }, Math.ceil(ms)).unref();
    this.#timers.set(worker, timer);
  }

  #start(worker: number): void {
    this.#startedMs[worker] = monotonicMs();
    const generation = (this.#words.workerGeneration(worker) % GENERATION_MAX) + 1;
    this.#host.succeed(this.#words.workerObituary(worker).storeIndex);
    this.#words.setWorkerGeneration(worker, generation);
    this.#words.setWorkerState(worker, WORKER_STATE.STARTING);
    const starting = this.#bringUp(worker, generation).catch((error: unknown) =>
      this.#failed(worker, generation, error),
    );
    this.#starting.add(starting);
    void starting.finally(() => this.#starting.delete(starting));
  }

  async #bringUp(worker: number, generation: number): Promise<void> {
    this.#piscina ??= this.#spawn();
    const piscina = await this.#piscina;
    // Its former thread has said that it ended, and may not have yet: until then piscina counts it, and spawns no other.
    await this.#ended[worker];
    const { threadId, fallbacks, error } = await this.#run(piscina, this.#specOf(worker, generation));
    if (error !== undefined) {
      this.#hosting.delete(threadId);
      throw restored(error);
    }
    for (const fallback of fallbacks) this.#events.fellBack(worker, fallback);
    const ended = (error: unknown): void => this.#tell({ worker, generation, started: true, error });
    const thread = piscina.threads.find((candidate) => candidate.threadId === threadId) as Worker | undefined;
    if (thread === undefined) {
      // Ended already, before we could listen.
      this.#host.buried(threadId);
      ended(new Error('exited'));
      return;
    }
    let cause: unknown;
    thread.once('error', (error) => {
      cause = error;
    });
    this.#ended[worker] = new Promise((resolve) => {
      thread.once('exit', (code) => {
        this.#hosting.delete(threadId);
        this.#host.buried(threadId);
        ended(cause ?? new Error(`exited with code ${code}`));
        resolve();
      });
    });
  }

  async #run(piscina: Piscina, spec: WorkerSpec): Promise<WorkerAnswer> {
    const { Piscina: PiscinaClass } = await import('piscina');
    const start: Start = { threadId: undefined, giveUp: () => undefined };
    const givenUp = new Promise<never>((_, reject) => {
      start.giveUp = () => reject(new Error('its thread ended while it started'));
    });
    this.#starts.add(start);
    try {
      const running = piscina.run({ ...spec, [PiscinaClass.queueOptionsSymbol]: start });
      return (await Promise.race([running, givenUp])) as WorkerAnswer;
    } catch (error) {
      if (start.threadId !== undefined) this.#hosting.delete(start.threadId);
      // A thread that is spawned for another start would take this one up; and piscina, which takes it in before it spawns a
      // thread and throws, would reject a promise at its end that nobody has been given.
      const { queueOptionsSymbol } = PiscinaClass;
      this.#queue.drop((task) => (task as unknown as Record<symbol, unknown>)[queueOptionsSymbol] === start);
      throw error;
    } finally {
      this.#starts.delete(start);
    }
  }

  /** Piscina spawns no other thread for a task that waits for one that has ended while it started: gives the task up. */
  #giveUpStranded(piscina: Piscina): void {
    let threads = piscina.threads.filter(({ threadId }) => !this.#hosting.has(threadId)).length;
    for (const { threadId, giveUp } of this.#starts) {
      if (threadId === undefined && threads-- <= 0) giveUp();
    }
  }

  async #spawn(): Promise<Piscina> {
    // Imported here, so that importing the pool costs little and starts nothing.
    const { Piscina: PiscinaClass } = await import('piscina');
    const piscina = new PiscinaClass({
      filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
      minThreads: 0,
      maxThreads: this.#workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      taskQueue: this.#queue,
      // Its own hand-off would block the worker in Atomics.wait between tasks; our loop does the waiting.
      atomics: 'disabled',
      // What one thread opens, others use and close; who is to close it stands in the ledger.
      trackUnmanagedFds: false,
      // The program's flags are not for its I/O threads: some are about its main script (--eval, --input-type), and
      // threads refuse those of V8 (--expose-gc, --max-old-space-size), which hold for the whole process anyway.
      // And piscina require()s what it finds; Node aborts the whole process when a thread is terminated in the midst of
      // require(esm), as by process.exit(). Refused there, piscina imports it.
      execArgv: process.allowedNodeEnvironmentFlags.has(REQUIRE_ESM) ? [`--no-${REQUIRE_ESM.slice(2)}`] : [],
      // A thread whose task has returned looks idle to piscina, and is not: a worker's loop runs there. Null: another
      // thread is to be spawned.
      loadBalancer: (task, threads) => {
        const thread = threads.find(({ id }) => !this.#hosting.has(id));
        if (thread === undefined) return null;
        this.#hosting.add(thread.id);
        (task as unknown as Record<symbol, Start>)[PiscinaClass.queueOptionsSymbol]!.threadId = thread.id;
        return thread;
      },
    });
    // It is still counted when piscina says so.
    piscina.on('workerDestroy', () => queueMicrotask(() => this.#giveUpStranded(piscina)));
    // A worker that ends while no task of piscina's runs is reported here and by its own events; we listen to those.
    piscina.on('error', () => undefined);
    return piscina;
  }

  /** It never came up. Clients that wait for it are told why; they may want it again. */
  #failed(worker: number, generation: number, error: unknown): void {
    // Not if its obituary was quicker, and the next thread is on its way: that one has not failed.
    if (this.#words.workerGeneration(worker) === generation) {
      this.#words.setWorkerRing(worker, failureToWords(error));
      // Not if its obituary has said so: it had come up, and clients know.
      if (this.#words.swapWorkerState(worker, WORKER_STATE.STARTING, WORKER_STATE.FAILED))
        wakeClients(this.#host, this.#words);
    }
    this.#tell({ worker, generation, started: false, error });
  }

  /** An end that was asked for is no failure. */
  #tell(failure: WorkerFailure): void {
    if (!this.#closing) this.#events.failed(failure);
  }

  /** Ends the threads and waits for them. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#starting);
    const piscina = await this.#piscina;
    await piscina?.destroy();
  }
}

function restored({ code, message, ...details }: PostedError): RingpoolError {
  return new RingpoolError(code, message, details);
}
