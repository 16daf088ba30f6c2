// Turns the kernel's refusals into errors that name the cause and the remedy. One function for each kind of call.

import { errnoName, errnoText, RingpoolError } from '@ringpool/core';

import { formatBytes, readMemlock } from './memlock.ts';

const EPERM = 1;
const EINTR = 4;
const EAGAIN = 11;
const ENOMEM = 12;
const EACCES = 13;
const EFAULT = 14;
const EBUSY = 16;
const EINVAL = 22;
const ENXIO = 6;
const ENFILE = 23;
const EMFILE = 24;
const ENOSYS = 38;
const EOPNOTSUPP = 95;

/** The most bytes the kernel takes as one registered buffer: 1 GiB. */
export const REGISTERED_BUFFER_BYTES_MAX = 1_073_741_824;
/** The most buffers one table holds. */
export const REGISTERED_BUFFERS_MAX = 16_384;

function memlockError(op: string, syscall: string, wantedBytes: number): RingpoolError {
  const memlock = readMemlock();
  const limit = memlock.exempt ? 'no limit (CAP_IPC_LOCK)' : formatBytes(memlock.limitBytes);
  return new RingpoolError(
    'ERR_RINGPOOL_MEMLOCK',
    `${op} wants ${formatBytes(wantedBytes)} of locked memory; RLIMIT_MEMLOCK is ${limit}, ` +
      `and this process has ${formatBytes(memlock.pinnedBytes)} pinned already`,
    {
      op,
      errno: ENOMEM,
      syscall,
      hint: memlock.exempt
        ? 'The machine itself is short of memory: register less.'
        : 'Raise it with `ulimit -l` (or LimitMEMLOCK= in a systemd unit, memlock in limits.conf), or register less: the limit is shared by all processes of the user.',
    },
  );
}

/** What io_uring_setup refused. `wantedBytes` is the size of the queues. */
export function setupError(errno: number, wantedBytes: number): RingpoolError {
  const syscall = 'io_uring_setup';
  const unavailable = (message: string, hint: string): RingpoolError =>
    new RingpoolError('ERR_RINGPOOL_UNAVAILABLE', `io_uring is not available: ${message}`, {
      op: 'open',
      errno,
      syscall,
      hint,
    });
  switch (errno) {
    case ENOSYS:
      return unavailable(
        'the kernel answers ENOSYS, because it is older than 5.1, was built without io_uring, or a seccomp profile hides it',
        'Use a kernel from 5.11 on, or a container profile that allows io_uring.',
      );
    case EPERM:
      return unavailable(
        'the kernel answers EPERM, because kernel.io_uring_disabled is set or a seccomp profile (Docker has one by default) forbids it',
        'Set kernel.io_uring_disabled=0, or run the container with a seccomp profile that allows io_uring_setup, io_uring_enter and io_uring_register.',
      );
    case EACCES:
      return unavailable(
        'the kernel answers EACCES, because a security module (such as SELinux) or a seccomp profile forbids it',
        'Allow io_uring in the policy of the security module, or in the seccomp profile.',
      );
    case ENOMEM:
      return memlockError('open', syscall, wantedBytes);
    case EINVAL:
      return unavailable(
        'the kernel refuses every set of flags that was tried (EINVAL)',
        'Ringpool needs Linux 5.11; with flags of your own, check that this kernel knows them and that they go together.',
      );
    case EMFILE:
    case ENFILE:
      return new RingpoolError('ERR_RINGPOOL_TOO_MANY_FILES', 'no file descriptor is left for a ring', {
        op: 'open',
        errno,
        syscall,
        hint: 'Raise `ulimit -n`, or close rings and files.',
      });
    default:
      return new RingpoolError(errnoName(errno), `io_uring_setup failed: ${errnoText(errno)}`, {
        op: 'open',
        errno,
        syscall,
      });
  }
}

const FILTERED =
  'A seccomp profile lets a ring be opened and not be used: allow io_uring_enter and io_uring_register too.';

/** Refusals of io_uring_enter that pass: a signal, or the kernel is short of memory or room just now. */
const PASSING: readonly number[] = [EINTR, EAGAIN, ENOMEM, EBUSY];

/** What io_uring_enter answered, or 0 where that is a refusal that passes. */
export function unlessPassing(answer: number): number {
  return PASSING.includes(-answer) ? 0 : answer;
}

const NO_MEMORY =
  'The kernel has no memory for more requests: reap completions, then submit again. The SQEs stay queued.';

/** What io_uring_enter refused. */
export function enterError(errno: number): RingpoolError {
  const hints: Readonly<Record<number, string>> = {
    [EAGAIN]: NO_MEMORY,
    [ENOMEM]: NO_MEMORY,
    [EBUSY]:
      'The completion queue has overflowed: reap completions, then submit again. The SQEs stay queued.',
    17: 'A ring belongs to the thread that opened it: submit from there.',
    [EPERM]: FILTERED,
    [ENOSYS]: FILTERED,
  };
  return new RingpoolError(errnoName(errno), `io_uring_enter failed: ${errnoText(errno)}`, {
    op: 'submit',
    errno,
    syscall: 'io_uring_enter',
    hint: hints[errno],
  });
}

/** What a register operation on buffers refused. `views` are those that were to be registered. */
export function buffersError(
  op: string,
  errno: number,
  views: readonly (Uint8Array | null)[],
): RingpoolError {
  const syscall = `io_uring_register(${op})`;
  const refuse = (code: string, message: string, hint: string): RingpoolError =>
    new RingpoolError(code, message, { op, errno, syscall, hint });
  const bytes = views.reduce((sum, view) => sum + (view?.byteLength ?? 0), 0);
  const tooLarge = views.findIndex((view) => view !== null && view.byteLength > REGISTERED_BUFFER_BYTES_MAX);
  if (tooLarge >= 0) {
    return refuse(
      'ERR_RINGPOOL_BUFFER_TOO_LARGE',
      `buffer ${tooLarge} is ${formatBytes(views[tooLarge]?.byteLength ?? 0)}; the kernel takes 1 GiB each at most`,
      'Register it as several buffers of up to 1 GiB.',
    );
  }
  if (views.length > REGISTERED_BUFFERS_MAX || (errno === EMFILE && views.length > 0)) {
    return refuse(
      'ERR_RINGPOOL_TOO_MANY_BUFFERS',
      `${views.length} buffers are more than one table holds (${REGISTERED_BUFFERS_MAX})`,
      'Register fewer, larger buffers: an operation may use any range inside one.',
    );
  }
  switch (errno) {
    case ENOMEM:
      return memlockError(op, syscall, bytes);
    case EBUSY:
      return refuse(
        'ERR_RINGPOOL_ALREADY_REGISTERED',
        'this ring has registered buffers already',
        'Call unregisterBuffers() first, or exchange single buffers with updateBuffers().',
      );
    case ENXIO:
      return refuse(
        'ERR_RINGPOOL_NOT_REGISTERED',
        'this ring has no registered buffers',
        'Call registerBuffers() or registerBuffersSparse() first.',
      );
    case EFAULT:
    case EOPNOTSUPP:
      return refuse(
        'ERR_RINGPOOL_BUFFER_UNPINNABLE',
        'the kernel cannot pin this memory: it is not mapped, or it is backed by a file',
        'Register anonymous memory, such as a SharedArrayBuffer of this process.',
      );
    default:
      return new RingpoolError(errnoName(errno), `${syscall} failed: ${errnoText(errno)}`, {
        op,
        errno,
        syscall,
      });
  }
}

/** What any other register operation refused. */
export function registerError(op: string, errno: number): RingpoolError {
  const hints: Readonly<Record<number, string>> = {
    [EINVAL]: 'This kernel may not know the operation: diagnose() tells which ones it has.',
    [EBUSY]: 'Something of this kind is registered already: unregister it first.',
    [ENXIO]: 'Nothing of this kind is registered.',
    [EMFILE]: 'Raise `ulimit -n`: registered files count against it.',
  };
  return new RingpoolError(errnoName(errno), `io_uring_register(${op}) failed: ${errnoText(errno)}`, {
    op,
    errno,
    syscall: `io_uring_register(${op})`,
    hint: hints[errno],
  });
}

/** An SQE whose user_data is not the one push() wrote: nothing could tell its completion. */
export function forgedError(queuedIndex: number): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_INVALID_ARGUMENT',
    `the user_data of queued SQE ${queuedIndex} is not the one push() wrote`,
    {
      op: 'submit',
      hint: 'Leave `userData` out when encoding into ring.sqes; keep your own data in an array indexed by operationOf(). The SQE will complete with an error; submit again for the others.',
    },
  );
}

/** Any call on a ring that has closed. */
export function closedError(op: string): RingpoolError {
  return new RingpoolError('ERR_RINGPOOL_CLOSED', 'the ring is closed', { op, hint: 'Open another one.' });
}

/** A close() whose operations did not complete in time. */
export function drainTimeoutError(owed: number, timeoutMs: number): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_DRAIN_TIMEOUT',
    `${owed} operations are still in flight after ${timeoutMs} ms`,
    {
      op: 'close',
      hint: 'Call close() again later; until then their memory is kept, because the kernel may write it.',
    },
  );
}

/** A wait whose count or bound makes no sense. */
export function waitError(count: number, timeoutMs: number): RingpoolError {
  return new RingpoolError(
    'ERR_RINGPOOL_INVALID_ARGUMENT',
    `cannot wait for ${count} completions for ${timeoutMs} ms`,
    { op: 'submitAndWait', hint: 'Give a count and a bound in milliseconds, both 0 or more.' },
  );
}
