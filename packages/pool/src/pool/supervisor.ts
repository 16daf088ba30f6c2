// Hosts the worker threads in piscina, which spawns them; starts the loop in each; hears when one ends.
// Bound to the owner's thread. Piscina's workers never keep the process alive: their tasks return at once.

import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';

import { RingpoolError } from '@ringpool/core';
import type { Piscina } from 'piscina';

import type { WorkerAnswer, WorkerReport, WorkerSpec } from './worker-protocol.ts';

/** The worker threads of one pool. */
export class Supervisor {
  readonly #piscina: Piscina;
  readonly #onDeath: (worker: number, cause: unknown) => void;
  #closing = false;

  private constructor(piscina: Piscina, onDeath: (worker: number, cause: unknown) => void) {
    this.#piscina = piscina;
    this.#onDeath = onDeath;
  }

  /** Spawns `workers` threads. `onDeath` is called once for each that ends before {@link close}. */
  static async spawn(
    workers: number,
    onDeath: (worker: number, cause: unknown) => void,
  ): Promise<Supervisor> {
    // Imported here, so that importing the pool costs little and starts nothing.
    const { Piscina: PiscinaClass } = await import('piscina');
    const piscina = new PiscinaClass({
      filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Its own hand-off would block the worker in Atomics.wait between tasks; our loop does the waiting.
      atomics: 'disabled',
      // The program's flags are not for its I/O threads: some are about its main script (--eval, --input-type), and
      // threads refuse those of V8 (--expose-gc, --max-old-space-size), which hold for the whole process anyway.
      execArgv: [],
    });
    // A worker that ends while no task of piscina's runs is reported here and by its own events; we listen to those.
    piscina.on('error', () => undefined);
    return new Supervisor(piscina, onDeath);
  }

  /** Starts the loops, one on each thread: piscina gives every thread one task at a time. */
  async start(specs: readonly WorkerSpec[]): Promise<readonly WorkerReport[]> {
    const answers = await Promise.all(specs.map((spec) => this.#piscina.run(spec) as Promise<WorkerAnswer>));
    return answers.map((answer, worker) => {
      if ('error' in answer) {
        const { code, message, ...details } = answer.error;
        throw new RingpoolError(code, message, details);
      }
      this.#watch(worker, answer.report.threadId);
      return answer.report;
    });
  }

  #watch(worker: number, threadId: number): void {
    const thread = this.#piscina.threads.find((candidate) => candidate.threadId === threadId) as
      | Worker
      | undefined;
    let cause: unknown;
    thread?.once('error', (error) => {
      cause = error;
    });
    // 'exit' and not 'error': by then the thread's environment has drained its ring.
    thread?.once('exit', () => {
      if (!this.#closing) this.#onDeath(worker, cause);
    });
    if (thread === undefined) this.#onDeath(worker, new Error('the thread ended while it started'));
  }

  /** Ends the threads and waits for them. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#piscina.destroy();
  }
}
