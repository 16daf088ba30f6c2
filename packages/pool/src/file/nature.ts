// What kind of file a descriptor leads to, as far as reads and writes differ by it. Bound to the client's thread.

import type { SystemCalls } from '../drivers/host.ts';

/** The nature of one open file. It is looked up when somebody first wants to know. */
export class Nature {
  /** Whether what is written goes to the end, wherever the position says. */
  readonly appends: boolean;
  readonly #calls: SystemCalls;
  readonly #fd: number;
  #stream: boolean | undefined;

  constructor(calls: SystemCalls, fd: number, appends: boolean) {
    this.#calls = calls;
    this.#fd = fd;
    this.appends = appends;
  }

  /** A pipe, a terminal, a socket: it has no positions, and one read gives what is there. */
  get isStream(): boolean {
    this.#stream ??= this.#calls.isStream(this.#fd);
    return this.#stream;
  }
}
