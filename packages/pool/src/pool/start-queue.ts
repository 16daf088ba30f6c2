// The starts of worker threads that wait in piscina for a thread. One can be taken out again: piscina takes a task in before it
// spawns a thread for it, and where that throws, whoever asked hears of the error, and nobody of what becomes of the task.

import type { TaskQueue } from 'piscina';

type Task = Parameters<TaskQueue['push']>[0];

/** First come, first served. */
export class StartQueue implements TaskQueue {
  readonly #tasks: Task[] = [];

  get size(): number {
    return this.#tasks.length;
  }

  shift(): Task | null {
    return this.#tasks.shift() ?? null;
  }

  push(task: Task): void {
    this.#tasks.push(task);
  }

  unshift(task: Task): void {
    this.#tasks.unshift(task);
  }

  remove(task: Task): void {
    this.drop((one) => one === task);
  }

  /** Takes those out that are meant. */
  drop(isMeant: (task: Task) => boolean): void {
    for (const task of this.#tasks.filter(isMeant)) this.#tasks.splice(this.#tasks.indexOf(task), 1);
  }
}
