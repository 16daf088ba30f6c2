// What the tests of raw operations share: structures in leases, as the kernel lays them out.
import type { Address } from '@ringpool/core';
import type { Lease, Pool } from '@ringpool/pool';

export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCKADDR_UN_BYTES = 110;

/** A view of a lease's bytes. */
export function viewOf({ bytes }: Lease): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A lease that holds text, ended by a zero byte. */
export function text(pool: Pool, value: string): Lease {
  const bytes = Buffer.from(`${value}\0`);
  const lease = pool.alloc(bytes.length);
  lease.bytes.set(bytes);
  return lease;
}

/** A lease that holds `struct sockaddr_un`. */
export function unixAddress(pool: Pool, path: string): Lease {
  const lease = pool.alloc(SOCKADDR_UN_BYTES);
  viewOf(lease).setUint16(0, AF_UNIX, true);
  lease.bytes.set(Buffer.from(path), 2);
  return lease;
}

/** A lease that holds `struct __kernel_timespec`. */
export function timespec(pool: Pool, ms: number): Lease {
  const lease = pool.alloc(16);
  viewOf(lease).setBigInt64(0, BigInt(Math.floor(ms / 1000)), true);
  viewOf(lease).setBigInt64(8, BigInt(Math.round((ms % 1000) * 1e6)), true);
  return lease;
}

/** A lease that holds an array of `struct iovec`. */
export function iovecs(
  pool: Pool,
  parts: readonly { readonly address: Address; readonly length: number }[],
): Lease {
  const lease = pool.alloc(16 * parts.length);
  for (const [index, { address, length }] of parts.entries()) {
    viewOf(lease).setBigUint64(index * 16, BigInt(address), true);
    viewOf(lease).setBigUint64(index * 16 + 8, BigInt(length), true);
  }
  return lease;
}

/** A lease that holds `struct msghdr` for an array of vectors. */
export function message(pool: Pool, vectors: Lease, count: number): Lease {
  const lease = pool.alloc(56);
  viewOf(lease).setBigUint64(16, BigInt(vectors.address), true);
  viewOf(lease).setBigUint64(24, BigInt(count), true);
  return lease;
}
