// Child processes that may not use io_uring: a launcher that puts a seccomp filter before a command.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from './repository.ts';

/** What the launcher ends with where the kernel allows no filter. */
const NO_FILTER = 126;

/** A launcher that was built, or why there is none. Its words: an errno's name, the calls that it refuses, the command. */
export type Launcher = { readonly file: string } | { readonly reason: string };

/** Builds the launcher in a folder, and sees that it works. */
export function buildLauncher(folder: string): Launcher {
  const file = path.join(folder, 'without-io-uring');
  const source = `${root}/test/fixtures/without-io-uring.c`;
  const built = spawnSync('cc', ['-Wall', '-Werror', source, '-o', file], { encoding: 'utf8' });
  if (built.status !== 0)
    return { reason: `the C compiler does not build the launcher: ${built.error?.message ?? built.stderr}` };
  const tried = spawnSync(file, ['EPERM', 'setup', process.execPath, '--version']);
  return tried.status === NO_FILTER ? { reason: 'this kernel allows no seccomp filter' } : { file };
}

/**
 * Why Node itself does not run under such a filter; undefined when it does. From Node 22 on every event loop has a ring, and
 * ends the process where that may be opened and not be entered.
 */
export function whyNodeFails(launcher: string, errno: string, calls: string): string | undefined {
  const { status } = spawnSync(launcher, [errno, calls, process.execPath, '-e', '']);
  return status === 0
    ? undefined
    : `Node ${process.version} itself ends where it may not make these calls: ${calls}`;
}
