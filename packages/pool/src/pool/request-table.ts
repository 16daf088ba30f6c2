// The requests in flight on one lane, by the number of each of their operations. Bound to the client's thread.

import type { Request } from './request.ts';

const CQE_F_MORE = 2;

/** Which request, and which part of it, an operation's completion is for. */
export class RequestTable {
  readonly #requests: (Request | undefined)[];
  readonly #parts: Uint8Array;
  #ended = 0;

  /** `operations`: how many numbers there are. */
  constructor(operations: number) {
    this.#requests = new Array<Request | undefined>(operations).fill(undefined);
    this.#parts = new Uint8Array(operations); // view: a count of operations
  }

  /** An operation was pushed. */
  set(operation: number, request: Request, part: number): void {
    this.#requests[operation] = request;
    this.#parts[operation] = part;
  }

  /** Which part of its request an operation is. */
  part(operation: number): number {
    return this.#parts[operation] as number;
  }

  /** The request of an operation in flight. */
  of(operation: number): Request {
    return this.#requests[operation] as Request;
  }

  /** Takes an operation's request out. */
  take(operation: number): Request {
    const request = this.#requests[operation] as Request;
    this.#requests[operation] = undefined;
    return request;
  }

  /** Takes the requests of all operations out, each once. */
  takeAll(): readonly Request[] {
    const all = new Set(this.#requests);
    all.delete(undefined);
    this.#requests.fill(undefined);
    return [...all] as Request[];
  }

  /** Hands a completion to its request: of those that complete more than once, the last one ends it. */
  complete(operation: number, res: number, flags: number): void {
    if ((flags & CQE_F_MORE) === 0) {
      this.#ended++;
      this.take(operation).complete(this.#parts[operation] as number, res, flags);
      return;
    }
    (this.#requests[operation] as Request).complete(this.#parts[operation] as number, res, flags);
  }

  /** Operations that were completed since the last call: fewer than completions, of which some answer none. */
  takeEnded(): number {
    const ended = this.#ended;
    this.#ended = 0;
    return ended;
  }
}
