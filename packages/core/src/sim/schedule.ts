// What is to happen in a simulation, by simulated time: a heap. Ties are broken by the order of arrival, so that a seed decides.

/** Something that happens at a time. */
export interface Scheduled {
  readonly dueMs: number;
  readonly order: number;
}

/** Events, the first one first. */
export class Schedule<E extends Scheduled> {
  readonly #heap: E[] = [];

  get first(): E | undefined {
    return this.#heap[0];
  }

  /** All of them, in no order that matters. */
  get all(): readonly E[] {
    return this.#heap;
  }

  add(event: E): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as E)) break;
      heap[at] = heap[parent] as E;
      at = parent;
    }
    heap[at] = event;
  }

  /** Takes the first one. */
  take(): E | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const child = right < heap.length && isBefore(heap[right] as E, heap[left] as E) ? right : left;
      if (!isBefore(heap[child] as E, last)) break;
      heap[at] = heap[child] as E;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  /** Takes one out of the midst. False when it is not there. */
  remove(event: E): boolean {
    const index = this.#heap.indexOf(event);
    if (index < 0) return false;
    const rest = this.#heap.splice(0).filter((one) => one !== event);
    for (const one of rest) this.add(one);
    return true;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
