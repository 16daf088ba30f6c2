// The typed columns of a batch that reads blocks of one file into one lease, used again and again.
import type { File, Lease } from '@ringpool/pool';

/** Columns whose arrays are their own: a batch of them allocates nothing for an entry. */
interface Columns {
  readonly file: File;
  readonly lease: Lease;
  readonly lengths: number;
  readonly offsets: Uint32Array;
  readonly positions: Float64Array;
  readonly results: Int32Array;
}

/** As many entries as blocks of so many bytes lie in the lease. */
export function columnsOf(file: File, lease: Lease, bytes: number): Columns {
  const count = lease.length / bytes;
  return {
    file,
    lease,
    lengths: bytes,
    offsets: Uint32Array.from({ length: count }, (_, entry) => entry * bytes),
    positions: new Float64Array(count), // view: one for each entry
    results: new Int32Array(count), // view: one for each entry
  };
}

/** Gives each entry a new position. */
export function refill({ positions }: Columns, nextPosition: () => number): void {
  for (let entry = 0; entry < positions.length; entry++) positions[entry] = nextPosition();
}
