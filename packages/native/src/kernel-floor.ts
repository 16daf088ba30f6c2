// The oldest kernel that io_uring is used on without being asked for by name, and the comparison of releases. Pure.

/** The oldest Linux on which `driver: 'auto'` takes io_uring: the oldest one that rings are tested on (Debian 12's). */
export const KERNEL_FLOOR = '6.1';

/** A release as one number that compares: `'6.18.44-cloud'` is 6018. NaN for what is no release. */
export function releaseNumber(release: string): number {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(major) * 1000 + Number(minor);
}

/**
 * Whether a Linux release, as `os.release()` gives it, is not older than {@link KERNEL_FLOOR}. What is no release is older.
 *
 * @example
 * ```ts
 * import { KERNEL_FLOOR, meetsKernelFloor } from '@ringpool/native';
 *
 * console.assert(meetsKernelFloor(KERNEL_FLOOR) && meetsKernelFloor('6.18.44-cloud-amd64'));
 * console.assert(!meetsKernelFloor('5.15.0-130-generic'));
 * ```
 */
export function meetsKernelFloor(release: string): boolean {
  return releaseNumber(release) >= releaseNumber(KERNEL_FLOOR);
}
