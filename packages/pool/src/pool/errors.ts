// The errors of operations: what the kernel answered, with the path and the remedy a person needs.

import { type DriverName, errnoName, errnoText, RingpoolError } from '@ringpool/core';

import { unsupported } from '../drivers/unsupported.ts';

/** What failed, for the error's fields. */
export interface Failure {
  /** The pool's operation. */
  readonly op: string;
  readonly syscall: string;
  readonly path?: string | undefined;
  /** True for a file opened with `direct`. */
  readonly direct?: boolean | undefined;
  /** What was to do it. */
  readonly driver: DriverName;
}

const EINVAL = 22;
const EOPNOTSUPP = 95;

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path; a relative one starts from the current directory.',
  EACCES: 'Check the permissions of the file and of the directories above it.',
  EBADF: 'Open the file with flags that allow this operation.',
  EISDIR: 'A directory has entries, not bytes: list it with node:fs.',
  EMFILE: 'Close files, or raise `ulimit -n`.',
};

/** The error of an operation to which the kernel answered `res`, a negative errno. */
export function operationError(res: number, { op, syscall, path, direct, driver }: Failure): RingpoolError {
  if (res === -EOPNOTSUPP && driver !== 'uring') return unsupported(driver, `such '${syscall}'`, op, path);
  const code = errnoName(-res);
  const where = path === undefined ? '' : ` '${path}'`;
  const hint =
    direct === true && -res === EINVAL
      ? 'With `direct`, the position, the length and the memory must be aligned as the file system wants, mostly to 512 or 4096 bytes.'
      : HINTS[code];
  return new RingpoolError(code, `${code}: ${errnoText(-res)}, ${syscall}${where}`, {
    op,
    syscall,
    errno: -res,
    path,
    hint,
  });
}

/** The error of an operation for which there is neither room nor a place to wait. */
export function queueFull(waitingMax: number): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_QUEUE_FULL',
    `${waitingMax} operations of this thread wait already`,
    {
      op: 'submit',
      hint: 'Await some before more are begun, or open the pool with a larger `waitingMax`.',
    },
  );
}

/** The error of every operation of a worker that has ended. */
export function workerDied(worker: number): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_WORKER_DIED', `I/O worker ${worker} ended unexpectedly`, {
    op: 'worker',
    hint: 'A read may be repeated; other workers go on, and the next one takes its place.',
  });
}

/** For requests that need fixed files where no ring has any: they go another way. Users never see it. */
export const NO_FIXED_FILES: RingpoolError = new RingpoolError(
  'ERR_RINGPOOL_INTERNAL',
  'no ring of this placement has a table of fixed files',
);

/** The error of what comes after close(). */
export function closedError(op: string, what: 'pool' | 'file', path?: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_CLOSED', `the ${what} is closed`, {
    op,
    path,
    hint: what === 'pool' ? 'Open another one with openPool().' : 'Open it again with pool.open().',
  });
}

/** The error of giving away what is in use. */
export function fileBusy(path: string, operations: number): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_FILE_BUSY', `${operations} operations are in flight on the file`, {
    op: 'share',
    path,
    hint: 'Await them first.',
  });
}

/** A client whose operations do not end. */
interface Unfinished {
  readonly inFlight: number;
  readonly lanes: readonly { readonly stranded?: number }[];
}

/** The error of a close() that waited long enough. `others`: threads that have not left the pool. */
export function drainTimeout(client: Unfinished, others: number, timeoutMs: number): RingpoolError {
  const inFlight = client.lanes.reduce((sum, { stranded = 0 }) => sum + stranded, client.inFlight);
  const also = others === 0 ? '' : `, and ${others} other threads have not left the pool`;
  return new RingpoolError(
    'ERR_RINGPOOL_DRAIN_TIMEOUT',
    `${inFlight} operations are still in flight after ${timeoutMs} ms${also}`,
    { op: 'close', hint: 'The pool goes on closing: call close() again to wait longer.' },
  );
}

/** The error of a file that was closed with the worker that had opened it. */
export function endedWithWorker(op: string, path: string): RingpoolError {
  return new RingpoolError('EBADF', `EBADF: the worker that had opened it has ended, ${op} '${path}'`, {
    op,
    errno: 9,
    path,
    hint: 'Open it again. A pool that is opened in the main thread keeps its files open.',
  });
}

/** An error for an argument that can never be right. */
export function invalidArgument(op: string, message: string, hint?: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_INVALID_ARGUMENT', message, { op, hint });
}

/** The error of an operation whose AbortSignal was aborted. */
export function abortError(op: string, signal: AbortSignal): RingpoolError {
  const error = new RingpoolError('ABORT_ERR', 'the operation was aborted', { op, cause: signal.reason });
  error.name = 'AbortError';
  return error;
}

/** The kernel took no byte of a write and gave no reason. */
export function nothingWritten(path: string): RingpoolError {
  return new RingpoolError('EIO', `EIO: nothing was written, write '${path}'`, {
    op: 'write',
    syscall: 'write',
    errno: 5,
    path,
    hint: 'The device or file system took no byte of it.',
  });
}
