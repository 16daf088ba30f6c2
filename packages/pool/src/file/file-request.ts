// One operation on an open file that moves no bytes of a caller's: it counts among those that a close waits for. Bound to the
// client's thread.

import { encode, type Fd, type RingpoolError } from '@ringpool/core';

import { Cancellation } from '../pool/cancellation.ts';
import type { Client } from '../pool/client.ts';
import { abortError, endedWithWorker, operationError } from '../pool/errors.ts';
import type { Lane } from '../pool/lane.ts';
import { PromisedRequest } from '../pool/request.ts';
import { asksAgain, REPEATS_MAX } from './repeats.ts';
import type { TransferFile } from './transfer-parts.ts';

const EBADF = 9;

/** Writes the SQE of an operation on this descriptor. */
export type WriteSqe = (sqes: Uint32Array, slot: number, fd: Fd) => void;

/** What is to be done with a file. */
export interface FileOperation {
  /** The method, for errors. */
  readonly op: string;
  readonly syscall: string;
  readonly write: WriteSqe;
  /**
   * The kernel is done with it: only now may memory be used again that it was given. `res` is undefined when it never began,
   * or nobody knows. Not called of an operation that is lost with its ring.
   */
  readonly over?: (res: number | undefined) => void;
}

/** How it is to be done. */
export interface Manner {
  /** A code of placement.ts. */
  readonly place: number;
  readonly signal: AbortSignal | undefined;
}

class FileRequest extends PromisedRequest<number> {
  readonly #file: TransferFile;
  readonly #operation: FileOperation;
  readonly #cancellation: Cancellation | undefined;

  constructor(client: Client, file: TransferFile, operation: FileOperation, { place, signal }: Manner) {
    super();
    this.#file = file;
    this.#operation = operation;
    this.place = place;
    this.#cancellation = signal === undefined ? undefined : new Cancellation(signal, client, this);
  }

  get sqes(): number {
    return 1;
  }

  override get path(): string {
    return this.#file.path;
  }

  encode(lane: Lane): void {
    const { home, fd } = this.#file;
    const sqe = lane.push(this, 0);
    this.#cancellation?.startedOn(lane, lane.operationOf(sqe));
    // Its worker has ended: the number may be another file's.
    if (home !== 0 && home !== lane.generation) encode.nop(lane.sqes, sqe, { result: -EBADF });
    else this.#operation.write(lane.sqes, sqe, fd as Fd);
  }

  complete(_part: number, res: number): void {
    this.#over(res);
    this.resolve(res);
  }

  abandon(_part: number, error: RingpoolError): void {
    this.#over(undefined);
    this.reject(error);
  }

  override abort(error: RingpoolError): void {
    this.reject(error);
  }

  override strand(error: RingpoolError): void {
    this.#cancellation?.over();
    this.#file.stranded(error);
    this.reject(error);
  }

  #over(res: number | undefined): void {
    this.#cancellation?.over();
    this.#operation.over?.(res);
    this.#file.ended();
  }
}

/** Its request, if it may begin. What it holds is let go of otherwise. */
function begin(client: Client, file: TransferFile, operation: FileOperation, manner: Manner): FileRequest {
  const { op, over } = operation;
  const { signal } = manner;
  const ended = file.home !== 0 && client.homeOf(file.home) === undefined;
  if (signal?.aborted === true || ended) {
    over?.(undefined);
    throw signal?.aborted === true ? abortError(op, signal) : endedWithWorker(op, file.path);
  }
  file.begin();
  return new FileRequest(client, file, operation, manner);
}

/**
 * Does it: resolves to its result, which is not negative. The file is open, and counts it. Rejects with the errno's name.
 * `make` is called for each attempt, of which there are several where signals interrupt it.
 */
export async function operate(
  client: Client,
  file: TransferFile,
  manner: Manner,
  make: () => FileOperation,
): Promise<number> {
  for (let repeats = 0; ; repeats++) {
    const operation = make();
    const { op, syscall } = operation;
    const request = begin(client, file, operation, manner);
    client.start(request);
    const res = await request.promise;
    if (res >= 0) return res;
    if (asksAgain(res) && repeats < REPEATS_MAX) continue;
    throw operationError(res, { op, syscall, path: file.path, driver: client.host.driver });
  }
}
