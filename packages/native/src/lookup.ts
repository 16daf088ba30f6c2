// Whether the kernel remembers all that a path leads through: then whoever looks it up does not wait for a disk. Any thread.

import { addon } from './addon.ts';

/**
 * Looks a path up by what the kernel remembers of directories alone: openat2(2) with RESOLVE_CACHED (Linux 5.12). Returns 0 when
 * it is there, so that a system call about it does not wait for a disk just now; -EAGAIN (-11) when not all of it is remembered;
 * or what is known to be wrong with it, such as -ENOENT (-2), -ENOTDIR (-20), -EACCES (-13). `follow`: a symbolic link at the end
 * is followed. -EINVAL (-22) where the kernel is older, or for what is no string. Never throws.
 *
 * @example
 * ```ts
 * import { lookUpCached } from '@ringpool/native';
 *
 * const found = lookUpCached('package.json', true);
 * console.assert(found === 0 || found === -11 || found === -22);
 * ```
 */
export function lookUpCached(path: string, follow: boolean): number {
  return addon().lookUpCached(path, follow);
}
